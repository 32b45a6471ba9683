"""Every cell of the loan's transition table: missing ones refuse with their code, the others lead where they say."""

from collections.abc import Callable
from datetime import date, timedelta

import correction_cells
import pytest
import rare_cells
from loan_support import CUSTOMER, PROCESS, Life, draw_terms, opening, serial

from actors.loan import messages as m
from actors.loan.lifecycle import TABLE, decide
from actors.turn import Accepted, Refused, SettleEffect

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)


def _drafting() -> Life:
    life = Life(DAY)
    life.ask(opening())
    return life


def _refused() -> Life:
    life = _drafting()
    life.fail("CheckDraw", "over_line")
    return life


def _signing() -> Life:
    life = Life(DAY).contract()
    life.ask(_sign(life))
    return life


def _disbursing() -> Life:
    life = Life(DAY).signed()
    life.ask(m.Disburse(process_id=PROCESS, effect_id="P-1-0"))
    return life


def _overdue() -> Life:
    life = Life(DAY).active()
    life.today = DUE + timedelta(days=5)
    life.ask(m.CloseDay(date=DUE + timedelta(days=4)))
    life.settle("NoteOverdue")
    return life


def _settled() -> Life:
    life = Life(DAY).active()
    life.ask(_post(life, 10_000_000))
    return life


def _reversing() -> Life:
    life = Life(DAY).active()
    life.ask(m.ReverseDisbursement(reason="误放"))
    return life


def _reversed() -> Life:
    life = _reversing()
    life.settle("core.reverse", core_date=DAY.isoformat(), core_serial="S0002")
    return life


MAKE: dict[str, Callable[[], Life]] = {
    "drafting": _drafting,
    "refused": _refused,
    "contract": lambda: Life(DAY).contract(),
    "signing": _signing,
    "signed": lambda: Life(DAY).signed(),
    "disbursing": _disbursing,
    "active": lambda: Life(DAY).active(),
    "overdue": _overdue,
    "settled": _settled,
    "reversing": _reversing,
    "reversed": _reversed,
    "written_off": rare_cells.written_off,
}


def _sign(life: Life) -> m.Sign:
    contract = life.state.contract if life.state else None
    return m.Sign(cost_confirmed=True, contract_hash=contract.hash if contract else "0" * 64)


def _post(life: Life, amount_fen: int) -> m.PostRepayment:
    return m.PostRepayment(amount_fen=amount_fen, source="counter", core_date=life.today, core_serial=serial())


COMMANDS: dict[str, Callable[[Life], m.LoanCommand]] = {
    "OpenContract": lambda life: opening(),
    "Sign": _sign,
    "PrepareDraw": lambda life: m.PrepareDraw(process_id=PROCESS),
    "Disburse": lambda life: m.Disburse(process_id=PROCESS, effect_id="P-1-0"),
    "Repay": lambda life: m.Repay(kind="due"),
    "PostRepayment": lambda life: _post(life, 100_000),
    "ReverseDisbursement": lambda life: m.ReverseDisbursement(reason="误放"),
    "CloseDay": lambda life: m.CloseDay(date=life.today),
    "CollectDue": lambda life: m.CollectDue(date=life.today),
    "UploadProof": lambda life: m.UploadProof(document_hash="a" * 64, amount_fen=100, kind="invoice"),
    "SettleEffect": lambda life: SettleEffect(effect_id="none", attempt=0, status="unknown"),
    **rare_cells.COMMANDS,
    **correction_cells.COMMANDS,
}


def test_the_table_names_every_status_and_command() -> None:
    assert set(TABLE) == {"", *MAKE}
    commands = {type(command(Life())).__name__ for command in COMMANDS.values()}
    assert commands == set(COMMANDS) == {t.__name__ for t in m.LoanCommand.__args__}
    assert {name for row in TABLE.values() for name in row} == set(COMMANDS)
    assert {to for row in TABLE.values() for tos in row.values() for to in tos} == set(MAKE)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("status", MAKE)
def test_cell(status: str, command: str) -> None:
    life = MAKE[status]()
    assert life.loan.status == status
    before, version = life.state, life.version
    decision = decide(life.state, COMMANDS[command](life), life.context())
    targets = TABLE[status].get(command)
    if targets is None:
        assert isinstance(decision, Refused)
        assert decision.code.word == ("already_settled" if status == "settled" else "loan_status")
    elif isinstance(decision, Accepted):
        life._append(decision.events)
        assert life.loan.status in targets
        return
    else:
        assert decision.code.word in ("nothing_due", *rare_cells.NOTHING_TO_DO, *correction_cells.NOTHING_TO_DO)
    assert (life.state, life.version) == (before, version)


@pytest.mark.parametrize("command", COMMANDS)
def test_before_there_is_a_loan(command: str) -> None:
    life = Life(DAY)
    decision = decide(None, COMMANDS[command](life), life.context())
    if command == "OpenContract":
        assert isinstance(decision, Accepted)
        life._append(decision.events)
        assert life.loan.status == "drafting"
        assert life.loan.customer_id == CUSTOMER
    else:
        assert isinstance(decision, Refused)
        assert decision.code.word == "not_found"


def _settle_by_debit(life: Life) -> None:
    quote = life.see(m.GetPayoffQuote())
    life.ask(m.Repay(kind="full", quote=quote.quote))
    _booked(life, quote.total_fen)


