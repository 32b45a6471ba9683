"""退溢缴款: a surplus that is held goes back to the borrower through the core, in flight like an auto-debit."""

from actors.codes import Code
from actors.loan.approval import approved
from actors.loan.course import Course
from actors.loan.disburse import CoreBooking
from actors.loan.events_rare import RefundFailed, RefundRequested, SuspenseRefunded
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import RefundSuspense
from actors.loan.standing import stands_still
from actors.loan.state import LoanState
from actors.turn import Context, Decision, Refused


def refund(state: LoanState, command: RefundSuspense, ctx: Context) -> Decision:
    """One at a time; at most what is held. An unknown outcome keeps it in flight until the core says."""
    approval = approved(command)
    if isinstance(approval, Refused):
        return approval
    refused = stands_still(state)
    if refused is not None:
        return refused
    if state.refund is not None:
        return Refused(Code.REFUND_IN_FLIGHT, {"amount_fen": state.refund.amount_fen})
    amount = command.amount_fen or state.suspense_fen
    if amount < 0:
        return Refused(Code.BAD_AMOUNT, {"amount_fen": amount})
    if not 0 < amount <= state.suspense_fen:
        return Refused(Code.NO_SUSPENSE, {"suspense_fen": state.suspense_fen})
    course, today = Course(state, ctx), ctx.business_date
    effect_id = course.next_effect_id
    course.add(RefundRequested(effect_id=effect_id, amount_fen=amount, on=today, approval=approval))
    course.ask(
        "core.refund",
        {
            "bank": state.bank,
            "loan_id": ctx.actor_id,
            "customer_id": state.customer_id,
            "amount_fen": amount,
            "account_sealed": state.account_sealed,
            "business_date": today.isoformat(),
        },
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=state.status, effect_id=effect_id))


def refunded(course: Course, effect_id: str, booked: CoreBooking) -> None:
    pending = course.state.refund
    assert pending is not None
    course.add(
        SuspenseRefunded(
            effect_id=effect_id,
            amount_fen=pending.amount_fen,
            core_date=booked.core_date,
            core_serial=booked.core_serial,
        )
    )


def not_refunded(course: Course, effect_id: str, code: str) -> None:
    course.add(RefundFailed(effect_id=effect_id, code=code or Code.REFUND_REFUSED.word))
