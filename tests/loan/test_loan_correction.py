"""错账调整: the loan and the ledger come to what they would be had the repayment been right from the start."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from correction_cells import correction, pay, reversal
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from loan_past import ONE, STEPS, Inputs, bank_of, changed, closed, live, step, without
from loan_support import Life
from rare_support import TWO, agree, providing
from test_loan_lives import BANKS, CONTRACTS, PRODUCTS, RATES

from actors.loan import events, events_corrections, lifecycle
from actors.loan import messages_rare as r
from actors.loan.again import PAID
from actors.loan.again_rules import AGAIN, FOLLOWS, NO_MONEY
from actors.loan.books import books
from actors.loan.events import DayClosed, Repaid, RepaymentCorrected
from actors.loan.messages import CloseDay, CollectDue, GetPayoffQuote, PostRepayment, Repay
from actors.loan.messages_corrections import CorrectRepayment
from actors.loan.money import NOT_MONEY, Money, money_of, with_money
from actors.loan.state import LoanState
from actors.turn import Refused

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
EDITS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from(["remove", "change", "move", "both"]), st.integers(1, 3_000)),
    min_size=1,
    max_size=3,
)
"""(which repayment, what is done to it, a figure for it)."""


@settings(max_examples=250, deadline=None)
@given(
    PRODUCTS,
    BANKS,
    CONTRACTS,
    RATES,
    st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    st.lists(st.one_of(STEPS, EDITS), min_size=1, max_size=3),
    STEPS,
    EDITS,
)
def test_as_if_it_had_been_right(
    product: dict[str, Any],
    rules: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    parts: list[list[Any]],
    steps: list[tuple[str, int, int]],
    edits: list[tuple[int, str, int]],
) -> None:
    """Several corrections, also of the same repayment, between and after other things."""
    assume(contract["periods"] > max(product["principal_grace"], product["interest_grace"]))
    life = Life(start, bank_of(product, rules)).active(rate, **contract)
    inputs: Inputs = ()
    for part in (*parts, steps, edits):
        for each in part:
            if isinstance(each[0], str):
                inputs += step(life, *each)
            else:
                inputs = _edited(life, inputs, *each)
    _compare(life, inputs, start, bank_of(product, rules), rate, contract)


def _edited(life: Life, inputs: Inputs, which: int, how: str, figure: int) -> Inputs:
    """One correction, if it is allowed; what the past should have been."""
    life.today += figure % 4 * ONE
    paid = [each for each in inputs if each.serial]
    if not paid:
        return inputs
    original = paid[which % len(paid)]
    amount, day = original.amount_fen, original.day
    if how == "remove":
        amount = 0
    if how in ("change", "both"):
        amount = amount * figure // 1_000 + 1
    if how in ("move", "both"):
        day = min(life.today, max(life.loan.disbursed_on or day, day + timedelta(days=figure % 61 - 30)))
    command = correction(original.serial, amount, value_date=day)
    decision = lifecycle.decide(life.state, command, life.context())
    if isinstance(decision, Refused):
        allowed = {"nothing_to_correct"} | ({"later_operations"} if life.loan.status == "settled" else set())
        assert decision.code.word in allowed, decision
        event(decision.code.word)
        return inputs
    told = len(life.journal)
    _ask(life, command)
    inputs += closed(life, told)
    event(how)
    return changed(inputs, original.serial, amount, day) if amount else without(inputs, original.serial)


def _ask(life: Life, command: CorrectRepayment) -> None:
    """Accepted: exactly the closes, one correction, and notices; its entry balances."""
    version, before = life.version, life.loan
    life.ask(command)
    written = life.journal[version:]
    assert [type(each) for each in written].count(RepaymentCorrected) == 1
    assert life.loan.money_version == before.money_version + 1 + sum(
        isinstance(each, events.Repriced) for each in written
    )
    for _, lines in life.entries:
        assert sum(line.debit_fen - line.credit_fen for line in lines) == 0


def _compare(life: Life, inputs: Inputs, start: date, terms: Any, rate: str, contract: dict[str, Any]) -> None:
    other = Life(start, terms).active(rate, **contract)
    other.today = life.today
    live(other, inputs)
    for one in (life, other):
        if one.loan.status in ("active", "overdue"):
            one.ask(CloseDay(date=life.today - ONE))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()
    assert life.balances(memo=True) == other.balances(memo=True)
    assert books(life.loan) == books(other.loan)


# -- one by one ----------------------------------------------------------------------------------------------------


def test_a_counter_error_found_months_later() -> None:
    """1,000.00 was keyed as 10,000.00 in February; corrected in May: three months of interest and a penalty differ."""
    life, other = Life(DAY).active(), Life(DAY).active()
    dues = [date(2026, month, 15) for month in (2, 3, 4)]
    wrong = ""
    for due in dues:
        for one, fen in ((life, 1_000_000 if due == dues[0] else 860_664), (other, 860_664)):
            number = pay(one, 100_000 if one is other and due == dues[0] else fen, due)
            wrong = number if one is life and due == dues[0] else wrong
    for one in (life, other):
        one.today = date(2026, 5, 6)
        one.ask(CloseDay(date=one.today - ONE))
    booked = list(life.entries)
    view: Any = life.ask(correction(wrong, 100_000))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()
    assert life.entries[: len(booked)] == booked  # nothing that was booked is edited
    [lines] = [lines for event, lines in life.entries if isinstance(event, RepaymentCorrected)]
    [event] = life.events(RepaymentCorrected)
    assert (event.amount_fen_before, event.amount_fen) == (1_000_000, 100_000)
    assert all(line.debit_fen >= 0 <= line.credit_fen for line in lines)  # opposite, not red
    deposits = next(line for line in lines if line.account == "2011")
    assert (deposits.debit_fen, deposits.credit_fen) == (0, 900_000)
    assert {"6011", "1132.02", "2221.01"} <= {line.account for line in lines}
    assert view.outcome == "corrected"
    assert life.loan.status == "overdue"


def test_more_than_the_loan_settles_it_and_later_ones_are_held() -> None:
    """The whole sum should have come in February: what came in March is surplus."""
    life = Life(DAY).active()
    wrong = pay(life, 100_000, DUE)
    pay(life, 500_000, DUE + timedelta(days=28))
    life.today = DUE + timedelta(days=40)
    life.ask(correction(wrong, 10_060_000))
    assert life.loan.status == "settled"
    assert life.loan.settled_on == DUE
    assert life.loan.suspense_fen == 500_000 + 10_060_000 - 10_050_000
    agree(life)


def test_the_loan_lives_again_and_every_day_since_is_closed() -> None:
    """Settled in February by a payment that was another customer's; found in July."""
    life, other = (Life(DAY, providing(revolving=True)).active() for _ in range(2))
    life.today = DUE
    life.ask(CloseDay(date=DUE - ONE))
    wrong = pay(life, life.see(GetPayoffQuote()).total_fen)
    life.settle("RestoreLine")
    for one in (life, other):
        one.today = date(2026, 7, 3)
    other.ask(CloseDay(date=DUE - ONE))
    day = DUE
    while day < other.today:
        other.ask(CloseDay(date=day))
        day += ONE
    life.ask(correction(wrong, 0))
    assert life.loan.status == "overdue"
    assert life.loan.non_accrual
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()
    assert life.balances(memo=True) == other.balances(memo=True)
    assert "ReopenDraw" in life.pending()
    assert "NoteOverdue" in life.pending()
    life.ask(CloseDay(date=life.today))
    agree(life)


