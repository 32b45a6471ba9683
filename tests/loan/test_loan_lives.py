"""Random lives: whatever happens in whatever order, the sums, the ledger, the order of allocation and replay hold."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from loan_support import Life, bank, serial

from actors.bank import BankTerms
from actors.ledger import code_of
from actors.loan import lifecycle
from actors.loan.books import books
from actors.loan.events import DayClosed, Disbursed, DisbursementReversed, Repaid
from actors.loan.interest import vat_within
from actors.loan.messages import (
    CloseDay,
    CollectDue,
    GetPayoffQuote,
    PostRepayment,
    Repay,
    ReverseDisbursement,
    UploadProof,
)
from actors.loan.payoff import as_of
from actors.loan.state import LoanState
from actors.turn import Accepted

STATE = msgspec.msgpack.Decoder(lifecycle.STATE)
EVENT = msgspec.msgpack.Decoder(lifecycle.EVENTS)
ONE = timedelta(days=1)

METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat")
LPR = tuple(
    (date(year, 1 + 6 * (year % 2), 20), "1Y", Decimal(300 + year % 7 * 10) / 10_000) for year in range(2020, 2031)
)
PRODUCTS = st.fixed_dictionaries(
    {
        "grace_days": st.sampled_from([0, 0, 3, 5]),
        "revolving": st.booleans(),
        "prepay_keeps": st.sampled_from(["term", "instalment"]),
        "last_row": st.sampled_from(["recompute", "keep_instalment", "smooth"]),
        "rounding": st.sampled_from(["HALF_UP", "HALF_EVEN"]),
        "day_count": st.sampled_from(["actual/360", "actual/365"]),
        "compound_on": st.sampled_from(["off", "off", "interest", "all"]),
        "compound_months": st.sampled_from([1, 3]),
        "compound_rate": st.sampled_from(["until_maturity", "penalty"]),
        "allocation": st.sampled_from(["by_instalment", "by_component"]),
        "allocation_overdue": st.sampled_from([(), ((1, "by_instalment"), (31, "by_component"))]),
        "prepay_fees": st.sampled_from([(), ((3, Decimal("0.03")), (12, Decimal("0.005")))]),
        "repricing": st.sampled_from(["fixed", "fixed", "january", "anniversary"]),
        "pay_anytime_interest": st.sampled_from(["on_repaid", "all_accrued"]),
        "principal_grace": st.sampled_from([0, 0, 2]),
        "interest_grace": st.sampled_from([0, 0, 1, 2]),
    }
)
BANKS = st.fixed_dictionaries(
    {
        "non_accrual_days": st.sampled_from([91, 20]),
        "classes": st.sampled_from([(1, 91, 271, 361), (1, 20, 40, 60)]),
        "provision_bp": st.sampled_from([(0, 0, 0, 0, 0), (100, 200, 2_500, 5_000, 10_000)]),
        "lpr": st.just(LPR),
    }
)
CONTRACTS = st.fixed_dictionaries(
    {
        "amount_fen": st.integers(1_000, 1_000_000).map(lambda yuan: yuan * 100),
        "periods": st.integers(1, 24),
        "method": st.sampled_from([*METHODS, "equal_instalment"]),
        "due_day": st.sampled_from([0, 0, 1, 10, 15, 28, 31]),
    }
)
RATES = st.sampled_from(["0", "0.0345", "0.06", "0.1175", "0.24"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["wait", "wait", "close", "post", "post", "due", "partial", "full", "answer", "proof", "reverse"]
        ),
        st.integers(0, 45),
        st.one_of(st.integers(1, 12), st.integers(1, 1_000)),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(PRODUCTS, BANKS, CONTRACTS, RATES, st.dates(date(2024, 1, 1), date(2027, 12, 31)), STEPS)
def test_whatever_happens(
    product: dict[str, Any],
    rules: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    steps: list[tuple[str, int, int]],
) -> None:
    assume(contract["periods"] > max(product["principal_grace"], product["interest_grace"]))
    life = Life(start, _bank(product, rules)).active(rate, **contract)
    _check(life)
    for what, days, share in steps:
        _step(life, what, days, share)
        _check(life)
    _check_replay(life)


def _bank(product: dict[str, Any], rules: dict[str, Any]) -> BankTerms:
    return msgspec.structs.replace(bank(methods=METHODS, **product), **rules)


def _step(life: Life, what: str, days: int, share: int) -> None:
    """One thing; a refusal is as good as anything, as long as it changes nothing."""
    today, loan = life.today, life.loan
    amount = max(1, as_of(loan, life.context()).principal_fen_outstanding * share * share // 500_000)
    match what:
        case "wait":
            life.today = today + days * ONE
        case "close":
            _try(life, CloseDay(date=today - days % 3 * ONE))
        case "post":
            value = today - days % 2 * ONE
            _try(life, PostRepayment(amount_fen=amount, source="court", core_date=value, core_serial=serial()))
        case "due":
            _try(life, CollectDue(date=today))
        case "partial":
            _try(life, Repay(kind="partial", amount_fen=amount))
        case "full":
            _try(life, Repay(kind="full", quote=life.see(GetPayoffQuote()).quote))
        case "answer":
            _answer(life, days, share)
        case "proof":
            _try(life, UploadProof(document_hash="a" * 64, amount_fen=share, kind="invoice"))
        case "reverse":
            _try(life, ReverseDisbursement(reason="test"))


def _try(life: Life, command: Any) -> None:
    decision = lifecycle.decide(life.state, command, life.context())
    if isinstance(decision, Accepted):
        life._append(decision.events)


def _answer(life: Life, days: int, share: int) -> None:
    """Something under way ends: done (a debit perhaps in part and a day late), refused, or in doubt."""
    for name in life.pending():
        if share % 5 == 0:
            life.doubt(name)
        elif share % 5 == 1 and name.startswith("core."):
            life.fail(name, "debit_insufficient")
        elif name == "core.debit":
            debit = life.loan.debit
            assert debit is not None
            taken = debit.amount_fen if share % 2 or debit.kind != "due" else max(1, debit.amount_fen // 3)
            booked_on = min(debit.on + days % 2 * ONE, max(life.today, debit.on))
            life.settle(name, debited_fen=taken, core_date=booked_on.isoformat(), core_serial=serial())
        elif name == "core.reverse":
            life.settle(name, core_date=life.today.isoformat(), core_serial="R")
        else:
            life.settle(name)


def _check(life: Life) -> None:
    loan = life.loan
    _check_sums(life, loan)
    _check_rows(life, loan)
    _check_ledger(life, loan)
    _check_accrued(life, loan)
    _check_order(life)


def _check_sums(life: Life, loan: LoanState) -> None:
    paid_out = sum(event.amount_fen for event in life.events(Disbursed))
    taken_back = sum(event.amount_fen for event in life.events(DisbursementReversed))
    repaid = life.events(Repaid)
    assert paid_out - taken_back == loan.principal_fen_outstanding + sum(event.principal_fen for event in repaid)
    assert loan.principal_fen_repaid == sum(event.principal_fen for event in repaid)
    for event in repaid:
        spent = event.principal_fen + event.interest_fen + event.penalty_fen + event.compound_fen
        spent += event.fee_fen + event.suspense_fen
        assert event.amount_fen == spent
    closes = life.events(DayClosed)
    for before, after in pairwise(closes):
        assert after.from_date == before.to_date + ONE
    if closes:
        assert closes[-1].to_date == loan.closed_to


def _check_rows(life: Life, loan: LoanState) -> None:
    prepaid = sum(event.principal_fen_prepaid for event in life.events(Repaid))
    assert sum(row.principal_fen for row in loan.rows) + prepaid == loan.terms.amount_fen
    if loan.status != "reversed":
        assert loan.balance_fen == sum(row.principal_fen for row in loan.rows[loan.fallen :])
    assert 0 <= loan.first_unpaid <= loan.fallen <= len(loan.rows)
    assert loan.lapsed <= loan.fallen
    for row in loan.rows:
        assert min(row.principal_fen, row.interest_fen, row.penalty_fen) >= 0
        assert min(row.principal_fen_unpaid, row.interest_fen_unpaid, row.penalty_fen_unpaid) >= 0
    assert all(not row.unpaid_fen for row in loan.rows[: loan.first_unpaid])
    owed = loan.principal_fen_outstanding + loan.accrued_fen + sum(r.unpaid_fen for r in loan.rows[: loan.fallen])
    assert (loan.status == "settled") == (owed == 0 and loan.status != "reversed")


def _check_ledger(life: Life, loan: LoanState) -> None:
    """General ledger = the loan's own figures, account by account; the trial balance is zero, memo lines apart."""
    balances = life.balances()
    for role, fen in books(loan).items():
        if not role.startswith("memo_"):
            assert balances.get(code_of(life.bank, role), 0) == fen, role
    assert balances.get("3001", 0) == loan.suspense_fen
    assert sum(balances.values()) == 0
    memo = life.balances(memo=True)
    assert memo.get("M2", 0) == books(loan)["memo_uncollected_interest"]
    assert sum(memo.values()) == 0
    taxed = 0 if loan.non_accrual else vat_within(loan.accrued_fen, Decimal("0.06"))
    assert loan.vat_fen_deferred == taxed


