"""减免: what the bank gives up of interest, penalty, compound or principal; limited to what is owed of each.

While interest is recognised it is taken out of income with its VAT; in non-accrual and after a write-off only memo
accounts move. Principal goes against the allowance, topped up first. The line does not get it back.
"""

from datetime import date

from msgspec.structs import replace

from actors.codes import Code
from actors.loan.allocation import COMPONENTS, INTEREST, PENALTY, PRINCIPAL, due_of
from actors.loan.approval import begin
from actors.loan.course import Course
from actors.loan.event_parts import Part, Planned
from actors.loan.events_rare import Approval, Waived
from actors.loan.interest import vat_within
from actors.loan.messages import RepaidView
from actors.loan.messages_rare import Waive
from actors.loan.post import settle_if_clear
from actors.loan.schedule import replan
from actors.loan.state import LoanState
from actors.loan.write_off import settle_if_met
from actors.turn import Context, Decision, Refused

NAMES = ("penalty_fen", "compound_fen", "interest_fen", "principal_fen")
"""By `allocation.COMPONENTS`."""
Sums = tuple[int, int, int, int]


def waive(state: LoanState, command: Waive, ctx: Context) -> Decision:
    begun = begin(state, command, ctx)
    if isinstance(begun, Refused):
        return begun
    course, approval = begun
    sums = (command.penalty_fen, command.compound_fen, command.interest_fen, command.principal_fen)
    if min(sums) < 0 or not any(sums):
        return Refused(Code.BAD_AMOUNT)
    owed = owed_of(course.state)
    if any(asked > left for asked, left in zip(sums, owed, strict=True)):
        return Refused(Code.NOT_WAIVABLE, dict(zip(NAMES, owed, strict=True)))
    if course.state.claim is not None:
        course.add(_event(course, approval, sums, claim=True))
        settle_if_met(course, ctx.business_date)
    else:
        course.add(_of_the_loan(course, approval, sums))
        settle_if_clear(course, ctx.business_date)
    after = course.state
    penalty, compound, interest, principal = sums
    view = RepaidView(
        loan_id=ctx.actor_id,
        status=after.status,
        principal_fen=principal,
        interest_fen=interest,
        penalty_fen=penalty,
        compound_fen=compound,
        suspense_fen=0,
        principal_fen_outstanding=after.principal_fen_outstanding,
    )
    return course.accepted(view)


def owed_of(state: LoanState) -> Sums:
    """Owed of penalty (misuse included), compound, interest and principal, due or not."""
    if state.claim is not None:
        principal, interest, penalty, compound = state.claim.left
        return penalty, compound, interest, principal
    due = due_of(state)
    penalty, compound, interest, _ = (sum(row[1 + component] for row in due) for component in COMPONENTS)
    return penalty, compound, interest + state.accrued_fen, state.principal_fen_outstanding


def _event(course: Course, approval: Approval, sums: Sums, *, claim: bool = False) -> Waived:
    penalty, compound, interest, principal = sums
    return Waived(
        on=course.ctx.business_date,
        approval=approval,
        principal_fen=principal,
        interest_fen=interest,
        penalty_fen=penalty,
        compound_fen=compound,
        claim=claim,
    )


def _of_the_loan(course: Course, approval: Approval, sums: Sums) -> Waived:
    state, vat_rate, today = course.state, course.ctx.bank.vat_rate, course.ctx.business_date
    parts, beyond = _parts(state, sums)
    accrued, not_due = beyond[INTEREST], beyond[PRINCIPAL]
    instalment, replanned = _replanned(state, today, not_due, accrued) if not_due else (0, None)
    vat = deferred = 0
    if not state.non_accrual:
        vat = vat_within(sum(sums[:PRINCIPAL]) - accrued, vat_rate)
        deferred = state.vat_fen_deferred - vat_within(state.accrued_fen - accrued, vat_rate) if accrued else 0
    return replace(
        _event(course, approval, sums),
        parts=parts,
        interest_fen_accrued=accrued,
        vat_fen=vat,
        vat_fen_deferred=deferred,
        principal_fen_not_due=not_due,
        instalment_fen=instalment,
        replanned=replanned,
        provision_fen=max(0, sums[PRINCIPAL] - state.allowance_fen),
    )


def _replanned(state: LoanState, today: date, not_due_fen: int, accrued_fen: int) -> tuple[int, tuple[Planned, ...]]:
    """As after a prepayment; where all principal is given up but not its interest, that stays in the running row."""
    if not_due_fen < state.balance_fen:
        return replan(state, today, not_due_fen, accrued_fen)
    billed = state.rows[state.fallen].interest_fen_paid + state.accrued_fen
    return 0, (Planned(0, billed),) if billed else ()


def _parts(state: LoanState, sums: Sums) -> tuple[tuple[Part, ...], list[int]]:
    """(parts of the rows that fell due, oldest first in each component; what is left of each beyond them)."""
    left = list(sums)
    parts = []
    for row in due_of(state):
        taken = [min(left[component], row[1 + component]) for component in COMPONENTS]
        left = [wanted - fen for wanted, fen in zip(left, taken, strict=True)]
        if any(taken):
            penalty, compound, interest, principal = taken
            parts.append(Part(row[0], penalty, interest, principal, compound))
    assert not left[PENALTY]
    return tuple(parts), left
