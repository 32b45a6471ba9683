"""Golden postings: a text file for each row of the posting table of lending-rules.md, with figures to check by hand.

Lines that begin with # explain. One loan serves nearly all: 100,000.00 at 7.2 % (20.00 a day), due after 31 days in one
sum; penalty at 10.8 % (30.00 a day); VAT 6 % within; allowances of 1, 2, 25, 50 and 100 % by class.
"""

import tomllib
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import rare_support
from loan_support import CUSTOMER, LOAN, PROCESS, Life
from msgspec.structs import replace

from actors.bank import BankTerms
from actors.customer import events as c
from actors.customer import lifecycle as customers
from actors.loan import events as e
from actors.loan import events_rare as x
from actors.loan import messages as m
from actors.loan import messages_corrections as mc
from actors.loan import messages_rare as r
from actors.turn import Event, Posting

GOLDEN = Path(__file__).parent / "golden"
CHART = tomllib.loads((Path(__file__).parents[2] / "cluster/banks/province.toml").read_text(encoding="utf-8"))["chart"]
DAY, DUE = date(2026, 1, 15), date(2026, 2, 15)
ONE = timedelta(days=1)
TWO: dict[str, Any] = rare_support.TWO
STOPS = DUE + 91 * ONE
"""The morning on which the loan is 91 days overdue."""


def terms(**changes: Any) -> BankTerms:
    life = Life(DAY)
    product = replace(
        life.bank.products["standard"],
        methods=("bullet", "equal_principal"),
        compound_on="interest",
        prepay_fees=((6, Decimal("0.01")),),
    )
    rules = {"provision_bp": (100, 200, 2_500, 5_000, 10_000), "watch_months": 1, "watch_periods": 0}
    return replace(life.bank, products={"standard": product}, **(rules | changes))


def lent(method: str = "bullet", periods: int = 1, **changes: Any) -> Life:
    """100,000.00 at 7.2 %, paid out on 15 January 2026."""
    return Life(DAY, terms(**changes)).active("0.072", method=method, periods=periods)


def at(life: Life, morning: date) -> Life:
    """The days before ``morning`` are closed, one by one."""
    assert life.loan.closed_to is not None
    while life.loan.closed_to < morning - ONE:
        life.today = life.loan.closed_to + 2 * ONE
        life.ask(m.CloseDay(date=life.today - ONE))
    return life


def pay(life: Life, yuan: str, serial: str = "K1") -> Life:
    fen = int(Decimal(yuan) * 100)
    life.ask(m.PostRepayment(amount_fen=fen, source="counter", core_date=life.today, core_serial=serial))
    return life


def ask(life: Life, command: Any) -> Life:
    life.ask(command)
    return life


def waive(**sums: Any) -> r.Waive:
    return r.Waive(**sums, **TWO)


def written_off() -> Life:
    return ask(at(lent(), STOPS), r.WriteOff(**TWO))


def resumed() -> Life:
    """Ninety-one days overdue, then everything due is paid; the watch period of a month passes."""
    life = at(lent("equal_principal", 12), STOPS)
    pay(life, str(Decimal(sum(row.unpaid_fen for row in life.loan.rows[: life.loan.fallen])) / 100))
    due = life.loan.rows[life.loan.fallen].due
    while not life.events(e.AccrualResumed):
        at(life, due)
        pay(life, str(Decimal(sum(row.unpaid_fen for row in life.loan.rows[: life.loan.fallen])) / 100), f"K{due}")
        due = life.loan.rows[life.loan.fallen].due
        at(life, life.today + ONE)
    return life


def refused() -> Life:
    life = Life(DAY, terms()).signed("0.072", method="bullet", periods=1)
    life.ask(m.Disburse(process_id=PROCESS, effect_id="P-1-0"))
    life.fail("core.disburse", "disburse_refused")
    return life


def taken_back() -> Life:
    life = ask(lent(), m.ReverseDisbursement(reason="误放"))
    life.settle("core.reverse", core_date=DAY.isoformat(), core_serial="S2")
    return life


