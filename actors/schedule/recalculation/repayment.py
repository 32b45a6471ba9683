"""A repayment over the rows of a schedule: past due first, then what is due, then in advance; within a row by order.

In advance the rules say which row; a part that finds no interest to pay goes on to principal, and on to the next row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from actors.schedule.recalculation.changes import (
    overdue_to,
    owed_of_row,
    owed_till,
    pay_interest,
    pay_principal,
    till_due,
)
from actors.schedule.recalculation.model import Row, Schedule, rounded
from actors.schedule.recalculation.terms import Component, Rules

ROUNDS_MAX = 100


@dataclass(slots=True, eq=False)
class Billed:
    """A row as the borrower sees it. ``row`` None: the down payment, which bears no interest."""

    no: int
    start: date
    due: date
    row: Row | None
    principal: int = 0
    interest: int = 0
    principal_paid: int = 0
    interest_paid: int = 0
    in_advance: int = 0
    late: int = 0
    met_on: date | None = None

    @property
    def owed(self) -> int:
        return self.principal - self.principal_paid + self.interest - self.interest_paid

    @property
    def met(self) -> bool:
        return self.met_on is not None


@dataclass(slots=True, eq=False)
class Split:
    """What a payment paid."""

    date: date
    amount: int
    principal: int = 0
    interest: int = 0
    surplus: int = 0


@dataclass(slots=True, eq=False)
class Account:
    """A schedule and its rows as billed, under payment. ``follows``: what is really paid changes the schedule; without
    interest there is nothing to change."""

    schedule: Schedule
    rules: Rules
    billed: list[Billed]
    follows: bool
    paying_off: bool = False

    def bill(self, day: date) -> None:
        """Take over what the schedule now says of each row."""
        figures = self.schedule.figures()
        for billed in self.billed:
            if billed.row is not None:
                figure = figures[self.schedule.rows.index(billed.row)]
                billed.principal, billed.interest = figure.principal, figure.interest
            note_met(billed, day)

    def reach(self, day: date) -> None:
        """Overdue principal is taken into account up to ``day``."""
        if not (self.follows and self.rules.overdue_interest):
            return
        if overdue_to(self.schedule, day, self.rules, paying_off=self.paying_off):
            figures = self.schedule.figures()
            for billed in self.billed:
                if billed.row is not None:
                    figure = figures[self.schedule.rows.index(billed.row)]
                    billed.principal, billed.interest = figure.principal, figure.interest


def note_met(billed: Billed, day: date) -> None:
    if billed.owed:
        billed.met_on = None
    elif billed.met_on is None:
        billed.met_on = day


def payoff(account: Account, day: date) -> int:
    """What closes the loan on ``day``, as of the figures that day would have."""
    until = day
    if account.rules.pre_close == "rest":
        until = next((b.due for b in account.billed if b.row is not None and b.start < day <= b.due), day)
    trial = account.schedule.copy()
    if account.follows and account.rules.overdue_interest:
        overdue_to(trial, until, account.rules, paying_off=account.paying_off)
    owed = owed_till(trial, until)
    down = sum(billed.owed for billed in account.billed if billed.row is None)
    return owed.principal + owed.interest + down


def repay(account: Account, day: date, amount: int) -> Split:
    """Post ``amount`` with value date ``day``; overdue principal is taken into account up to it first."""
    account.paying_off = _pays_off(account, day, amount)
    account.reach(day)
    if account.paying_off and account.rules.pre_close == "rest":
        _defer_rest_of_paid_row(account, day)
    split = Split(day, amount)
    left = amount
    for wanted in (_past_due, _due, _in_advance):
        left = _pay_group(account, split, day, left, wanted)
    split.surplus = left
    return split


def _pays_off(account: Account, day: date, amount: int) -> bool:
    found = next((b for b in account.billed if b.row is not None and b.start < day <= b.due), None)
    first = next((b for b in account.billed if b.row is not None), None)
    if found is None and first is not None and day == first.start:
        found = first
    if found is None or not account.follows:
        return False
    owed = owed_till(account.schedule, found.due)
    return amount >= owed.principal + owed.interest


def _defer_rest_of_paid_row(account: Account, day: date) -> None:
    """The running row is paid already, and interest runs to its due date: what it bears is still to be paid."""
    row = next((row for row in account.schedule.rows if row.start <= day < row.due), None)
    if row is not None and row.settled:
        interest = owed_till(account.schedule, row.due).interest
        if interest:
            row.deferred = interest


Wanted = Callable[[Account, date, list[Billed]], list[Billed]]


def _past_due(account: Account, day: date, skipped: list[Billed]) -> list[Billed]:
    return [billed for billed in account.billed if not billed.met and billed.due < day][:1]


def _due(account: Account, day: date, skipped: list[Billed]) -> list[Billed]:
    return [billed for billed in account.billed if not billed.met and billed.due == day][:1]


def _in_advance(account: Account, day: date, skipped: list[Billed]) -> list[Billed]:
    ahead = [billed for billed in account.billed if day < billed.due and not billed.met]
    rule = account.rules.future
    if rule == "next":
        return ahead[:1]
    if rule == "all":
        return ahead
    if rule == "next_then_last":
        running = [billed for billed in ahead if billed.start <= day]
        if running:
            return running
    if account.follows:
        ahead = [
            billed
            for billed in account.billed
            if day < billed.due and (not billed.met or (_empty(billed) and billed not in skipped))
        ]
    return ahead[-1:]


def _empty(billed: Billed) -> bool:
    return billed.principal + billed.interest == 0


def _pay_group(account: Account, split: Split, day: date, left: int, wanted: Wanted) -> int:
    skipped: list[Billed] = []
    for _ in range(ROUNDS_MAX * len(account.billed)):
        if left <= 0 or all(billed.met for billed in account.billed):
            break
        rows = wanted(account, day, skipped)
        if not rows:
            break
        for component in account.rules.order:
            share, rest = left, 0
            if len(rows) > 1:
                share = rounded(Fraction(left, len(rows)), account.schedule.terms.rounding)
                rest = left - share * len(rows)
            for billed in rows:
                part = share + rest if billed is rows[-1] else share
                left -= _pay(account, split, billed, day, component, part, wanted is _in_advance, skipped)
    return left


def _pay(
    account: Account,
    split: Split,
    billed: Billed,
    day: date,
    component: Component,
    amount: int,
    in_advance: bool,
    skipped: list[Billed],
) -> int:
    """Pay one component of one row; the schedule follows."""
    row = billed.row
    counts = day
    recalculates = row is not None and account.follows
    if recalculates and row is not None and in_advance:
        if till_due(account.rules, paying_off=account.paying_off) and row.start < day <= row.due:
            counts = row.due
        owed = owed_of_row(account.schedule, row, counts)
        if not owed.principal and not owed.interest:
            skipped.append(billed)
        if component == "interest":
            billed.interest = owed.interest
        else:
            billed.principal = owed.principal
    elif row is None:
        skipped.append(billed)
    paid = _take(billed, component, amount, day)
    if component == "principal":
        split.principal += paid
    else:
        split.interest += paid
    if recalculates and row is not None:
        if component == "principal":
            pay_principal(account.schedule, row, counts, paid)
        else:
            pay_interest(account.schedule, row, counts, paid)
        account.bill(day)
    return paid


def _take(billed: Billed, component: Component, amount: int, day: date) -> int:
    if component == "principal":
        paid = min(amount, billed.principal - billed.principal_paid)
        billed.principal_paid += paid
    else:
        paid = min(amount, billed.interest - billed.interest_paid)
        billed.interest_paid += paid
    if amount:
        billed.met_on = None if billed.owed else day
        if day < billed.due:
            billed.in_advance += paid
        elif day > billed.due:
            billed.late += paid
    return paid
