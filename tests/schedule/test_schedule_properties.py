"""What holds for every schedule: it adds up, stays on its anchor, costs what it says; and the checker agrees."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_support import START, agreed, checked_rows, holiday_lists, plans, rates, starts, terms

from actors.loan.schedule import plan
from actors.schedule.annual_cost import effective_of, irr_of
from actors.schedule.due_dates import add_months, due_dates, grace_ends, nominal
from actors.schedule.terms import PlanTerms
from cluster.verify.schedule import faults

amounts = st.integers(1_000, 3_000_000).map(lambda yuan: yuan * 100)


@settings(max_examples=400)
@given(plans(), amounts, rates, starts, holiday_lists())
def test_every_schedule_adds_up_and_the_checker_agrees(
    of: PlanTerms, amount: int, rate: str, start: date, holidays: tuple[date, ...]
) -> None:
    lent = terms(amount, rate, of)
    planned = plan(lent, start, holidays)
    assert sum(row.principal_fen for row in planned.rows) == amount
    balance = amount
    for row in planned.rows:
        assert row.principal_fen >= 0
        assert row.interest_fen >= 0
        balance -= row.principal_fen
        assert balance >= 0
    assert faults(agreed(lent), start, planned.instalment_fen, checked_rows(planned), holidays) == []
    assert faults(agreed(lent), start, planned.instalment_fen, checked_rows(planned)) == []


@given(plans(unit="month"), starts, holiday_lists())
def test_due_dates_never_drift(of: PlanTerms, start: date, holidays: tuple[date, ...]) -> None:
    dues = nominal(of, start)
    anchor = of.due_day or start.day
    months = {due.year * 12 + due.month for due in dues}
    assert len(months) >= len(dues) - (of.short_month != "last_day") * len(dues) // 2
    for due in dues:
        around = [add_months(due, m, anchor, of.short_month) for m in (0, -1)]
        assert due in around
    moved = due_dates(of, start, holidays)
    if of.holidays != "shift":
        assert moved == dues
    else:
        for due, nominal_due in zip(moved, dues, strict=True):
            assert due not in holidays
            between = range(nominal_due.toordinal(), due.toordinal())
            assert all(date.fromordinal(day) in holidays for day in between)
    assert all(before <= after for before, after in pairwise(moved))


@given(amounts, st.integers(1, 3_600), st.integers(1, 60), starts)
def test_equal_instalments_differ_only_in_the_last_row(amount: int, bp: int, periods: int, start: date) -> None:
    lent = terms(amount, str(Decimal(bp) / 10_000), PlanTerms("equal_instalment", periods))
    planned = plan(lent, start)
    for row in planned.rows[:-1]:
        assert row.principal_fen + row.interest_fen == planned.instalment_fen
    last = planned.rows[-1]
    if periods > 1:
        assert abs(last.principal_fen + last.interest_fen - planned.instalment_fen) <= periods * (1 + bp // 100)


@given(
    st.integers(1, 3_600), st.integers(1, 24), st.sampled_from(("equal_instalment", "equal_principal", "interest_only"))
)
def test_without_fees_twelfths_cost_the_effective_rate(bp: int, periods: int, method: str) -> None:
    """Payments at whole twelfths of a year: the IRR by months, a year long, is (1 + r / 12)^12 - 1."""
    rate = Decimal(bp) / 10_000
    planned = plan(terms(100_000_000, str(rate), PlanTerms(method, periods)), START)  # type: ignore[arg-type]
    # a year of twelve equal months: the n-th payment falls 365 n days after twelve such steps, so a month is a "year"
    payments = [
        (START + timedelta(days=365 * number), row.principal_fen + row.interest_fen)
        for number, row in enumerate(planned.rows, 1)
    ]
    monthly = irr_of(START, 100_000_000, payments)
    assert abs(monthly - rate / 12) <= Decimal("0.000002")
    assert abs(effective_of(rate, 12) - ((1 + rate / 12) ** 12 - 1)) <= Decimal("0.0000005")


@given(starts, st.integers(0, 5), holiday_lists())
def test_grace_ends_on_a_working_day(due: date, grace_days: int, holidays: tuple[date, ...]) -> None:
    ends = grace_ends(due, grace_days, holidays)
    assert ends not in holidays
    assert ends >= due + timedelta(days=grace_days)
    assert grace_ends(due, grace_days) == due + timedelta(days=grace_days)


def test_golden_figures() -> None:
    year = plan(terms(10_000_000, "0.06", PlanTerms("equal_instalment", 12)), START)
    house = plan(terms(100_000_000, "0.049", PlanTerms("equal_instalment", 360)), START)
    assert (year.instalment_fen, house.instalment_fen) == (860_664, 530_727)
    principal = plan(terms(100_000_000, "0.049", PlanTerms("equal_principal", 360)), START)
    assert (principal.rows[0].principal_fen, principal.rows[0].interest_fen) == (277_778, 408_333)
