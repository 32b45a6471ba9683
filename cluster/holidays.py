"""The holiday calendar: published holidays and make-up days, and what province or bank state otherwise.

`non_working` becomes ``BankTerms.holidays`` when terms are made (cluster/bank_config.py); modes GRACE_ONLY and SHIFT
read it. Published days come from the library ``chinesecalendar``; a year that it does not cover yet has its weekends
and the stated days only, which `warnings` says.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from chinese_calendar import is_workday
from chinese_calendar.constants import holidays as _published

from actors.bank import BankTerms

Stated = Mapping[date, Literal["working", "holiday"]]
PUBLISHED_YEARS = (min(_published).year, max(_published).year)
ONE_DAY = timedelta(days=1)
YEARS_MAX = 30


def is_working(day: date, stated: Stated) -> bool:
    """Stated days first, then the published ones, then weekends."""
    word = stated.get(day)
    if word is not None:
        return word == "working"
    if PUBLISHED_YEARS[0] <= day.year <= PUBLISHED_YEARS[1]:
        return bool(is_workday(day))
    return day.weekday() < 5


def good_years(years: tuple[int, int]) -> bool:
    """A first and a last year, at most 30 of them; or (0, 0), no calendar."""
    return years == (0, 0) or 2000 <= years[0] <= years[1] < years[0] + YEARS_MAX


def non_working(years: tuple[int, int], stated: Stated) -> tuple[date, ...]:
    """All days of the years (first and last inclusive) on which the bank does not work; none for (0, 0) or bad ones."""
    if years == (0, 0) or not good_years(years):
        return ()
    first, end = date(years[0], 1, 1), date(years[1] + 1, 1, 1)
    days = (first + n * ONE_DAY for n in range((end - first).days))
    return tuple(day for day in days if not is_working(day, stated))


def working_from(day: date, stated: Stated) -> date:
    """``day`` if the bank works on it, else the next day it does (顺延)."""
    while not is_working(day, stated):
        day += ONE_DAY
    return day


def warnings(terms: BankTerms) -> list[str]:
    """What a person should know of these terms' calendar: years on weekends alone, days published since."""
    found = []
    first, last = terms.calendar_years
    if (first, last) == (0, 0):
        used = [p.code for p in terms.products.values() if p.holidays != "none"]
        return [f"产品按节假日顺延但法人无日历 no calendar, yet used by: {', '.join(used)}"] if used else []
    uncovered = [year for year in range(first, last + 1) if not PUBLISHED_YEARS[0] <= year <= PUBLISHED_YEARS[1]]
    if uncovered:
        years = f"{uncovered[0]}..{uncovered[-1]}" if len(uncovered) > 1 else f"{uncovered[0]}"
        found.append(
            f"{years}年节假日安排尚未公布，只计周末与自定日期"
            f" holidays of {years} are not published yet: weekends and stated days only"
        )
    current = non_working(terms.calendar_years, terms.calendar)
    if current != terms.holidays:
        differ = sorted(set(current) ^ set(terms.holidays))
        found.append(
            f"日历已有更新（{len(differ)}天，首日{differ[0]}），变更参数后生效"
            f" {len(differ)} days differ from the calendar as published now: propose a change to take them up"
        )
    return found
