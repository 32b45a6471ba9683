"""Closing days: accrual, dues, grace, overdue, penalty by hand-computed figures; one close or many, the same."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from loan_support import Life, bank

from actors.loan.events import AccrualStopped, DayClosed
from actors.loan.messages import CloseDay, GetLoan, PostRepayment

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def post(life: Life, amount_fen: int, day: date) -> None:
    life.today = day
    life.ask(PostRepayment(amount_fen=amount_fen, source="counter", core_date=day, core_serial=f"C{day}"))


def close(life: Life, day: date) -> DayClosed | None:
    """Close ``day`` on the day after; what it brought, if anything."""
    before = len(life.journal)
    life.today = max(life.today, day + ONE)
    life.ask(CloseDay(date=day))
    closed = [event for event in life.journal[before:] if isinstance(event, DayClosed)]
    return closed[0] if closed else None


def test_interest_accrues_by_days_and_a_whole_month_is_a_twelfth() -> None:
    life = Life(DAY).active()
    first = close(life, DAY)
    assert first is not None
    # 100,000 x 6 % / 360 = 16.67 for the first day; VAT contained at 6 %: 0.94
    assert (first.accrued_fen, first.accrued_vat_fen) == (1_667, 94)
    close(life, date(2026, 1, 16))
    assert life.loan.accrued_fen == 3_333
    close(life, date(2026, 2, 13))
    assert life.loan.accrued_fen == 50_000  # 30 days
    last = close(life, date(2026, 2, 14))
    assert last is not None
    # the 31st day of a whole month adds nothing; the instalment of the 15th is billed at its close
    assert last.accrued_fen == 0
    assert [(due.no, due.principal_fen, due.interest_fen, due.vat_fen) for due in last.due] == [
        (1, 810_664, 50_000, 2_830)
    ]
    assert (life.loan.accrued_fen, life.loan.vat_fen_deferred, life.loan.fallen) == (0, 0, 1)


def test_interest_of_a_short_month_is_a_twelfth_too() -> None:
    life = Life(date(2026, 2, 15)).active()
    close(life, date(2026, 3, 13))
    assert life.loan.accrued_fen == 45_000  # 27 days
    last = close(life, date(2026, 3, 14))
    assert last is not None
    assert last.accrued_fen == 5_000


def test_unpaid_at_close_of_the_due_date_is_one_day_overdue_the_day_after() -> None:
    life = Life(DAY).active()
    close(life, DUE - ONE)
    assert life.loan.status == "active"
    lapse = close(life, DUE)
    assert lapse is not None
    assert [(row.no, row.principal_fen) for row in lapse.lapsed] == [(1, 810_664)]
    # 8,106.64 x 1 day x 9 % / 360 = 2.02666
    assert [(row.no, row.penalty_fen) for row in lapse.penalties] == [(1, 203)]
    view = life.see(GetLoan())
    assert (view.status, view.overdue_days, view.penalty_fen_due) == ("overdue", 1, 203)


def test_paid_on_the_due_date_is_on_time() -> None:
    life = Life(DAY).active()
    post(life, 860_664, DUE)
    close(life, DUE + ONE)
    view = life.see(GetLoan())
    assert (view.status, view.penalty_fen_due, view.overdue_days, view.next_due) == ("active", 0, 0, date(2026, 3, 15))


def test_penalty_runs_from_the_due_date_to_the_day_paid_in_place_of_interest() -> None:
    """1,000 due, 36.5 % over 365, paid 503 three days late: 3.00 penalty and 500.00 principal (published example)."""
    terms = bank(day_count="actual/365", penalty_factor=Decimal("1.46"))
    life = Life(date(2025, 12, 1), terms).active("0.25", amount_fen=100_000, periods=1, method="bullet", due_day=1)
    loan = life.loan
    assert loan.rows[0].due == date(2026, 1, 1)
    post(life, loan.rows[0].interest_fen, date(2026, 1, 1))
    post(life, 50_300, date(2026, 1, 4))
    row = life.loan.rows[0]
    assert (row.penalty_fen_paid, row.principal_fen_paid, row.principal_fen_unpaid) == (300, 50_000, 50_000)
    # from then on half as much: 0.50 a day
    close(life, date(2026, 1, 5))
    assert life.loan.rows[0].penalty_fen_unpaid == 100


def test_part_payment_resets_nothing() -> None:
    life = Life(DAY).active()
    post(life, 500_000, DUE + 10 * ONE)
    view = life.see(GetLoan())
    assert (view.status, view.overdue_days) == ("overdue", 10)
    # penalty 8,106.64 x 10 x 9 % / 360 = 20.2666 -> 20.27, then interest 500.00, then principal 4,479.73
    row = life.loan.rows[0]
    assert (row.penalty_fen_paid, row.interest_fen_paid, row.principal_fen_paid) == (2_027, 50_000, 447_973)


def test_grace_hides_a_late_payment_and_counts_back_when_it_ends() -> None:
    life = Life(DAY, bank(grace_days=3)).active()
    post(life, 860_664, DUE + 3 * ONE)
    close(life, DUE + 5 * ONE)
    assert life.see(GetLoan()).penalty_fen_due == 0
    assert life.loan.status == "active"

    late = Life(DAY, bank(grace_days=3)).active()
    close(late, DUE + 2 * ONE)
    assert (late.loan.status, late.loan.rows[0].penalty_fen) == ("active", 0)
    close(late, DUE + 3 * ONE)
    view = late.see(GetLoan())
    # four days from the due date on: 8,106.64 x 4 x 9 % / 360 = 8.10664
    assert (view.status, view.overdue_days, view.penalty_fen_due) == ("overdue", 4, 811)


def test_paid_within_grace_in_part_bears_penalty_on_the_rest_only() -> None:
    life = Life(DAY, bank(grace_days=3)).active()
    post(life, 50_000 + 400_000, DUE + ONE)
    close(life, DUE + 3 * ONE)
    # 4,106.64 x 4 x 9 % / 360 = 4.10664
    assert life.loan.rows[0].penalty_fen == 411


def test_later_rows_still_bear_contract_interest_on_what_is_not_due() -> None:
    life = Life(DAY).active()
    close(life, date(2026, 3, 14))
    due = [event for event in life.events(DayClosed) if event.due][-1].due
    assert [(row.no, row.interest_fen) for row in due] == [(1, 50_000), (2, 45_947)]


def test_missed_days_are_caught_up_the_same_as_day_by_day() -> None:
    daily, once = Life(DAY).active(due_day=20), Life(DAY).active(due_day=20)
    to = date(2026, 6, 3)
    day = DAY
    while day <= to:
        close(daily, day)
        day += ONE
    close(once, to)
    assert len(once.events(DayClosed)) == 2, "one piece up to non-accrual, one after it"
    assert len(once.events(AccrualStopped)) == len(daily.events(AccrualStopped)) == 1
    assert daily.loan.rows == once.loan.rows
    for name in (
        "accrued_fen",
        "vat_fen_deferred",
        "penalty_fen_booked",
        "fallen",
        "lapsed",
        "closed_to",
        "balance_fen",
    ):
        assert getattr(daily.loan, name) == getattr(once.loan, name), name
    assert daily.balances() == once.balances()


@pytest.mark.parametrize("stop", [date(2026, 2, 3), date(2026, 2, 15), date(2026, 4, 1)])
def test_closing_twice_changes_nothing(stop: date) -> None:
    life = Life(DAY).active()
    close(life, stop)
    version = life.version
    assert close(life, stop) is None
    assert close(life, stop - ONE) is None
    assert life.version == version


def test_a_day_not_yet_open_is_not_closed() -> None:
    life = Life(DAY).active()
    assert life.refused(CloseDay(date=DAY + ONE)) == "date_not_open"


def test_a_money_command_closes_earlier_days_in_the_same_turn() -> None:
    life = Life(DAY).active()
    post(life, 100_000, DUE + 10 * ONE)
    closes = life.events(DayClosed)
    assert [(event.from_date, event.to_date) for event in closes] == [(DAY, DUE + 9 * ONE)]
    assert life.loan.closed_to == DUE + 9 * ONE


def test_queries_count_days_not_closed_yet() -> None:
    life = Life(DAY).active()
    life.today = DUE + 4 * ONE
    view = life.see(GetLoan())
    assert (view.status, view.overdue_days, view.interest_fen_due) == ("overdue", 4, 50_000)
    assert life.loan.closed_to == DAY - ONE