def _booked(life: Life, fen: int) -> None:
    life.settle("core.debit", debited_fen=fen, core_date=life.today.isoformat(), core_serial="D1")


def _debit_comes_late(life: Life) -> None:
    """Collected on the due date, booked by the core days later and only in part: by then it is overdue."""
    life.today = DUE
    life.ask(m.CollectDue(date=DUE))
    life.today = DUE + timedelta(days=3)
    _booked(life, 50_000)


def _at(life: Life, day: date, command: Callable[[Life], m.LoanCommand]) -> None:
    life.today = day
    life.ask(command(life))


def _certificate(life: Life) -> None:
    life.settle("ca.sign", certificate_no="CA-1", signature="s", signed_at="2026-01-15T10:00:00+08:00")


LATE = DUE + timedelta(days=9)
ARROWS: list[tuple[str, str, str, Callable[[Life], object]]] = [
    ("drafting", "SettleEffect", "drafting", lambda life: life.doubt("CheckDraw")),
    ("drafting", "SettleEffect", "contract", lambda life: life.settle("CheckDraw", **draw_terms())),
    ("drafting", "SettleEffect", "refused", lambda life: life.fail("CheckDraw", "line_frozen")),
    ("signing", "SettleEffect", "signing", lambda life: life.doubt("ca.sign")),
    ("signing", "SettleEffect", "signed", _certificate),
    ("signing", "SettleEffect", "contract", lambda life: life.fail("ca.sign", "sign_refused")),
    ("disbursing", "SettleEffect", "disbursing", lambda life: life.doubt("core.disburse")),
    (
        "disbursing",
        "SettleEffect",
        "active",
        lambda life: life.settle("core.disburse", core_date="2026-01-15", core_serial="S1"),
    ),
    ("disbursing", "SettleEffect", "signed", lambda life: life.fail("core.disburse", "disburse_refused")),
    ("active", "Repay", "active", lambda life: life.ask(m.Repay(kind="partial", amount_fen=10_000))),
    ("active", "Repay", "overdue", lambda life: _at(life, LATE, COMMANDS["Repay"])),
    ("active", "CollectDue", "active", lambda life: _at(life, DUE, COMMANDS["CollectDue"])),
    ("active", "CollectDue", "overdue", lambda life: _at(life, LATE, COMMANDS["CollectDue"])),
    ("active", "PostRepayment", "active", lambda life: life.ask(_post(life, 100))),
    ("active", "PostRepayment", "overdue", lambda life: _at(life, LATE, lambda life: _post(life, 100))),
    ("active", "PostRepayment", "settled", lambda life: life.ask(_post(life, 10_000_000))),
    ("active", "CloseDay", "active", lambda life: life.ask(m.CloseDay(date=DAY))),
    ("active", "CloseDay", "overdue", lambda life: _at(life, LATE, COMMANDS["CloseDay"])),
    ("active", "SettleEffect", "active", lambda life: _debited_in_part(life)),
    ("active", "SettleEffect", "overdue", _debit_comes_late),
    ("active", "SettleEffect", "settled", _settle_by_debit),
    ("overdue", "PostRepayment", "overdue", lambda life: life.ask(_post(life, 100))),
    ("overdue", "PostRepayment", "active", lambda life: life.ask(_post(life, 900_000))),
    ("overdue", "PostRepayment", "settled", lambda life: life.ask(_post(life, 11_000_000))),
    ("overdue", "SettleEffect", "overdue", lambda life: _collected(life, 1_000)),
    ("overdue", "SettleEffect", "active", lambda life: _collected(life, 0)),
    ("overdue", "SettleEffect", "settled", _settle_by_debit),
    ("reversing", "SettleEffect", "reversing", lambda life: life.doubt("core.reverse")),
    ("reversing", "SettleEffect", "active", lambda life: life.fail("core.reverse", "later_operations")),
    (
        "reversing",
        "SettleEffect",
        "reversed",
        lambda life: life.settle("core.reverse", core_date="2026-01-15", core_serial="S2"),
    ),
    *rare_cells.ARROWS,
    *correction_cells.ARROWS,
]
"""What test_cell does not reach: each target of each cell with more than one."""


def _debited_in_part(life: Life) -> None:
    life.ask(m.Repay(kind="partial", amount_fen=10_000))
    _booked(life, 10_000)


def _collected(life: Life, fen: int) -> None:
    """Debit what is due; the core takes ``fen`` of it (0: all)."""
    life.ask(m.CollectDue(date=life.today))
    debit = life.loan.debit
    assert debit is not None
    _booked(life, fen or debit.amount_fen)


@pytest.mark.parametrize(
    ("status", "command", "target", "go"), ARROWS, ids=lambda value: value if str is type(value) else ""
)
def test_arrow(status: str, command: str, target: str, go: Callable[[Life], object]) -> None:
    life = MAKE[status]()
    go(life)
    assert life.loan.status == target
    assert target in TABLE[status][command]


def test_every_branch_of_a_cell_has_its_arrow() -> None:
    walked = {(status, command, target) for status, command, target, _ in ARROWS}
    branching = {
        (status, command, target)
        for status, row in TABLE.items()
        for command, targets in row.items()
        for target in targets
        if len(targets) > 1
    }
    assert branching == walked
