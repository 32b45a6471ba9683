"""What recalculation works on: rows of a schedule, each a chain of stretches with one balance and one rate.

Mutable, and alive only within one pure call. All sums are fen; factors are exact fractions of the balance.
"""

from copy import copy
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import NamedTuple, Self

from actors.schedule.rounding import round_ratio
from actors.schedule.terms import PlanTerms, Rounding

NOTHING = Fraction(0)


def rounded(value: Fraction, rounding: Rounding) -> int:
    """To the nearest fen; halves of negative sums as those of positive ones."""
    fen = round_ratio(abs(value.numerator), value.denominator, rounding)
    return fen if value >= 0 else -fen


@dataclass(slots=True, eq=False)
class Stretch:
    """``start``..``end`` within a row. ``paid_out`` and ``correction`` change the balance at its end.

    ``factor``: what it adds to the equal instalment's growth; ``factor_to_due``: interest of one fen to the row's end.
    """

    start: date
    end: date
    factor: Fraction = NOTHING
    factor_to_due: Fraction = NOTHING
    balance: int = 0
    paid_out: int = 0
    correction: int = 0
    paused: bool = False

    @property
    def balance_after(self) -> int:
        return self.balance + self.paid_out + self.correction


@dataclass(slots=True, eq=False)
class Row:
    """One instalment: ``amount`` is what it is to be (principal and interest), ``agreed`` what it was before changes.

    ``deferred``: interest of rows already paid that moved here. ``moved``: its own interest moved to an earlier row.
    ``lent_before``: paid out on or before its start.
    """

    start: date
    due: date
    stretches: list[Stretch] = field(default_factory=list)
    amount: int = 0
    agreed: int = 0
    principal_paid: int = 0
    interest_paid: int = 0
    deferred: int = 0
    moved: bool = False
    graced: bool = False
    lent_before: int = 0

    @property
    def total(self) -> int:
        return self.amount + self.deferred

    @property
    def paid(self) -> int:
        return self.principal_paid + self.interest_paid

    @property
    def settled(self) -> bool:
        return self.total == self.paid

    def lent_until(self, stretch: Stretch | None) -> int:
        """Everything paid out up to ``stretch`` (None: in the whole row)."""
        lent = self.lent_before
        for one in self.stretches:
            if one is stretch:
                break
            if one.end != self.start:
                lent += one.paid_out
        return lent

    def copy(self) -> "Row":
        twin = copy(self)
        twin.stretches = [copy(one) for one in self.stretches]
        return twin


class Figure(NamedTuple):
    """What follows for a row: ``accrued`` interest, of it ``interest`` due; ``principal`` due; ``left`` moves on."""

    accrued: int
    interest: int
    principal: int
    left: int


class Correction(NamedTuple):
    """An overdue principal that goes on bearing interest: booked on ``day``, within the row due on ``row_due``."""

    day: date
    amount: int
    row_due: date


@dataclass(slots=True, eq=False)
class Schedule:
    """``overdue_to``: up to when overdue principal has been taken into account. ``trial``: a copy made to find the
    instalment, on which it is always computed anew."""

    terms: PlanTerms
    rates: list[tuple[date, int]]
    rows: list[Row]
    overdue_to: date | None = None
    overdue: list[Correction] = field(default_factory=list)
    trial: bool = False

    def copy(self) -> Self:
        twin = copy(self)
        twin.rows = [row.copy() for row in self.rows]
        twin.overdue = list(self.overdue)
        return twin

    def figures(self) -> list[Figure]:
        """Row by row: what of its interest finds no room in a row moves on to the next."""
        found: list[Figure] = []
        left = 0
        for row in self.rows:
            figure = figure_of(row, left, self.terms)
            found.append(figure)
            left = figure.left
        return found

    @property
    def lent(self) -> int:
        return sum(stretch.paid_out for row in self.rows for stretch in row.stretches)

    @property
    def principal_paid(self) -> int:
        return sum(row.principal_paid for row in self.rows)

    @property
    def interest_paid(self) -> int:
        return sum(row.interest_paid for row in self.rows)

    def row_of(self, day: date) -> Row | None:
        """The row in which ``day`` lies: after its start up to its due date; the first row has its start, too."""
        for row in self.rows:
            if row.start < day <= row.due or (row is self.rows[0] and day == row.start):
                return row
        return None


def figure_of(row: Row, left_before: int, terms: PlanTerms) -> Figure:
    own = 0 if row.moved else rounded(sum((interest_of(s, row, terms) for s in row.stretches), NOTHING), terms.rounding)
    accrued = max(own + row.deferred + left_before, 0)
    total = row.total
    if row.graced or row.principal_paid > max(total - accrued, 0):
        interest = row.interest_paid
    else:
        interest = max(min(accrued, total), row.interest_paid)
    principal = max(total - interest, row.principal_paid, 0)
    return Figure(accrued, interest, principal, max(accrued - interest, 0))


def interest_of(stretch: Stretch, row: Row, terms: PlanTerms) -> Fraction:
    """Its part of what its balance bears to the row's due date, by days."""
    to_due = (row.due - stretch.start).days
    if stretch.paused or to_due == 0:
        return NOTHING
    base = row.lent_until(stretch) if terms.method == "flat" else stretch.balance
    return max(base * stretch.factor_to_due * (stretch.end - stretch.start).days / to_due, NOTHING)
