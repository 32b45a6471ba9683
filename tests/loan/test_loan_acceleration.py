"""提前到期: everything falls due on the day; from then on it is like any row."""

from datetime import date, timedelta

from loan_support import Life
from rare_support import TWO, ask, close_to, last, pay, providing

from actors.loan.events_rare import Accelerated
from actors.loan.messages import CollectDue, GetLoan, GetPayoffQuote, GetSchedule
from actors.loan.messages_rare import Accelerate

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def test_principal_not_due_and_accrued_interest_fall_due() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + 9 * ONE)
    total = life.see(GetPayoffQuote()).total_fen
    ask(life, Accelerate(**TWO))
    assert last(life) == [("1132.01", 15_316, 0), ("2221.02", 867, 0), ("1303.09", 0, 15_316), ("2221.01", 0, 867)]
    loan = life.loan
    assert [(row.due, row.principal_fen, row.interest_fen) for row in loan.rows] == [
        (DUE, 810_664, 50_000),
        (life.today, 9_189_336, 15_316),
    ]
    assert (loan.balance_fen, loan.accrued_fen, loan.matures_on) == (0, 0, life.today)
    assert life.see(GetPayoffQuote()).total_fen == total, "the day brings nothing more"
    assert life.see(GetLoan()).accelerated_on == life.today
    assert [row.status for row in life.see(GetSchedule()).instalments] == ["overdue", "due"]
    close_to(life, life.today)
    # 91,893.36 and 8,106.64 at 9 % for a day
    assert last(life)[:2] == [("1303.02", 9_189_336, 0), ("1132.02", 2_499, 0)]


def test_paid_on_the_day_it_settles() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DAY + 9 * ONE)
    ask(life, Accelerate(**TWO))
    ask(life, CollectDue(date=life.today))
    debit = life.loan.debit
    assert debit is not None
    assert debit.amount_fen == 10_016_667
    life.settle("core.debit", debited_fen=10_016_667, core_date=life.today.isoformat(), core_serial="D1")
    assert life.loan.status == "settled"


def test_grace_of_the_terms_holds() -> None:
    life = Life(DAY, providing(grace_days=3)).active()
    close_to(life, DAY + 9 * ONE)
    ask(life, Accelerate(**TWO))
    close_to(life, DAY + 12 * ONE)
    assert life.loan.status == "active"
    close_to(life, DAY + 13 * ONE)
    assert life.loan.status == "overdue"


def test_interest_paid_before_is_not_asked_again() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DAY + 9 * ONE)
    pay(life, 1_016_667)
    ask(life, Accelerate(**TWO))
    row = life.loan.rows[-1]
    assert (row.interest_fen, row.interest_fen_paid, row.principal_fen) == (16_667, 16_667, 9_000_000)


def test_in_non_accrual_nothing_is_posted() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + 99 * ONE)
    before = len(life.entries)
    ask(life, Accelerate(**TWO))
    assert len(life.entries) == before
    assert life.events(Accelerated)[0].vat_fen == 0


def test_nothing_left_to_accelerate() -> None:
    life = Life(DAY, providing()).active(periods=2)
    close_to(life, date(2026, 4, 1))
    assert life.refused(Accelerate(**TWO)) == "nothing_not_due"
    assert life.refused(Accelerate(maker="x", checker="x")) == "two_persons"
    assert not life.events(Accelerated)


def test_twice_is_once() -> None:
    life = Life(DAY, providing()).active()
    ask(life, Accelerate(**TWO))
    assert life.refused(Accelerate(**TWO)) == "nothing_not_due"
