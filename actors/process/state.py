"""What a process remembers: where its token is, what it waits for, what it has learnt. Small once it has ended."""

from datetime import date
from typing import Any

from msgspec import Struct

from actors.turn import Effect


class ProcessState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One running or ended flow, pinned to ``definition@definition_version``.

    ``at``: the node of the token. ``waits_for``: id of the effect whose end moves it ("" when ended). ``variables``:
    what the gateways and decisions read; emptied at the end, the journal keeps them. ``outcomes``: service -> code of
    its last definite end ("" when done). ``status``: running, approved, refused, paid_out, failed.
    """

    id: str
    bank: str
    definition: str
    definition_version: int
    status: str = "running"
    customer_id: str
    loan_id: str = ""
    product: str = ""
    at: str
    waits_for: str = ""
    variables: dict[str, Any] = {}
    outcomes: dict[str, str] = {}
    reasons: tuple[str, ...] = ()
    limit_fen: int = 0
    annual_rate: str = ""
    score: int = 0
    started_on: date
    started_ms: int
    ended_ms: int = 0
    effects: dict[str, Effect] = {}
    doubted: tuple[str, ...] = ()
    incidents: int = 0
