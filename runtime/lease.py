"""A host's lease: renewed against the directory, counted on the host's own clock from before the renewal was sent.

While it lives the host may show committed state. When it ran out, or another incarnation took over, the host drops its
activations and registers anew without exiting; what it still owns then is what the directory says.
"""

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from runtime.config import RuntimeConfig
from storage.contract import Directory, StoreError

if TYPE_CHECKING:
    from runtime.host import Host

log = structlog.get_logger(__name__)
LOOK_PAUSE_S = 0.02


class Lease:
    """``slots`` maps each owned shard or dedicated slot to its epoch; ``overrides`` dedicated actors to their slot."""

    def __init__(self, host: "Host", directory: Directory, id: str, config: RuntimeConfig, *, dedicated: bool) -> None:
        self._host = host
        self._directory = directory
        self._id = id
        self._config = config
        self._is_dedicated = dedicated
        self._deadline = 0.0
        self._recovering = asyncio.Lock()
        self._look: asyncio.Task[None] | None = None
        self._looked = 0.0
        self._changes = 0
        self.ready = asyncio.Event()
        self.incarnation = 0
        self.slots: dict[int, int] = {}
        self.overrides: dict[tuple[str, str], int] = {}

    def alive(self) -> bool:
        return time.monotonic() < self._deadline

    async def begin(self) -> None:
        """Register and learn what is owned and what date it is; tries until the database answers.

        Dates are read when registered: whoever advances one waits for every host that is registered by then.
        """
        self.ready.clear()
        while True:
            sent = time.monotonic()
            try:
                incarnation = await self._directory.register(
                    self._id, self._config.lease_ms, dedicated=self._is_dedicated
                )
                slots = await self._directory.owned(self._id)
                self.overrides = await self._directory.dedicated()
                await self._host.banks.refresh()
            except StoreError:
                await asyncio.sleep(0.1)
                continue
            self.incarnation, self.slots = incarnation, slots
            self._deadline = sent + self._config.lease_ms / 1000
            self.ready.set()
            return

    async def recover(self) -> None:
        """Take a new incarnation: waits for, or fences, whatever the old one still has under way in the database."""
        seen = self.incarnation
        async with self._recovering:
            if self.incarnation != seen:
                return
            self.slots = {}
            await self.begin()
            log.info("new incarnation", host=self._id, incarnation=self.incarnation, slots=len(self.slots))

    async def end(self) -> None:
        try:
            await self._directory.leave(self._id, self.incarnation)
        except StoreError:
            log.warning("the lease could not be given back: it will run out", host=self._id)

    async def run(self) -> None:
        """Renew for ever; look for shards given to us."""
        while True:
            await asyncio.sleep(self._config.renew_ms / 1000)
            sent, incarnation = time.monotonic(), self.incarnation
            try:
                async with asyncio.timeout(self._config.lease_ms / 1000):
                    current = await self._directory.renew(self._id, incarnation, self._config.lease_ms)
            except (StoreError, TimeoutError):
                current = True  # not known: the deadline below decides
            else:
                if current and incarnation == self.incarnation:
                    self._deadline = sent + self._config.lease_ms / 1000
            if incarnation == self.incarnation and (not current or not self.alive()):
                log.warning("lease lost", host=self._id, fenced=not current)
                await self.start_over()
            elif current:
                await self.look()

    async def start_over(self) -> None:
        """Drop everything, take a new incarnation, decide again what was not answered."""
        messages = self._host.drop_all()
        await self.recover()
        self._host.again(messages)

    async def look(self) -> None:
        """Re-read what is owned; a shard newly ours starts with an unknown chain head."""
        self._looked = time.monotonic()
        incarnation, changes = self.incarnation, self._changes
        try:
            slots = await self._directory.owned(self._id)
            overrides = await self._directory.dedicated()
        except StoreError:
            return
        if incarnation != self.incarnation or changes != self._changes or not self.ready.is_set():
            return  # what was read may be older than what this host did meanwhile
        if changed := slots.keys() ^ self.slots.keys():
            self._host.moving.evict_slots(changed)  # of those that came, too: nothing older than our ownership may stay
        self.slots = slots
        self.overrides = overrides

    def gave_away(self, slots: list[int]) -> None:
        """These are another host's now."""
        self._changes += 1
        for slot in slots:
            self.slots.pop(slot, None)

    def dedicated(self, kind: str, id: str, slot: int) -> None:
        """This actor of ours has a slot of its own now."""
        self._changes += 1
        self.overrides[(kind, id)] = slot

    def look_soon(self) -> None:
        """A message came for a slot that is not ours: perhaps it has just become so."""
        if time.monotonic() - self._looked > LOOK_PAUSE_S and (self._look is None or self._look.done()):
            self._look = asyncio.get_running_loop().create_task(self.look())