def _check_accrued(life: Life, loan: LoanState) -> None:
    """Interest of the running period, walked day by day in exact fractions, is what is booked and paid of it."""
    assert loan.accrued_fen >= 0
    if loan.status not in ("active", "overdue") or loan.fallen == len(loan.rows):
        return
    if loan.terms.plan.interest_grace or loan.terms.plan.method == "flat":
        return  # not a share of the balance, or billed with a later row: tests/schedule
    row = loan.rows[loan.fallen]
    day = loan.rows[loan.fallen - 1].due if loan.fallen else loan.disbursed_on
    assert day is not None
    assert loan.closed_to is not None
    daily = Fraction(str(loan.terms.annual_rate)) / int(loan.terms.plan.day_count[-3:])
    interest = Fraction(0)
    while day <= loan.closed_to:
        later = sum(event.principal_fen_prepaid for event in life.events(Repaid) if event.value_date > day)
        interest += (loan.balance_fen + later) * daily
        day += ONE
    assert abs(loan.accrued_fen + row.interest_fen_paid - min(interest, Fraction(row.interest_fen))) <= 1


def _check_order(life: Life) -> None:
    """By the rule in force on the day: nothing later in the order is paid while something earlier is left."""
    state: Any = None
    for event in life.journal:
        if isinstance(event, Repaid):
            paid = {
                part.no: (part.penalty_fen, part.compound_fen, part.interest_fen, part.principal_fen)
                for part in event.parts
            }
            due = {index + 1: _unpaid(row) for index, row in enumerate(state.rows[: state.fallen]) if any(_unpaid(row))}
            assert paid.keys() <= due.keys()
            left = [due[no][n] - paid.get(no, (0, 0, 0, 0))[n] for no, n in _order(state, due, event.value_date, life)]
            spent = [paid.get(no, (0, 0, 0, 0))[n] for no, n in _order(state, due, event.value_date, life)]
            assert min(left, default=0) >= 0
            first_left = next((at for at, fen in enumerate(left) if fen), len(left))
            assert not any(spent[first_left + 1 :])
            if event.principal_fen_prepaid or event.interest_fen_accrued:
                assert not any(left)
        state = lifecycle.evolve(state, event)  # type: ignore[arg-type]


