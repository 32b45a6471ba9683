"""The very day or fen on which a rule changes: buckets, classes, grace, fee tiers, the cap of an ECL figure."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from loan_support import Life
from msgspec.structs import replace
from test_golden_postings import DAY, DUE, ONE, TWO, ask, at, lent, pay

from actors.loan.events import Repaid
from actors.loan.messages_rare import SetAllowance

MARCH_DUE = date(2026, 3, 15)


def with_product(life: Life, **changes: object) -> Life:
    product = replace(life.bank.products["standard"], **changes)
    life.bank = replace(life.bank, products={"standard": product})
    return life


@pytest.mark.parametrize(("overdue_days", "rows_paid_in_part"), [(30, 1), (31, 2)])
def test_a_bucket_begins_on_its_day(overdue_days: int, rows_paid_in_part: int) -> None:
    """Two rows are due; from 31 overdue days on each component is paid over both before the next."""
    life = with_product(Life(DAY, lent().bank), allocation_overdue=((31, "by_component"),))
    life = at(life.active("0.072", method="equal_principal", periods=10), DUE + overdue_days * ONE)
    assert life.loan.fallen == 2, "the second row fell due on 15 March, 28 days after the first"
    pay(life, "1100.00")
    [repaid] = life.events(Repaid)
    assert len(repaid.parts) == rows_paid_in_part


@pytest.mark.parametrize(
    ("days", "risk_class"), [(0, 1), (1, 2), (90, 2), (91, 3), (270, 3), (271, 4), (360, 4), (361, 5)]
)
def test_a_class_begins_on_its_day(days: int, risk_class: int) -> None:
    assert at(lent(), DUE + days * ONE).loan.risk_class == risk_class


@pytest.mark.parametrize(("grace", "days", "overdue"), [(3, 3, False), (3, 4, True), (0, 0, False), (0, 1, True)])
def test_grace_ends_with_its_last_day(grace: int, days: int, overdue: bool) -> None:
    """Due on 15 February with three days' grace: paid on the 18th is in time, on the 19th four days are overdue."""
    life = with_product(Life(DAY, lent().bank), grace_days=grace).active("0.072", method="bullet", periods=1)
    at(life, DUE + days * ONE)
    assert life.loan.overdue is overdue
    assert life.loan.rows[0].penalty_fen == (3_000 * days if overdue else 0)


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2026, 3, 14), "0.03"),  # the last day of the second month
        (date(2026, 3, 15), "0.01"),  # the first of the third
        (date(2026, 7, 14), "0.01"),
        (date(2026, 7, 15), "0"),
    ],
)
def test_a_fee_tier_ends_with_its_month(day: date, rate: str) -> None:
    fees = ((2, Decimal("0.03")), (6, Decimal("0.01")))
    life = with_product(Life(DAY, lent().bank), prepay_fees=fees).active("0.072", method="equal_principal", periods=12)
    at(life, day)
    due = sum(row.unpaid_fen for row in life.loan.rows[: life.loan.fallen])
    pay(life, str(Decimal(due + life.loan.accrued_fen + 5_000_000) / 100))
    [repaid] = life.events(Repaid)
    exact = repaid.principal_fen_prepaid * Decimal(rate)
    assert repaid.fee_fen == int(exact.to_integral_value(ROUND_HALF_UP))
    assert 0 <= 5_000_000 - repaid.principal_fen_prepaid - repaid.fee_fen <= 1


def test_an_ecl_figure_is_never_more_than_what_is_outstanding() -> None:
    life = ask(at(lent(), DAY + ONE), SetAllowance(ecl_fen=9_000_000, **TWO))
    assert life.loan.allowance_fen == 9_000_000
    pay(life, "60000.00")
    outstanding = at(life, life.today + timedelta(days=1)).loan.principal_fen_outstanding
    assert 0 < outstanding < 9_000_000
    assert life.loan.allowance_fen == outstanding
