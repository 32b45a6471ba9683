"""观察期: a bad class, and with it accrual, rises on its own day, whether days are closed one by one or all at once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from loan_support import Life
from msgspec.structs import replace
from test_golden_postings import ONE, STOPS, TWO, ask, at, lent, pay

from actors.loan.events import AccrualResumed
from actors.loan.messages import CloseDay
from actors.loan.messages_rare import Reclassify
from actors.loan.money import money_of

JUNE_DUE, JULY_DUE = date(2026, 6, 15), date(2026, 7, 15)


def pay_all_due(life: Life, serial: str) -> None:
    fen = sum(row.unpaid_fen for row in life.loan.rows[: life.loan.fallen])
    if fen:
        pay(life, str(Decimal(fen) / 100), serial)


def watched(periods: int, months: int) -> Life:
    """In non-accrual since 17 May, when everything due is paid; June's instalment is paid on its day."""
    life = lent("equal_principal", 12)
    life.bank = replace(life.bank, watch_periods=periods, watch_months=months)
    pay_all_due(at(life, STOPS), "K1")
    pay_all_due(at(life, JUNE_DUE), "K2")
    return life


def at_once(life: Life, morning: date) -> Life:
    life.today = morning
    return ask(life, CloseDay(date=morning - ONE))


@pytest.mark.parametrize("periods", [0, 1, 2])
@pytest.mark.parametrize("months", [0, 1, 2])
@pytest.mark.parametrize("days", [2, 3, 30, 31, 35, 63, 100])
def test_the_same_at_once_as_day_by_day(periods: int, months: int, days: int) -> None:
    morning = JUNE_DUE + timedelta(days=days)
    one, other = at(watched(periods, months), morning), at_once(watched(periods, months), morning)
    assert money_of(one.loan) == money_of(other.loan)
    assert one.balances() == other.balances()
    assert one.balances(memo=True) == other.balances(memo=True)


@pytest.mark.parametrize(
    ("periods", "months", "on"),
    [
        (0, 1, date(2026, 6, 17)),  # a month after the arrears were cleared
        (1, 0, date(2026, 6, 16)),  # the close after June's instalment was paid
        (0, 2, None),  # July's falls due and stays unpaid before two months are over
    ],
)
def test_accrual_resumes_on_the_day(periods: int, months: int, on: date | None) -> None:
    life = at_once(watched(periods, months), JULY_DUE + 40 * ONE)
    assert [event.on for event in life.events(AccrualResumed)] == ([on] if on else [])


@pytest.mark.parametrize("until", [date(2026, 3, 1), date(2026, 3, 15), None])
def test_the_end_of_a_floor(until: date | None) -> None:
    """A class given by hand, for a time; a loan without arrears rises from it by its own rules."""
    lives = []
    for close in (at, at_once):
        life = at(lent("equal_principal", 12), date(2026, 1, 20))
        ask(life, Reclassify(risk_class=3, until=until, **TWO))
        lives.append(close(life, date(2026, 4, 20)))
    assert money_of(lives[0].loan) == money_of(lives[1].loan)
    assert lives[0].balances() == lives[1].balances()
