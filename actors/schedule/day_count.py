"""计息天数: what share of a year a stretch of days is. The first day counts, the last does not."""

from calendar import isleap
from datetime import date

from actors.schedule.terms import DayCount, LeapDays, YearEnd

_YEAR: dict[str, int] = {"actual/360": 360, "actual/364": 364, "actual/365": 365}
_THIRTIES: dict[str, int] = {"30/360": 360, "30/364": 364, "30/365": 365}


def year_part(
    start: date, end: date, count: DayCount, year_end: YearEnd = "january_1", leap_days: LeapDays = "leap_years"
) -> tuple[int, int]:
    """(numerator, denominator) of the years from ``start`` to ``end``; by actual/actual each year by its own length.

    30/actual: days of thirty over the length of the year in which the stretch starts.
    """
    year = _YEAR.get(count)
    if year is not None:
        return (end - start).days, year
    year = _THIRTIES.get(count)
    if year is not None:
        return _thirties(start, end), year
    if count == "30/actual":
        return _thirties(start, end), 366 if isleap(start.year) else 365
    if leap_days == "feb_29_period" and not has_feb_29(start, end):
        return (end - start).days, 365
    return _actual(start, end, year_end)


def _thirties(start: date, end: date) -> int:
    """Days of 30/360: the 31st is a 30th, and so is the last day of February at the end of a stretch from one."""
    first = min(start.day, 30)
    last = 30 if end.day == 31 and first == 30 else end.day
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def has_feb_29(start: date, end: date) -> bool:
    """Whether a 29 February lies after ``start`` and not after ``end``."""
    return any(isleap(year) and start < date(year, 2, 29) <= end for year in range(start.year, end.year + 1))


def _actual(start: date, end: date, year_end: YearEnd) -> tuple[int, int]:
    new_year = _new_year(start, year_end)
    if end <= new_year:
        return (end - start).days, 366 if isleap(new_year.year - (year_end == "january_1")) else 365
    common = leap = 0
    while start < end:
        new_year = _new_year(start, year_end)
        until = min(end, new_year)
        if isleap(new_year.year - (year_end == "january_1")):
            leap += (until - start).days
        else:
            common += (until - start).days
        start = until
    return common * 366 + leap * 365, 365 * 366


def _new_year(day: date, year_end: YearEnd) -> date:
    """Where the year that ``day`` belongs to ends: 1 January, or 31 December which is the next year's first day."""
    if year_end == "january_1":
        return date(day.year + 1, 1, 1)
    end = date(day.year, 12, 31)
    return end if day < end else date(day.year + 1, 12, 31)
