"""Recalculation under any course of events: it never breaks, principal adds up, nothing is paid that was not owed."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.schedule.recalculation.run import run
from actors.schedule.recalculation.terms import (
    Case,
    DayReached,
    Happening,
    InterestPaused,
    Paid,
    PaidOut,
    RateChanged,
    Rules,
)
from actors.schedule.terms import PlanTerms

START = date(2025, 1, 31)


@st.composite
def courses(draw: st.DrawFn) -> tuple[Happening, ...]:
    """Days in order; payments on the day or earlier, pauses, new rates, closes."""
    found: list[Happening] = [PaidOut(START, draw(st.integers(1, 10_000)) * 100)]
    today = START
    for _ in range(draw(st.integers(0, 8))):
        today += timedelta(days=draw(st.integers(0, 60)))
        found.append(DayReached(today, close=draw(st.booleans())))
        earlier = START + timedelta(days=draw(st.integers(0, (today - START).days)))
        what: Any = draw(st.sampled_from(("pay", "pay", "late", "payoff", "pause", "rate")))
        match what:
            case "pay":
                found.append(Paid(today, draw(st.integers(1, 300_000))))
            case "late":
                found.append(Paid(earlier, draw(st.integers(1, 300_000))))
            case "payoff":
                found.append(Paid(today))
            case "pause":
                found.append(InterestPaused(earlier, earlier + timedelta(days=draw(st.integers(0, 90)))))
            case "rate":
                found.append(RateChanged(earlier + timedelta(days=1), draw(st.integers(0, 3_600)) * 10**6))
    return tuple(found)


rules = st.builds(
    Rules,
    recalculate=st.booleans(),
    rest=st.sampled_from(("day", "period")),
    pre_close=st.sampled_from(("day", "rest")),
    order=st.sampled_from((("interest", "principal"), ("principal", "interest"))),
    future=st.sampled_from(("next", "last", "all", "next_then_last")),
    overdue_interest=st.booleans(),
)
plans = st.builds(
    PlanTerms,
    method=st.just("equal_instalment"),
    periods=st.integers(1, 8),
    day_count=st.sampled_from(("30/360", "actual/360", "actual/365", "actual/actual")),
    whole_periods=st.just("by_days"),
    rounding=st.sampled_from(("HALF_UP", "HALF_EVEN")),
    last_row=st.sampled_from(("recompute", "smooth")),
)


@settings(max_examples=150)
@given(plans, rules, courses(), st.integers(0, 3_600))
def test_any_course_of_events(plan: PlanTerms, of: Rules, happenings: tuple[Happening, ...], bp: int) -> None:
    result = run(Case(plan=plan, annual_e10=bp * 10**6, rules=of, happenings=happenings))
    lent = sum(one.amount_fen for one in happenings if isinstance(one, PaidOut))
    assert sum(row.principal for row in result.rows) == lent
    for row in result.rows:
        assert 0 <= row.principal_paid <= row.principal
        assert 0 <= row.interest_paid <= row.interest
        assert (row.met_on is not None) == (row.owed == 0)
    for payment in result.payments:
        assert payment.amount == payment.principal + payment.interest + payment.surplus
        assert payment.surplus >= 0
    assert sum(p.principal for p in result.payments) == sum(row.principal_paid for row in result.rows)
    assert sum(p.interest for p in result.payments) == sum(row.interest_paid for row in result.rows)


def test_money_paid_out_within_a_period_bears_its_days_or_the_whole_of_it() -> None:
    """1,000 and later 250 at 12 % flat: 250 bear 17 of 31 days of July, or the whole month."""
    plan = PlanTerms("flat", 3, whole_periods="twelfths", day_count="actual/actual", rounding="HALF_EVEN")
    lent = (PaidOut(date(2024, 6, 1), 100_000), PaidOut(date(2024, 7, 15), 25_000))
    second = {}
    for partial in (True, False):
        of = Rules(recalculate=False, partial_periods=partial)
        second[partial] = run(Case(plan=plan, annual_e10=12 * 10**8, rules=of, happenings=lent)).rows[1].interest
    assert second == {True: 1_137, False: 1_250}


def test_a_down_payment_is_due_at_once_and_bears_nothing() -> None:
    plan = PlanTerms("equal_instalment", 5, every=15, unit="day", day_count="30/360", whole_periods="by_days")
    of = Rules(down_payment_bp=2_500)
    rows = run(Case(plan=plan, annual_e10=948_220_000, rules=of, happenings=(PaidOut(START, 10_000),))).rows
    assert (rows[0].due, rows[0].principal, rows[0].interest) == (START, 2_500, 0)
    assert sum(row.principal for row in rows[1:]) == 7_500
