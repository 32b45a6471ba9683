"""What changes a schedule after it was spread: payments, pauses, rates, overdue principal, and what a day would owe."""

from datetime import date, timedelta
from typing import NamedTuple

from actors.schedule.recalculation.factors import set_factors
from actors.schedule.recalculation.model import Correction, Row, Schedule
from actors.schedule.recalculation.spread import (
    change_balance,
    cut,
    defer,
    last_row_takes_rest,
    set_balances,
    spread_from,
    stop_at,
    stretch_of,
)
from actors.schedule.recalculation.terms import Rules

ONE_DAY = timedelta(days=1)


class Owed(NamedTuple):
    principal: int
    interest: int


def pay_out(schedule: Schedule, day: date, amount: int) -> None:
    """More money from ``day`` on: the instalment is computed again from that day's row."""
    for row in schedule.rows:
        if day <= row.start:
            row.lent_before += amount
    changed = change_balance(schedule, day, paid_out=amount)
    if changed is not None:
        spread_from(schedule, _effective_due(schedule, changed, day), again=False)


def _effective_due(schedule: Schedule, row: Row, day: date) -> date:
    """A change on a due date belongs to the next row."""
    if row.due == day and row is not schedule.rows[-1]:
        return schedule.rows[schedule.rows.index(row) + 1].due
    return row.due


def change_rate(schedule: Schedule, day: date, annual_e10: int) -> None:
    """The new rate from ``day`` on; the instalment is computed again from the row of the day before."""
    since = day - ONE_DAY
    schedule.rates = sorted([*schedule.rates, (since, annual_e10)], key=lambda rate: rate[0])
    changed = change_balance(schedule, since)
    if changed is not None:
        spread_from(schedule, _effective_due(schedule, changed, since), again=True)


def pause(schedule: Schedule, start: date, end: date) -> None:
    """No interest on the days ``start``..``end``: instalments stay, principal is repaid sooner."""
    rows = [row for row in schedule.rows if row.start < end and row.due >= start]
    for row in rows:
        begins, ends = max(start - ONE_DAY, row.start), min(end, row.due)
        if all(stretch.start != begins for stretch in row.stretches):
            cut(row, begins)
        if all(stretch.end != ends for stretch in row.stretches):
            cut(row, ends)
        for stretch in row.stretches:
            if begins <= stretch.start and stretch.end <= ends:
                stretch.paused = True
    if rows:
        since = rows[0].start
        set_factors(schedule, [row for row in schedule.rows if row.due >= since])
        set_balances(schedule)
        last_row_takes_rest(schedule, since)


def pay_principal(schedule: Schedule, row: Row, day: date, amount: int) -> None:
    """A late payment counts from the due date: what it bore since then stays."""
    if not amount:
        return
    row.principal_paid += min(amount, schedule.lent - schedule.principal_paid)
    counts = min(row.due, day)
    _correct(schedule, counts, -amount)
    several = sum(1 for one in schedule.rows if not one.settled) > 1
    if several and day < row.start and (row.paid > row.total or row.paid == row.agreed):
        row.amount = row.paid
    last_row_takes_rest(schedule, counts)


def pay_interest(schedule: Schedule, row: Row, day: date, amount: int) -> None:
    open_rows = [one for one in schedule.rows if not one.settled]
    if open_rows and open_rows[-1] is row and row is not schedule.rows[-1] and day >= row.due:
        defer(schedule, row, day)
    due = sum(figure.interest for figure in schedule.figures())
    row.interest_paid += min(amount, due - schedule.interest_paid)
    set_balances(schedule)
    last_row_takes_rest(schedule, day)


def _correct(schedule: Schedule, day: date, amount: int) -> Row | None:
    row = change_balance(schedule, day, correction=amount)
    if row is not None:
        set_factors(schedule, [row])
        set_balances(schedule)
        last_row_takes_rest(schedule, day)
    return row


