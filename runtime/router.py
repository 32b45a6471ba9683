"""The router: takes an ask to the host that owns its actor, in batches, and sees it through to an answer.

Before it: a front, or a host asking elsewhere. After it: runtime/host.py, by a `Transport`. The router owns retries:
not owner, a host that died, a host that is silent: always the same operation, so nothing is done twice. Credits per
host in messages and bytes: over them the answer is OVERLOADED at once.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol

import msgspec
import structlog

from actors.address import BadId, parse_id, shard_of
from actors.codes import Code
from runtime.config import RuntimeConfig
from runtime.messages import Answer, Ask, NotOwner, Operation, refusal
from storage.contract import Directory, StoreError

log = structlog.get_logger(__name__)
SEND_MAX = 500
REFRESH_PAUSE_S = 0.03
Reply = Answer | NotOwner


class HostGone(Exception):
    """The host cannot be reached: dead by Ray's word, or not there yet."""


class Transport(Protocol):
    """Carries a batch to a host; answers ready at once come back in the call, the others by `Router.receive`."""

    async def send(self, host: str, asks: list[Ask]) -> list[Reply]: ...


class _Pending:
    __slots__ = ("ask", "deadline", "future", "host", "resend_at", "sent", "size")

    def __init__(self, ask: Ask, deadline: float, future: "asyncio.Future[Answer]") -> None:
        self.ask = ask
        self.deadline = deadline
        self.future = future
        self.host = ""
        self.sent = False
        self.resend_at = deadline
        self.size = len(ask.body) + 100


class _Lane:
    """What is queued for and owed by one host."""

    __slots__ = ("bytes", "messages", "outbox", "senders")

    def __init__(self) -> None:
        self.outbox: list[_Pending] = []
        self.senders = 0
        self.messages = 0
        self.bytes = 0


