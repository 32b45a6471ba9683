"""Moving: giving shards to another host, and making an actor a Ray actor of its own; only a live owner does either.

Part of runtime/host.py: stop taking, finish what waits for its commit, let go, then compare-and-set in the directory.
"""

import asyncio
from typing import TYPE_CHECKING

import structlog

from actors.address import shard_of
from runtime.config import wants_dedicated
from runtime.messages import Ask
from storage.contract import Directory, StoreError

if TYPE_CHECKING:
    from runtime.host import Host

log = structlog.get_logger(__name__)


class Moving:
    """What is about to leave this host: ``leaving`` slots and single actors."""

    def __init__(self, host: "Host", directory: Directory) -> None:
        self._host = host
        self._directory = directory
        self.leaving: set[int] = set()
        self._ids: dict[str, asyncio.Task[None]] = {}
        self._refused: set[str] = set()

    def on_the_way(self, slot: int, id: str) -> bool:
        """Whether nothing may be begun for this actor any more."""
        return slot in self.leaving or id in self._ids

    async def hand_over(self, slots: list[int], target: str) -> list[int]:
        """Give shards to another host, by their live owner: stop taking, finish, flush, compare-and-set."""
        mine = [slot for slot in slots if slot in self._host.lease.slots]
        self.leaving |= set(mine)
        try:
            await asyncio.gather(*(task for id, task in self._ids.items() if shard_of(id) in mine))
            await self.flush(set(mine))
            self.evict_slots(set(mine))
            owned = self._host.lease.slots
            moved = await self._directory.assign([(s, self._host.id, owned[s], target) for s in mine if s in owned])
            self._host.lease.gave_away(moved)
            return moved
        except StoreError:  # given or not, now or later: only a new incarnation knows
            await self._host.lease.start_over()
            return []
        finally:
            self.leaving -= set(mine)

    async def flush(self, slots: set[int]) -> None:
        """Returns when no turn of these slots waits for its commit (none is taken meanwhile)."""
        while any(act.pending for act in self._host.acts.values() if act.slot in slots):
            await self._host.committer.round()

    def evict_slots(self, slots: set[int]) -> None:
        """Let go of everything about these slots; what waited there is asked again by its router."""
        for id, act in list(self._host.acts.items()):
            if act.slot in slots:
                self._host.forget(id)
                for message in (*act.waiting, *act.parked):
                    self._host.away(message, act.slot)
                act.waiting, act.parked = [], []
        for slot in slots:
            self._host.committer.forget_shard(slot)

    def to_dedicate(self, ask: Ask) -> bool:
        """Whether this actor is now being made a Ray actor of its own (the policy says so and room is left)."""
        key = (ask.kind, ask.id)
        if key in self._host.lease.overrides or ask.id in self._refused:
            return False
        if not wants_dedicated(self._host.config, ask.kind, ask.bank, ask.id):
            return False
        self._ids[ask.id] = asyncio.get_running_loop().create_task(self._dedicate(ask.kind, ask.id))
        return True

    async def _dedicate(self, kind: str, id: str) -> None:
        try:
            while (act := self._host.acts.get(id)) is not None and act.pending:
                await self._host.committer.round()
            self._host.forget(id)
            slot = await self._directory.dedicate(
                self._host.id, self._host.incarnation, kind, id, self._host.config.dedicated_max
            )
            if slot:
                self._host.lease.dedicated(kind, id, slot)
            else:
                log.warning("no room for a dedicated actor: it stays in its host", kind=kind, id=id)
                self._refused.add(id)
        except StoreError as error:
            log.warning("dedicating failed, next message tries again", id=id, error=type(error).__name__)
        finally:
            self._ids.pop(id, None)
