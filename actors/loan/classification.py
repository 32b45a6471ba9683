"""分类人工调整 and the allowance of an expected-credit-loss model: what people decide beside classes.py."""

from datetime import date

from msgspec.structs import replace

from actors.bank import BankTerms
from actors.codes import Code
from actors.loan.approval import begin
from actors.loan.classes import LOSS, NORMAL, SPECIAL_MENTION, allowance_fen, class_by_days
from actors.loan.events_rare import AllowanceSet, Reclassified
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import Reclassify, SetAllowance
from actors.loan.state import LoanState
from actors.schedule.due_dates import add_months
from actors.turn import Context, Decision, Refused


def reclassify(state: LoanState, command: Reclassify, ctx: Context) -> Decision:
    """Down at will; up only as far as overdue days and the watch of a restructuring allow (BAD_CLASS)."""
    begun = begin(state, command, ctx, pinned=False)
    if isinstance(begun, Refused):
        return begun
    course, approval = begun
    state, today, until = course.state, ctx.business_date, command.until
    best = _best(state, today, ctx.bank)
    if not NORMAL <= command.risk_class <= LOSS or command.risk_class < best:
        return Refused(Code.BAD_CLASS, {"best": best})
    if until is not None and until <= today:
        return Refused(Code.DATE_CLOSED, {"business_date": today.isoformat()})
    watched = watched_until(state, ctx.bank)
    if until is not None and watched is not None:
        until = max(until, watched)
    provision = allowance_fen(state, command.risk_class, ctx.bank) - state.allowance_fen
    course.add(
        Reclassified(on=today, approval=approval, risk_class=command.risk_class, until=until, provision_fen=provision)
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status))


def set_allowance(state: LoanState, command: SetAllowance, ctx: Context) -> Decision:
    begun = begin(state, command, ctx, pinned=False)
    if isinstance(begun, Refused):
        return begun
    course, approval = begun
    state, ecl = course.state, command.ecl_fen
    if ecl is not None and not 0 <= ecl <= state.principal_fen_outstanding:
        return Refused(Code.BAD_AMOUNT, {"principal_fen_outstanding": state.principal_fen_outstanding})
    provision = allowance_fen(replace(state, ecl_fen=ecl), state.risk_class, ctx.bank) - state.allowance_fen
    course.add(AllowanceSet(on=ctx.business_date, approval=approval, ecl_fen=ecl, provision_fen=provision))
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status))


def watched_until(state: LoanState, bank: BankTerms) -> date | None:
    """The end of a restructuring's watch period (观察期)."""
    on = state.restructured_on
    return None if on is None else add_months(on, bank.restructured_watch_months, on.day)


def _best(state: LoanState, today: date, bank: BankTerms) -> int:
    best = NORMAL
    if state.overdue:
        best = class_by_days((today - state.rows[state.first_unpaid].due).days, bank)
    watched = watched_until(state, bank)
    return max(best, SPECIAL_MENTION) if watched is not None and today < watched else best
