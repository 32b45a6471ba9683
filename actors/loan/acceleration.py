"""提前到期: the whole debt falls due on the business date; after the grace of the terms it is overdue like any row."""

from actors.codes import Code
from actors.loan.approval import begin
from actors.loan.events_rare import Accelerated
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import Accelerate
from actors.loan.state import LoanState
from actors.turn import Context, Decision, Refused


def accelerate(state: LoanState, command: Accelerate, ctx: Context) -> Decision:
    """Interest excludes the business date; a loan whose last row fell due has nothing to accelerate."""
    begun = begin(state, command, ctx)
    if isinstance(begun, Refused):
        return begun
    course, approval = begun
    state = course.state
    if state.fallen >= len(state.rows):
        return Refused(Code.NOTHING_NOT_DUE)
    course.add(
        Accelerated(
            on=ctx.business_date,
            approval=approval,
            no=state.fallen + 1,
            principal_fen=state.balance_fen,
            interest_fen=state.accrued_fen,
            vat_fen=state.vat_fen_deferred,
        )
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status))
