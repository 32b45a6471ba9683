"""Every method through its life: prepaid, repriced, spread again; in interest grace; to the last fen."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from loan_support import Life, bank
from msgspec.structs import replace

from actors.loan.messages import PostRepayment
from actors.loan.repricing import at_rate
from actors.loan.schedule import replan, reprice, respread
from actors.loan.state import LoanState

START = date(2026, 1, 15)
METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat")


def life_of(method: str, **changes: Any) -> Life:
    return Life(START, bank(methods=METHODS, prepay_fen_min=0, **changes)).active(method=method)


def pay(life: Life, day: date, amount_fen: int) -> None:
    life.today = day
    number = len(life.journal)
    life.ask(PostRepayment(amount_fen=amount_fen, source="counter", core_date=day, core_serial=f"R{number}"))


def due_on(loan: LoanState, day: date) -> int:
    return sum(r.principal_fen + r.interest_fen - r.interest_fen_paid for r in loan.rows if r.due == day)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("changes", [{}, {"prepay_keeps": "instalment"}, {"interest_grace": 3}, {"principal_grace": 2}])
def test_a_life_with_a_prepayment_ends_at_zero(method: str, changes: dict[str, Any]) -> None:
    life = life_of(method, **changes)
    pay(life, START + timedelta(days=45), due_on(life.loan, date(2026, 2, 15)) + 3_000_000)
    assert sum(row.principal_fen_unpaid for row in life.loan.rows) == life.loan.principal_fen_outstanding
    while life.loan.status in ("active", "overdue"):
        day = life.loan.rows[life.loan.fallen].due
        amount = due_on(life.loan, day)
        if amount:
            pay(life, day, amount)
        else:
            life.today = day + timedelta(days=1)
            pay(life, life.today, 1)
    loan = life.loan
    assert loan.status == "settled"
    assert loan.principal_fen_repaid == 10_000_000
    assert (loan.accrued_fen, loan.vat_fen_deferred) == (0, 0)
    assert loan.interest_fen_repaid == sum(row.interest_fen for row in loan.rows)
    assert loan.suspense_fen == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_lower_rate_lowers_interest_from_its_day_on(method: str) -> None:
    loan = life_of(method).loan
    terms = at_rate(loan.terms, Decimal("0.03"))
    assert terms is not None
    day = START + timedelta(days=10)
    _, rows = reprice(loan, terms, day)
    assert sum(row.principal_fen for row in rows) == 10_000_000
    assert len(rows) == len(loan.rows)
    first, before = rows[0].interest_fen, loan.rows[0].interest_fen
    days = (loan.rows[0].due - START).days
    assert before // 2 < first < before
    assert abs(first - before * (10 + (days - 10) / 2) / days) < before / 30
    same, unchanged = reprice(loan, loan.terms, START)
    assert [(r.principal_fen, r.interest_fen) for r in unchanged] == [
        (r.principal_fen, r.interest_fen) for r in loan.rows
    ]
    assert same == loan.instalment_fen


@pytest.mark.parametrize("method", METHODS)
def test_nothing_changes_when_nothing_is_prepaid(method: str) -> None:
    loan = life_of(method).loan
    _, rows = replan(loan, START, 0, 0)
    assert [(r.principal_fen, r.interest_fen) for r in rows] == [(r.principal_fen, r.interest_fen) for r in loan.rows]


def test_everything_prepaid_leaves_only_what_was_paid_of_the_running_row() -> None:
    loan = life_of("equal_instalment").loan
    assert replan(loan, START, 10_000_000, 0) == (0, ())
    _, rows = replan(loan, START + timedelta(days=3), 10_000_000, 5_000)
    assert [(row.principal_fen, row.interest_fen) for row in rows] == [(0, 5_000)]


@pytest.mark.parametrize("method", METHODS)
def test_spread_again_over_more_periods(method: str) -> None:
    loan = life_of(method).loan
    day = START + timedelta(days=10)
    terms = replace(loan.terms, plan=replace(loan.terms.plan, periods=24))
    dues = [date(2026 + (1 + k) // 12, (1 + k) % 12 + 1, 15) for k in range(24)]
    _, rows = respread(loan, terms, day, dues, 10_000_000)
    assert sum(row.principal_fen for row in rows) == 10_000_000
    assert rows[-1].due == dues[-1]
    so_far = 10_000_000 * 10 * 6 // 100 // 360
    assert rows[0].interest_fen >= so_far


def test_interest_of_a_grace_accrues_and_is_billed_with_the_first_row_after_it() -> None:
    life = life_of("interest_only", interest_grace=2)
    assert [row.interest_fen for row in life.loan.rows[:4]] == [0, 0, 150_000, 50_000]
    pay(life, date(2026, 2, 15) + timedelta(days=1), 1)
    assert life.loan.accrued_fen + life.loan.interest_fen_repaid == 50_000 + 1_667
    pay(life, date(2026, 3, 15), 1)
    assert life.loan.accrued_fen + life.loan.interest_fen_repaid == 100_000
    pay(life, date(2026, 4, 15), 1)
    assert life.loan.rows[2].interest_fen_unpaid == 150_000 - 2 - 1