def test_a_correction_of_a_correction() -> None:
    life, other = Life(DAY).active(), Life(DAY).active()
    wrong = pay(life, 100_000, DUE)
    other.today = life.today
    other.ask(PostRepayment(amount_fen=300_000, source="counter", core_date=DUE, core_serial=wrong))
    for one in (life, other):
        one.today = DUE + timedelta(days=9)
        one.ask(CloseDay(date=one.today - ONE))
    life.ask(correction(wrong, 0))
    life.ask(correction(wrong, 300_000))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()


def test_paid_in_time_after_all() -> None:
    """Posted on the day it came to the counter, but the money had been there before the due date: no penalty."""
    life = Life(DAY).active()
    late = pay(life, 860_664, DUE + timedelta(days=9))
    assert life.loan.penalty_fen_repaid
    life.today += ONE
    life.ask(correction(late, 860_664, value_date=DUE))
    assert life.loan.penalty_fen_repaid == 0
    assert life.loan.rows[0].penalty_fen == 0
    assert (life.loan.status, life.loan.first_unpaid) == ("active", 1)
    agree(life)


RARE: dict[str, Any] = {
    "waiver": lambda life: r.Waive(penalty_fen=1, **TWO),
    "misuse": lambda life: r.MarkMisuse(amount_fen=100_000, from_date=DUE, **TWO),
    "acceleration": lambda life: r.Accelerate(**TWO),
    "class": lambda life: r.Reclassify(risk_class=3, **TWO),
    "allowance": lambda life: r.SetAllowance(ecl_fen=50_000, **TWO),
    "restructuring": lambda life: r.Restructure(
        method="equal_principal", periods=10, arrears="capitalise", annual_rate="0.05", **TWO
    ),
    "freeze": lambda life: r.FreezeLoan(document_no="D1"),
    "dispute": lambda life: r.MarkDispute(note="x"),
    "death": lambda life: r.RecordDeath(died_on=life.today, **TWO),
}


