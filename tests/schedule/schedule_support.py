"""Terms for the schedule tests: any mix of the options, within what a product could offer."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from actors.loan.schedule import Plan
from actors.loan.state import Terms
from actors.schedule.terms import PlanTerms
from cluster.verify.schedule import Agreed, Row

START = date(2026, 1, 15)
METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat")
DAY_COUNTS = ("30/360", "actual/360", "actual/364", "actual/365", "actual/actual", "30/365", "30/actual")


def terms(amount_fen: int, rate: str, plan: PlanTerms) -> Terms:
    return Terms(
        product="standard",
        amount_fen=amount_fen,
        use_code="consumption",
        plan=plan,
        grace_days=0,
        penalty_factor=Decimal("1.5"),
        prepay_fen_min=0,
        age_min=18,
        age_at_maturity_max=65,
        revolving=False,
        annual_rate=Decimal(rate),
        annual_e10=int(Decimal(rate) * 10**10),
    )


def agreed(of: Terms) -> Agreed:
    """As the checker reads them from an event."""
    return Agreed.of(msgspec.json.decode(msgspec.json.encode(of)))


def checked_rows(plan: Plan) -> list[Row]:
    return [Row(row.due, row.principal_fen, row.interest_fen) for row in plan.rows]


starts = st.dates(date(2023, 1, 1), date(2029, 12, 31))
rates = st.integers(0, 3_600).map(lambda bp: str(Decimal(bp) / 10_000))


@st.composite
def holiday_lists(draw: st.DrawFn) -> tuple[date, ...]:
    """Weekends and up to three holidays of several days, ascending."""
    first = date(2023, 1, 1)
    days = {first + timedelta(days=n) for n in range(365 * 12) if (first + timedelta(days=n)).weekday() >= 5}
    for begins in draw(st.lists(starts, max_size=3)):
        days |= {begins + timedelta(days=n) for n in range(draw(st.integers(1, 8)))}
    return tuple(sorted(days))


@st.composite
def plans(draw: st.DrawFn, **fixed: Any) -> PlanTerms:
    periods = draw(st.integers(1, 40))
    unit = draw(st.sampled_from(("month", "month", "week", "day")))
    every = draw(st.integers(1, 4)) if unit != "day" else draw(st.integers(7, 90))
    options: dict[str, Any] = {
        "method": draw(st.sampled_from(METHODS)),
        "periods": periods,
        "due_day": draw(st.integers(0, 31)) if unit == "month" else 0,
        "every": every,
        "unit": unit,
        "day_count": draw(st.sampled_from(DAY_COUNTS)),
        "whole_periods": draw(st.sampled_from(("twelfths", "by_days"))),
        "rounding": draw(st.sampled_from(("HALF_UP", "HALF_EVEN"))),
        "last_row": draw(st.sampled_from(("recompute", "keep_instalment", "smooth"))),
        "first_period": draw(st.sampled_from(("min_days", "next_month"))),
        "first_period_days_min": draw(st.integers(1, 28)),
        "odd_days": draw(st.sampled_from(("by_days", "thirtieths"))),
        "short_month": draw(st.sampled_from(("last_day", "next_month", "second_to_fourth"))),
        "holidays": draw(st.sampled_from(("none", "grace_only", "shift"))),
        "principal_grace": draw(st.integers(0, min(3, periods - 1))),
        "interest_grace": draw(st.integers(0, min(3, periods - 1))),
        "instalment_step_fen": draw(st.sampled_from((0, 0, 100, 1_000))),
    }
    return PlanTerms(**(options | fixed))
