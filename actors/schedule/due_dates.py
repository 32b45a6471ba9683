"""Due dates: the anchor day never drifts, a short month has its rule, a non-working day may move one due date alone.

The anchor is ``due_day``, or the day of the pay-out. Weeks and days count from the pay-out and know no anchor.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

from actors.schedule.terms import PlanTerms, ShortMonth

ONE_DAY = timedelta(days=1)


def add_months(start: date, months: int, anchor_day: int, short_month: ShortMonth = "last_day") -> date:
    """The ``anchor_day`` of the month ``months`` after ``start``'s, by the rule for months that have no such day.

    ``last_day``: the month's last; ``next_month``: as many days into the next one (31 in February: 3 March);
    ``second_to_fourth``: 29, 30, 31 always stand for the 2nd, 3rd, 4th of the next month.
    """
    if anchor_day > 28:
        if short_month == "second_to_fourth":
            anchor_day, months = anchor_day - 27, months + 1
        else:
            year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
            last = monthrange(year, month + 1)[1]
            if anchor_day > last:
                if short_month == "last_day":
                    return date(year, month + 1, last)
                anchor_day, months = anchor_day - last, months + 1
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, anchor_day)


def anchor_of(terms: PlanTerms, start: date) -> int:
    return terms.due_day or start.day


def due_dates(terms: PlanTerms, start: date, holidays: Sequence[date] = ()) -> tuple[date, ...]:
    """The due dates of all ``periods`` of a loan paid out on ``start``; ``holidays`` are ascending non-working days."""
    dues = nominal(terms, start)
    if terms.holidays == "shift" and holidays:
        return tuple(working_day(due, holidays) for due in dues)
    return dues


def nominal(terms: PlanTerms, start: date) -> tuple[date, ...]:
    """The due dates before any of them is moved off a holiday."""
    every = terms.every
    if terms.unit != "month":
        step = timedelta(days=every * 7 if terms.unit == "week" else every)
        return tuple(start + k * step for k in range(1, terms.periods + 1))
    anchor, short = anchor_of(terms, start), terms.short_month
    if anchor == start.day or terms.first_period == "next_month":
        first = every
    else:
        first = every - 1
        days_min = max(terms.first_period_days_min, 1)
        while (add_months(start, first, anchor, short) - start).days < days_min:
            first += 1
    if anchor <= 28:
        index = start.year * 12 + start.month - 1 + first
        return tuple(date(m // 12, m % 12 + 1, anchor) for m in range(index, index + terms.periods * every, every))
    return tuple(add_months(start, first + k * every, anchor, short) for k in range(terms.periods))


def working_day(day: date, holidays: Sequence[date]) -> date:
    """``day``, or the first day after it that is none of ``holidays`` (ascending)."""
    at = bisect_left(holidays, day)
    while at < len(holidays) and holidays[at] == day:
        day += ONE_DAY
        at += 1
    return day


def grace_ends(due: date, grace_days: int, holidays: Sequence[date] = ()) -> date:
    """The last day on which ``due`` can be met without penalty; a non-working day moves to the next working one.

    Pass ``holidays`` where the terms say ``grace_only`` or ``shift``; interest and the due date stay as they are.
    """
    return working_day(due + timedelta(days=grace_days), holidays)


def is_whole(terms: PlanTerms, start: date, end: date, anchor: int) -> bool:
    """Whether ``start``..``end`` is one period of months from anchor day to anchor day, none of them moved."""
    if terms.unit != "month":
        return False
    every, short = terms.every, terms.short_month
    if anchor <= 28 or short == "last_day":
        return end == add_months(start, every, anchor) and start == add_months(start, 0, anchor)
    return any(
        start == add_months(start, m, anchor, short) and end == add_months(start, m + every, anchor, short)
        for m in (0, -1)
    )
