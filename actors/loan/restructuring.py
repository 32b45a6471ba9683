"""重组: a new plan from the business date on for a borrower in difficulty, special-mention at least while watched.

Arrears are put into the plan (利息转本 for interest, penalty and compound), or only their principal, or they stay due.
Interest that is not recognised cannot become principal. The running period's interest goes into the first new row.
"""

from datetime import date

from msgspec.structs import replace

from actors.codes import Code
from actors.loan.allocation import due_of
from actors.loan.approval import Begun, begin
from actors.loan.classes import SPECIAL_MENTION, allowance_fen
from actors.loan.events_rare import Restructured
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import Restructure
from actors.loan.new_plan import PERIODS_MAX, at_new_rate
from actors.loan.schedule import respread
from actors.loan.state import LoanState, Terms
from actors.schedule.due_dates import add_months, anchor_of, due_dates
from actors.turn import Context, Decision, Refused


def restructure(state: LoanState, command: Restructure, ctx: Context) -> Decision:
    begun = begin(state, command, ctx)
    if isinstance(begun, Refused):
        return begun
    state = begun.course.state
    if not 0 < command.periods <= PERIODS_MAX:
        return Refused(Code.BAD_PERIODS, {"periods": command.periods})
    terms = at_new_rate(state.terms, command.annual_rate, ctx)
    if isinstance(terms, Refused):
        return terms
    penalty, compound, interest, principal = (sum(row[n] for row in due_of(state)) for n in range(1, 5))
    capitalised = command.arrears == "capitalise"
    if capitalised and state.non_accrual and penalty + compound + interest:
        return Refused(Code.NOT_CAPITALISABLE, {"interest_fen": penalty + compound + interest})
    moved = 0 if command.arrears == "keep" else principal
    balance = state.balance_fen + moved + (penalty + compound + interest if capitalised else 0)
    if not balance:
        return Refused(Code.NOTHING_NOT_DUE)
    assert state.disbursed_on is not None
    plan = replace(
        terms.plan,
        method=command.method,
        periods=command.periods,
        due_day=anchor_of(terms.plan, state.disbursed_on),
        principal_grace=0,
        interest_grace=0,
    )
    terms = replace(terms, plan=plan)
    dues = due_dates(plan, ctx.business_date, ctx.bank.holidays)
    instalment, rows = respread(state, terms, ctx.business_date, dues, balance)
    event = _event(begun, ctx, terms)
    event = replace(
        event,
        instalment_fen=instalment,
        rows=rows,
        principal_fen_moved=moved,
        principal_fen_overdue=_overdue_fen(state) if moved else 0,
        capitalised=capitalised,
    )
    if capitalised:
        event = replace(event, interest_fen=interest, penalty_fen=penalty, compound_fen=compound)
    capital = penalty + compound + interest if capitalised else 0
    grown = replace(state, principal_fen_outstanding=state.principal_fen_outstanding + capital)
    provision = allowance_fen(grown, event.risk_class, ctx.bank) - state.allowance_fen
    begun.course.add(replace(event, provision_fen=provision))
    return begun.course.accepted(AcceptedView(loan_id=ctx.actor_id, status=begun.course.state.status))


def _event(begun: Begun, ctx: Context, terms: Terms) -> Restructured:
    state, today = begun.course.state, ctx.business_date
    until: date | None = add_months(today, ctx.bank.restructured_watch_months, today.day)
    floor = SPECIAL_MENTION
    if state.class_floor > SPECIAL_MENTION and (state.class_floor_until is None or today < state.class_floor_until):
        floor = state.class_floor
        until = None if state.class_floor_until is None or until is None else max(until, state.class_floor_until)
    return Restructured(
        on=today,
        approval=begun.approval,
        terms=terms,
        instalment_fen=0,
        rows=(),
        risk_class=max(state.risk_class, floor),
        class_floor=floor,
        class_floor_until=until,
    )


def _overdue_fen(state: LoanState) -> int:
    return sum(row.principal_fen_unpaid for row in state.rows[state.first_unpaid : state.lapsed])
