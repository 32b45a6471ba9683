"""The command that closes a day of a loan; what a day brings is in close.py."""

from actors.codes import Code
from actors.loan.course import ONE_DAY, Course
from actors.loan.messages import AcceptedView, CloseDay
from actors.loan.state import LoanState
from actors.turn import Accepted, Context, Decision, Refused


def close_day(state: LoanState, command: CloseDay, ctx: Context) -> Decision:
    """Idempotent, in order, missed days included. A loan that is over or not yet paid out has nothing to close.

    With an auto-debit under way the close waits (REPAYMENT_IN_FLIGHT): its figures are pinned to an open day. Its end,
    or the next command, catches the days up.
    """
    if command.date > ctx.business_date:
        return Refused(Code.DATE_NOT_OPEN, {"business_date": ctx.business_date.isoformat()})
    view = AcceptedView(loan_id=ctx.actor_id, status=state.status)
    if state.status not in ("active", "overdue"):
        return Accepted((), view)
    assert state.closed_to is not None
    if command.date <= state.closed_to:
        return Accepted((), view)
    if state.debit is not None:
        return Refused(Code.REPAYMENT_IN_FLIGHT, {"kind": state.debit.kind, "on": state.debit.on.isoformat()})
    course = Course(state, ctx)
    course.close_before(command.date + ONE_DAY)
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status))
