"""Reads for a host, in bulk: actors brought to life, and operations looked up before they are decided again.

A fresh operation is not looked up: the commit itself finds a duplicate (docs/adr/0002). Looked up are retries
(``attempt`` > 0), everything after an unknown outcome, and for a second after a duplicate was found, everything.
"""

import asyncio
import time
from typing import TYPE_CHECKING

from actors.codes import Code
from runtime.activation import Activation, Message
from runtime.messages import refusal
from runtime.turn import answer_of
from storage.contract import LoadedRow, OperationRow, Store, StoreError

if TYPE_CHECKING:
    from runtime.host import Host

BULK = 500
SUSPICION_S = 1.0


class Loader:
    """One loop that reads whatever has gathered since its last round trip."""

    def __init__(self, host: "Host", store: Store) -> None:
        self._host = host
        self._store = store
        self._acts: dict[str, Activation] = {}
        self._to_wake: set[str] = set()
        self._look: list[tuple[Activation, Message]] = []
        self._something = asyncio.Event()
        self._suspect_until = 0.0
        self.loaded = 0

    @property
    def suspicious(self) -> bool:
        return time.monotonic() < self._suspect_until

    def suspect(self) -> None:
        """A duplicate was found: look everything up for a while, a storm of retries may be on."""
        self._suspect_until = time.monotonic() + SUSPICION_S

    def load(self, act: Activation, *, wake: bool = False) -> None:
        """Read this actor's row, then run what waits for it."""
        self._acts[act.id] = act
        if wake:
            self._to_wake.add(act.id)
        self._something.set()

    def look_up(self, act: Activation, message: Message) -> None:
        """Look for the operation's stored reply first."""
        self._look.append((act, message))
        self._something.set()

    def forget_all(self) -> list[Message]:
        """Messages whose look-up had not been answered; loads are forgotten with their activations."""
        messages = [message for _, message in self._look]
        self._look, self._acts, self._to_wake = [], {}, set()
        return messages

    async def run(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            await self._host.lease.ready.wait()
            try:
                await self._look_up()
                await self._load()
            except StoreError:
                self._something.set()
                await asyncio.sleep(0.05)

    async def _look_up(self) -> None:
        while self._look:
            part = self._look[:BULK]
            found = await self._store.find_operations([message.op_hash for _, message in part])
            if self._look[: len(part)] != part:
                return  # forgotten meanwhile: they come again after the recovery
            self._look = self._look[len(part) :]
            for _act, message in part:
                message.looked_up = True
                row = found.get(message.op_hash)
                if row is None:
                    self._host.enter(message)
                else:
                    self._reply(message, row)

    def _reply(self, message: Message, row: OperationRow) -> None:
        if row.digest == message.digest:
            message.sink(answer_of(message.ask.seq, row.reply))
        else:
            message.sink(refusal(message.ask.seq, Code.OPERATION_MISMATCH))

    async def _load(self) -> None:
        while self._acts:
            part = dict(list(self._acts.items())[:BULK])
            by_kind: dict[str, list[str]] = {}
            for act in part.values():
                by_kind.setdefault(act.kind, []).append(act.id)
            rows: dict[str, LoadedRow] = {}
            for kind, ids in by_kind.items():
                rows |= await self._store.load(kind, ids)
            for id, act in part.items():
                if self._acts.get(id) is not act:
                    continue
                del self._acts[id]
                if self._host.acts.get(id) is act:
                    self._begin(act, rows.get(id))

    def adopt(self, row: LoadedRow, slot: int) -> None:
        """Bring an actor to life from a row that was read for many at once (runtime/sweep.py)."""
        self._begin(self._host.activate(row.kind, row.id, slot), row)

    def _begin(self, act: Activation, row: LoadedRow | None) -> None:
        self.loaded += 1
        try:
            if row is None:
                act.load("", 0, None, 0)
            else:
                act.load(row.bank, row.version, act.codecs.state.decode(row.state), row.wake_at_ms)
                self._host.weigh(act, len(row.state))
        except Exception as error:
            act.loaded = True
            self._host.poison(act, f"stored state cannot be read: {type(error).__name__}")
        waiting, act.waiting = act.waiting, []
        for message in waiting:
            self._host.arrive(act, message)
        if act.id in self._to_wake:
            self._to_wake.discard(act.id)
            self._host.waking.wake(act)