def refunded() -> Life:
    life = ask(pay(lent(), "101000.77"), r.RefundSuspense(**TWO))
    life.settle("core.refund", core_date=life.today.isoformat(), core_serial="F1")
    return life


def undone() -> Life:
    life = pay(at(lent(), DUE + ONE), "1000.00")
    life.ask(mc.ReverseRepayment(original_serial="K1", core_date=life.today, core_serial="K2"))
    return life


def corrected() -> Life:
    """Booked 1,000.00 on the due date, should have been 5,000.00; found ten days later."""
    life = at(pay(at(lent(), DUE), "1000.00"), DUE + 10 * ONE)
    return ask(life, mc.CorrectRepayment(original_serial="K1", amount_fen=500_000, **TWO))


ROWS: dict[str, tuple[type[Event], Callable[[], Life]]] = {
    "disburse-requested": (e.DisbursementRequested, lent),
    "disbursed": (e.Disbursed, lent),
    "disburse-refused": (e.DisbursementFailed, refused),
    "disbursement-reversed": (e.DisbursementReversed, taken_back),
    "accrue": (e.DayClosed, lambda: at(lent(), DAY + 2 * ONE)),
    "fall-due": (e.DayClosed, lambda: at(lent(), DUE)),
    "overdue-penalty-compound": (e.DayClosed, lambda: at(lent(), DUE + ONE)),
    "repay-overdue": (e.Repaid, lambda: pay(at(lent(), DUE + 10 * ONE), "2000.00")),
    "repay-interest-not-due": (e.Repaid, lambda: pay(at(lent("equal_principal", 10), DAY + 10 * ONE), "150.00")),
    "prepayment-fee": (e.Repaid, lambda: pay(at(lent("equal_principal", 10), DAY + 10 * ONE), "10300.00")),
    "to-non-accrual": (e.AccrualStopped, lambda: at(lent(), STOPS)),
    "later-accrual": (e.DayClosed, lambda: at(lent(), STOPS + ONE)),
    "repay-in-non-accrual": (e.Repaid, lambda: pay(at(lent(), STOPS), "102000.00")),
    "back-to-accrual": (e.AccrualResumed, resumed),
    "provision": (e.DayClosed, lambda: at(lent(), DAY + ONE)),
    "settled": (e.LoanSettled, lambda: pay(at(lent(), DUE), "100620.00")),
    "write-off": (x.WrittenOff, written_off),
    "recovery": (x.Recovered, lambda: pay(written_off(), "101000.00")),
    "waiver": (x.Waived, lambda: ask(at(lent(), DUE + 10 * ONE), waive(penalty_fen=10_000, interest_fen=20_000))),
    "waiver-in-non-accrual": (x.Waived, lambda: ask(at(lent(), STOPS), waive(penalty_fen=10_000))),
    "waiver-of-principal": (x.Waived, lambda: ask(at(lent(), DUE + 10 * ONE), waive(principal_fen=300_000))),
    "waiver-after-write-off": (x.Waived, lambda: ask(written_off(), waive(interest_fen=20_000))),
    "repayment-reversed": (e.RepaymentReversed, undone),
    "repayment-corrected": (e.RepaymentCorrected, corrected),
    "overpaid": (e.Repaid, lambda: pay(at(lent(), DUE), "100700.00")),
    "refunded": (x.SuspenseRefunded, refunded),
    "misuse": (
        x.MisuseMarked,
        lambda: ask(at(lent(), DAY + 10 * ONE), r.MarkMisuse(amount_fen=5_000_000, from_date=DAY, **TWO)),
    ),
    "accelerated": (x.Accelerated, lambda: ask(at(lent("equal_principal", 10), DAY + 10 * ONE), r.Accelerate(**TWO))),
    "restructured": (
        x.Restructured,
        lambda: ask(
            at(lent(), DUE + 10 * ONE), r.Restructure(method="equal_principal", periods=12, arrears="capitalise", **TWO)
        ),
    ),
    "ecl-allowance": (x.AllowanceSet, lambda: ask(at(lent(), DAY + ONE), r.SetAllowance(ecl_fen=500_000, **TWO))),
}
"""Row -> the event whose last entry is shown, and the life that comes to it."""


