"""分类人工调整 and ECL allowances: down at will, up within the rules, the allowance follows at once."""

from datetime import date, timedelta

import pytest
from loan_support import Life
from rare_support import TWO, ask, close_to, last, pay, providing

from actors.loan.messages_rare import Reclassify, SetAllowance

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def normal() -> Life:
    life = Life(DAY, providing()).active()
    close_to(life, DAY)
    return life


def test_down_until_a_date() -> None:
    life = normal()
    ask(life, Reclassify(risk_class=3, until=DAY + 11 * ONE, **TWO))
    # 1 % was provided for, now 25 %
    assert last(life) == [("6702", 2_400_000, 0), ("1304", 0, 2_400_000)]
    assert life.loan.risk_class == 3
    close_to(life, DAY + 9 * ONE)
    assert life.loan.risk_class == 3
    close_to(life, DAY + 10 * ONE)
    assert life.loan.risk_class == 3, "substandard goes up after the watch only"


def test_special_mention_ends_with_its_date() -> None:
    life = normal()
    ask(life, Reclassify(risk_class=2, until=DAY + 11 * ONE, **TWO))
    close_to(life, DAY + 9 * ONE)
    assert life.loan.risk_class == 2
    close_to(life, DAY + 10 * ONE)
    assert (life.loan.risk_class, life.loan.allowance_fen) == (1, 100_000)


def test_up_before_the_watch_is_over_as_far_as_overdue_days_allow() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + 99 * ONE)
    assert (life.loan.risk_class, life.loan.non_accrual) == (3, True)
    assert life.refused(Reclassify(risk_class=2, **TWO)) == "bad_class"
    pay(life, sum(row.unpaid_fen for row in life.loan.rows[: life.loan.fallen]))
    assert life.loan.status == "active"
    close_to(life, life.today)
    assert life.loan.risk_class == 3
    ask(life, Reclassify(risk_class=1, **TWO))
    assert last(life)[0][1] < 0, "allowance is released in red"
    close_to(life, life.today)
    assert (life.loan.risk_class, life.loan.non_accrual) == (1, False)


def test_allowance_by_an_ecl_figure_and_back() -> None:
    life = normal()
    ask(life, SetAllowance(ecl_fen=750_000, **TWO))
    assert last(life) == [("6702", 650_000, 0), ("1304", 0, 650_000)]
    close_to(life, DAY + ONE)
    assert life.loan.allowance_fen == 750_000
    ask(life, SetAllowance(ecl_fen=0, **TWO))
    assert last(life) == [("6702", -750_000, 0), ("1304", 0, -750_000)]
    ask(life, SetAllowance(ecl_fen=None, **TWO))
    assert life.loan.allowance_fen == 100_000


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Reclassify(risk_class=0, **TWO), "bad_class"),
        (Reclassify(risk_class=6, **TWO), "bad_class"),
        (Reclassify(risk_class=2, until=DAY + ONE, **TWO), "date_closed"),
        (Reclassify(risk_class=2, maker="a", checker="a"), "two_persons"),
        (SetAllowance(ecl_fen=-1, **TWO), "bad_amount"),
        (SetAllowance(ecl_fen=10_000_001, **TWO), "bad_amount"),
        (SetAllowance(ecl_fen=1, maker="", checker="a"), "two_persons"),
    ],
)
def test_refused(command: Reclassify | SetAllowance, code: str) -> None:
    life = normal()
    before = life.state
    assert life.refused(command) == code
    assert life.state == before
