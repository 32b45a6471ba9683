"""A random past of a loan as plain inputs, so that the same past can be lived again with one of them left out."""

from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st
from loan_support import Life, bank, serial
from test_loan_lives import METHODS

from actors.bank import BankTerms
from actors.loan.allocation import due_fen, payoff_fen
from actors.loan.course import Course
from actors.loan.events import DayClosed, Repaid
from actors.loan.messages import CloseDay, CollectDue, PostRepayment, Repay
from actors.loan.payoff import as_of
from actors.loan.post import post

ONE = timedelta(days=1)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["close", "post", "post", "post", "due", "partial", "waive"]),
        st.integers(0, 45),
        st.one_of(st.integers(1, 300), st.integers(1, 1_000)),
    ),
    min_size=2,
    max_size=14,
)
"""(what, days waited before it, share of the debt)."""


class Input(NamedTuple):
    """Something that was done: a close up to ``day``, or a payment (``prepay``: of more than what is due)."""

    day: date
    serial: str = ""
    amount_fen: int = 0
    source: str = ""
    prepay: bool = True
    moved: bool = False

    @property
    def closed_to(self) -> date:
        return self.day - ONE if self.serial else self.day


Inputs = tuple[Input, ...]


def bank_of(product: dict[str, Any], rules: dict[str, Any]) -> BankTerms:
    return msgspec.structs.replace(bank(methods=METHODS, **product), **rules)


def step(life: Life, what: str, days: int, share: int) -> Inputs:
    """One step by the loan's own commands; the inputs that it came to. A refusal is no input."""
    life.today += days * ONE
    now = as_of(life.loan, life.context())
    if now.status not in ("active", "overdue"):
        return ()
    amount = max(1, now.principal_fen_outstanding * share * share // 500_000)
    told = len(life.journal)
    life.ask(CloseDay(date=life.today - ONE))
    closes = closed(life, told)
    number = serial()
    match what:
        case "post":
            life.ask(PostRepayment(amount_fen=amount, source="court", core_date=life.today, core_serial=number))
            return (*closes, Input(life.today, number, amount, "court"))
        case "due" if due_fen(now):
            life.ask(CollectDue(date=life.today))
            return closes + _debited(life, number, prepay=False)
        case "partial" if not due_fen(now) and min(amount, payoff_fen(now, life.today)) >= 10_000:
            life.ask(Repay(kind="partial", amount_fen=min(amount, payoff_fen(now, life.today))))
            return closes + _debited(life, number, prepay=True)
        case _:
            return closes


def closed(life: Life, since: int) -> Inputs:
    """The closes written since that place of the journal, each for itself: a close that the rules split is several."""
    return tuple(Input(event.to_date) for event in life.journal[since:] if isinstance(event, DayClosed))


def _debited(life: Life, number: str, *, prepay: bool) -> Inputs:
    debit = life.loan.debit
    assert debit is not None
    life.settle("core.debit", debited_fen=debit.amount_fen, core_date=life.today.isoformat(), core_serial=number)
    return (Input(life.today, number, debit.amount_fen, "debit", prepay),)


def live(life: Life, inputs: Inputs) -> None:
    """The same inputs again, by the rule of posting itself, whatever the loan has come to."""
    for each in inputs:
        course = Course(life.loan, life.context())
        if life.loan.status in ("active", "overdue"):
            course.close_before(each.closed_to + ONE)
        if each.serial:
            post(course, each.amount_fen, each.day, each.day, each.serial, each.source, prepay=each.prepay)
        life._append(course.accepted().events)


def without(inputs: Inputs, serial: str) -> Inputs:
    """What it closed stays closed, unless it stands elsewhere than it was posted."""
    kept = (each for each in inputs if not (each.serial == serial and each.moved))
    return tuple(Input(each.closed_to) if each.serial == serial else each for each in kept)


def changed(inputs: Inputs, serial: str, amount_fen: int, day: date) -> Inputs:
    """Another sum on another day: it stands before whatever closes that day, after what else was paid on it; of those
    that came from another day the one first told of is first."""
    was = next(each for each in inputs if each.serial == serial)
    now = was._replace(amount_fen=amount_fen, day=day, moved=True)
    if day == was.day:
        return tuple(now._replace(moved=was.moved) if each.serial == serial else each for each in inputs)
    rest = without(inputs, serial)

    def after(each: Input) -> bool:
        return each.closed_to >= day or (each.moved and each.day == day and told(each.serial) > told(serial))

    at = next((index for index, each in enumerate(rest) if after(each)), len(rest))
    return (*rest[:at], now, *rest[at:])


def told(serial: str) -> int:
    """`loan_support.serial` counts."""
    return int(serial[1:])


def repaid(life: Life) -> list[Repaid]:
    return life.events(Repaid)
