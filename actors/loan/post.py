"""Posting a repayment: the `Repaid` event of a sum on a value date, and 结清 when nothing is owed after it.

Used for repayments collected elsewhere (PostRepayment) and for the end of our own auto-debits (debit.py).
"""

from datetime import date

from actors.codes import Code
from actors.loan.allocation import Allocation, allocate
from actors.loan.course import Course
from actors.loan.events import LoanSettled, Repaid
from actors.loan.interest import vat_within
from actors.loan.messages import PostRepayment, RepaidView
from actors.loan.schedule import replan
from actors.loan.state import LoanState
from actors.turn import Context, Decision, Refused

AMOUNT_FEN_MAX = 10**13
"""No sum of one loan comes near it (100 billion yuan); above is a mistake of the sender."""
SOURCES = frozenset({"counter", "court", "channel"})


def post_repayment(state: LoanState, command: PostRepayment, ctx: Context) -> Decision:
    """The value date is the core's date: not after the business date, and after the last closed day."""
    if not 0 < command.amount_fen <= AMOUNT_FEN_MAX:
        return Refused(Code.BAD_AMOUNT, {"amount_fen": command.amount_fen})
    if command.source not in SOURCES:
        return Refused(Code.BAD_SOURCE, {"source": command.source})
    assert state.closed_to is not None
    if command.core_date > ctx.business_date:
        return Refused(Code.DATE_NOT_OPEN, {"business_date": ctx.business_date.isoformat()})
    if command.core_date <= state.closed_to:
        return Refused(Code.DATE_CLOSED, {"closed_to": state.closed_to.isoformat()})
    course = Course(state, ctx)
    course.close_before(command.core_date)
    posted = post(course, command.amount_fen, command.core_date, command.core_date, command.core_serial, command.source)
    after = course.state
    view = RepaidView(
        loan_id=ctx.actor_id,
        status=after.status,
        principal_fen=posted.principal_fen,
        interest_fen=posted.interest_fen,
        penalty_fen=posted.penalty_fen,
        suspense_fen=posted.surplus_fen,
        principal_fen_outstanding=after.principal_fen_outstanding,
    )
    return course.accepted(view)


def post(
    course: Course,
    amount_fen: int,
    value_date: date,
    core_date: date,
    core_serial: str,
    source: str,
    effect_id: str = "",
    prepay: bool = True,
) -> Allocation:
    """Add `Repaid` (and `LoanSettled`) to ``course``, whose days before ``value_date`` are closed."""
    state = course.state
    spread = allocate(state, amount_fen, prepay=prepay)
    accrued, prepaid = spread.interest_fen_accrued, spread.principal_fen_prepaid
    vat = 0
    if accrued:
        vat = state.vat_fen_deferred - vat_within(state.accrued_fen - accrued, course.ctx.bank.vat_rate)
    instalment, replanned = replan(state, value_date, prepaid, accrued) if prepaid else (0, None)
    course.add(
        Repaid(
            amount_fen=amount_fen,
            principal_fen=spread.principal_fen,
            interest_fen=spread.interest_fen,
            penalty_fen=spread.penalty_fen,
            suspense_fen=spread.surplus_fen,
            source=source,
            value_date=value_date,
            core_date=core_date,
            core_serial=core_serial,
            effect_id=effect_id,
            parts=spread.parts,
            interest_fen_accrued=accrued,
            vat_fen=vat,
            principal_fen_prepaid=prepaid,
            instalment_fen=instalment,
            replanned=replanned,
        )
    )
    after = course.state
    owed = after.principal_fen_outstanding or after.accrued_fen or after.first_unpaid < after.fallen
    if not owed and after.status in ("active", "overdue"):
        course.add(LoanSettled(on=value_date))
    return spread
