"""The customer actor (客户): one person at one bank, with consents, white lists, credit lines and draws on them. Pure.

Commands come from the fronts, from the application and drawdown processes, from loans and from the runtime's wake-up.
Lines and draws have their rules in draws.py and lines.py; here is the table of what may follow what, and the dispatch.
"""

from typing import Any, assert_never

from actors.codes import Code
from actors.customer.account import account_view, change_account
from actors.customer.draws import ask_processes, check_draw, confirm, release, reopen, reserve, restore, settle
from actors.customer.events import (
    CustomerEvent,
    DrawsBlocked,
    DrawsUnblocked,
    LineExpired,
    OverdueCleared,
    OverdueNoted,
    RefusalNoted,
)
from actors.customer.evolution import evolve as evolve
from actors.customer.line import OVER, line_ends, status_on
from actors.customer.lines import freeze, grant, unfreeze
from actors.customer.messages import (
    BlockDraws,
    ChangeSettlementAccount,
    CheckDraw,
    CheckReservations,
    ConfirmReservation,
    CustomerCommand,
    CustomerQuery,
    CustomerView,
    ExpireLines,
    FreezeLine,
    GetCustomer,
    GetLines,
    GiveConsent,
    GrantLine,
    LinesView,
    NoteOverdue,
    NoteRefusal,
    PutOnWhiteList,
    RegisterCustomer,
    ReleaseReservation,
    RemindDue,
    ReopenDraw,
    ReserveLine,
    RestoreLine,
    SnapshotCustomer,
    TakeOffWhiteList,
    TellAccount,
    UnfreezeLine,
    WithdrawConsent,
)
from actors.customer.permissions import give_consent, put_on_white_list, take_off_white_list, withdraw_consent
from actors.customer.postings import postings as postings
from actors.customer.registration import register
from actors.customer.reminder import remind_due
from actors.customer.state import CustomerState
from actors.customer.views import customer_view, line_views, snapshot
from actors.turn import Accepted, Context, Decision, Effect, Refused, SettleEffect

LINE_TRANSITIONS: dict[tuple[str, type], tuple[str, ...]] = {
    ("none", GrantLine): ("active",),
    ("active", GrantLine): ("active",),
    ("expired", GrantLine): ("active",),
    ("ended", GrantLine): ("active",),
    ("active", FreezeLine): ("frozen",),
    ("frozen", UnfreezeLine): ("active",),
    ("active", CheckDraw): ("active",),
    ("active", ReserveLine): ("active",),
}
"""Line status x command -> statuses. A missing cell is refused with the code of `MISSING_LINE_CELL`."""

MISSING_LINE_CELL = {
    "none": Code.LINE_MISSING,
    "active": Code.LINE_STATUS,
    "frozen": Code.LINE_FROZEN,
    "expired": Code.LINE_EXPIRED,
    "ended": Code.LINE_ENDED,
}

DRAW_TRANSITIONS: dict[tuple[str, type], tuple[str, ...]] = {
    ("none", ReserveLine): ("reserved",),
    ("reserved", ReserveLine): ("reserved",),
    ("reserved", ConfirmReservation): ("used",),
    ("used", ConfirmReservation): ("used",),
    ("closed", ConfirmReservation): ("none",),
    ("none", ReleaseReservation): ("none",),
    ("reserved", ReleaseReservation): ("none",),
    ("reserved", RestoreLine): ("used", "closed"),
    ("used", RestoreLine): ("used", "none"),
    ("none", ReopenDraw): ("used",),
    ("closed", ReopenDraw): ("used",),
}
"""Status of a loan's draw x command -> statuses. A missing cell: RESERVATION_MISSING for none, else LINE_STATUS."""

EVENTS = CustomerEvent
STATE = CustomerState
CREATES = (RegisterCustomer,)


def decide(state: CustomerState | None, command: CustomerCommand, ctx: Context) -> Decision:
    if isinstance(command, RegisterCustomer):
        return register(command, ctx) if state is None else Refused(Code.ALREADY_EXISTS)
    if state is None:
        return Refused(Code.NOT_FOUND)
    if code := _missing_cell(state, command, ctx):
        return Refused(code)
    decision = _dispatch(state, command, ctx)
    if isinstance(decision, Accepted) and decision.events and not isinstance(command, ExpireLines):
        return Accepted((*_expiries(state, ctx), *decision.events), decision.result)
    return decision


