"""Actors from anywhere in the Ray cluster: ``await loan(id).ask(cmd)`` or ``ray.get(loan(id).ask.remote(cmd))``.

Works in a driver and inside any Ray actor or task connected to the cluster. The call goes to a gateway's router, so
the same placement, retries and idempotency apply as for the fronts. A refusal is a `Reply` with its code.
"""

import itertools
import time
import uuid
from typing import Any

import msgspec
import ray
from msgspec import Struct

from actors.turn import Command, Query
from runtime.ray_world import NAMESPACE

LOOK_PAUSE_S = 1.0
_turn = itertools.count()
_known: list[Any] = []
_looked = 0.0


class Reply(Struct, frozen=True):
    """``code`` "" is success with ``result`` the view as a dict; else a word of actors/codes.py and its detail."""

    code: str
    result: dict[str, Any]

    @property
    def ok(self) -> bool:
        return not self.code


class NoGateway(RuntimeError):
    """No gateway runs in this Ray cluster under the namespace; is miaodai up, and is Ray connected to it?"""


def gateways() -> list[str]:
    """Names of the gateways that run now."""
    names = ray.util.list_named_actors(all_namespaces=True)
    return sorted(n["name"] for n in names if n["namespace"] == NAMESPACE and "/gateway-" in n["name"])


def _gateway() -> Any:
    """A gateway's handle, each in turn; looked up at most every `LOOK_PAUSE_S`, for a look-up blocks."""
    global _known, _looked
    if not _known or time.monotonic() - _looked > LOOK_PAUSE_S:
        _known = [ray.get_actor(name, namespace=NAMESPACE) for name in gateways()]
        _looked = time.monotonic()
    if not _known:
        raise NoGateway(NoGateway.__doc__)
    return _known[next(_turn) % len(_known)]


class _Asking:
    """``actor.ask``: callable for an awaitable, ``.remote`` for an ObjectRef."""

    def __init__(self, actor: "ActorRef") -> None:
        self._actor = actor

    def remote(self, message: Command | Query, *, operation_id: str = "", ttl_ms: int = 10_000) -> Any:
        """An ObjectRef of a `Reply`. ``operation_id`` makes a command repeatable; by default it is a new one."""
        body = msgspec.msgpack.encode(message)
        operation = "" if isinstance(message, Query) else operation_id or uuid.uuid4().hex
        return _gateway().ask.remote(self._actor.kind, self._actor.id, self._actor.bank, body, operation, ttl_ms)

    async def __call__(self, message: Command | Query, *, operation_id: str = "", ttl_ms: int = 10_000) -> Reply:
        reply: Reply = await self.remote(message, operation_id=operation_id, ttl_ms=ttl_ms)
        return reply


class ActorRef:
    """A customer, loan or process. ``bank`` "" lets the gateway look the actor's own bank up (trusted callers)."""

    def __init__(self, kind: str, id: str, bank: str = "") -> None:
        self.kind = kind
        self.id = id
        self.bank = bank

    @property
    def ask(self) -> _Asking:
        return _Asking(self)

    def __repr__(self) -> str:
        return f"{self.kind}({self.id!r})"


def customer(id: str, bank: str = "") -> ActorRef:
    return ActorRef("customer", id, bank)


def loan(id: str, bank: str = "") -> ActorRef:
    return ActorRef("loan", id, bank)


def process(id: str, bank: str = "") -> ActorRef:
    return ActorRef("process", id, bank)


__all__ = ["ActorRef", "NoGateway", "Reply", "customer", "gateways", "loan", "process"]
