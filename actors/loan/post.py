"""Posting a repayment: the `Repaid` event of a sum on a value date, and 结清 when nothing is owed after it.

Used for repayments collected elsewhere (PostRepayment) and for the end of our own auto-debits (debit.py).
"""

from datetime import date

from actors.bank import BankTerms
from actors.codes import Code
from actors.loan.allocation import Allocation, allocate, due_fen
from actors.loan.course import Course
from actors.loan.events import LoanSettled, Repaid
from actors.loan.interest import vat_within
from actors.loan.messages import PostRepayment, RepaidView
from actors.loan.schedule import replan
from actors.loan.state import LoanState, tombstone
from actors.loan.write_off import recover
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
    if state.serials_on == command.core_date and command.core_serial in state.serials:
        return Refused(Code.SERIAL_POSTED, {"core_serial": command.core_serial})
    if tombstone(command.core_date, command.core_serial) in state.tombstones:
        return Refused(Code.REVERSED_BEFORE, {"core_serial": command.core_serial})
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
        compound_fen=posted.compound_fen,
        fee_fen=posted.fee_fen,
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
    spread: Allocation | None = None,
) -> Allocation:
    """Add `Repaid` (and `LoanSettled`) to ``course``, whose days before ``value_date`` are closed. ``spread``: as given
    instead of by the loan's own rules."""
    state, bank = course.state, course.ctx.bank
    if state.claim is not None:
        return _recovered(course, amount_fen, value_date, core_date, core_serial, source, effect_id)
    if spread is None:
        spread = allocate(state, amount_fen, value_date, bank, prepay=prepay)
    accrued, prepaid = spread.interest_fen_accrued, spread.principal_fen_prepaid
    vat, receivable = _vat(state, spread, bank)
    instalment, replanned = replan(state, value_date, prepaid, accrued) if prepaid else (0, None)
    course.add(
        Repaid(
            amount_fen=amount_fen,
            principal_fen=spread.principal_fen,
            interest_fen=spread.interest_fen,
            penalty_fen=spread.penalty_fen,
            compound_fen=spread.compound_fen,
            fee_fen=spread.fee_fen,
            fee_vat_fen=vat_within(spread.fee_fen, bank.vat_rate) if spread.fee_fen else 0,
            suspense_fen=spread.surplus_fen,
            source=source,
            value_date=value_date,
            core_date=core_date,
            core_serial=core_serial,
            effect_id=effect_id,
            parts=spread.parts,
            interest_fen_accrued=accrued,
            vat_fen=vat,
            vat_fen_receivable=receivable,
            principal_fen_prepaid=prepaid,
            instalment_fen=instalment,
            replanned=replanned,
        )
    )
    settle_if_clear(course, value_date)
    return spread


def _recovered(
    course: Course, amount_fen: int, value_date: date, core_date: date, core_serial: str, source: str, effect_id: str
) -> Allocation:
    """What comes in on a written-off loan is a recovery, also when it was asked for before."""
    event = recover(course, amount_fen, value_date, core_date, core_serial, source, effect_id)
    return Allocation(
        (),
        event.penalty_fen,
        event.compound_fen,
        event.interest_fen,
        event.principal_fen,
        0,
        0,
        0,
        event.suspense_fen,
    )


def _vat(state: LoanState, spread: Allocation, bank: BankTerms) -> tuple[int, int]:
    """(VAT that is due with this repayment, of it what had been due before): of early interest; or, in non-accrual, of
    all interest that comes in, which first uses up the VAT paid for interest that was reversed."""
    if not state.non_accrual:
        left = state.accrued_fen - spread.interest_fen_accrued
        return (state.vat_fen_deferred - vat_within(left, bank.vat_rate) if spread.interest_fen_accrued else 0), 0
    vat = vat_within(spread.penalty_fen + spread.compound_fen + spread.interest_fen, bank.vat_rate)
    return vat, min(vat, state.vat_fen_receivable)


def settle_if_clear(course: Course, on: date) -> None:
    """结清 when nothing is owed any more."""
    state = course.state
    owed = state.principal_fen_outstanding or state.accrued_fen or state.first_unpaid < state.fallen or due_fen(state)
    if not owed and state.status in ("active", "overdue"):
        course.add(LoanSettled(on=on, allowance_fen=state.allowance_fen, vat_fen_receivable=state.vat_fen_receivable))