class Router:
    """One per gateway and per host. Single-threaded on its loop."""

    def __init__(self, directory: Directory, transport: Transport, config: RuntimeConfig) -> None:
        self._directory = directory
        self._transport = transport
        self._config = config
        self._seq = 0
        self._pending: dict[int, _Pending] = {}
        self._lanes: dict[str, _Lane] = {}
        self._owners: dict[int, tuple[str, int]] = {}
        self._overrides: dict[tuple[str, str], int] = {}
        self._incarnations: dict[str, int] = {}
        self._refreshing: asyncio.Task[bool] | None = None
        self._refreshed = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._homeless = 0
        self.overloaded = 0
        self.resent = 0

    async def start(self) -> None:
        self._spawn(self._refresh_until_known())
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    async def stop(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def waiting(self) -> int:
        """Asks not answered yet."""
        return len(self._pending)

    async def ask(self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int) -> Answer:
        """The actor's answer; for a command after its commit.

        Codes of its own: BAD_ID, OVERLOADED (nothing was done), EXPIRED (never sent), OUTCOME_UNKNOWN (a command that
        was sent and not answered in time: ask again with the same operation), UNAVAILABLE (a query, likewise).
        """
        try:
            if parse_id(id).kind != kind:
                return refusal(0, Code.BAD_ID)
        except BadId:
            return refusal(0, Code.BAD_ID)
        self._seq += 1
        ask = Ask(self._seq, kind, id, bank, operation, body, ttl_ms)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        pending = _Pending(ask, time.monotonic() + ttl_ms / 1000, future)
        self._pending[ask.seq] = pending
        if not self._place(pending, check_credit=True):
            del self._pending[ask.seq]
            self.overloaded += 1
            return refusal(ask.seq, Code.OVERLOADED)
        try:
            return await future
        finally:
            self._forget(pending)

    # -- sending ---------------------------------------------------------------------------------------------------

    def _place(self, pending: _Pending, *, check_credit: bool = False) -> bool:
        """Queue it for the owner of its slot; False when that host's credit is used up."""
        ask = pending.ask
        slot = self._overrides.get((ask.kind, ask.id)) or shard_of(ask.id)
        host = self._owners.get(slot, ("", 0))[0]
        if not host:
            if check_credit and self._homeless >= self._config.credit_messages:
                return False
            self._later(pending)
            return True
        lane = self._lanes.get(host)
        if lane is None:
            lane = self._lanes[host] = _Lane()
        if check_credit and (
            lane.messages >= self._config.credit_messages or lane.bytes + pending.size > self._config.credit_bytes
        ):
            return False
        pending.host = host
        pending.resend_at = time.monotonic() + self._config.resend_ms / 1000
        lane.messages += 1
        lane.bytes += pending.size
        lane.outbox.append(pending)
        if lane.senders < self._config.sends_in_flight:
            lane.senders += 1
            self._spawn(self._send(host, lane))
        return True

    async def _send(self, host: str, lane: _Lane) -> None:
        """Send what has gathered until the outbox is empty."""
        try:
            while lane.outbox:
                part, lane.outbox = lane.outbox[:SEND_MAX], lane.outbox[SEND_MAX:]
                now = time.monotonic()
                asks = []
                for pending in part:
                    if pending.future.done() or pending.host != host:
                        continue  # answered, or asked elsewhere while this host was silent
                    pending.sent = True
                    pending.resend_at = now + self._config.resend_ms / 1000
                    pending.ask.ttl_ms = max(1, int((pending.deadline - now) * 1000))
                    asks.append(pending.ask)
                if not asks:
                    continue
                try:
                    replies = await self._transport.send(host, asks)
                except HostGone:
                    for pending in part:
                        if pending.host == host:
                            self._again(pending)
                    continue
                self.receive(host, replies)
        finally:
            lane.senders -= 1

    def receive(self, host: str, replies: list[Reply]) -> None:
        """Answers from a host; one that is no longer asked for, or from a host no longer asked, is dropped."""
        for reply in replies:
            pending = self._pending.get(reply.seq)
            if pending is None or pending.host != host or pending.future.done():
                continue
            if isinstance(reply, NotOwner):
                self._again(pending)
            else:
                pending.future.set_result(reply)

    def _forget(self, pending: _Pending) -> None:
        self._pending.pop(pending.ask.seq, None)
        self._unlane(pending)

    def _unlane(self, pending: _Pending) -> None:
        lane = self._lanes.get(pending.host)
        if lane is not None and pending.host:
            lane.messages -= 1
            lane.bytes -= pending.size
        pending.host = ""

    def _again(self, pending: _Pending) -> None:
        """Ask again, with the same operation, once the directory has been read anew."""
        if pending.future.done():
            return
        self._unlane(pending)
        pending.ask.attempt += 1
        self.resent += 1
        self._later(pending)

    def _later(self, pending: _Pending) -> None:
        self._spawn(self._place_later(pending))

    async def _place_later(self, pending: _Pending) -> None:
        self._homeless += 1
        try:
            await self.refresh()
        finally:
            self._homeless -= 1
        if not pending.future.done():
            self._place(pending)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- directory -------------------------------------------------------------------------------------------------

    async def refresh(self) -> bool:
        """Read the directory anew; many callers share one read, at most one each 30 ms."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._read())
        return await asyncio.shield(self._refreshing)

    async def _read(self) -> bool:
        pause = REFRESH_PAUSE_S - (time.monotonic() - self._refreshed)
        if pause > 0:
            await asyncio.sleep(pause)
        try:
            owners = await self._directory.shards()
            overrides = await self._directory.dedicated()
            hosts = await self._directory.hosts()
        except StoreError:
            await asyncio.sleep(0.1)
            return False
        finally:
            self._refreshed = time.monotonic()
        self._owners, self._overrides = owners, overrides
        self._incarnations = {host.id: host.incarnation for host in hosts}
        return True

    async def _refresh_until_known(self) -> None:
        while not await self.refresh():
            pass

    async def _sweep(self) -> None:
        """Deadlines, and asks that a host has been silent about."""
        while True:
            await asyncio.sleep(0.05)
            now = time.monotonic()
            silent: list[_Pending] = []
            for pending in list(self._pending.values()):
                if pending.deadline <= now:
                    self._expire(pending)
                elif pending.host and pending.resend_at <= now:
                    silent.append(pending)
            if silent:
                self._spawn(self._ask_about(silent))

    def _expire(self, pending: _Pending) -> None:
        if pending.future.done():
            return
        if pending.ask.operation is None:
            code = Code.UNAVAILABLE
        else:
            code = Code.OUTCOME_UNKNOWN if pending.sent else Code.EXPIRED
        pending.future.set_result(refusal(pending.ask.seq, code))

    async def _ask_about(self, silent: list[_Pending]) -> None:
        """Ask again what a silent host owes: a frozen host loses its shards, a reply can be lost."""
        for pending in silent:
            pending.resend_at = time.monotonic() + self._config.resend_ms / 1000
        await self.refresh()
        for pending in silent:
            self._again(pending)


def encode_asks(asks: list[Ask]) -> bytes:
    return msgspec.msgpack.encode(asks)


_ASKS = msgspec.msgpack.Decoder(list[Ask])


def decode_asks(raw: bytes) -> list[Ask]:
    return _ASKS.decode(raw)


def encode_replies(replies: list[Reply]) -> bytes:
    """Answers are [seq, code, body]; not-owners [seq, hint, epoch]: told apart by the third."""
    return msgspec.msgpack.encode(replies)


_REPLIES = msgspec.msgpack.Decoder(list[tuple[int, str, bytes | int]])


def decode_replies(raw: bytes) -> list[Reply]:
    return [
        Answer(seq, word, last) if isinstance(last, bytes) else NotOwner(seq, word, last)
        for seq, word, last in _REPLIES.decode(raw)
    ]
