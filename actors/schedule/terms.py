"""What schedule arithmetic must know of a loan: method, periods, conventions. Part of the terms agreed (loan/state.py).

Each field is one option of lending-rules.md; the defaults are the house's rule. New fields go to the end.
"""

from typing import Final, Literal

from msgspec import Struct

RATE_SCALE: Final = 10**10
"""Rates are integers of 10^-10 a year."""

Method = Literal["equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat"]
"""等额本息, 等额本金, 先息后本, 利随本清, 随借随还, 等本等息."""

Unit = Literal["month", "week", "day"]

Rounding = Literal["HALF_UP", "HALF_EVEN"]

LastRow = Literal["recompute", "keep_instalment", "smooth"]
"""Last row of equal instalments: recomputes its interest (and differs by some fen); keeps the instalment, interest
being the rest; or recomputes it, and the instalment is moved first so that the last row comes near it."""

DayCount = Literal[
    "30/360",
    "actual/360",
    "actual/364",
    "actual/365",
    "actual/actual",
    "30/364",
    "30/365",
    "30/actual",
]

ShortMonth = Literal["last_day", "next_month", "second_to_fourth"]

YearEnd = Literal["january_1", "december_31"]

LeapDays = Literal["leap_years", "feb_29_period"]

Holidays = Literal["none", "grace_only", "shift"]


class PlanTerms(Struct, frozen=True, array_like=True):
    """``every`` ``unit``s make a period; ``due_day`` 0 is the day of pay-out.

    ``day_count``: a day's share of a year wherever interest runs by days. ``whole_periods``: a whole period with
    balance and rate unchanged bears its twelfths of the annual rate, or interest by days as well.
    ``first_period``: a due day nearer to the pay-out than ``first_period_days_min`` begins a period later, or the first
    period always runs into the next month. ``odd_days``: an odd first period by days, or scaled by days / 30.
    ``short_month``: an anchor of 29..31 falls on a short month's last day, or on day 1..3 of the next month, or stands
    for the 2nd..4th of the next month in every month.
    ``principal_grace``, ``interest_grace``: leading periods in which none of it is due.
    ``interest_free``: leading periods that bear no interest at all (classic schedules only).
    ``instalment_step_fen``: the equal instalment is rounded to this; 0 is to the fen.
    ``year_end``: by actual/actual a stretch over a year's end is split before 1 January, or 31 December already belongs
    to the new year. ``leap_days``: a year is 366 days in leap years, or only for a stretch that contains 29 February.
    """

    method: Method
    periods: int
    due_day: int = 0
    every: int = 1
    unit: Unit = "month"
    day_count: DayCount = "actual/360"
    whole_periods: Literal["twelfths", "by_days"] = "twelfths"
    rounding: Rounding = "HALF_UP"
    last_row: LastRow = "recompute"
    prepay_keeps: Literal["term", "instalment"] = "term"
    first_period: Literal["min_days", "next_month"] = "min_days"
    first_period_days_min: int = 15
    odd_days: Literal["by_days", "thirtieths"] = "by_days"
    short_month: ShortMonth = "last_day"
    holidays: Holidays = "none"
    principal_grace: int = 0
    interest_grace: int = 0
    instalment_step_fen: int = 0
    pay_anytime_interest: Literal["on_repaid", "all_accrued"] = "all_accrued"
    year_end: YearEnd = "january_1"
    leap_days: LeapDays = "leap_years"
    interest_free: int = 0
