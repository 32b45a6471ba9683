"""Due dates and shares of a year, as the checker computes them: from the anchor day and by day counts, nothing else."""

from calendar import isleap, monthrange
from datetime import date, timedelta
from typing import Any

Share = tuple[int, int]
"""A part of a year, exact: numerator, denominator."""


def _anchor_day(year_month: int, anchor: int, short: str) -> date:
    """The anchor day of a month (counted from year 0) by the rule for months that lack it."""
    if short == "second_to_fourth" and anchor > 28:
        year_month, anchor = year_month + 1, anchor - 27
    year, month = divmod(year_month, 12)
    if anchor <= 28:
        return date(year, month + 1, anchor)
    last = monthrange(year, month + 1)[1]
    if anchor <= last:
        return date(year, month + 1, anchor)
    if short == "next_month":
        return date(year, month + 1, last) + timedelta(days=anchor - last)
    return date(year, month + 1, last)


def due_days(agreed: Any, start: date) -> list[date]:
    """Due date of every period, before any is moved off a holiday."""
    if agreed.unit != "month":
        length = agreed.every * {"week": 7, "day": 1}[agreed.unit]
        return [start + timedelta(days=length * number) for number in range(1, agreed.periods + 1)]
    anchor = agreed.due_day or start.day
    month = start.year * 12 + start.month - 1
    if anchor == start.day or agreed.first_period == "next_month":
        first = month + agreed.every
    else:
        first = month + agreed.every - 1
        while (_anchor_day(first, anchor, agreed.short_month) - start).days < max(agreed.days_min, 1):
            first += 1
    return [_anchor_day(first + agreed.every * k, anchor, agreed.short_month) for k in range(agreed.periods)]


def _whole(agreed: Any, begins: date, ends: date, start: date) -> bool:
    if agreed.unit != "month":
        return False
    anchor = agreed.due_day or start.day
    month = begins.year * 12 + begins.month - 1
    return any(
        _anchor_day(of, anchor, agreed.short_month) == begins
        and _anchor_day(of + agreed.every, anchor, agreed.short_month) == ends
        for of in (month, month - 1)
    )


def period_share(agreed: Any, begins: date, ends: date, start: date, *, by_days: bool = False) -> Share:
    """A whole period of months: its twelfths, where agreed; anything else by the day count."""
    if not by_days and agreed.whole_periods == "twelfths" and _whole(agreed, begins, ends, start):
        return agreed.every, 12
    return day_share(agreed.day_count, begins, ends)


def first_share(agreed: Any, start: date, due: date) -> tuple[Share, Share | None]:
    """(the share that the first row's principal goes by, what it really bears if that is another)."""
    if agreed.unit != "month" or _whole(agreed, start, due, start):
        return period_share(agreed, start, due, start), None
    own = (due - start).days, 360
    if agreed.odd_days != "thirtieths":
        own = day_share(agreed.day_count, start, due)
    if agreed.whole_periods == "twelfths":
        regular = agreed.every, 12
    else:
        anchor = agreed.due_day or start.day
        month = due.year * 12 + due.month - 1
        on_anchor = agreed.short_month == "last_day" and _anchor_day(month, anchor, "last_day") == due
        before = _anchor_day(month - agreed.every, anchor if on_anchor else due.day, "last_day")
        regular = day_share(agreed.day_count, before, due)
    return regular, None if own == regular else own


def day_share(count: str, begins: date, ends: date) -> Share:
    month, year = count.split("/")
    days = _thirties(begins, ends) if month == "30" else (ends - begins).days
    if year != "actual":
        return days, int(year)
    if month == "30":
        return days, 366 if isleap(begins.year) else 365
    in_leap = sum(
        (min(ends, date(of + 1, 1, 1)) - max(begins, date(of, 1, 1))).days
        for of in range(begins.year, ends.year + 1)
        if isleap(of)
    )
    if in_leap == days:
        return days, 366
    return (days, 365) if not in_leap else (in_leap * 365 + (days - in_leap) * 366, 365 * 366)


def _thirties(begins: date, ends: date) -> int:
    first = min(begins.day, 30)
    last = 30 if ends.day == 31 and first == 30 else ends.day
    months = (ends.year - begins.year) * 12 + ends.month - begins.month
    return 30 * months + last - first
