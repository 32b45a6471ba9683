"""计息天数: what share of a year a stretch of days is. The first day counts, the last does not."""

from calendar import isleap
from datetime import date

from actors.schedule.terms import DayCount

_YEAR: dict[str, int] = {"actual/360": 360, "actual/364": 364, "actual/365": 365}


def year_part(start: date, end: date, count: DayCount) -> tuple[int, int]:
    """(numerator, denominator) of the years from ``start`` to ``end``; by actual/actual each year by its own length."""
    year = _YEAR.get(count)
    if year is not None:
        return (end - start).days, year
    if count == "30/360":
        return _thirties(start, end), 360
    return _actual(start, end)


def _thirties(start: date, end: date) -> int:
    """Days of 30/360: the 31st is a 30th, and so is the last day of February at the end of a stretch from one."""
    first = min(start.day, 30)
    last = 30 if end.day == 31 and first == 30 else end.day
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def _actual(start: date, end: date) -> tuple[int, int]:
    if start.year == end.year:
        return (end - start).days, 366 if isleap(start.year) else 365
    common = leap = 0
    year, day = start.year, start
    while day < end:
        until = min(end, date(year + 1, 1, 1))
        if isleap(year):
            leap += (until - day).days
        else:
            common += (until - day).days
        day, year = until, year + 1
    return common * 366 + leap * 365, 365 * 366
