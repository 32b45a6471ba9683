"""What holds for a loan beside its sums: court freeze, disputed bureau record, the borrower's death, its account."""

from msgspec import Struct

from actors.codes import Code
from actors.customer.messages import TellAccount
from actors.loan.approval import approved
from actors.loan.course import Course
from actors.loan.events import LoanEvent
from actors.loan.events_rare import (
    AccountChanged,
    AccountChangeRequested,
    DeathRecorded,
    DisputeMarked,
    LoanFrozen,
    LoanUnfrozen,
)
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import ChangeAccount, FreezeLoan, MarkDispute, RecordDeath, UnfreezeLoan
from actors.loan.state import LoanState
from actors.turn import Context, Decision, IncidentOpened, Refused


class OwnAccount(Struct, frozen=True):
    """What the customer answers (`AccountView`)."""

    account_sealed: bytes
    account_masked: str


def stands_still(state: LoanState) -> Refused | None:
    """Why no money may be taken from, or paid to, the borrower's account by us: a court's freeze, death."""
    if state.frozen:
        return Refused(Code.LOAN_FROZEN)
    if state.died_on is not None:
        return Refused(Code.BORROWER_DECEASED)
    return None


def freeze(state: LoanState, command: FreezeLoan, ctx: Context) -> Decision:
    """One freeze at a time; a second one waits at the court until the first is lifted (轮候)."""
    if not command.document_no.strip():
        return Refused(Code.MISSING_FIELD, {"field": "document_no"})
    if state.frozen:
        return Refused(Code.LOAN_FROZEN)
    event = LoanFrozen(document_no=command.document_no.strip(), reason=command.reason, on=ctx.business_date)
    return _noted(state, event, ctx)


def unfreeze(state: LoanState, command: UnfreezeLoan, ctx: Context) -> Decision:
    """By the document that froze it."""
    if not state.frozen or command.document_no.strip() != state.frozen:
        return Refused(Code.NOT_FROZEN)
    return _noted(state, LoanUnfrozen(document_no=state.frozen, on=ctx.business_date), ctx)


def mark_dispute(state: LoanState, command: MarkDispute, ctx: Context) -> Decision:
    return _noted(state, DisputeMarked(note=command.note.strip(), on=ctx.business_date), ctx)


def record_death(state: LoanState, command: RecordDeath, ctx: Context) -> Decision:
    approval = approved(command)
    if isinstance(approval, Refused):
        return approval
    if command.died_on is not None and command.died_on > ctx.business_date:
        return Refused(Code.DATE_NOT_OPEN, {"business_date": ctx.business_date.isoformat()})
    return _noted(state, DeathRecorded(died_on=command.died_on, approval=approval), ctx)


def change_account(state: LoanState, command: ChangeAccount, ctx: Context) -> Decision:
    """The customer holds the account, checked to be in the person's own name; nothing of it passes in clear here."""
    approval = approved(command)
    if isinstance(approval, Refused):
        return approval
    course = Course(state, ctx)
    course.add(AccountChangeRequested(approval=approval))
    course.ask_actor(state.customer_id, TellAccount(loan_id=ctx.actor_id))
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=state.status))


def account_told(course: Course, effect_id: str, answer: OwnAccount) -> None:
    course.add(AccountChanged(account_sealed=answer.account_sealed, account_masked=answer.account_masked))


def account_untold(course: Course, effect_id: str, code: str) -> None:
    course.add(IncidentOpened(effect_id=effect_id, code=code or "refused", data={}))


def _noted(state: LoanState, event: LoanEvent, ctx: Context) -> Decision:
    course = Course(state, ctx)
    course.add(event)
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=state.status))
