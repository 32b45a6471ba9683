"""冲正 of a repayment: red lines on its day, later operations over it; twice; before its original; after the end."""

from datetime import date, timedelta
from typing import Any

import pytest
from correction_cells import correction, pay, reversal
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from loan_past import ONE, Inputs, bank_of, live, step, without
from loan_support import Life, bank, entry_of, serial
from rare_support import TWO, providing
from test_loan_lives import BANKS, CONTRACTS, PRODUCTS, RATES

from actors.loan import messages_rare as r
from actors.loan.events import LoanSettled, Repaid, RepaymentReversed, TombstoneLeft
from actors.loan.evolve_corrections import TOMBSTONES_MAX
from actors.loan.messages import CloseDay, CollectDue, GetPayoffQuote, PostRepayment, Repay, ReverseDisbursement
from actors.loan.messages_corrections import ReverseRepayment
from actors.loan.money import money_of

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)


def _lines(life: Life, kind: type) -> list[tuple[str, int, int]]:
    return [line for event, lines in life.entries if isinstance(event, kind) for line in entry_of(lines)]


def test_the_lines_of_the_original_in_red() -> None:
    life = Life(DAY).active()
    life.today = DUE
    life.ask(CloseDay(date=DUE - ONE))
    before, money = life.balances(), money_of(life.loan)
    number = pay(life, 5_000_000)
    view: Any = life.ask(reversal(life, number, reason="柜员误记"))
    assert sorted(_lines(life, RepaymentReversed)) == sorted(
        (account, -debit, -credit) for account, debit, credit in _lines(life, Repaid)
    )
    assert life.balances() == before
    assert money_of(life.loan) == money
    [event] = life.events(RepaymentReversed)
    [original] = life.events(Repaid)
    assert event.linked_serial == original.core_serial == number
    assert life.journal[event.original_version - 1] == original
    assert (event.amount_fen, event.principal_fen, event.interest_fen) == (
        original.amount_fen,
        original.principal_fen,
        original.interest_fen,
    )
    assert view.outcome == "reversed"
    assert view.principal_fen == -original.principal_fen


def test_a_second_one_succeeds_and_does_nothing() -> None:
    life = Life(DAY).active()
    number = pay(life, 100_000)
    life.ask(reversal(life, number))
    before, version = life.loan, life.version
    view: Any = life.ask(reversal(life, number))
    assert (view.outcome, view.principal_fen) == ("nothing", 0)
    assert (life.loan, life.version) == (before, version)


def test_later_operations_of_the_day_are_replayed_over_it() -> None:
    """The second payment was a prepayment; without the first it pays what had fallen due."""
    life, other = Life(DAY).active(), Life(DAY).active()
    for one in (life, other):
        one.today = DUE
    first = pay(life, 5_000_000)
    second = pay(life, 1_000_000)
    other.ask(PostRepayment(amount_fen=1_000_000, source="counter", core_date=DUE, core_serial=second))
    life.ask(reversal(life, first))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()
    life.ask(reversal(life, second))
    untouched = Life(DAY).active()
    untouched.today = DUE
    untouched.ask(CloseDay(date=DUE - ONE))
    assert money_of(life.loan) == money_of(untouched.loan)
    assert life.balances() == untouched.balances()


def test_before_its_original_it_leaves_a_tombstone() -> None:
    life = Life(DAY).active()
    money = money_of(life.loan)
    view: Any = life.ask(reversal(life, "S-1"))
    assert view.outcome == "tombstone"
    again: Any = life.ask(reversal(life, "S-1"))
    assert again.outcome == "nothing"
    assert len(life.events(TombstoneLeft)) == 1
    late = PostRepayment(amount_fen=100_000, source="counter", core_date=DAY, core_serial="S-1")
    assert life.refused(late) == "reversed_before"
    assert money_of(life.loan) == money
    life.today += ONE  # serials are unique a day
    life.ask(PostRepayment(amount_fen=100_000, source="counter", core_date=life.today, core_serial="S-1"))


def test_a_debit_that_was_reversed_before_its_result_is_not_posted() -> None:
    life = Life(DAY).active()
    life.today = DUE
    life.ask(CollectDue(date=DUE))
    life.ask(reversal(life, "D-1"))
    life.settle("core.debit", debited_fen=860_664, core_date=DUE.isoformat(), core_serial="D-1")
    assert (life.loan.repayment, life.loan.reason, life.loan.debit) == ("failed", "reversed_before", None)
    assert not life.events(Repaid)


