"""Placement: which host owns which shard. A leased row with compare-and-set; any host or gateway may hold it.

A host that is dead (by Ray's notice, or its lease ran out by the database's clock) is fenced first: its incarnation
changes, which waits out its commits in flight; only then do its shards go to others. A shard of a living host moves
only by that host's own hand (`Hands.hand_over`).
"""

import asyncio
import time
from typing import Protocol

import structlog

from actors.address import SHARDS
from runtime.config import RuntimeConfig
from storage.contract import Directory, HostRow, StoreError

log = structlog.get_logger(__name__)
BALANCE_SLACK = 64
STARTING_MAX = 4
"""Dedicated processes that start at the same time: each takes a core for a second."""


class Hands(Protocol):
    """What placement can do in the world of processes (runtime/ray_world.py)."""

    async def spawn(self, name: str, *, dedicated: bool) -> None:
        """Start a host of this name unless it is there; returns when it has been asked for."""

    async def end(self, name: str) -> None:
        """End a process that no longer answers; its host is fenced already."""

    async def hand_over(self, host: str, slots: list[int], target: str) -> None:
        """Ask a living host to give shards to another."""

    def dead(self, hosts: list[str]) -> set[str]:
        """Those of ``hosts`` that Ray has declared dead and that have not been started again."""


class NoHands:
    """Placement without processes to manage (one process, tests)."""

    async def spawn(self, name: str, *, dedicated: bool) -> None:
        return None

    async def end(self, name: str) -> None:
        return None

    async def hand_over(self, host: str, slots: list[int], target: str) -> None:
        return None

    def dead(self, hosts: list[str]) -> set[str]:
        return set()


async def settle_shards(directory: Directory, dead: set[str] | None = None) -> list[int]:
    """Fence the dead, give their shards and the unowned ones to the living; dedicated slots that need a host."""
    hosts = {host.id: host for host in await directory.hosts()}
    shards = await directory.shards()
    gone = {id for id, host in hosts.items() if host.lease_left_ms <= 0 or id in (dead or ())}
    shared = sorted(id for id, host in hosts.items() if id not in gone and not host.dedicated)
    orphans = {slot: owner for slot, (owner, _) in shards.items() if not owner or owner in gone or owner not in hosts}
    fenced = set()
    for owner in {owner for owner in orphans.values() if owner in hosts}:
        if await directory.fence(owner, hosts[owner].incarnation, expired_only=owner not in (dead or ())):
            log.warning("host fenced", host=owner, incarnation=hosts[owner].incarnation)
            fenced.add(owner)
    orphans = {slot: owner for slot, owner in orphans.items() if owner not in hosts or owner in fenced}
    moves = []
    if shared:
        for n, slot in enumerate(sorted(slot for slot in orphans if slot < SHARDS)):
            owner, epoch = shards[slot]
            moves.append((slot, owner, epoch, shared[n % len(shared)]))
    if moves:
        moved = await directory.assign(moves)
        log.info("shards assigned", shards=len(moved), hosts=len(shared))
    return sorted(slot for slot in orphans if slot >= SHARDS)


class Placement:
    """The loop that holds the lease and keeps hosts and shards as wanted."""

    def __init__(
        self, directory: Directory, hands: Hands, config: RuntimeConfig, holder: str, names: list[str]
    ) -> None:
        self._directory = directory
        self._hands = hands
        self._config = config
        self._holder = holder
        self._names = names
        self._silent: dict[str, float] = {}
        self._started = -1e9
        self.holding = False

    async def run(self) -> None:
        """For ever: try to hold the lease; the holder puts things right."""
        while True:
            await asyncio.sleep(self._config.placement_ms / 1000)
            try:
                self.holding = await self._directory.hold_placement(self._holder, self._config.lease_ms)
                if self.holding:
                    await self.once()
            except StoreError:
                self.holding = False
            except Exception as error:
                log.error("placement failed, tries again", error=f"{type(error).__name__}: {error}")

    async def once(self) -> None:
        """One round: missing hosts, orphaned shards, dedicated slots, balance."""
        hosts = {host.id: host for host in await self._directory.hosts()}
        dead = self._hands.dead([id for id, host in hosts.items() if host.lease_left_ms > 0])
        needy = await settle_shards(self._directory, dead)
        hosts = {host.id: host for host in await self._directory.hosts()}
        for name in self._names:
            if name in dead or name not in hosts or hosts[name].lease_left_ms <= 0:
                await self._hands.spawn(name, dedicated=False)
        names = {f"dedicated-{slot}" for slot in needy}
        self._silent = {name: since for name, since in self._silent.items() if name in names}
        for slot in needy:
            await self._dedicated(slot, hosts, dead)
        if not needy:
            await self._balance(hosts, dead)

    async def _dedicated(self, slot: int, hosts: dict[str, HostRow], dead: set[str]) -> None:
        """Give a dedicated slot its own host: start it, few at a time, and assign the slot once it is registered.

        Never waits here: a round that took long would lose the placement's lease, and leave dead hosts dead meanwhile.
        """
        name, now = f"dedicated-{slot}", time.monotonic()
        host = hosts.get(name)
        if host is not None and host.lease_left_ms > 0 and name not in dead:
            owner, epoch = (await self._directory.shards())[slot]
            await self._directory.assign([(slot, owner, epoch, name)])
            return
        since = self._silent.get(name)
        if since is None:
            if len(self._silent) >= STARTING_MAX or now - self._started < self._config.dedicated_pause_ms / 1000:
                return  # its turn comes
            self._silent[name] = self._started = now
        elif now - since > self._config.silent_max_ms / 1000:
            log.warning("a dedicated process stays silent, another takes its place", host=name)
            self._silent[name] = now
            await self._hands.end(name)
        await self._hands.spawn(name, dedicated=True)

    async def _balance(self, hosts: dict[str, HostRow], dead: set[str]) -> None:
        """Move part of the fullest host's shards to the emptiest when they differ by more than `BALANCE_SLACK`."""
        live = [id for id, h in hosts.items() if h.lease_left_ms > 0 and not h.dedicated and id not in dead]
        if len(live) < 2:
            return
        owned: dict[str, list[int]] = {id: [] for id in live}
        for slot, (owner, _) in (await self._directory.shards()).items():
            if slot < SHARDS and owner in owned:
                owned[owner].append(slot)
        fullest = max(live, key=lambda id: len(owned[id]))
        emptiest = min(live, key=lambda id: len(owned[id]))
        spare = (len(owned[fullest]) - len(owned[emptiest])) // 2
        if spare > BALANCE_SLACK // 2:
            log.info("balancing", source=fullest, target=emptiest, shards=spare)
            await self._hands.hand_over(fullest, owned[fullest][:spare], emptiest)
