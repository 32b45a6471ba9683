"""错账调整: the loan and the ledger come to what they would be had the repayment been right from the start."""

from datetime import date, timedelta
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from loan_past import ONE, STEPS, Inputs, bank_of, changed, closed, live, step, without
from loan_support import Life
from test_loan_lives import BANKS, CONTRACTS, PRODUCTS, RATES

from actors.loan import events, lifecycle
from actors.loan.books import books
from actors.loan.events import RepaymentCorrected
from actors.loan.messages import CloseDay
from actors.loan.messages_corrections import CorrectRepayment
from actors.loan.money import money_of
from actors.turn import Refused

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
EDITS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from(["remove", "change", "move", "both"]), st.integers(1, 3_000)),
    min_size=1,
    max_size=3,
)
"""(which repayment, what is done to it, a figure for it)."""


def correct(original: str, amount_fen: int, **more: Any) -> CorrectRepayment:
    fields = {"maker": "S001", "checker": "S002", "reason": "录入错误"} | more
    return CorrectRepayment(original_serial=original, amount_fen=amount_fen, **fields)


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
    command = correct(original.serial, amount, value_date=day)
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
