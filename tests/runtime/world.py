"""What the conformance suite needs of a world: ways in, hands on its hosts, faults of its store, and its truth.

Three worlds keep it: the twin in memory (twin_world.py), hosts on Ray with PostgreSQL, shared and dedicated
(cluster_world.py). Tests never know which one they run on.
"""

import abc
import asyncio
import itertools
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

import msgspec

from actors.address import SHARDS, make_id, parse_id, shard_of
from actors.turn import Command, Query
from runtime.config import RuntimeConfig
from runtime.messages import Answer, Ask, Operation
from runtime.router import Reply
from storage.contract import JournalRow, OperationRow, PostingRow
from tests.runtime.account_kind import Add, GetAccount, Open
from tests.runtime.outside_desk import OutsideDesk

BANK = "B001"
OTHER_BANK = "B002"
CONFIG = RuntimeConfig(
    kinds="tests.runtime.account_kind:KINDS",
    lease_ms=1500,
    renew_ms=400,
    mailbox_max=20,
    live_max=6,
    wake_poll_ms=150,
    effect_retry_ms=300,
    effect_retry_max_ms=1500,
    effect_timeout_ms=2500,
    credit_messages=60,
    resend_ms=2000,
    placement_ms=100,
    silent_max_ms=8000,
    dedicated_max=200,
    dedicated_pause_ms=50,
)


class Fault(Enum):
    """What befalls the commit that carries a mark.

    LOST: it never reaches the server, the connection breaks. ANSWER_LOST: written, the answer is lost.
    LATE: the connection breaks before the server has begun; `World.land` lets it begin.
    CUT: begun and holding the fence when the connection breaks; it goes on at `World.land`.
    HELD: begun and holding the fence until `World.land`; the connection stays.
    STALLED: on its way until `World.land`; the server has not begun, the connection stays.
    ANSWER_HELD: written; the host waits for the answer until `World.land` (which may lose it), or dies waiting.
    """

    LOST = "lost"
    ANSWER_LOST = "answer_lost"
    LATE = "late"
    CUT = "cut"
    HELD = "held"
    STALLED = "stalled"
    ANSWER_HELD = "answer_held"


