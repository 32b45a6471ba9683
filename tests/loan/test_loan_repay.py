"""Posting repayments already collected: value dates, allocation order, prepayment, payoff, surplus, settlement."""

from datetime import date, timedelta
from typing import Any

import pytest
from loan_support import Life, bank, serial
from msgspec.structs import replace

from actors.loan.events import LoanSettled, Part, Repaid
from actors.loan.messages import CloseDay, GetLoan, GetPayoffQuote, GetSchedule, PostRepayment, RepaidView

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def posting(amount_fen: int, day: date) -> PostRepayment:
    return PostRepayment(amount_fen=amount_fen, source="counter", core_date=day, core_serial=serial())


def post(life: Life, amount_fen: int, day: date) -> RepaidView:
    life.today = max(life.today, day)
    view = life.ask(posting(amount_fen, day))
    assert isinstance(view, RepaidView)
    return view


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_fen": 0}, "bad_amount"),
        ({"amount_fen": -5}, "bad_amount"),
        ({"amount_fen": 10**15}, "bad_amount"),
        ({"source": "friend"}, "bad_source"),
        ({"core_date": DAY + ONE}, "date_not_open"),
        ({"core_date": DAY - ONE}, "date_closed"),
    ],
)
def test_refusals_change_nothing(changes: dict[str, Any], code: str) -> None:
    life = Life(DAY).active()
    before = life.version
    assert life.refused(replace(posting(100, DAY), **changes)) == code
    assert life.version == before


def test_a_value_date_before_the_business_date_is_kept_while_its_day_is_open() -> None:
    life = Life(DAY).active()
    life.today = DUE + 2 * ONE
    life.ask(posting(860_664, DUE))
    assert life.see(GetLoan()).penalty_fen_due == 0
    assert life.loan.closed_to == DUE - ONE
    life.ask(CloseDay(date=DUE + ONE))
    assert life.refused(posting(100, DUE + ONE)) == "date_closed"


def test_on_the_due_date_the_instalment_comes_first() -> None:
    life = Life(DAY).active()
    view = post(life, 860_664, DUE)
    assert (view.principal_fen, view.interest_fen, view.penalty_fen, view.suspense_fen) == (810_664, 50_000, 0, 0)
    assert view.principal_fen_outstanding == 9_189_336
    assert life.events(Repaid)[0].parts == (Part(1, 0, 50_000, 810_664),)


def test_oldest_instalment_first_and_within_it_penalty_interest_principal() -> None:
    life = Life(DAY).active()
    post(life, 900_000, date(2026, 4, 20))
    first, second = life.events(Repaid)[0].parts
    # 64 days: 8,106.64 x 64 x 9 % / 360 = 129.70624; the second has 36 days: 8,147.17 x 36 x 9 % / 360 = 73.32453
    assert first == Part(1, 12_971, 50_000, 810_664)
    assert second == Part(2, 7_332, 900_000 - 12_971 - 50_000 - 810_664 - 7_332, 0)


def test_prepaying_takes_the_accrued_interest_then_principal_and_replans() -> None:
    life = Life(DAY).active()
    view = post(life, 1_000_000, date(2026, 1, 25))
    # ten days: 100,000 x 10 x 6 % / 360 = 166.67
    assert (view.interest_fen, view.principal_fen) == (16_667, 983_333)
    rows = life.loan.rows
    assert len(rows) == 12
    assert sum(row.principal_fen for row in rows) == 10_000_000 - 983_333
    # the period: 166.6667 + 90,166.67 x 21 x 6 % / 360 = 482.25
    assert (rows[0].interest_fen, rows[0].interest_fen_paid) == (48_225, 16_667)
    assert rows[1].interest_fen == round((10_000_000 - 983_333 - rows[0].principal_fen) * 0.005)
    post(life, 1_000_000, date(2026, 1, 25))
    assert life.events(Repaid)[1].interest_fen_accrued == 0


def test_the_running_period_after_a_prepayment_falls_due_with_what_is_left_of_its_interest() -> None:
    life = Life(DAY).active()
    post(life, 1_000_000, date(2026, 1, 25))
    rows = life.loan.rows
    life.today = DUE
    view = life.see(GetLoan())
    assert view.interest_fen_due == 48_225 - 16_667
    assert view.principal_fen_due == rows[0].principal_fen


def test_bullet_prepaid_in_part_pays_the_rest_at_maturity() -> None:
    life = Life(DAY).active(method="bullet", periods=3)
    post(life, 5_000_000, date(2026, 2, 14))
    # thirty days: 500.00 interest, 49,500.00 principal; then 50,500.00 x 60 days x 6 % / 360 = 505.00
    (row,) = life.loan.rows
    assert (row.due, row.principal_fen) == (date(2026, 4, 15), 5_050_000)
    assert (row.interest_fen, row.interest_fen_paid) == (100_500, 50_000)


