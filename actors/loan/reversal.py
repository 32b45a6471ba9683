"""冲正 of a repayment on its own accounting day: red lines with the linked serial, later operations replayed over it.

The core or a counter says that what it told us is undone. A second one succeeds and does nothing; one that comes
before its original leaves a tombstone, by which the late original is refused (防悬挂).
"""

from datetime import date

from actors.codes import Code
from actors.loan.again import Edit
from actors.loan.correction import past, red, repayments, retell, view
from actors.loan.course import Course
from actors.loan.events_corrections import RepaymentCorrected, RepaymentReversed, TombstoneLeft
from actors.loan.messages_corrections import ReverseRepayment
from actors.loan.state import LoanState, tombstone
from actors.turn import Accepted, Context, Decision, Refused


def reverse_repayment(state: LoanState, command: ReverseRepayment, ctx: Context) -> Decision:
    if command.core_date != ctx.business_date:
        return Refused(Code.NOT_SAME_DAY, {"business_date": ctx.business_date.isoformat()})
    found = repayments(past(ctx), command.original_serial)
    today = [(version, event) for version, event in found if event.core_date == command.core_date]
    if not today:
        return _nothing_yet(state, command, ctx, [event.core_date for _, event in found])
    version, original = today[-1]
    for event in ctx.history:
        if isinstance(event, RepaymentReversed) and event.original_version == version:
            return Accepted((), view(ctx.actor_id, "nothing", state, state))
        if isinstance(event, RepaymentCorrected) and event.original_version == version:
            return Refused(Code.LATER_OPERATIONS, {"corrected_by": event.approval.checker})
    course = Course(state, ctx)
    if state.status in ("active", "overdue"):
        course.close_before(ctx.business_date)
    told = retell(course, version, Edit(0, original.value_date))
    if isinstance(told, Refused):
        return told
    was = course.state
    course.add(
        RepaymentReversed(
            original_version=version,
            linked_serial=original.core_serial,
            core_date=command.core_date,
            core_serial=command.core_serial,
            value_date=original.value_date,
            source=original.source,
            amount_fen=original.amount_fen,
            principal_fen=original.principal_fen,
            interest_fen=original.interest_fen,
            penalty_fen=original.penalty_fen,
            compound_fen=original.compound_fen,
            fee_fen=getattr(original, "fee_fen", 0),
            suspense_fen=original.suspense_fen,
            reason=command.reason,
            booked=red(told.more),
            money=told.money,
        )
    )
    return course.accepted(view(ctx.actor_id, "reversed", was, course.state))


def _nothing_yet(state: LoanState, command: ReverseRepayment, ctx: Context, earlier: list[date]) -> Decision:
    """Before its original; or of another day, or of the pay-out, which has a reversal of its own."""
    if earlier:
        return Refused(Code.NOT_SAME_DAY, {"core_date": earlier[-1].isoformat()})
    if command.original_serial == state.core_serial:
        return Refused(Code.NOTHING_TO_REVERSE, {"original_serial": command.original_serial})
    if tombstone(command.core_date, command.original_serial) in state.tombstones:
        return Accepted((), view(ctx.actor_id, "nothing", state, state))
    course = Course(state, ctx)
    course.add(
        TombstoneLeft(
            original_serial=command.original_serial,
            core_date=command.core_date,
            core_serial=command.core_serial,
            reason=command.reason,
        )
    )
    return course.accepted(view(ctx.actor_id, "tombstone", state, state))
