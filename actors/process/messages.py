"""Commands, queries and views of the process actor: credit application (用信申请) and drawdown (提款)."""

from datetime import date
from typing import Any

from msgspec import field

from actors.customer.messages import Facts
from actors.turn import Command, Query, SettleEffect, View


class Apply(Command, frozen=True, kw_only=True):
    """Start the bank's ``credit_application`` flow for a customer and product."""

    customer_id: str
    product: str
    amount_fen: int
    periods: int
    use_code: str
    facts: Facts = Facts()


class Draw(Command, frozen=True, kw_only=True):
    """Start the bank's ``drawdown`` flow for a signed loan."""

    loan_id: str
    customer_id: str


class ActivityDone(Command, frozen=True, kw_only=True):
    """An activity that answered "pending" has ended; ``effect_id`` is the one that started it."""

    effect_id: str
    status: str
    code: str = ""
    data: dict[str, Any] = field(default_factory=dict)


class AskReservation(Command, frozen=True, kw_only=True):
    """The customer asks what became of a reservation; the answer is `ReservationAnswer`."""

    loan_id: str


class GetProcess(Query, frozen=True, kw_only=True):
    """``until_ended``: wait (to the deadline) until the process has ended."""

    until_ended: bool = False


ProcessCommand = Apply | Draw | ActivityDone | AskReservation | SettleEffect
ProcessQuery = GetProcess


class StartedView(View, frozen=True, kw_only=True):
    process_id: str
    status: str


class ReservationAnswer(View, frozen=True, kw_only=True):
    """``answer``: pending (keep), confirmed, released (definite failure, or this process never reserved it)."""

    answer: str


class ProcessView(View, frozen=True, kw_only=True):
    """``status``: running, approved, refused, paid_out, failed. ``reasons``: codes the customer may see."""

    process_id: str
    bank: str
    definition: str
    definition_version: int
    status: str
    customer_id: str
    loan_id: str
    product: str
    at: str
    reasons: tuple[str, ...]
    limit_fen: int
    annual_rate: str
    score: int
    started_on: date
    started_ms: int
    ended_ms: int
    version: int = 0