@pytest.mark.parametrize("what", RARE)
@pytest.mark.parametrize("should", [0, 50_000, 200_000])
def test_what_else_happened_is_asked_again(what: str, should: int) -> None:
    """The same done to a loan whose first payment was right: the same loan."""
    life, other = (Life(DAY, providing()).active() for _ in range(2))
    wrong = pay(life, 100_000, DUE - ONE)
    other.today = life.today
    if should:
        other.ask(PostRepayment(amount_fen=should, source="counter", core_date=other.today, core_serial=wrong))
    else:
        other.ask(CloseDay(date=other.today - ONE))
    for one in (life, other):
        one.today = DUE + timedelta(days=20)
        one.ask(CloseDay(date=one.today - ONE))
        one.ask(RARE[what](one))
        one.today += timedelta(days=30)
        one.ask(CloseDay(date=one.today - ONE))
    life.ask(correction(wrong, should))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()
    agree(life)


@pytest.mark.parametrize("should", [0, 50_000, 200_000])
def test_an_extension_is_asked_again(should: int) -> None:
    life, other = (Life(DAY, providing()).active() for _ in range(2))
    wrong = pay(life, 100_000)
    other.today = life.today
    if should:
        other.ask(PostRepayment(amount_fen=should, source="counter", core_date=other.today, core_serial=wrong))
    for one in (life, other):
        one.today = DAY + timedelta(days=10)
        one.ask(r.ExtendLoan(periods=4, annual_rate="0.07", **TWO))
        one.today = DUE + timedelta(days=10)
        one.ask(CloseDay(date=one.today - ONE))
    life.ask(correction(wrong, should))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()


def test_what_cannot_be_asked_again_stands_in_the_way() -> None:
    """An extension needs a loan without arrears; without the payment before it there were some."""
    life = Life(DAY).active()
    wrong = pay(life, 860_664, DUE)
    life.ask(r.ExtendLoan(periods=4, **TWO))
    life.today += ONE
    _refused(life, correction(wrong, 0), "later_operations")


def test_a_refund_stands_in_the_way_of_what_it_was_paid_from() -> None:
    life = Life(DAY).active()
    wrong = pay(life, 11_000_000)
    life.ask(r.RefundSuspense(amount_fen=400_000, **TWO))
    life.settle("core.refund", core_date=DAY.isoformat(), core_serial="R1")
    _refused(life, correction(wrong, 0), "later_operations")


def test_a_recovery_is_corrected_like_a_repayment() -> None:
    life, other = (Life(DAY, providing()).active() for _ in range(2))
    for one in (life, other):
        one.ask(r.WriteOff(**TWO))
    wrong = pay(life, 300_000)
    other.ask(PostRepayment(amount_fen=30_000, source="counter", core_date=DAY, core_serial=wrong))
    life.today += ONE
    life.ask(correction(wrong, 30_000))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()
    assert life.balances(memo=True) == other.balances(memo=True)


def test_before_a_write_off_nothing_is_corrected() -> None:
    life = Life(DAY).active()
    wrong = pay(life, 100_000)
    life.ask(r.WriteOff(**TWO))
    _refused(life, correction(wrong, 0), "later_operations")


def test_rules_that_changed_since_refuse() -> None:
    """VAT was 6 % when it was booked: with another rate the past can't be told again as it was."""
    life = Life(DAY).active()
    wrong = pay(life, 100_000, DUE - ONE)
    life.today = DUE + timedelta(days=9)
    life.ask(CloseDay(date=life.today - ONE))
    life.bank = msgspec.structs.replace(life.bank, vat_rate=Decimal("0.03"))
    _refused(life, correction(wrong, 0), "correction_unsure")


def test_not_while_a_debit_is_under_way() -> None:
    life = Life(DAY).active()
    wrong = pay(life, 100_000)
    life.ask(Repay(kind="partial", amount_fen=10_000))
    _refused(life, correction(wrong, 0), "repayment_in_flight")


