"""State of a customer after an event: copies what the event says, never decides and never refuses."""

from typing import Any

from msgspec.structs import replace

from actors.customer.events import (
    AccountChanged,
    ConsentGiven,
    ConsentWithdrawn,
    CustomerEvent,
    CustomerRegistered,
    DrawReopened,
    DrawsBlocked,
    DrawsUnblocked,
    LineEnded,
    LineExpired,
    LineFrozen,
    LineGranted,
    LineReserved,
    LineRestored,
    LineUnfrozen,
    OverdueCleared,
    OverdueNoted,
    RefusalNoted,
    ReservationAsked,
    ReservationConfirmed,
    ReservationKept,
    ReservationReleased,
    WhiteListed,
    WhiteListEnded,
)
from actors.customer.state import Consent, CustomerState, Draw, Line, Listing
from actors.turn import EffectDoubted, EffectRequested, EffectSettled, IncidentOpened


def evolve(state: CustomerState | None, event: CustomerEvent) -> CustomerState:
    if state is None:
        assert isinstance(event, CustomerRegistered)
        return _registered(event)
    match event:
        case ConsentGiven():
            given = Consent(event.version, event.text_hash, event.on, event.valid_until)
            return replace(state, consents={**state.consents, event.purpose: given})
        case ConsentWithdrawn():
            withdrawn = replace(state.consents[event.purpose], withdrawn=True)
            return replace(state, consents={**state.consents, event.purpose: withdrawn})
        case WhiteListed():
            listing = Listing(event.limit_fen, event.rate_bp, event.valid_until, event.batch)
            return replace(state, white_list={**state.white_list, event.product: listing})
        case WhiteListEnded():
            return replace(state, white_list=_without(state.white_list, event.product))
        case OverdueNoted():
            return replace(state, overdue=(*state.overdue, event.loan_id))
        case OverdueCleared():
            return replace(state, overdue=tuple(i for i in state.overdue if i != event.loan_id))
        case DrawsBlocked():
            return replace(state, blocked={**state.blocked, event.loan_id: event.reason})
        case DrawsUnblocked():
            return replace(state, blocked=_without(state.blocked, event.loan_id))
        case AccountChanged():
            return replace(state, account_sealed=event.account_sealed, account_masked=event.account_masked)
        case RefusalNoted():
            return replace(state, refused_until={**state.refused_until, event.product: event.until})
        case EffectRequested():
            return replace(state, effects={**state.effects, event.effect.id: event.effect})
        case EffectSettled():
            doubted = tuple(i for i in state.doubted if i != event.effect_id)
            return replace(state, effects=_without(state.effects, event.effect_id), doubted=doubted)
        case EffectDoubted():
            return replace(state, doubted=(*state.doubted, event.effect_id))
        case IncidentOpened():
            return replace(state, incidents=state.incidents + 1)
        case CustomerRegistered():
            raise AssertionError("a customer is registered once")
        case _:
            return _line(state, event)


def _line(
    state: CustomerState,
    event: LineGranted
    | LineFrozen
    | LineUnfrozen
    | LineExpired
    | LineReserved
    | ReservationConfirmed
    | ReservationReleased
    | ReservationAsked
    | ReservationKept
    | LineRestored
    | DrawReopened
    | LineEnded,
) -> CustomerState:
    match event:
        case LineGranted():
            line = Line("active", event.limit_fen, event.annual_rate, event.expires_on, event.used_fen)
            return replace(state, lines={**state.lines, event.product: line})
        case LineFrozen():
            return _with_line(state, event.product, status="frozen")
        case LineUnfrozen():
            return _with_line(state, event.product, status="active")
        case LineExpired():
            return _with_line(state, event.product, status="expired")
        case LineEnded():
            return _with_line(state, event.product, status="ended")
        case LineReserved():
            draw = Draw(event.product, event.process_id, event.amount_fen, "reserved", event.check_at_ms)
            return replace(state, draws={**state.draws, event.loan_id: draw})
        case ReservationConfirmed():
            return _confirmed(state, event)
        case ReservationReleased():
            return replace(state, draws=_without(state.draws, event.loan_id))
        case ReservationAsked():
            return _with_draw(state, event.loan_id, check_at_ms=0, asked=event.effect_id)
        case ReservationKept():
            return _with_draw(state, event.loan_id, check_at_ms=event.check_at_ms, asked="")
        case LineRestored():
            return _restored(state, event)
        case DrawReopened():
            return _reopened(state, event)


def _confirmed(state: CustomerState, event: ReservationConfirmed) -> CustomerState:
    draw = state.draws[event.loan_id]
    if draw.status == "closed":
        return replace(state, draws=_without(state.draws, event.loan_id))
    if draw.status == "used":
        return _with_draw(state, event.loan_id, unconfirmed=False)
    used_fen = state.lines[draw.product].used_fen + draw.amount_fen
    used = _with_draw(state, event.loan_id, status="used", check_at_ms=0, asked="", unconfirmed=event.implied)
    return _with_line(used, draw.product, used_fen=used_fen)


def _restored(state: CustomerState, event: LineRestored) -> CustomerState:
    """An ended draw whose confirmation has not come yet stays as closed, so that the confirmation still finds it."""
    draw = state.draws[event.loan_id]
    used_fen = state.lines[draw.product].used_fen - event.restored_fen
    if not event.ended:
        state = _with_draw(state, event.loan_id, amount_fen=event.outstanding_fen)
    elif draw.unconfirmed:
        state = _with_draw(state, event.loan_id, amount_fen=0, status="closed")
    else:
        state = replace(state, draws=_without(state.draws, event.loan_id))
    return _with_line(state, draw.product, used_fen=used_fen)


def _reopened(state: CustomerState, event: DrawReopened) -> CustomerState:
    unconfirmed = event.loan_id in state.draws  # as closed: its confirmation is still to come
    draw = Draw(event.product, event.process_id, event.outstanding_fen, "used", unconfirmed=unconfirmed)
    used_fen = state.lines[event.product].used_fen + event.taken_fen
    return _with_line(replace(state, draws={**state.draws, event.loan_id: draw}), event.product, used_fen=used_fen)


def _registered(event: CustomerRegistered) -> CustomerState:
    return CustomerState(
        id=event.customer_id,
        bank=event.bank,
        status="active",
        name_sealed=event.name_sealed,
        identity_sealed=event.identity_sealed,
        phone_sealed=event.phone_sealed,
        account_sealed=event.account_sealed,
        identity_index=event.identity_index,
        name_masked=event.name_masked,
        identity_masked=event.identity_masked,
        phone_masked=event.phone_masked,
        account_masked=event.account_masked,
        birth_date=event.birth_date,
        division=event.division,
        registered_on=event.on,
    )


def _with_line(state: CustomerState, product: str, **changes: Any) -> CustomerState:
    return replace(state, lines={**state.lines, product: replace(state.lines[product], **changes)})


def _with_draw(state: CustomerState, loan_id: str, **changes: Any) -> CustomerState:
    return replace(state, draws={**state.draws, loan_id: replace(state.draws[loan_id], **changes)})


def _without(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in table.items() if k != key}
