"""Due dates of monthly instalments: the anchor day never drifts, 29/30/31 fall on a short month's last day."""

from calendar import monthrange
from datetime import date


def add_months(start: date, months: int, anchor_day: int) -> date:
    """The ``anchor_day`` of the month ``months`` after ``start``'s, or that month's last day if it has no such day."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    if anchor_day > 28:
        anchor_day = min(anchor_day, monthrange(year, month + 1)[1])
    return date(year, month + 1, anchor_day)


def monthly(start: date, periods: int, due_day: int, first_period_days_min: int) -> tuple[date, ...]:
    """``periods`` due dates of a loan paid out on ``start``.

    ``due_day`` 0 takes the day of pay-out, so every period is a whole month. Otherwise the first due date is the next
    such day that lies at least ``first_period_days_min`` days after the pay-out (else a month later).
    """
    anchor = due_day or start.day
    if anchor == start.day:
        first = 1
    else:
        first = 0
        while (add_months(start, first, anchor) - start).days < max(first_period_days_min, 1):
            first += 1
    return tuple(add_months(start, first + k, anchor) for k in range(periods))


def is_whole_month(start: date, end: date, due_day: int) -> bool:
    """Whether ``start``..``end`` is one period of the anchor: then interest is a twelfth of the annual rate."""
    return end == add_months(start, 1, due_day or start.day) and start == add_months(start, 0, due_day or start.day)