def test_a_debit_is_reversed_like_any_other() -> None:
    life = Life(DAY).active()
    life.today = DUE
    life.ask(CloseDay(date=DUE - ONE))
    money = money_of(life.loan)
    life.ask(CollectDue(date=DUE))
    life.settle("core.debit", debited_fen=860_664, core_date=DUE.isoformat(), core_serial="D-1")
    life.ask(reversal(life, "D-1"))
    [event] = life.events(RepaymentReversed)
    assert event.source == "debit"
    assert money_of(life.loan) == money


def test_tombstones_are_bounded() -> None:
    life = Life(DAY).active()
    for n in range(TOMBSTONES_MAX + 5):
        life.ask(reversal(life, f"T{n}"))
    assert len(life.loan.tombstones) == TOMBSTONES_MAX
    assert life.loan.tombstones[-1].endswith(f"/T{TOMBSTONES_MAX + 4}")


def test_the_repayment_that_settled_the_loan() -> None:
    """Its end is undone with the allowance and all; the customer's line hears of it."""
    life = Life(DAY, providing(revolving=True)).active()
    life.today = DUE
    life.ask(CloseDay(date=DUE - ONE))
    money, balances = money_of(life.loan), life.balances()
    number = pay(life, life.see(GetPayoffQuote()).total_fen)
    assert life.loan.status == "settled"
    assert len(life.events(LoanSettled)) == 1
    life.settle("RestoreLine")
    life.ask(reversal(life, number))
    assert str(life.loan.status) == "active"
    assert money_of(life.loan) == money
    assert life.balances() == balances
    reopen = life.effect("ReopenDraw").payload["command"]
    assert (reopen["amount_fen"], reopen["product"]) == (10_000_000, "standard")
    assert not life.loan.settlement_told
    life.settle("ReopenDraw")
    pay(life, life.see(GetPayoffQuote()).total_fen)
    restore = life.effect("RestoreLine").payload["command"]
    assert (restore["amount_fen"], restore["settled"]) == (10_000_000, True)


def test_the_line_hears_in_order_and_of_the_difference() -> None:
    """Told of 1,000.00 and then of the 400.00 that are owed again; nothing while a notice is under way."""
    life = Life(DAY, bank(revolving=True)).active()
    first = pay(life, 60_000)
    second = pay(life, 40_000)
    assert life.effect("RestoreLine").payload["command"]["amount_fen"] == 60_000
    life.ask(reversal(life, second))
    life.settle("RestoreLine")
    assert life.pending() == []
    assert life.loan.restore_fen_waiting == 0
    life.ask(reversal(life, first))
    assert life.effect("RestoreLine").payload["command"]["amount_fen"] == -60_000


def test_settled_before_the_line_heard_of_its_end() -> None:
    """The notice of an earlier repayment is under way: the end was never told, so nothing has to be opened again."""
    life = Life(DAY, bank(revolving=True)).active()
    pay(life, 60_000)
    number = pay(life, life.see(GetPayoffQuote()).total_fen)
    life.ask(reversal(life, number))
    life.settle("RestoreLine")
    assert life.pending() == []
    assert life.loan.restore_fen_waiting == 0


def test_undone_in_reverse_order() -> None:
    life = Life(DAY).active()
    first = pay(life, 100_000)
    second = pay(life, life.see(GetPayoffQuote()).total_fen)
    assert life.loan.status == "settled"
    assert life.refused(reversal(life, first)) == "later_operations"
    life.ask(reversal(life, second))
    life.ask(reversal(life, first))
    assert life.loan.principal_fen_outstanding == 10_000_000


def test_a_waiver_or_write_off_after_it_stands_in_the_way() -> None:
    life = Life(DAY).active()
    number = pay(life, 100_000)
    life.ask(r.WriteOff(**TWO))
    assert life.refused(reversal(life, number)) == "later_operations"
    settled = Life(DAY).active()
    number = pay(settled, 9_000_000)
    settled.ask(r.Waive(principal_fen=settled.loan.principal_fen_outstanding, **TWO))
    assert settled.loan.status == "settled"
    assert settled.refused(reversal(settled, number)) == "later_operations"


