"""核销 against the allowance, and what comes in afterwards (核销后收回) on the claim that is kept (账销案存).

A loan that still accrues is stopped first; the allowance is made equal to the principal, which then takes it all. The
claim does not grow any more. A recovery of principal goes back to the allowance, which is released when the claim is
met; a surplus is held.
"""

from datetime import date, timedelta

from actors.loan.allocation import COMPONENTS, PRINCIPAL_FIRST
from actors.loan.approval import begin
from actors.loan.close import stop_accrual
from actors.loan.course import Course
from actors.loan.events import LoanSettled
from actors.loan.events_rare import Recovered, WrittenOff
from actors.loan.interest import vat_within
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import WriteOff
from actors.loan.state import LoanState
from actors.turn import Context, Decision, Refused

ONE_DAY = timedelta(days=1)


def write_off(state: LoanState, command: WriteOff, ctx: Context) -> Decision:
    """An auto-debit under way does not stand in the way: what it brings is a recovery."""
    begun = begin(state, command, ctx, pinned=False)
    if isinstance(begun, Refused):
        return begun
    course, approval = begun
    if not course.state.non_accrual:
        course.add(stop_accrual(course.state, ctx.business_date + ONE_DAY, ctx.bank))
    state = course.state
    rows = state.rows[state.first_unpaid : state.fallen]
    misused = state.misuse.fen - state.misuse.fen_paid if state.misuse is not None else 0
    course.add(
        WrittenOff(
            on=ctx.business_date,
            approval=approval,
            principal_fen=state.principal_fen_outstanding,
            interest_fen=sum(row.interest_fen_unpaid for row in rows) + state.accrued_fen,
            penalty_fen=sum(row.penalty_fen_unpaid for row in rows) + misused,
            compound_fen=sum(row.compound_fen_unpaid for row in rows),
            provision_fen=state.principal_fen_outstanding - state.allowance_fen,
        )
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status))


def recover(
    course: Course, amount_fen: int, value_date: date, core_date: date, core_serial: str, source: str, effect_id: str
) -> Recovered:
    """Add `Recovered` (and `LoanSettled` when the claim is met): principal first where the bank serves loans in
    non-accrual so, else penalty, compound, interest, principal."""
    state, bank = course.state, course.ctx.bank
    assert state.claim is not None
    principal, interest, penalty, compound = state.claim.left
    owed = (penalty, compound, interest, principal)
    paid, left = [0, 0, 0, 0], amount_fen
    for component in PRINCIPAL_FIRST if bank.non_accrual_principal_first else COMPONENTS:
        paid[component] = min(left, owed[component])
        left -= paid[component]
    penalty, compound, interest, principal = paid
    vat = vat_within(penalty + compound + interest, bank.vat_rate)
    event = Recovered(
        amount_fen=amount_fen,
        principal_fen=principal,
        interest_fen=interest,
        penalty_fen=penalty,
        compound_fen=compound,
        suspense_fen=left,
        vat_fen=vat,
        vat_fen_receivable=min(vat, state.vat_fen_receivable),
        source=source,
        value_date=value_date,
        core_date=core_date,
        core_serial=core_serial,
        effect_id=effect_id,
    )
    course.add(event)
    settle_if_met(course, value_date)
    return event


def settle_if_met(course: Course, on: date) -> None:
    """结清 of a written-off loan when nothing is claimed any more."""
    state = course.state
    assert state.claim is not None
    if state.status == "written_off" and not any(state.claim.left):
        course.add(LoanSettled(on=on, allowance_fen=state.allowance_fen, vat_fen_receivable=state.vat_fen_receivable))