def test_the_cores_own_split_stays_its_own() -> None:
    """In the mode in which the core calculates, its split is fact: also when another repayment is corrected."""
    life = Life(DAY, msgspec.structs.replace(providing(), ledger_mode="core_calculated")).active()
    wrong = pay(life, 10_000, DUE - ONE)
    life.today = DUE + timedelta(days=5)
    life.ask(CollectDue(date=life.today))
    split = [0, 0, 30_000, 70_000]
    life.settle("core.debit", debited_fen=100_000, core_date=life.today.isoformat(), core_serial="D1", split=split)
    [debited] = [event for event in life.events(Repaid) if event.core_serial == "D1"]
    life.today += ONE
    life.ask(correction(wrong, 20_000))
    row = life.loan.rows[0]
    assert (debited.penalty_fen, debited.interest_fen, debited.principal_fen) == (0, 30_000, 70_000)
    assert (row.penalty_fen_paid, row.interest_fen_paid, row.principal_fen_paid) == (0, 50_000, 70_000)
    agree(life)


def _refused(life: Life, command: Any, code: str) -> None:
    before, version = life.loan, life.version
    assert life.refused(command) == code
    assert (life.loan, life.version) == (before, version)


def _twice(life: Life) -> CorrectRepayment:
    """The same serial on two days."""
    for day in (DAY, DAY + ONE):
        life.today = day
        life.ask(PostRepayment(amount_fen=100, source="counter", core_date=day, core_serial="S9"))
    return correction("S9", 0)


def _reversed(life: Life) -> CorrectRepayment:
    number = pay(life, 100_000)
    life.ask(reversal(life, number))
    return correction(number, 50_000)


def _removed(life: Life) -> CorrectRepayment:
    number = pay(life, 100_000)
    life.ask(correction(number, 0))
    return correction(number, 0)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (lambda life: correction(pay(life, 100), 0, maker="a", checker="a"), "two_persons"),
        (lambda life: correction(pay(life, 100), 0, maker=""), "two_persons"),
        (lambda life: correction(pay(life, 100), 0, checker=" "), "two_persons"),
        (lambda life: correction(pay(life, 100), -1), "bad_amount"),
        (lambda life: correction(pay(life, 100), 10**14), "bad_amount"),
        (lambda life: correction(pay(life, 100), 100), "nothing_to_correct"),
        (lambda life: correction("unknown", 100), "nothing_to_reverse"),
        (lambda life: correction("S0001", 100), "nothing_to_reverse"),  # the pay-out's
        (lambda life: correction(pay(life, 100), 50, value_date=DAY + ONE), "date_not_open"),
        (lambda life: correction(pay(life, 100), 50, value_date=DAY - ONE), "before_disbursement"),
        (lambda life: correction(pay(life, 100), 50, core_date=DAY - ONE), "nothing_to_reverse"),
        (_twice, "nothing_to_reverse"),
        (_reversed, "nothing_to_reverse"),
        (_removed, "nothing_to_correct"),
    ],
)
def test_bad_input_changes_nothing(command: Any, code: str) -> None:
    life = Life(DAY).active()
    _refused(life, command(life), code)


def test_the_core_date_tells_same_serials_apart() -> None:
    life = Life(DAY).active()
    _twice(life)
    life.ask(correction("S9", 0, core_date=DAY))
    assert life.loan.principal_fen_repaid == 100 - life.loan.interest_fen_repaid


def test_a_quote_goes_stale() -> None:
    life = Life(DAY).active()
    wrong = pay(life, 100_000)
    quote = life.see(GetPayoffQuote()).quote
    life.ask(correction(wrong, 90_000))
    assert life.refused(Repay(kind="full", quote=quote)) == "quote_stale"


# -- completeness --------------------------------------------------------------------------------------------------


def test_every_field_of_the_state_is_money_or_not() -> None:
    assert set(Money.__struct_fields__) | NOT_MONEY == set(LoanState.__struct_fields__)
    assert not set(Money.__struct_fields__) & NOT_MONEY
    life = Life(DAY).active()
    assert with_money(life.loan, money_of(life.loan)) == life.loan
    assert with_money(Life(DAY).signed().loan, money_of(life.loan)).rows == life.loan.rows


def test_every_event_is_asked_again_or_follows_or_moves_no_money() -> None:
    """What is in no list refuses a correction: only what comes before the pay-out, and the pay-out itself."""
    known = {*AGAIN, *FOLLOWS, *NO_MONEY, *PAID, DayClosed, *events_corrections.CorrectionEvent.__args__}
    others = {kind.__name__ for kind in events.LoanEvent.__args__} - {kind.__name__ for kind in known}
    assert others == {
        "ContractRequested",
        "ContractDrawn",
        "ContractRefused",
        "SigningRequested",
        "Signed",
        "SigningRefused",
        "DisbursementRequested",
        "Disbursed",
        "DisbursementFailed",
        "DisbursementReversed",
    }
