"""A sweep: one internal command to each of many actors of this host, as normal turns, while its other traffic goes on.

The day's end is made of sweeps (cluster/eod/). Rows are read in bulk by the caller's own query and brought to life from
that read; turns go through the mailbox and the group commit like any other, a bounded number at a time so that nobody
waits long behind them; whoever was not alive before is let go again.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from runtime.activation import Activation, Message
from runtime.config import wants_dedicated
from runtime.messages import Answer, Ask, NotOwner, Operation
from storage.contract import LoadedRow

if TYPE_CHECKING:
    from runtime.host import Host

BREATH = 16
"""Turns decided in one go; then whatever else has come gets its turn."""
EVERYTHING = "*"
UNNAMED = Operation("", "")
"""Of a command that needs no operation row, because its actor's own state makes a second one do nothing."""
TTL_MS = 60_000


class Errand(Struct, frozen=True, kw_only=True):
    """What is asked of each: ``body`` the encoded command, of actors of ``bank``.

    ``channel`` "" sends it without an operation: only for a command that is idempotent by its actor's state. Otherwise
    the operation's id is ``prefix``/actor/``suffix``. ``tally`` names a field of the view: its values are counted.
    """

    kind: str
    bank: str
    body: bytes
    channel: str = ""
    prefix: str = ""
    suffix: str = ""
    tally: str = ""


class Left(Struct, frozen=True, array_like=True):
    """An actor that did not do it: the code it answered, and why if that is known."""

    id: str
    code: str
    reason: str


class Swept(Struct, kw_only=True):
    """``codes``: answers counted, "" is success; ``tally``: values of the errand's field, of successes.

    ``away``: actors whose slot is not (or no longer) this host's.
    """

    codes: dict[str, int]
    left: list[Left]
    away: list[str]
    tally: dict[str, int] = {}


class Sweeper:
    """Runs sweeps for one host; several may run at once."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._reading: list[set[str]] = []
        self.cold = 0
        self.warm = 0

    def let_go(self, id: str) -> None:
        """This actor is no longer alive: what is being read just now may be older than what it has written."""
        for gone in self._reading:
            gone.add(id)

    async def run(self, errand: Errand, read: Callable[[], Awaitable[list[LoadedRow]]]) -> Swept:
        """Send ``errand`` to each actor that ``read`` finds; returns when all have answered."""
        host = self._host
        gone: set[str] = set()
        slots, incarnation = dict(host.lease.slots), host.incarnation
        self._reading.append(gone)
        try:
            rows = await read()
        finally:
            self._reading = [other for other in self._reading if other is not gone]
        run = _Run(host, errand)
        for n, row in enumerate(rows):
            await run.room()
            slot = host.slot_of(row.kind, row.id)
            if row.id in host.acts:
                self.warm += 1
            elif self._fresh(row, slot, slots, incarnation, gone):
                host.loader.adopt(row, slot)
                run.cold.append(host.acts[row.id])
                self.cold += 1
            run.send(row.id)
            if n % BREATH == BREATH - 1:
                await asyncio.sleep(0)
        return await run.ended()

    def _fresh(self, row: LoadedRow, slot: int, slots: dict[int, int], incarnation: int, gone: set[str]) -> bool:
        """Whether nobody can have written this actor since its row was read, and it may be brought to life here."""
        host = self._host
        return (
            row.id not in gone
            and EVERYTHING not in gone
            and host.incarnation == incarnation
            and slot in slots
            and host.lease.slots.get(slot) == slots[slot]
            and not host.moving.on_the_way(slot, row.id)
            and (
                (row.kind, row.id) in host.lease.overrides
                or not wants_dedicated(host.config, row.kind, row.bank, row.id)
            )
        )


class _Run:
    """One sweep under way."""

    def __init__(self, host: "Host", errand: Errand) -> None:
        self._host = host
        self._errand = errand
        self._window = host.config.sweep_turns
        self._waiting: set[str] = set()
        self._answered = asyncio.Event()
        self.cold: deque[Activation] = deque()
        self.swept = Swept(codes={}, left=[], away=[])
        self._codes: Counter[str] = Counter()
        self._tally: Counter[str] = Counter()

    async def room(self) -> None:
        """Returns when fewer than the window's turns wait for their answers; half of it is kept full meanwhile."""
        if len(self._waiting) < self._window:
            return
        await self._until(self._window // 2)
        self._let_go()

    async def ended(self) -> Swept:
        await self._until(0)
        self._let_go()
        self.swept.codes, self.swept.tally = dict(self._codes), dict(self._tally)
        return self.swept

    async def _until(self, left: int) -> None:
        """Every message is answered or refused in the end, its time to live at the latest."""
        while len(self._waiting) > left:
            self._answered.clear()
            await self._answered.wait()

    def send(self, id: str) -> None:
        errand, host = self._errand, self._host
        operation = UNNAMED
        if errand.channel:
            operation = Operation(errand.channel, f"{errand.prefix}/{id}/{errand.suffix}")
        ask = Ask(0, errand.kind, id, errand.bank, operation, errand.body, TTL_MS)
        op_hash, digest = host.digester.of(ask) if errand.channel else (b"", b"")
        self._waiting.add(id)

        def sink(answer: Answer | NotOwner) -> None:
            if id in self._waiting:
                self._waiting.discard(id)
                self._take(id, answer)
                self._answered.set()

        host.enter(Message(ask, sink, time.monotonic() + TTL_MS / 1000, op_hash, digest))

    def _take(self, id: str, answer: Answer | NotOwner) -> None:
        if isinstance(answer, NotOwner):
            self.swept.away.append(id)
            return
        self._codes[answer.code] += 1
        if self._errand.tally and answer.ok:
            self._tally[str(answer.result().get(self._errand.tally, ""))] += 1
        if answer.code:
            reason = self._host.quarantined.get(id, "") or ", ".join(f"{k} {v}" for k, v in answer.result().items())
            self.swept.left.append(Left(id, answer.code, reason))

    def _let_go(self) -> None:
        """Whom this sweep woke and who has nothing more to do goes back to sleep; the others stay until memory asks."""
        for _ in range(len(self.cold)):
            act = self.cold.popleft()
            if self._host.acts.get(act.id) is not act:
                continue
            if act.idle:
                self._host.forget(act.id)
            else:
                self.cold.append(act)


__all__ = ["Errand", "Left", "Sweeper", "Swept"]
