"""What a bank agrees on recalculation besides `PlanTerms`, and what can happen to a schedule in a trial."""

from datetime import date
from typing import Literal

from msgspec import Struct

from actors.schedule.terms import PlanTerms

Component = Literal["principal", "interest"]

FutureRule = Literal["next", "last", "all", "next_then_last"]
"""Where a payment in advance goes: the next row; the last; all rows evenly; the running row, then the last."""


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``generator``: rows follow what really happens, or the classic PMT schedule, which only stays as planned.
    ``recalculate``: payments early or late change interest; else the schedule stays as planned.

    ``rest``: from when a change of the balance counts, the day itself or the due date of the running period.
    ``pre_close``: up to when interest of an early payoff runs. A rest of ``period`` counts only together with a
    ``pre_close`` of ``rest``; rest by day with it only for what pays the loan off.
    ``overdue_interest``: overdue principal goes on bearing interest. ``order``: within an instalment, penalty and fees
    before both. ``down_payment_bp`` of what is paid out falls due the same day. ``partial_periods``: where whole
    periods bear twelfths, money paid out within one bears its days; else it counts from the period's start.
    """

    generator: Literal["progressive", "classic"] = "progressive"
    recalculate: bool = True
    rest: Literal["day", "period"] = "day"
    pre_close: Literal["day", "rest"] = "day"
    order: tuple[Component, Component] = ("interest", "principal")
    future: FutureRule = "next"
    overdue_interest: bool = True
    down_payment_bp: int = 0
    partial_periods: bool = True


class PaidOut(Struct, frozen=True, tag="paid_out"):
    """放款: the first one starts the first period."""

    date: date
    amount_fen: int


class Paid(Struct, frozen=True, tag="paid"):
    """还款 with value date ``date``; ``amount_fen`` 0 pays the loan off."""

    date: date
    amount_fen: int = 0


class DayReached(Struct, frozen=True, tag="day"):
    """The business date is now ``date``; with ``close`` overdue principal is taken into account up to it."""

    date: date
    close: bool = False


class InterestPaused(Struct, frozen=True, tag="pause"):
    """No interest from ``start`` to ``end``, both included."""

    start: date
    end: date


class RateChanged(Struct, frozen=True, tag="rate"):
    """The annual rate from ``date`` on."""

    date: date
    annual_e10: int


Happening = PaidOut | Paid | DayReached | InterestPaused | RateChanged


class Case(Struct, frozen=True, kw_only=True):
    """One trial: terms, annual rate and what happens, in the order in which it becomes known."""

    plan: PlanTerms
    annual_e10: int
    rules: Rules = Rules()
    happenings: tuple[Happening, ...] = ()