def overdue_to(schedule: Schedule, day: date, rules: Rules, *, paying_off: bool) -> bool:
    """Overdue principal bears interest up to ``day`` in the rows open meanwhile; True when that changed any."""
    day = min(day, schedule.rows[-1].due)
    late = [row for row in schedule.rows if row.due < day]
    if not late:
        return False
    current = schedule.row_of(day) or schedule.rows[-1]
    changed = False
    over = total = 0
    for row in late:
        if over:
            changed |= _overdue_in(schedule, row, day, over, total, till_due(rules, paying_off=paying_off))
        over = max(schedule.figures()[schedule.rows.index(row)].principal - row.principal_paid, 0)
        total += over
    changed |= _overdue_in(schedule, current, day, over, total, till_due(rules, paying_off=paying_off))
    if total and (schedule.overdue_to is None or schedule.overdue_to < day):
        schedule.overdue_to = day
    return changed


def _overdue_in(schedule: Schedule, row: Row, day: date, over: int, total: int, whole_row: bool) -> bool:
    if day == schedule.overdue_to:
        return False
    since = row.start if schedule.overdue_to is None or row.start > schedule.overdue_to else schedule.overdue_to
    _correct_overdue(schedule, since, over)
    if row.start < day <= row.due:
        until = row.due if whole_row else day
        _correct_overdue(schedule, until, -total)
        schedule.overdue_to = until
    return True


def _correct_overdue(schedule: Schedule, day: date, amount: int) -> None:
    row = change_balance(schedule, day, correction=amount)
    if row is not None:
        schedule.overdue.append(Correction(day, amount, row.due))
        set_factors(schedule, [row])
        set_balances(schedule)
        last_row_takes_rest(schedule, day)


def till_due(rules: Rules, *, paying_off: bool) -> bool:
    """Whether interest runs to the due date of the running period and not only to the day."""
    return rules.pre_close == "rest" and (rules.rest == "period" or paying_off)


def owed_till(schedule: Schedule, day: date) -> Owed:
    """Everything that closes the loan on ``day``: all principal, and interest borne up to it."""
    trial = schedule.copy()
    stop_at(trial, day)
    set_balances(trial)
    last_row_takes_rest(trial, day)
    interest = sum(figure.interest for figure in trial.figures()) - trial.interest_paid
    return Owed(max(trial.lent - trial.principal_paid, 0), max(interest, 0))


def owed_of_row(schedule: Schedule, row: Row, day: date) -> Owed:
    """Principal and interest of ``row`` were they paid on ``day``, before its due date."""
    trial = _stopped(schedule, day)
    twin = trial.rows[schedule.rows.index(row)]
    _amount_in_advance(trial, twin, day)
    figure = trial.figures()[trial.rows.index(twin)]
    return Owed(figure.principal, figure.interest)


def _amount_in_advance(trial: Schedule, row: Row, day: date) -> None:
    """A row that has not begun is to be paid as agreed, but never more than what is left."""
    if day > row.start:
        return
    several = sum(1 for one in trial.rows if not one.settled)
    left = max(trial.lent - trial.principal_paid, 0)
    at = trial.rows.index(row)
    if several > 1:
        row.amount = row.agreed
        row.amount -= max(trial.figures()[at].principal - row.principal_paid - left, 0)
    elif several == 1 and row.settled:
        interest = trial.figures()[at].interest
        row.amount = min(row.agreed, trial.lent - trial.principal_paid + row.principal_paid + interest)


def _stopped(schedule: Schedule, day: date) -> Schedule:
    """The schedule as though nothing were borne after ``day``."""
    trial = schedule.copy()
    if day < trial.rows[0].start:
        for row in trial.rows:
            row.stretches = []
        return trial
    if day >= trial.rows[-1].due:
        return trial
    current = trial.row_of(day)
    for row in trial.rows:
        if row.due > day:
            last = stretch_of(trial, row, day) if row is current else None
            if row is not current:
                row.stretches = []
            elif last is not None:
                last.end = day
                del row.stretches[row.stretches.index(last) + 1 :]
    set_factors(trial, trial.rows)
    set_balances(trial)
    last_row_takes_rest(trial, day)
    return trial
