"""展期: new rows from the running period on, the limit by the term first agreed, and what stands in the way."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from loan_support import Life
from msgspec.structs import replace
from rare_support import TWO, ask, close_to, pay, providing

from actors.loan.events_rare import Extended
from actors.loan.messages import GetLoan, GetPayoffQuote, Repay
from actors.loan.messages_rare import ExtendLoan
from actors.schedule.terms import Method

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def running(days: int = 10, **contract: object) -> Life:
    life = Life(DAY, providing()).active(**contract)  # type: ignore[arg-type]
    close_to(life, DAY + (days - 1) * ONE)
    return life


def dues(life: Life) -> list[str]:
    return [row.due.isoformat() for row in life.loan.rows]


def test_the_same_rate_spreads_the_balance_over_all_periods_and_keeps_the_running_interest() -> None:
    life = running()
    entries = len(life.entries)
    ask(life, ExtendLoan(periods=12, **TWO))
    loan = life.loan
    # 100,000.00 at 0.5 % a month over 24: 4,432.06; the running period is whole, a twelfth of 6 %
    assert (len(loan.rows), loan.instalment_fen, loan.rows[0].interest_fen) == (24, 443_206, 50_000)
    assert dues(life)[-1] == "2028-01-15" == str(loan.matures_on)
    assert sum(row.principal_fen for row in loan.rows) == 10_000_000 == loan.balance_fen
    assert len(life.entries) == entries, "no money moves"
    view = life.see(GetLoan())
    assert (view.periods, view.extended) == (24, 12)
    close_to(life, DUE - ONE)
    assert life.loan.rows[0].interest_fen_unpaid == 50_000


def test_a_new_rate_splits_the_running_period_and_penalty_follows() -> None:
    life = running()
    ask(life, ExtendLoan(periods=6, annual_rate="0.12", **TWO))
    # 10 days at 6 % and 21 at 12 % of 100,000.00
    assert life.loan.rows[0].interest_fen == 86_667
    assert life.loan.terms.annual_rate == Decimal("0.12")
    assert (life.loan.terms.penalty_e10, life.loan.terms.misuse_e10) == (1_800_000_000, 2_400_000_000)
    close_to(life, DUE - 2 * ONE)
    assert life.loan.accrued_fen == 83_333


@pytest.mark.parametrize(
    ("method", "rows"),
    [("equal_principal", 18), ("interest_only", 18), ("bullet", 1), ("pay_anytime", 1), ("flat", 18)],
)
def test_every_method_can_be_extended(method: Method, rows: int) -> None:
    life = Life(DAY, providing(methods=(method,))).active(method=method)
    close_to(life, DAY + 9 * ONE)
    ask(life, ExtendLoan(periods=6, **TWO))
    assert len(life.loan.rows) == rows
    assert dues(life)[-1] == "2027-07-15"
    assert sum(row.principal_fen for row in life.loan.rows) == 10_000_000
    if method == "bullet":
        assert life.loan.rows[0].interest_fen == 910_000, "546 days of 100,000.00 at 6 % / 360"
    while life.loan.status == "active":
        close_to(life, life.loan.rows[life.loan.first_unpaid].due - ONE)
        pay(life, life.loan.rows[life.loan.first_unpaid].unpaid_fen)
    assert life.loan.status == "settled"
    assert life.loan.principal_fen_repaid == 10_000_000


def test_twice_up_to_the_limit_in_all() -> None:
    life = running()
    ask(life, ExtendLoan(periods=7, **TWO))
    assert life.refused(ExtendLoan(periods=6, **TWO)) == "term_too_long"
    ask(life, ExtendLoan(periods=5, **TWO))
    assert (len(life.loan.rows), life.loan.extended) == (24, 12)
    assert life.refused(ExtendLoan(periods=1, **TWO)) == "term_too_long"


def test_a_longer_loan_by_half_of_its_term() -> None:
    life = running(periods=24)
    assert life.refused(ExtendLoan(periods=13, **TWO)) == "term_too_long"
    ask(life, ExtendLoan(periods=12, **TWO))
    assert len(life.loan.rows) == 36


def test_the_limits_are_the_bank_s() -> None:
    life = running(periods=24)
    life.bank = replace(life.bank, extension_short_months=24, extension_short_percent=50, extension_long_percent=0)
    assert life.refused(ExtendLoan(periods=13, **TWO)) == "term_too_long"
    ask(life, ExtendLoan(periods=12, **TWO))


def test_after_some_rows_were_paid_the_old_ones_stay() -> None:
    life = running()
    for no in (1, 2):
        close_to(life, life.loan.rows[no - 1].due - ONE)
        pay(life, life.loan.rows[no - 1].unpaid_fen)
    before = life.loan.rows[:2]
    ask(life, ExtendLoan(periods=12, **TWO))
    assert life.loan.rows[:2] == before
    assert (len(life.loan.rows), dues(life)[2], dues(life)[-1]) == (24, "2026-04-15", "2028-01-15")
    assert sum(row.principal_fen for row in life.loan.rows) == 10_000_000


def test_a_payoff_quote_of_before_is_stale() -> None:
    life = running()
    quote = life.see(GetPayoffQuote()).quote
    ask(life, ExtendLoan(periods=1, **TWO))
    assert life.refused(Repay(kind="full", quote=quote)) == "quote_stale"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ExtendLoan(periods=0, **TWO), "bad_periods"),
        (ExtendLoan(periods=-3, **TWO), "bad_periods"),
        (ExtendLoan(periods=481, **TWO), "bad_periods"),
        (ExtendLoan(periods=3, annual_rate="0.9", **TWO), "bad_rate"),
        (ExtendLoan(periods=3, annual_rate="six", **TWO), "bad_rate"),
        (ExtendLoan(periods=3, annual_rate="NaN", **TWO), "bad_rate"),
        (ExtendLoan(periods=3, annual_rate="-0.01", **TWO), "bad_rate"),
        (ExtendLoan(periods=3, annual_rate="0.06000000001", **TWO), "bad_rate"),
        (ExtendLoan(periods=3, maker="a", checker="a"), "two_persons"),
    ],
)
def test_refused(command: ExtendLoan, code: str) -> None:
    life = running()
    before = life.state
    assert life.refused(command) == code
    assert life.state == before


def test_not_with_arrears_even_within_grace_nor_when_they_come_to_light_by_closing() -> None:
    life = Life(DAY, providing(grace_days=3)).active()
    close_to(life, DUE - ONE)
    assert life.refused(ExtendLoan(periods=3, **TWO)) == "arrears_first"
    life = running()
    life.today = DUE + 5 * ONE
    assert life.refused(ExtendLoan(periods=3, **TWO)) == "arrears_first"
    close_to(life, DUE + 5 * ONE)
    assert life.refused(ExtendLoan(periods=3, **TWO)) == "loan_status"
    assert life.events(Extended) == []
