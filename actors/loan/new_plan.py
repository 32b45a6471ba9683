"""What extension and restructuring share: the rate asked for, and the due dates of a plan that goes on."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec.structs import replace

from actors.codes import Code
from actors.loan.repricing import at_rate, lpr_before
from actors.loan.state import LoanState, Terms
from actors.schedule.due_dates import due_dates
from actors.schedule.terms import PlanTerms
from actors.schedule.whole import AT_ONCE
from actors.turn import Context, Refused

PERIODS_MAX: Final = 480
_BP = 10_000


def at_new_rate(terms: Terms, annual_rate: str, ctx: Context) -> Terms | Refused:
    """``terms`` at ``annual_rate`` ("" keeps it) and, where they float, its spread over the LPR of the day.

    BAD_RATE: no number of 0..1, too fine to keep, a penalty rate of one or more, or no whole spread over the LPR.
    """
    if not annual_rate:
        return terms
    refused = Refused(Code.BAD_RATE, {"annual_rate": annual_rate[:32]})
    try:
        rate = Decimal(annual_rate)
    except InvalidOperation:
        return refused
    if not rate.is_finite() or not 0 <= rate < 1:
        return refused
    if terms.repricing != "fixed":
        lpr = lpr_before(ctx.bank, terms.lpr_tenor, ctx.business_date)
        spread = None if lpr is None else (rate - lpr) * _BP
        if spread is None or spread % 1:
            return refused
        terms = replace(terms, spread_bp=int(spread))
    return at_rate(terms, rate) or refused


def dues_of(state: LoanState, plan: PlanTerms, holidays: Sequence[date]) -> tuple[date, ...]:
    """Due dates of the rows when the plan in force goes on for ``plan.periods``: those before a restructuring stay.

    Loans repaid at once have one row, at maturity.
    """
    start = state.restructured_on or state.disbursed_on
    assert start is not None
    dues = due_dates(plan, start, holidays)
    if plan.method in AT_ONCE:
        dues = dues[-1:]
    return tuple(row.due for row in state.rows[: state.plan_offset]) + dues
