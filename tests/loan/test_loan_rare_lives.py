"""Random lives with every rarer event in any order: ledger = state after each event, the sums add up."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, note, settings
from hypothesis import strategies as st
from loan_support import Life, bank, serial
from rare_support import TWO, agree

from actors.loan import lifecycle
from actors.loan import messages as m
from actors.loan import messages_rare as r
from actors.loan.events import Disbursed, DisbursementReversed, Repaid
from actors.loan.events_rare import Recovered, Restructured, Waived, WrittenOff
from actors.loan.payoff import as_of
from actors.loan.state import LoanState
from actors.loan.waiver import owed_of
from actors.turn import Accepted

ONE = timedelta(days=1)
STATE = msgspec.msgpack.Decoder(lifecycle.STATE)
EVENT = msgspec.msgpack.Decoder(lifecycle.EVENTS)
METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat")
LPR = ((date(2020, 1, 20), "1Y", Decimal("0.04")), (date(2025, 5, 20), "1Y", Decimal("0.03")))
RULES = st.fixed_dictionaries(
    {
        "grace_days": st.sampled_from([0, 3]),
        "revolving": st.booleans(),
        "compound_on": st.sampled_from(["off", "interest", "all"]),
        "compound_rate": st.sampled_from(["until_maturity", "penalty"]),
        "repricing": st.sampled_from(["fixed", "fixed", "january"]),
        "prepay_keeps": st.sampled_from(["term", "instalment"]),
        "principal_grace": st.sampled_from([0, 0, 2]),
        "interest_grace": st.sampled_from([0, 0, 1]),
        "rounding": st.sampled_from(["HALF_UP", "HALF_EVEN"]),
    }
)
BANKS = st.fixed_dictionaries(
    {
        "non_accrual_days": st.sampled_from([91, 20]),
        "non_accrual_principal_first": st.booleans(),
        "provision_bp": st.sampled_from([(0, 0, 0, 0, 0), (100, 200, 2_500, 5_000, 10_000)]),
        "lpr": st.just(LPR),
    }
)
CONTRACTS = st.fixed_dictionaries(
    {
        "amount_fen": st.integers(1_000, 100_000).map(lambda yuan: yuan * 100),
        "periods": st.integers(3, 14),
        "method": st.sampled_from([*METHODS, "equal_instalment"]),
        "due_day": st.sampled_from([0, 0, 10, 31]),
    }
)
WHAT = [
    "wait",
    "wait",
    "wait",
    "close",
    "close",
    "post",
    "post",
    "collect",
    "answer",
    "answer",
    "waive",
    "waive",
    "write_off",
    "extend",
    "restructure",
    "restructure",
    "accelerate",
    "misuse",
    "reclassify",
    "allowance",
    "freeze",
    "unfreeze",
    "refund",
    "dispute",
    "death",
    "account",
]
STEPS = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 60), st.integers(0, 1_000)), min_size=5, max_size=25)


@settings(max_examples=200, deadline=None)
@given(
    RULES,
    BANKS,
    CONTRACTS,
    st.sampled_from(["0", "0.06", "0.1175"]),
    st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    STEPS,
)
def test_whatever_rare_happens(
    rules: dict[str, Any],
    terms: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    steps: list[tuple[str, int, int]],
) -> None:
    note(f"{rules} {terms} {contract} {rate} {start} {steps}")
    life = Life(start, msgspec.structs.replace(bank(methods=METHODS, **rules), **terms)).active(rate, **contract)
    agree(life)
    for what, days, share in steps:
        before = life.state
        _step(life, what, days, share)
        if life.state is not before:
            _check(life)
    _check_replay(life)


def _step(life: Life, what: str, days: int, share: int) -> None:
    today = life.today
    owed = owed_of(as_of(life.loan, life.context()))
    part = [fen * min(share, 1_000) // 1_000 for fen in owed]
    rate = ("", "", "0.05", "0.0865")[share % 4]
    commands: dict[str, Any] = {
        "close": m.CloseDay(date=today - days % 3 * ONE),
        "post": m.PostRepayment(
            amount_fen=max(1, sum(owed) * share // 800), source="court", core_date=today, core_serial=serial()
        ),
        "collect": m.CollectDue(date=today),
        "waive": r.Waive(
            penalty_fen=part[0],
            compound_fen=owed[1] if days % 2 else 0,
            interest_fen=part[2],
            principal_fen=owed[3] if days % 7 == 0 else part[3] // 3 * (days % 2),
            **TWO,
        ),
        "write_off": r.WriteOff(**TWO),
        "extend": r.ExtendLoan(periods=1 + days % 8, annual_rate=rate, **TWO),
        "restructure": r.Restructure(
            method=METHODS[share % 6],  # type: ignore[arg-type]
            periods=1 + days % 15,
            arrears=("capitalise", "principal", "keep")[days % 3],  # type: ignore[arg-type]
            annual_rate=rate,
            **TWO,
        ),
        "accelerate": r.Accelerate(**TWO),
        "misuse": r.MarkMisuse(amount_fen=max(1, part[3]), from_date=today - days * ONE, **TWO),
        "reclassify": r.Reclassify(risk_class=share % 5 + 1, until=today + days * ONE if days else None, **TWO),
        "allowance": r.SetAllowance(ecl_fen=part[3] if days % 3 else None, **TWO),
        "freeze": r.FreezeLoan(document_no="D1"),
        "unfreeze": r.UnfreezeLoan(document_no="D1"),
        "refund": r.RefundSuspense(amount_fen=0 if days % 2 else 1, **TWO),
        "dispute": r.MarkDispute(note="x"),
        "death": r.RecordDeath(died_on=today if days > 50 else None, **TWO),
        "account": r.ChangeAccount(**TWO),
    }
    if what == "wait":
        life.today = today + days * ONE
    elif what == "answer":
        _answer(life, share)
    else:
        decision = lifecycle.decide(life.state, commands[what], life.context())
        if isinstance(decision, Accepted):
            for event in decision.events:
                life._append([event])
                agree(life)


def _answer(life: Life, share: int) -> None:
    for name in life.pending():
        if share % 5 == 0:
            life.doubt(name)
        elif share % 5 == 1 and name.startswith("core."):
            life.fail(name, "debit_insufficient")
        elif name == "core.debit":
            debit = life.loan.debit
            assert debit is not None
            taken = max(1, debit.amount_fen // (1 + share % 3))
            life.settle(name, debited_fen=taken, core_date=life.today.isoformat(), core_serial=serial())
        elif name == "core.refund":
            life.settle(name, core_date=life.today.isoformat(), core_serial=serial())
        elif name == "TellAccount":
            life.settle(name, account_sealed=b"new", account_masked="****9")
        else:
            life.settle(name)
        agree(life)


def _check(life: Life) -> None:
    loan = life.loan
    paid_out = sum(e.amount_fen for e in life.events(Disbursed)) - sum(
        e.amount_fen for e in life.events(DisbursementReversed)
    )
    capital = sum(e.interest_fen + e.penalty_fen + e.compound_fen for e in life.events(Restructured))
    repaid = sum(e.principal_fen for e in life.events(Repaid))
    waived = sum(e.principal_fen for e in life.events(Waived) if not e.claim)
    written_off = sum(e.principal_fen for e in life.events(WrittenOff))
    assert paid_out + capital == loan.principal_fen_outstanding + repaid + waived + written_off
    assert (loan.principal_fen_waived, loan.principal_fen_capitalised) == (waived, capital)
    if loan.claim is not None:
        recovered = sum(e.principal_fen for e in life.events(Recovered))
        given_up = sum(e.principal_fen for e in life.events(Waived) if e.claim)
        assert written_off == loan.claim.left[0] + recovered + given_up
        assert min(loan.claim.left) >= 0
    else:
        assert loan.balance_fen == sum(row.principal_fen for row in loan.rows[loan.fallen :])
        unpaid = sum(row.principal_fen_unpaid for row in loan.rows[: loan.fallen])
        assert loan.principal_fen_outstanding == loan.balance_fen + unpaid
        assert loan.accrued_fen >= 0
        owed = sum(owed_of(loan))
        assert (loan.status == "settled") == (owed == 0)
    assert 0 <= loan.first_unpaid <= loan.fallen <= len(loan.rows)
    assert loan.lapsed <= loan.fallen
    for row in loan.rows:
        assert min(row.principal_fen, row.interest_fen, row.penalty_fen, row.compound_fen) >= 0
        assert min(row.principal_fen_unpaid, row.penalty_fen_unpaid, row.compound_fen_unpaid) >= 0
    assert loan.status in lifecycle.TABLE
    life.see(m.GetLoan())
    life.see(m.GetSchedule())
    life.see(m.GetPayoffQuote())
    life.see(r.GetSettlementCertificate())


def _check_replay(life: Life) -> None:
    state: LoanState | None = None
    for event in life.journal:
        state = lifecycle.evolve(state, EVENT.decode(msgspec.msgpack.encode(event)))
    assert state == life.loan
    assert STATE.decode(msgspec.msgpack.encode(life.loan)) == life.loan
