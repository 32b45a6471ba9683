"""The calendar: published holidays and make-up days, what is stated otherwise, and years not published yet."""

from datetime import date
from pathlib import Path

from products_support import BANK, BANKS, replace

from cluster.bank_config import overlaid
from cluster.holidays import PUBLISHED_YEARS, is_working, non_working, warnings, working_from
from cluster.lpr import odd_rows

BEYOND = PUBLISHED_YEARS[1] + 1


def test_published_days_win_over_weekends_and_stated_days_over_both() -> None:
    spring, make_up, saturday = date(2026, 2, 17), date(2026, 2, 14), date(2026, 3, 7)
    assert not is_working(spring, {})
    assert is_working(make_up, {})
    assert make_up.weekday() == 5
    assert not is_working(saturday, {})
    assert is_working(spring, {spring: "working"})
    assert not is_working(make_up, {make_up: "holiday"})
    assert is_working(saturday, {saturday: "working"})


def test_a_year_has_115_free_days_or_so_in_order() -> None:
    days = non_working((2024, 2025), {})
    assert list(days) == sorted(set(days))
    assert [sum(day.year == year for day in days) for year in (2024, 2025)] == [115, 117]
    assert non_working((0, 0), {}) == ()
    assert non_working((2025, 2024), {}) == ()


def test_a_year_that_is_not_published_has_weekends_and_stated_days() -> None:
    first = date(BEYOND, 1, 1)
    days = non_working((BEYOND, BEYOND), {first: "holiday"})
    assert first in days
    assert all(day.weekday() >= 5 for day in days if day != first)


def test_people_are_warned_of_years_not_published_and_of_days_published_since() -> None:
    terms = BANKS[BANK]
    assert any(str(BEYOND) in text for text in warnings(terms))
    covered = replace(terms, calendar_years=(2025, 2026), holidays=non_working((2025, 2026), {}))
    assert warnings(covered) == []
    (text,) = warnings(replace(covered, holidays=covered.holidays[1:]))
    assert str(covered.holidays[0]) in text
    none = replace(terms, calendar_years=(0, 0), holidays=())
    assert warnings(none) == []


def test_a_bank_adds_its_own_days_to_the_provinces(tmp_path: Path) -> None:
    assert date(2026, 5, 20) in BANKS["yunxi"].holidays
    assert date(2026, 5, 20) not in BANKS["baihe"].holidays
    file = tmp_path / "p.toml"
    file.write_text('calendar_years = [2026, 2026]\n[calendar]\n2026-05-21 = "holiday"\n2026-05-20 = "working"\n')
    terms = overlaid(BANKS["yunxi"], file)
    assert date(2026, 5, 21) in terms.holidays
    assert date(2026, 5, 20) not in terms.holidays
    assert {day.year for day in terms.holidays} == {2026}


def test_the_shipped_lpr_was_published_on_the_20th_or_the_next_working_day() -> None:
    series = BANKS[BANK].lpr
    assert odd_rows((), series) == []
    assert series[0][0] == date(2019, 8, 20)
    assert working_from(date(2026, 2, 20), {}) == date(2026, 2, 24)
    by_day = {day for day, _, _ in series}
    assert len(series) == 2 * len(by_day)
