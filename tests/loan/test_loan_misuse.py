"""挪用: past days at once, the heavier rate alone, draws blocked; and what is refused."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from loan_support import Life
from rare_support import TWO, agree, ask, close_to, entry_for, last, pay, providing

from actors.loan.events_rare import MisuseMarked
from actors.loan.messages import GetLoan, GetPayoffQuote
from actors.loan.messages_rare import Accelerate, MarkMisuse

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def overdue() -> Life:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + 9 * ONE)
    return life


def test_past_days_are_charged_as_the_principal_was_due_then() -> None:
    life = overdue()
    ask(life, MarkMisuse(amount_fen=9_500_000, from_date=DAY, **TWO))
    # 95,000.00 at 6 % more for 31 days; then 91,893.36 at 6 % and 3,106.64 at 3 % more for ten
    right = Fraction(9_500_000 * 31 * 6 + 9_189_336 * 10 * 6 + 310_664 * 10 * 3, 36_000)
    assert round(right) == 64_658
    assert last(life) == [("1132.02", 64_658, 0), ("6011", 0, 60_998), ("2221.01", 0, 3_660)]
    view = life.see(GetLoan())
    assert (view.misused_fen, view.penalty_fen_due) == (9_500_000, 2_027 + 64_658)
    close_to(life, life.today)
    assert life.loan.misuse is not None
    assert life.loan.misuse.fen == round(right + Fraction(9_189_336 * 6 + 310_664 * 3, 36_000))


def test_from_today_nothing_is_charged_yet() -> None:
    life = overdue()
    ask(life, MarkMisuse(amount_fen=1, from_date=life.today, **TWO))
    assert not [lines for event, lines in life.entries if isinstance(event, MisuseMarked)]


def test_in_non_accrual_it_is_memo() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + 99 * ONE)
    ask(life, MarkMisuse(amount_fen=10_000_000, from_date=DAY, **TWO))
    assert entry_for(life, MisuseMarked) == []
    assert entry_for(life, MisuseMarked, memo=True)[0][0] == "M2"
    assert life.events(MisuseMarked)[0].vat_fen == 0


def test_it_is_paid_as_penalty_and_ends_with_the_principal() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DAY + 9 * ONE)
    ask(life, MarkMisuse(amount_fen=5_000_000, from_date=DAY, **TWO))
    assert life.see(GetPayoffQuote()).penalty_fen == 8_333
    view = pay(life, 3_000_000)
    assert view.penalty_fen == 8_333
    close_to(life, life.today)
    assert life.loan.misuse is not None
    assert life.loan.misuse.fen == 9_167, "50,000.00 of 70,166.66 still outstanding"
    pay(life, life.see(GetPayoffQuote()).total_fen)
    assert life.loan.status == "settled"


def test_called_in_it_bears_only_what_is_over_the_penalty_rate() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DAY + 9 * ONE)
    ask(life, MarkMisuse(amount_fen=10_000_000, from_date=DAY, **TWO))
    ask(life, Accelerate(**TWO))
    close_to(life, life.today)
    assert life.loan.misuse is not None
    # 16,666.66 for ten days at 6 % more, then 3 % more than the penalty of 9 %
    assert life.loan.misuse.fen == 16_667 + 833
    assert life.loan.rows[-1].penalty_fen == 2_500
    agree(life)


def test_draws_are_blocked_until_the_loan_is_over() -> None:
    life = Life(DAY, providing()).active()
    ask(life, MarkMisuse(amount_fen=5_000_000, from_date=DAY, **TWO))
    assert life.effect("BlockDraws").payload["command"]["reason"] == "misuse"
    life.settle("BlockDraws")
    pay(life, 10_000_000)
    assert life.loan.status == "settled"
    assert life.effect("BlockDraws").payload["command"].get("reason", "") == ""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (MarkMisuse(amount_fen=0, from_date=DAY, **TWO), "bad_amount"),
        (MarkMisuse(amount_fen=10_000_001, from_date=DAY, **TWO), "bad_amount"),
        (MarkMisuse(amount_fen=1, from_date=DAY - ONE, **TWO), "before_disbursement"),
        (MarkMisuse(amount_fen=1, from_date=DUE + 11 * ONE, **TWO), "date_not_open"),
        (MarkMisuse(amount_fen=1, from_date=DAY, maker="a", checker="a"), "two_persons"),
    ],
)
def test_refused(command: MarkMisuse, code: str) -> None:
    life = overdue()
    before = life.state
    assert life.refused(command) == code
    assert life.state == before


def test_marked_once() -> None:
    life = overdue()
    ask(life, MarkMisuse(amount_fen=5, from_date=DAY, **TWO))
    assert life.refused(MarkMisuse(amount_fen=6, from_date=DAY, **TWO)) == "misuse_marked"