class World(abc.ABC):
    """A running system. ``store`` reads the truth, past every fault."""

    name: str
    config: RuntimeConfig = CONFIG
    outside: OutsideDesk
    store: Any
    dedicated = False
    soon_s = 5.0
    """By when an answer that is ready must have come: in the twin before a router would ask again."""

    def __init__(self) -> None:
        self._numbers = itertools.count(random.getrandbits(40))

    # -- ways in ---------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    async def send(
        self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int, via: int
    ) -> Answer:
        """Ask by the router number ``via`` (0 or 1)."""

    async def ask(
        self, id: str, message: Command | Query, *, op: str = "", bank: str = BANK, ttl_ms: int = 10_000, via: int = 0
    ) -> Answer:
        """The answer; a command gets a new operation id unless ``op`` names one."""
        operation = None if isinstance(message, Query) else Operation("test", op or new_op())
        return await self.send(parse_id(id).kind, id, bank, msgspec.msgpack.encode(message), operation, ttl_ms, via)

    async def ok(self, id: str, message: Command | Query, *, op: str = "", ttl_ms: int = 10_000) -> dict[str, Any]:
        """The view of an answer that must be a success; retries by the book what says "same id again"."""
        answer = await self.persist(id, message, op=op, ttl_ms=ttl_ms)
        assert answer.ok, (answer.code, answer.result())
        return answer.result()

    async def persist(
        self, id: str, message: Command | Query, *, op: str = "", ttl_ms: int = 3000, seconds: float = 40
    ) -> Answer:
        """As a good client: the same operation again until the answer is definite."""
        op = op or new_op()
        until = time.monotonic() + seconds
        for via in itertools.cycle((0, 1)):
            answer = await self.ask(id, message, op=op, ttl_ms=ttl_ms, via=via)
            if answer.code not in TRY_AGAIN or time.monotonic() > until:
                return answer
            await asyncio.sleep(0.02)
        raise AssertionError

    def new_id(self, kind: str, shard: int | None = None) -> str:
        number = next(self._numbers)
        return make_id(kind, number * 7919 % SHARDS if shard is None else shard, number)  # type: ignore[arg-type]

    async def account(self, *, kind: str = "loan", shard: int | None = None) -> str:
        """The id of an open account."""
        id = self.new_id(kind, shard)
        await self.ok(id, Open())
        return id

    async def balance(self, id: str) -> int:
        return int((await self.ok(id, GetAccount()))["balance"])

    async def add(self, id: str, n: int, note: str = "") -> dict[str, Any]:
        return await self.ok(id, Add(n=n, note=note))

    # -- hosts -----------------------------------------------------------------------------------------------------

    async def slot_of(self, id: str) -> int:
        return (await self.store.dedicated()).get((parse_id(id).kind, id)) or shard_of(id)

    async def owner(self, id: str) -> str:
        """The host that owns the actor's slot, by the directory ("" for none)."""
        return str((await self.store.shards())[await self.slot_of(id)][0])

    @abc.abstractmethod
    async def kill(self, host: str) -> None:
        """SIGKILL."""

    @abc.abstractmethod
    async def freeze(self, host: str) -> None:
        """SIGSTOP."""

    @abc.abstractmethod
    async def thaw(self, host: str) -> None:
        """SIGCONT."""

    @abc.abstractmethod
    async def status(self, host: str) -> dict[str, Any]: ...

    @abc.abstractmethod
    async def lift(self, host: str, id: str) -> bool: ...

    @abc.abstractmethod
    async def hand_over(self, host: str, slots: list[int], target: str) -> list[int]: ...

    @abc.abstractmethod
    async def deliver_to(self, host: str, asks: list[Ask]) -> list[Reply]:
        """Give a batch to a host past every router; what it answers at once."""

    async def take_away(self, id: str) -> tuple[str, str]:
        """Fence the actor's owner as placement would a dead one, and give the slot to another: (from, to)."""
        source, slot = await self.owner(id), await self.slot_of(id)
        target = next(name for name in await self.shared_hosts() if name != source)
        while True:  # the owner may register anew in between, and placement may act too
            row = next(h for h in await self.store.hosts() if h.id == source)
            await self.store.fence(source, row.incarnation)
            owner, epoch = (await self.store.shards())[slot]
            if owner != source or await self.store.assign([(slot, source, epoch, target)]):
                return source, target

    async def shared_hosts(self) -> list[str]:
        return [h.id for h in await self.store.hosts() if h.lease_left_ms > 0 and not h.dedicated]

    async def move(self, id: str) -> tuple[str, str]:
        """Move the actor's slot to another living host, by its owner's hand: (from, to)."""
        source, slot = await self.owner(id), await self.slot_of(id)
        target = next(name for name in await self.shared_hosts() if name != source)
        assert await self.hand_over(source, [slot], target) == [slot]
        return source, target

    # -- the store's faults ----------------------------------------------------------------------------------------

    @abc.abstractmethod
    async def order(self, fault: Fault, id: str, mark: str, *, times: int = 1) -> None:
        """Let ``fault`` befall the next commits (``times`` of them) that carry ``mark`` for the actor ``id``."""

    @abc.abstractmethod
    async def reached(self) -> None:
        """Returns when the ordered fault has taken hold."""

    @abc.abstractmethod
    async def land(self, *, lose: bool = False) -> str:
        """Let what was held up go on; its end: "" written, "fenced", or another word.

        ``lose``: the answer that was held is lost with its connection.
        """

    @abc.abstractmethod
    async def restart_database(self) -> None:
        """Crash and start again (the twin: unreachable for a moment)."""

    @abc.abstractmethod
    async def shard_journal(self, slot: int) -> list[JournalRow]:
        """Everything of one chain, by sequence."""

    @abc.abstractmethod
    async def operations(self, id: str) -> list[OperationRow]: ...

    @abc.abstractmethod
    async def postings(self, id: str) -> list[PostingRow]: ...

    @abc.abstractmethod
    async def settle(self) -> None:
        """Undo what a test may have left: faults, frozen hosts; returns when every shard has a living owner."""

    @abc.abstractmethod
    async def stop(self) -> None: ...

    @asynccontextmanager
    async def frozen(self, host: str) -> AsyncIterator[None]:
        await self.freeze(host)
        try:
            yield
        finally:
            await self.thaw(host)


TRY_AGAIN = {"overloaded", "unavailable", "outcome_unknown", "expired"}


def new_op() -> str:
    return uuid.uuid4().hex


async def until(true: Callable[[], Awaitable[Any]], seconds: float = 15) -> Any:
    """The first true value of ``true()``; fails the test after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (value := await true()):
        assert time.monotonic() < deadline, "did not come true in time"
        await asyncio.sleep(0.03)
    return value
