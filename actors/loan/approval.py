"""双人: money and class change only by two persons, on an open day, from the loan as it stands that morning."""

from typing import NamedTuple

from actors.codes import Code
from actors.loan.course import Course
from actors.loan.events_rare import Approval
from actors.loan.messages_rare import Approved
from actors.loan.state import LoanState
from actors.turn import Context, Refused


class Begun(NamedTuple):
    """The days before the business date are closed in ``course``."""

    course: Course
    approval: Approval


def approved(command: Approved) -> Approval | Refused:
    """TWO_PERSONS when one of them is missing or both are the same."""
    maker, checker = command.maker.strip(), command.checker.strip()
    if not maker or not checker or maker == checker:
        return Refused(Code.TWO_PERSONS)
    return Approval(maker, checker, command.reason)


def begin(state: LoanState, command: Approved, ctx: Context, *, pinned: bool = True) -> Begun | Refused:
    """For what takes effect on the business date. ``pinned``: not while an auto-debit made of the old figures is under
    way (REPAYMENT_IN_FLIGHT); DATE_CLOSED when the business date is closed already."""
    approval = approved(command)
    if isinstance(approval, Refused):
        return approval
    if pinned and state.debit is not None:
        return Refused(Code.REPAYMENT_IN_FLIGHT, {"kind": state.debit.kind, "amount_fen": state.debit.amount_fen})
    if state.status in ("active", "overdue") and state.closed_to is not None and state.closed_to >= ctx.business_date:
        return Refused(Code.DATE_CLOSED, {"closed_to": state.closed_to.isoformat()})
    course = Course(state, ctx)
    course.close_before(ctx.business_date)
    return Begun(course, approval)