def test_a_waiver_of_the_day_is_asked_again_of_the_loan_without_it() -> None:
    life, other = Life(DAY).active(), Life(DAY).active()
    number = pay(life, 5_000_000)
    for one in (life, other):
        one.ask(r.Waive(principal_fen=100_000, **TWO))
    life.ask(reversal(life, number))
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()


def test_a_quote_goes_stale() -> None:
    life = Life(DAY).active()
    number = pay(life, 100_000)
    quote = life.see(GetPayoffQuote()).quote
    life.ask(reversal(life, number))
    assert life.refused(Repay(kind="full", quote=quote)) == "quote_stale"


def test_the_pay_out_can_be_reversed_only_before_anything_came_after_it() -> None:
    life = Life(DAY).active()
    life.ask(reversal(life, pay(life, 100_000)))
    assert life.refused(ReverseDisbursement(reason="误放")) == "later_operations"


def _yesterdays(life: Life) -> ReverseRepayment:
    number = pay(life, 100_000)
    life.today += ONE
    return reversal(life, number)


def _of_another_day(life: Life) -> ReverseRepayment:
    number = pay(life, 100_000)
    return ReverseRepayment(original_serial=number, core_date=DAY - ONE, core_serial=serial())


def _of_tomorrow(life: Life) -> ReverseRepayment:
    return ReverseRepayment(original_serial="X", core_date=DAY + ONE, core_serial=serial())


def _corrected(life: Life) -> ReverseRepayment:
    number = pay(life, 100_000)
    life.ask(correction(number, 50_000))
    return reversal(life, number)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (_yesterdays, "not_same_day"),
        (_of_another_day, "not_same_day"),
        (_of_tomorrow, "not_same_day"),
        (lambda life: reversal(life, "S0001"), "nothing_to_reverse"),  # the pay-out's
        (_corrected, "later_operations"),
    ],
)
def test_bad_input_changes_nothing(command: Any, code: str) -> None:
    life = Life(DAY).active()
    asked = command(life)
    before, version = life.loan, life.version
    assert life.refused(asked) == code
    assert (life.loan, life.version) == (before, version)


@settings(max_examples=150, deadline=None)
@given(
    PRODUCTS,
    BANKS,
    CONTRACTS,
    RATES,
    st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    st.lists(
        st.tuples(st.sampled_from(["post", "due", "partial", "close"]), st.integers(0, 40), st.integers(1, 600)),
        max_size=8,
    ),
    st.lists(
        st.tuples(st.sampled_from(["post", "due", "partial"]), st.just(0), st.integers(1, 600)), min_size=1, max_size=5
    ),
    st.lists(st.integers(0, 10), min_size=1, max_size=5),
)
def test_as_if_they_had_never_been(
    product: dict[str, Any],
    rules: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    before: list[tuple[str, int, int]],
    today: list[tuple[str, int, int]],
    which: list[int],
) -> None:
    """Any of the day's repayments reversed, in any order, one that settled the loan among them."""
    assume(contract["periods"] > max(product["principal_grace"], product["interest_grace"]))
    terms = bank_of(product, rules)
    life, other = (Life(start, terms).active(rate, **contract) for _ in range(2))
    inputs: Inputs = ()
    for each in before:
        inputs += step(life, *each)
    life.today += timedelta(days=1)
    first = len(inputs)
    for each in today:
        inputs += step(life, *each)
    serials = [each.serial for each in inputs[first:] if each.serial]
    for n in which:
        if n < len(serials):
            _reverse(life, serials[n])
            if any(event.linked_serial == serials[n] for event in life.events(RepaymentReversed)):
                inputs = without(inputs, serials[n])
    other.today = life.today
    live(other, inputs)
    assert money_of(life.loan) == money_of(other.loan)
    assert life.balances() == other.balances()
    assert life.balances(memo=True) == other.balances(memo=True)


def _reverse(life: Life, number: str) -> None:
    settled = life.loan.status == "settled"
    if settled and life.events(Repaid)[-1].core_serial != number:
        reversed_before = any(event.linked_serial == number for event in life.events(RepaymentReversed))
        if not reversed_before:
            assert life.refused(reversal(life, number)) == "later_operations"
            return
    life.ask(reversal(life, number))
