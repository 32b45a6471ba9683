"""What happens to a process. Rule results and chosen paths are recorded, so replay needs neither engine nor terms."""

from datetime import date
from typing import Any

from msgspec import field

from actors.turn import EffectDoubted, EffectRequested, EffectSettled, Event, IncidentOpened


class ProcessStarted(Event, frozen=True, kw_only=True):
    """The token stands on the start node ``at`` of ``definition@definition_version``."""

    process_id: str
    bank: str
    definition: str
    definition_version: int
    customer_id: str
    loan_id: str = ""
    product: str = ""
    at: str
    variables: dict[str, Any]
    on: date
    at_ms: int


class TokenMoved(Event, frozen=True, kw_only=True):
    """``path``: nodes entered, gateways and rules included, the last is where the token stands now.

    ``outcomes``: ends of services told by this move (service -> code, "" done). ``learnt``: variables set by results
    and decisions. ``waits_for``: effect that moves it next, "" at an end.
    """

    path: tuple[str, ...]
    outcomes: dict[str, str] = field(default_factory=dict)
    learnt: dict[str, Any] = field(default_factory=dict)
    waits_for: str = ""


class ProcessEnded(Event, frozen=True, kw_only=True):
    """``status``: approved, refused, paid_out, failed; ``reasons``: stable code words; ``detail`` is for staff."""

    status: str
    reasons: tuple[str, ...] = ()
    limit_fen: int = 0
    annual_rate: str = ""
    score: int = 0
    detail: str = ""
    at_ms: int


ProcessEvent = (
    ProcessStarted | TokenMoved | ProcessEnded | EffectRequested | EffectSettled | EffectDoubted | IncidentOpened
)
