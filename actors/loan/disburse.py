"""放款 and its 冲正: asked of the core under one number each; an unknown outcome keeps everything as it is.

The drawdown process that asked waits for `ActivityDone`. A pay-out can be reversed on its own day while nothing came
after it; a second reversal succeeds and does nothing.
"""

from datetime import date
from typing import Any

from msgspec import Struct

from actors.codes import Code
from actors.loan.course import Course
from actors.loan.events import (
    Disbursed,
    DisbursementFailed,
    DisbursementRequested,
    DisbursementReversed,
    ReversalRefused,
    ReversalRequested,
)
from actors.loan.messages import AcceptedView, Disburse, DrawFacts, PendingView, ReverseDisbursement
from actors.loan.schedule import plan
from actors.loan.state import LoanState
from actors.process.messages import ActivityDone
from actors.turn import Accepted, Context, Decision, Refused


class CoreBooking(Struct, frozen=True):
    """What the core answers when it booked."""

    core_date: date
    core_serial: str


def prepare_draw(state: LoanState, ctx: Context) -> Decision:
    facts = DrawFacts(
        loan_id=ctx.actor_id,
        customer_id=state.customer_id,
        product=state.terms.product,
        amount_fen=state.terms.amount_fen,
    )
    return Accepted((), facts)


def disburse(state: LoanState, command: Disburse, ctx: Context) -> Decision:
    course = Course(state, ctx)
    terms = state.terms
    course.add(
        DisbursementRequested(
            amount_fen=terms.amount_fen,
            effect_id=course.next_effect_id,
            process_id=command.process_id,
            process_effect=command.effect_id,
        )
    )
    course.ask(
        "core.disburse",
        {
            "bank": state.bank,
            "loan_id": ctx.actor_id,
            "customer_id": state.customer_id,
            "product": terms.product,
            "amount_fen": terms.amount_fen,
            "annual_rate": str(terms.annual_rate),
            "periods": terms.plan.periods,
            "method": terms.plan.method,
            "account_sealed": state.account_sealed,
        },
    )
    return course.accepted(PendingView())


def paid_out(course: Course, effect_id: str, booked: CoreBooking) -> None:
    terms = course.state.terms
    instalment, rows = plan(terms, booked.core_date, course.ctx.bank.holidays)
    course.add(
        Disbursed(
            amount_fen=terms.amount_fen,
            core_date=booked.core_date,
            core_serial=booked.core_serial,
            instalment_fen=instalment,
            rows=rows,
        )
    )
    data = {"core_date": booked.core_date.isoformat(), "core_serial": booked.core_serial}
    _tell_process(course, "done", "", data)


def not_paid_out(course: Course, effect_id: str, code: str) -> None:
    code = code or Code.DISBURSE_REFUSED.word
    course.add(DisbursementFailed(amount_fen=course.state.terms.amount_fen, code=code))
    _tell_process(course, "refused", code, {})


def _tell_process(course: Course, status: str, code: str, data: dict[str, Any]) -> None:
    state = course.state
    done = ActivityDone(effect_id=state.process_effect, status=status, code=code, data=data)
    course.ask_actor(state.process_id, done)


def reverse(state: LoanState, command: ReverseDisbursement, ctx: Context) -> Decision:
    if state.status in ("reversing", "reversed"):
        return Accepted((), AcceptedView(loan_id=ctx.actor_id, status=state.status))
    assert state.disbursed_on is not None
    assert state.closed_to is not None
    if state.disbursed_on != ctx.business_date:
        return Refused(Code.NOT_SAME_DAY, {"disbursed_on": state.disbursed_on.isoformat()})
    if state.money_version > 1 or state.debit is not None or state.closed_to >= state.disbursed_on:
        return Refused(Code.LATER_OPERATIONS)
    course = Course(state, ctx)
    course.add(ReversalRequested(effect_id=course.next_effect_id, reason=command.reason))
    course.ask(
        "core.reverse",
        {
            "bank": state.bank,
            "loan_id": ctx.actor_id,
            "original_effect": state.disburse_effect,
            "amount_fen": state.terms.amount_fen,
            "reason": command.reason,
        },
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status="reversing"))


def reversed_(course: Course, effect_id: str, booked: CoreBooking) -> None:
    state = course.state
    course.add(
        DisbursementReversed(
            amount_fen=state.terms.amount_fen,
            core_date=booked.core_date,
            core_serial=booked.core_serial,
            linked_serial=state.core_serial,
        )
    )


def not_reversed(course: Course, effect_id: str, code: str) -> None:
    course.add(ReversalRefused(code=code or Code.LATER_OPERATIONS.word))