def _missing_cell(state: CustomerState, command: CustomerCommand, ctx: Context) -> Code | None:
    """The code of a cell that is in neither table; None when the command is no business of a line or draw."""
    if isinstance(command, GrantLine | FreezeLine | UnfreezeLine | CheckDraw | ReserveLine):
        if command.product not in ctx.bank.products:
            return Code.UNKNOWN_PRODUCT
        line = status_on(state.lines.get(command.product), ctx.business_date)
        if (line, type(command)) not in LINE_TRANSITIONS:
            return MISSING_LINE_CELL[line]
    if isinstance(command, ReserveLine | ConfirmReservation | ReleaseReservation | RestoreLine | ReopenDraw):
        draw = state.draws[command.loan_id].status if command.loan_id in state.draws else "none"
        if (draw, type(command)) not in DRAW_TRANSITIONS:
            return Code.RESERVATION_MISSING if draw == "none" else Code.LINE_STATUS
    return None


def _dispatch(state: CustomerState, command: CustomerCommand, ctx: Context) -> Decision:
    match command:
        case GiveConsent():
            return give_consent(command, ctx)
        case WithdrawConsent():
            return withdraw_consent(state, command, ctx)
        case PutOnWhiteList():
            return put_on_white_list(command, ctx)
        case TakeOffWhiteList():
            return take_off_white_list(state, command)
        case GrantLine():
            return grant(state, command, ctx)
        case FreezeLine():
            return freeze(command)
        case UnfreezeLine():
            return unfreeze(command)
        case CheckDraw():
            return check_draw(state, command, ctx)
        case ReserveLine():
            return reserve(state, command, ctx)
        case ConfirmReservation():
            return confirm(state, command)
        case ReleaseReservation():
            return release(state, command)
        case RestoreLine():
            return restore(state, command, ctx)
        case ReopenDraw():
            return reopen(state, command)
        case CheckReservations():
            return ask_processes(state, ctx)
        case ExpireLines():
            return _expire_lines(state, command, ctx)
        case RemindDue():
            return remind_due(state, command, ctx)
        case NoteOverdue():
            return _note_overdue(state, command)
        case BlockDraws():
            return _block_draws(state, command)
        case ChangeSettlementAccount():
            return change_account(command, ctx)
        case TellAccount():
            return Accepted((), account_view(state))
        case NoteRefusal():
            return _note_refusal(state, command, ctx)
        case SnapshotCustomer():
            if command.product not in ctx.bank.products:
                return Refused(Code.UNKNOWN_PRODUCT)
            return Accepted((), snapshot(state, command.product, ctx))
        case SettleEffect():
            return settle(state, command, ctx)
        case RegisterCustomer():
            raise AssertionError("decided before")
        case _:
            assert_never(command)


def _expiries(state: CustomerState, ctx: Context) -> tuple[LineExpired, ...]:
    """Lines whose last day has passed are noted with the next change: the promise leaves memo M1."""
    return tuple(
        LineExpired(product=product)
        for product, line in state.lines.items()
        if line.status not in OVER and status_on(line, ctx.business_date) == "expired"
    )


def _note_overdue(state: CustomerState, command: NoteOverdue) -> Decision:
    if command.overdue == (command.loan_id in state.overdue):
        return Accepted(())
    noted = OverdueNoted if command.overdue else OverdueCleared
    return Accepted((noted(loan_id=command.loan_id),))


def _block_draws(state: CustomerState, command: BlockDraws) -> Decision:
    if state.blocked.get(command.loan_id, "") == command.reason:
        return Accepted(())
    if not command.reason:
        return Accepted((DrawsUnblocked(loan_id=command.loan_id),))
    return Accepted((DrawsBlocked(loan_id=command.loan_id, reason=command.reason),))


def _note_refusal(state: CustomerState, command: NoteRefusal, ctx: Context) -> Decision:
    """A refusal inside the cool-off days does not prolong them."""
    until = state.refused_until.get(command.product)
    if (until is not None and ctx.business_date <= until) or command.until < ctx.business_date:
        return Accepted(())
    return Accepted((RefusalNoted(product=command.product, until=command.until),))


def _expire_lines(state: CustomerState, command: ExpireLines, ctx: Context) -> Decision:
    """Notes lines that ended up to ``date``; a line that ends today is good until the date moves."""
    if command.date >= ctx.business_date:
        return Refused(Code.DATE_NOT_OPEN, {"business_date": ctx.business_date.isoformat()})
    return Accepted(_expiries(state, ctx))


def respond(state: CustomerState, query: CustomerQuery, ctx: Context) -> CustomerView | LinesView:
    match query:
        case GetCustomer():
            return customer_view(state, ctx)
        case GetLines():
            return LinesView(customer_id=state.id, lines=line_views(state, ctx))


def timers(state: CustomerState) -> int:
    """Wall time in ms of the earliest check of a reservation; 0: none. The runtime then sends `CheckReservations`."""
    return min((d.check_at_ms for d in state.draws.values() if d.status == "reserved" and d.check_at_ms), default=0)


def columns(state: CustomerState) -> tuple[Any, ...]:
    """Order of `storage.contract.COLUMNS["customer"]`."""
    return (state.identity_index, state.status, line_ends(state))


def effects(state: CustomerState) -> dict[str, Effect]:
    return state.effects