def shown(lines: Iterable[Posting]) -> list[str]:
    """Debits left, credits right, in yuan; memo lines after the others."""
    found = []
    for line in sorted(lines, key=lambda line: line.memo):
        side, fen = ("借 Dr", line.debit_fen) if line.debit_fen else ("贷 Cr", line.credit_fen)
        account = CHART[line.account]
        yuan = f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02}"
        gap = "" if line.debit_fen else " " * 14
        found.append(f"{side} {line.account:<8}{gap}{yuan:>14}  {account['name_zh']} {account['name_en']}")
    return found


def golden(row: str) -> list[str]:
    text = (GOLDEN / f"{row}.txt").read_text(encoding="utf-8")
    return [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("row", ROWS)
def test_row(row: str) -> None:
    event, life = ROWS[row]
    entries = [lines for made, lines in life().entries if isinstance(made, event)]
    assert shown(entries[-1]) == golden(row)


def line_of_credit() -> list[tuple[Event, tuple[Posting, ...]]]:
    """A line of 100,000.00, 60,000.00 of it drawn, 10,000.00 repaid: its memo entries belong to the customer."""
    sealed: dict[str, Any] = {f"{of}_sealed": b"x" for of in ("name", "identity", "phone", "account")}
    masked: dict[str, Any] = {f"{of}_masked": "x" for of in ("name", "identity", "phone", "account")}
    story: list[c.CustomerEvent] = [
        c.CustomerRegistered(
            customer_id=CUSTOMER,
            bank="qingshan",
            identity_index=b"x",
            division="110101",
            birth_date=DAY,
            on=DAY,
            **sealed,
            **masked,
        ),
        c.LineGranted(
            product="standard",
            limit_fen=10_000_000,
            annual_rate="0.072",
            expires_on=date(2027, 1, 15),
            used_fen=0,
            process_id=PROCESS,
        ),
        c.LineReserved(product="standard", loan_id=LOAN, process_id=PROCESS, amount_fen=6_000_000, check_at_ms=0),
        c.ReservationConfirmed(loan_id=LOAN),
        c.LineRestored(loan_id=LOAN, restored_fen=1_000_000, outstanding_fen=5_000_000, ended=False),
    ]
    state, entries = None, list[tuple[Event, tuple[Posting, ...]]]()
    for event in story:
        entries.append((event, customers.postings(state, event, terms())))
        state = customers.evolve(state, event)
    return entries


@pytest.mark.parametrize(
    ("row", "event"),
    [
        ("line-granted", c.LineGranted),
        ("line-drawn", c.ReservationConfirmed),
        ("line-restored", c.LineRestored),
    ],
)
def test_row_of_the_line(row: str, event: type[Event]) -> None:
    [lines] = [lines for made, lines in line_of_credit() if isinstance(made, event)]
    assert shown(lines) == golden(row)


def test_every_file_is_a_row() -> None:
    rows = {*ROWS, "line-granted", "line-drawn", "line-restored"}
    assert {path.stem for path in GOLDEN.iterdir()} == rows


@pytest.mark.parametrize("row", ROWS)
def test_a_file_balances_and_explains_itself(row: str) -> None:
    """As an accountant reads it: debits equal credits, memo accounts apart, and there is a line that says why."""
    sums = {False: 0, True: 0}
    for line in golden(row):
        side, _, account, yuan, *_ = line.split()
        fen = int(yuan.replace(",", "").replace(".", ""))
        sums[account.startswith("M")] += fen if side == "借" else -fen
    assert sums == {False: 0, True: 0}
    assert (GOLDEN / f"{row}.txt").read_text(encoding="utf-8").startswith("# ")