@pytest.mark.parametrize("day", [DAY, date(2026, 1, 16), DUE, date(2026, 3, 1), date(2026, 5, 20), date(2027, 1, 15)])
@pytest.mark.parametrize("method", ["equal_instalment", "bullet"])
def test_the_payoff_quote_is_the_real_thing(day: date, method: str) -> None:
    life = Life(DAY).active(method=method)
    life.today = day
    quote = life.see(GetPayoffQuote())
    assert quote.total_fen == quote.principal_fen + quote.interest_fen + quote.penalty_fen
    short = Life(DAY).active(method=method)
    assert post(short, quote.total_fen - 1, day).status != "settled"
    view = post(life, quote.total_fen, day)
    assert (view.status, view.suspense_fen, view.principal_fen_outstanding) == ("settled", 0, 0)
    assert (view.principal_fen, view.interest_fen, view.penalty_fen) == (
        quote.principal_fen,
        quote.interest_fen,
        quote.penalty_fen,
    )
    assert life.events(LoanSettled) == [LoanSettled(on=day)]


def test_payoff_on_the_day_of_pay_out_costs_no_interest() -> None:
    life = Life(DAY).active()
    assert life.see(GetPayoffQuote()).total_fen == 10_000_000


def test_surplus_over_the_payoff_is_held() -> None:
    life = Life(DAY).active()
    view = post(life, 10_000_123, DAY)
    assert (view.status, view.suspense_fen) == ("settled", 123)
    assert life.balances() == {"3001": 123, "2241": -123}
    assert life.refused(posting(100, DAY)) == "already_settled"


def test_twelve_instalments_on_time_settle_the_loan() -> None:
    life = Life(DAY).active()
    for row in life.loan.rows:
        view = post(life, row.principal_fen + row.interest_fen, row.due)
        assert view.penalty_fen == 0
    assert view.status == "settled"
    loan = life.see(GetLoan())
    assert (loan.principal_fen_repaid, loan.interest_fen_repaid) == (10_000_000, 327_973)
    assert loan.next_due is None
    assert {row.status for row in life.see(GetSchedule()).instalments} == {"paid"}


def test_the_schedule_shows_what_is_paid_due_and_to_come() -> None:
    life = Life(DAY).active()
    post(life, 860_664, DUE)
    life.today = date(2026, 3, 15)
    rows = life.see(GetSchedule()).instalments
    assert [row.status for row in rows[:3]] == ["paid", "due", "open"]
    assert rows[0].paid_fen == 860_664
    assert rows[0].balance_fen_after == 9_189_336
    assert rows[-1].balance_fen_after == 0
    life.today = date(2026, 3, 16)
    assert life.see(GetSchedule()).instalments[1].status == "overdue"


def test_a_revolving_loan_restores_the_line_once_at_a_time() -> None:
    life = Life(DAY, bank(revolving=True)).active()
    post(life, 100_000, DAY)
    post(life, 200_000, DAY)
    assert life.pending() == ["RestoreLine"]
    assert life.effect("RestoreLine").payload["command"]["amount_fen"] == 100_000
    life.settle("RestoreLine")
    assert life.effect("RestoreLine").payload["command"]["amount_fen"] == 200_000
    life.settle("RestoreLine")
    assert life.pending() == []
    post(life, 9_700_000, DAY)
    command = life.effect("RestoreLine").payload["command"]
    assert (command["amount_fen"], command["settled"]) == (9_700_000, True)
    life.settle("RestoreLine")
    assert life.pending() == []


def test_another_loan_tells_the_line_of_its_end_only() -> None:
    life = Life(DAY).active()
    post(life, 100_000, DAY)
    assert life.pending() == []
    post(life, 9_900_000, DAY)
    command = life.effect("RestoreLine").payload["command"]
    assert (command["amount_fen"], command["settled"]) == (10_000_000, True)


def test_overdue_is_told_when_it_changes_and_in_order() -> None:
    life = Life(DAY).active()
    life.today = DUE + 5 * ONE
    life.ask(CloseDay(date=DUE + 4 * ONE))
    assert life.effect("NoteOverdue").payload["command"]["overdue"] is True
    post(life, 1_000_000, life.today)
    assert life.pending() == ["NoteOverdue"], "the second waits for the first"
    life.settle("NoteOverdue")
    assert life.effect("NoteOverdue").payload["command"]["overdue"] is False
    life.settle("NoteOverdue")
    assert life.pending() == []
