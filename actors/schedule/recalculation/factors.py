"""Factors: what one fen bears over a stretch of a row, exact. The year and the month are the terms' day count.

Months of thirty days: rate x 30 n / year x days / days of the row, so that a whole row is exact whatever its days. By
actual days: rate x days / year, and the year is 360, 364, 365 or the length of the year in which the stretch starts;
over a year's end each year counts by itself. Twelfths (of n months) and 52nds (of n weeks) if the terms say so.
"""

from calendar import isleap
from datetime import date
from fractions import Fraction

from actors.schedule.day_count import has_feb_29, year_part
from actors.schedule.recalculation.model import NOTHING, Row, Schedule
from actors.schedule.terms import RATE_SCALE

DAYS_OF_UNIT = {"month": 30, "week": 7, "day": 1}
TIMES_A_YEAR = {"month": 12, "week": 52}


def set_factors(schedule: Schedule, rows: list[Row]) -> None:
    for row in rows:
        for stretch in row.stretches:
            stretch.factor = factor(schedule, row, stretch.start, stretch.end)
            stretch.factor_to_due = factor(schedule, row, stretch.start, row.due)


def factor(schedule: Schedule, row: Row, start: date, end: date) -> Fraction:
    terms = schedule.terms
    rate = Fraction(rate_on(schedule, start), RATE_SCALE)
    days, row_days = (end - start).days, (row.due - row.start).days
    if row_days == 0:
        return NOTHING
    if terms.whole_periods == "twelfths" and terms.unit != "day":
        return rate * terms.every / TIMES_A_YEAR[terms.unit] * days / row_days
    month, _, year = terms.day_count.partition("/")
    split = year == "actual" and end.year > start.year
    if split and (terms.leap_days == "leap_years" or has_feb_29(row.start, row.due)):
        return rate * Fraction(*year_part(start, end, "actual/actual", terms.year_end))
    of_year = int(year) if year != "actual" else _days_of_year(schedule, row, start)
    if month == "actual":
        return rate * days / of_year
    return rate * DAYS_OF_UNIT[terms.unit] * terms.every / of_year * days / row_days


def rate_on(schedule: Schedule, day: date) -> int:
    """The annual rate in force on ``day``; rates are ascending, the first one from the beginning."""
    found = schedule.rates[0][1]
    for since, rate in schedule.rates[1:]:
        if since <= day:
            found = rate
    return found


def _days_of_year(schedule: Schedule, row: Row, start: date) -> int:
    if not isleap(start.year):
        return 365
    if schedule.terms.leap_days == "feb_29_period" and not has_feb_29(row.start, row.due):
        return 365
    return 366