def _unpaid(row: Any) -> tuple[int, int, int, int]:
    return (row.penalty_fen_unpaid, row.compound_fen_unpaid, row.interest_fen_unpaid, row.principal_fen_unpaid)


def _order(state: LoanState, due: dict[int, Any], day: date, life: Life) -> list[tuple[int, int]]:
    if state.non_accrual:
        return [(no, n) for n in (3, 0, 1, 2) for no in due]
    rule = state.terms.allocation
    for from_days, bucket in state.terms.allocation_overdue:
        if state.overdue and (day - state.rows[state.first_unpaid].due).days >= from_days:
            rule = bucket
    if rule == "by_component":
        return [(no, n) for n in range(4) for no in due]
    return [(no, n) for no in due for n in range(4)]


def _check_replay(life: Life) -> None:
    """The journal as stored, replayed from zero, is the live state; so is the row as stored."""
    state: LoanState | None = None
    for event in life.journal:
        state = lifecycle.evolve(state, EVENT.decode(msgspec.msgpack.encode(event)))
    assert state == life.loan
    assert STATE.decode(msgspec.msgpack.encode(life.loan)) == life.loan
    assert life.loan.effects.keys() == lifecycle.effects(life.loan).keys()
    assert len(lifecycle.columns(life.loan)) == 6


@settings(max_examples=60, deadline=None)
@given(
    PRODUCTS,
    BANKS,
    CONTRACTS,
    RATES,
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.lists(st.integers(1, 40), max_size=12),
)
def test_closing_often_or_seldom_is_the_same(
    product: dict[str, Any], rules: dict[str, Any], contract: dict[str, Any], rate: str, start: date, gaps: list[int]
) -> None:
    assume(contract["periods"] > max(product["principal_grace"], product["interest_grace"]))
    often, seldom = (Life(start, _bank(product, rules)).active(rate, **contract) for _ in range(2))
    day = start
    for gap in gaps:
        day += gap * ONE
        often.today = day
        often.ask(CloseDay(date=day - ONE))
    seldom.today = often.today = day + ONE
    often.ask(CloseDay(date=day))
    seldom.ask(CloseDay(date=day))
    assert often.balances() == seldom.balances()
    assert often.loan.rows == seldom.loan.rows
    assert often.loan.closed_to == seldom.loan.closed_to
