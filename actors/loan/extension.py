"""展期: more periods for a loan without arrears; at most the original term again, or a part of it if it is long.

New rows from the running period on. While the rate stays, the running period is whole and keeps its interest; a new
rate splits it on the business date.
"""

from msgspec.structs import replace

from actors.bank import BankTerms
from actors.codes import Code
from actors.loan.allocation import due_fen
from actors.loan.approval import begin
from actors.loan.events_rare import Extended
from actors.loan.interest import row_started
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import ExtendLoan
from actors.loan.new_plan import PERIODS_MAX, at_new_rate, dues_of
from actors.loan.schedule import respread
from actors.loan.state import LoanState
from actors.schedule.terms import PlanTerms
from actors.schedule.whole import AT_ONCE
from actors.turn import Context, Decision, Refused

_PERCENT = 100
_DAYS_OF_A_MONTH = 31


def extend(state: LoanState, command: ExtendLoan, ctx: Context) -> Decision:
    begun = begin(state, command, ctx)
    if isinstance(begun, Refused):
        return begun
    course, approval = begun
    state = course.state
    if not 0 < command.periods <= PERIODS_MAX:
        return Refused(Code.BAD_PERIODS, {"periods": command.periods})
    if due_fen(state) or state.status != "active":
        return Refused(Code.ARREARS_FIRST, {"due_fen": due_fen(state)})
    if state.fallen >= len(state.rows):
        return Refused(Code.NOTHING_NOT_DUE)
    terms = at_new_rate(state.terms, command.annual_rate, ctx)
    if isinstance(terms, Refused):
        return terms
    plan = terms.plan
    rows_now = plan.periods if plan.method in AT_ONCE else len(state.rows) - state.plan_offset
    periods, first_agreed = rows_now + command.periods, plan.periods - state.extended
    longest = first_agreed + extension_periods_max(replace(plan, periods=first_agreed), ctx.bank)
    if periods > longest:
        return Refused(Code.TERM_TOO_LONG, {"periods_max": longest})
    grace = replace(
        plan,
        periods=periods,
        principal_grace=max(0, plan.principal_grace - state.fallen),
        interest_grace=max(0, plan.interest_grace - state.fallen),
    )
    split_on = ctx.business_date
    started = row_started(state, state.fallen)
    if terms.annual_e10 == state.terms.annual_e10 and state.segment_from == started and not state.plan_offset:
        split_on = started
    dues = dues_of(state, replace(plan, periods=periods), ctx.bank.holidays)[state.fallen :]
    instalment, rows = respread(state, replace(terms, plan=grace), split_on, dues, state.balance_fen)
    course.add(
        Extended(
            on=ctx.business_date,
            approval=approval,
            split_on=split_on,
            periods=periods,
            added=max(0, periods - first_agreed),
            annual_rate=str(terms.annual_rate),
            annual_e10=terms.annual_e10,
            penalty_e10=terms.penalty_e10,
            misuse_e10=terms.misuse_e10,
            instalment_fen=instalment,
            rows=rows,
        )
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status))


def extension_periods_max(plan: PlanTerms, bank: BankTerms) -> int:
    """By how many periods a loan of this term may be extended in all, rounded down."""
    if plan.unit == "month":
        short = plan.periods * plan.every <= bank.extension_short_months
    else:
        days = plan.periods * plan.every * (7 if plan.unit == "week" else 1)
        short = days <= bank.extension_short_months * _DAYS_OF_A_MONTH
    share = bank.extension_short_percent if short else bank.extension_long_percent
    return plan.periods * share // _PERCENT
