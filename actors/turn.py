"""The words every actor's rules share: context in; `Accepted` or `Refused` out; effects as events.

``decide(state, command, context) -> Accepted | Refused`` and ``evolve(state, event) -> state`` are plain functions
over frozen msgspec Structs. `decide` may refuse, `evolve` never does. The runtime runs them (runtime/turn.py).
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from actors.bank import BankTerms
from actors.codes import Code


class Command(Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something asked of an actor; unknown fields are refused. (kw_only is not inherited: each subclass says it.)"""


class Query(Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True, omit_defaults=True):
    """A question about committed state; never changes anything."""


class Event(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Something that happened; unknown fields are borne, since old code may read newer journals."""


class View(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What a command or query answers: personal data masked, money in fen."""


class Vault(Protocol):
    """Encryption of personal data for one bank; keys stay with the runtime (storage/vault.py)."""

    def seal(self, owner_id: str, text: str) -> bytes: ...
    def unseal(self, owner_id: str, sealed: bytes) -> str: ...
    def blind(self, text: str) -> bytes: ...


class RuleFailed(Exception):
    """A decision model or expression is missing, broken or gave something that is not allowed (a float, no integer)."""


class Rules(Protocol):
    """The bank's decision models and expressions (runtime/rules.py, by zen-engine). Both raise `RuleFailed` only."""

    def decide(self, model: str, inputs: dict[str, Any]) -> dict[str, Any]: ...
    def expression(self, text: str, inputs: dict[str, Any]) -> Any: ...


class Context(Struct, frozen=True, kw_only=True):
    """What a turn may know besides state and command.

    ``version`` is the actor's version before the turn; ``now_ms`` wall time (never for loan logic);
    ``conflict`` names a database constraint that refused this very command a moment ago, else "". ``history``: only for
    commands that their kind declares to need it, all events so far, oldest first: ``history[i]`` has version i + 1.
    """

    actor_id: str
    version: int
    business_date: date
    now_ms: int
    bank: BankTerms
    rules: Rules
    vault: Vault
    conflict: str = ""
    history: tuple[Event, ...] = ()

    def effect_id(self, n: int) -> str:
        """Id of the n-th effect of this turn: (actor id, version, n); unique for ever."""
        return f"{self.actor_id}-{self.version}-{n}"


class Effect(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be done outside this actor after the commit.

    ``target`` is ``core.disburse``-like (system.operation), or ``actor:<id>`` with ``payload["command"]`` a tagged
    command of that kind. ``requested_ms`` is the wall time of the request.
    """

    id: str
    target: str
    payload: dict[str, Any]
    requested_ms: int


class EffectRequested(Event, frozen=True, kw_only=True):
    effect: Effect


class EffectSettled(Event, frozen=True, kw_only=True):
    """A definite outcome arrived; ``code`` is "" when it was done, else the outside's reason for refusing."""

    effect_id: str
    code: str = ""


class EffectDoubted(Event, frozen=True, kw_only=True):
    """The outcome of an attempt is unknown; written once per effect so that people can see the doubt."""

    effect_id: str


class IncidentOpened(Event, frozen=True, kw_only=True):
    """A definite result came for an effect that was settled already: never dropped, a person looks at it."""

    effect_id: str
    code: str
    data: dict[str, Any]


class SettleEffect(Command, frozen=True, kw_only=True):
    """The result of an effect's attempt, sent by the runtime.

    ``status`` is ``done``, ``refused`` (definite failure, nothing happened there) or ``unknown`` (never settles).
    """

    effect_id: str
    attempt: int
    status: str
    code: str = ""
    data: dict[str, Any] = {}


class Accepted(Struct, frozen=True):
    """The command changes the actor by ``events`` (maybe none) and is answered with ``result``."""

    events: tuple[Event, ...]
    result: View | None = None


class Refused(Struct, frozen=True):
    """A business refusal: stored and fenced like a success. ``detail`` is machine data (fields, sums), no PII."""

    code: Code
    detail: dict[str, Any] = {}


Decision = Accepted | Refused


class Posting(Struct, frozen=True, array_like=True):
    """One line of a double entry; red lines are negative. ``memo`` lines balance with their contra apart."""

    account: str
    debit_fen: int
    credit_fen: int
    memo: bool = False


def ask_actor(ctx: Context, n: int, actor_id: str, command: Command) -> EffectRequested:
    """The event that asks another actor to do ``command``; its operation id will be the effect id."""
    payload = {"command": msgspec.to_builtins(command, builtin_types=(bytes,))}
    return EffectRequested(
        effect=Effect(id=ctx.effect_id(n), target=f"actor:{actor_id}", payload=payload, requested_ms=ctx.now_ms)
    )


def ask_outside(ctx: Context, n: int, target: str, payload: dict[str, Any]) -> EffectRequested:
    """The event that asks an outside system; ``target`` as ``system.operation``."""
    return EffectRequested(effect=Effect(id=ctx.effect_id(n), target=target, payload=payload, requested_ms=ctx.now_ms))


Postings = Callable[[Any, Event, BankTerms], tuple[Posting, ...]]
