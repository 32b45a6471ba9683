"""What happens to a customer, past tense. Personal data only sealed, blinded or masked."""

from datetime import date

from actors.turn import EffectDoubted, EffectRequested, EffectSettled, Event, IncidentOpened


class CustomerRegistered(Event, frozen=True, kw_only=True):
    customer_id: str
    bank: str
    name_sealed: bytes
    identity_sealed: bytes
    phone_sealed: bytes
    account_sealed: bytes
    identity_index: bytes
    name_masked: str
    identity_masked: str
    phone_masked: str
    account_masked: str
    birth_date: date
    division: str
    on: date


class ConsentGiven(Event, frozen=True, kw_only=True):
    purpose: str
    version: str
    text_hash: str
    valid_until: date
    on: date
    at_ms: int


class ConsentWithdrawn(Event, frozen=True, kw_only=True):
    purpose: str


class WhiteListed(Event, frozen=True, kw_only=True):
    product: str
    limit_fen: int
    rate_bp: int
    valid_until: date
    batch: str


class WhiteListEnded(Event, frozen=True, kw_only=True):
    product: str


class LineGranted(Event, frozen=True, kw_only=True):
    """``used_fen``: what stays outstanding of earlier draws under the new line."""

    product: str
    limit_fen: int
    annual_rate: str
    expires_on: date
    used_fen: int
    process_id: str


class LineFrozen(Event, frozen=True, kw_only=True):
    product: str
    reason: str


class LineUnfrozen(Event, frozen=True, kw_only=True):
    product: str


class LineExpired(Event, frozen=True, kw_only=True):
    """Noted with the first change after the line's last day; it stops draws, not loans."""

    product: str


class LineReserved(Event, frozen=True, kw_only=True):
    product: str
    loan_id: str
    process_id: str
    amount_fen: int
    check_at_ms: int


class ReservationConfirmed(Event, frozen=True, kw_only=True):
    """Paid out: reserved becomes used. ``implied``: a repayment told it before the process did."""

    loan_id: str
    implied: bool = False


class ReservationReleased(Event, frozen=True, kw_only=True):
    """Definitely not paid out."""

    loan_id: str


class ReservationAsked(Event, frozen=True, kw_only=True):
    """The check time has come: effect ``effect_id`` asks the process."""

    loan_id: str
    effect_id: str


class ReservationKept(Event, frozen=True, kw_only=True):
    """No definite answer: ask again at ``check_at_ms``."""

    loan_id: str
    check_at_ms: int


class LineRestored(Event, frozen=True, kw_only=True):
    """``restored_fen`` comes back to the line; ``outstanding_fen`` of the loan is left; ``ended``: the draw is over."""

    loan_id: str
    restored_fen: int
    outstanding_fen: int
    ended: bool


class DrawReopened(Event, frozen=True, kw_only=True):
    """A draw that was over is used again: ``outstanding_fen`` of the loan; the line's use grows by ``taken_fen``."""

    loan_id: str
    product: str
    process_id: str
    outstanding_fen: int
    taken_fen: int


class LineEnded(Event, frozen=True, kw_only=True):
    """核销: the line of the written-off loan ends; nothing of its draw comes back."""

    product: str
    loan_id: str


class DrawsBlocked(Event, frozen=True, kw_only=True):
    """No draw because of this loan: ``reason`` written_off, misuse, death."""

    loan_id: str
    reason: str


class DrawsUnblocked(Event, frozen=True, kw_only=True):
    loan_id: str


class AccountChanged(Event, frozen=True, kw_only=True):
    """账户变更: the settlement account, by two persons."""

    account_sealed: bytes
    account_masked: str
    maker: str
    checker: str


class OverdueNoted(Event, frozen=True, kw_only=True):
    loan_id: str


class OverdueCleared(Event, frozen=True, kw_only=True):
    loan_id: str


class RefusalNoted(Event, frozen=True, kw_only=True):
    product: str
    until: date


CustomerEvent = (
    CustomerRegistered
    | ConsentGiven
    | ConsentWithdrawn
    | WhiteListed
    | WhiteListEnded
    | LineGranted
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
    | LineEnded
    | DrawsBlocked
    | DrawsUnblocked
    | AccountChanged
    | OverdueNoted
    | OverdueCleared
    | RefusalNoted
    | EffectRequested
    | EffectSettled
    | EffectDoubted
    | IncidentOpened
)
