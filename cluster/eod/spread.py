"""Spreads an order over all slots and their hosts, again until each slot is done; and waits for dates to pass.

Hosts may die, freeze or give shards away meanwhile: what a host did not report is asked of whoever owns it then. All
orders may be given twice: what is done already is not selected again, or answers as before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from msgspec.structs import replace

from actors.address import shard_of
from actors.codes import Code
from cluster.eod.hands import Hands
from cluster.eod.order import Done, Order
from cluster.failures import Failure
from runtime.router import HostGone
from storage.contract import Directory, StoreError

AT_ONCE = 2
"""Orders under way in one host: while one waits for its last commits the other reads."""
PAUSE_S = 0.1
STUCK_S = 120.0
OnDone = Callable[[list[int], Done], Awaitable[None]]


class Stuck(Failure):
    """No host answered for `STUCK_S`; begun again, the run goes on where it stands."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{Code.EOD_STUCK.zh} {Code.EOD_STUCK.en} ({Code.EOD_STUCK.word}): {what}")


class Spread:
    """Uses the directory for who owns what and ``hands`` to ask them."""

    def __init__(self, directory: Directory, hands: Hands) -> None:
        self._directory = directory
        self._hands = hands
        self.lost = 0
        """Orders whose host died or could not be reached: what they did is done, and told to nobody."""

    async def slots(self) -> list[int]:
        """All shards, and the slots of dedicated actors."""
        return sorted(await self._directory.shards())

    async def over(self, order: Order, slots: Iterable[int], size: int, on_done: OnDone) -> None:
        """``order`` to each of ``slots``, ``size`` at a time; ``on_done`` gets the slots done and the answer.

        Raises `Stuck`.
        """
        todo = set(slots)
        patience = time.monotonic() + STUCK_S
        while todo:
            before = len(todo)
            by_host: dict[str, list[int]] = {}
            for slot, (owner, _) in (await self._shards()).items():
                if slot in todo and owner:
                    by_host.setdefault(owner, []).append(slot)
            await asyncio.gather(
                *(self._serve(host, order, mine, size, todo, on_done) for host, mine in by_host.items())
            )
            if len(todo) < before:
                patience = time.monotonic() + STUCK_S
            elif time.monotonic() > patience:
                raise Stuck(f"{len(todo)} shards")
            if todo:
                await asyncio.sleep(PAUSE_S)

    async def _serve(
        self, host: str, order: Order, mine: list[int], size: int, todo: set[int], on_done: OnDone
    ) -> None:
        groups = [mine[at : at + size] for at in range(0, len(mine), size)]
        groups.reverse()

        async def work() -> None:
            while groups:
                group = groups.pop()
                try:
                    done = await self._hands.sweep(host, replace(order, slots=tuple(group)))
                except (HostGone, StoreError):
                    self.lost += 1
                    groups.clear()
                    return
                finished = sorted(set(group) - set(done.away_slots))
                await on_done(finished, done)
                todo.difference_update(finished)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def to(self, order: Order, ids: list[str]) -> Done:
        """``order`` to these actors, once; those whose host could not be reached answer UNAVAILABLE in ``codes``."""
        dedicated = await self._directory.dedicated()
        shards = await self._shards()
        by_host: dict[str, list[str]] = {}
        for id in ids:
            slot = dedicated.get((order.errand.kind, id)) or shard_of(id)
            by_host.setdefault(shards.get(slot, ("", 0))[0], []).append(id)
        answers = await asyncio.gather(*(self._ask(host, order, mine) for host, mine in by_host.items()))
        codes: dict[str, int] = {}
        for done in answers:
            for code, count in done.codes.items():
                codes[code] = codes.get(code, 0) + count
        return Done(
            codes=codes,
            left=tuple(left for done in answers for left in done.left),
            away_ids=tuple(id for done in answers for id in done.away_ids),
        )

    async def _ask(self, host: str, order: Order, ids: list[str]) -> Done:
        try:
            if host:
                return await self._hands.sweep(host, replace(order, ids=tuple(ids)))
        except (HostGone, StoreError):
            pass
        return Done(away_ids=tuple(ids))

    async def rolled(self, bank: str, epoch: int) -> None:
        """Returns when every host has this date epoch and has committed all that it decided under an older one.

        A host that cannot be reached is waited for until it is fenced: then it commits nothing any more, and its next
        incarnation reads the dates when it registers. Raises `Stuck`.
        """
        patience = time.monotonic() + STUCK_S
        owners = {owner for owner, _ in (await self._shards()).values()}
        first = {h.id: h.incarnation for h in await self._directory.hosts() if h.lease_left_ms > 0 or h.id in owners}
        waiting = set(first)
        while waiting:
            for host in sorted(waiting):
                try:
                    if await self._hands.roll(host, bank) >= epoch:
                        waiting.discard(host)
                except (HostGone, StoreError):
                    continue
            try:
                now = {h.id: h.incarnation for h in await self._directory.hosts()}
            except StoreError:
                continue
            waiting = {host for host in waiting if now.get(host) == first[host]}
            if waiting:
                if time.monotonic() > patience:
                    raise Stuck(f"hosts {', '.join(sorted(waiting))}")
                await asyncio.sleep(PAUSE_S)

    async def _shards(self) -> dict[int, tuple[str, int]]:
        patience = time.monotonic() + STUCK_S
        while True:
            try:
                return await self._directory.shards()
            except StoreError:
                if time.monotonic() > patience:
                    raise
                await asyncio.sleep(PAUSE_S)
