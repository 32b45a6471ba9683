"""The directory of owners in memory: the twin of storage/directory.py, with leases on the monotonic clock."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage.contract import Fenced, HostRow, LoadedRow, Unreachable
from storage.faults import Faults

SHARDS = 1024


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class MemoryDirectory:
    """`storage.contract.Directory` in memory. Waits out commits in flight exactly where PostgreSQL's row lock would."""

    def __init__(self, clock_ms: Callable[[], int] = monotonic_ms) -> None:
        self.faults = Faults()
        self.clock_ms = clock_ms
        self._next_incarnation = 1
        self._hosts: dict[str, tuple[int, int, bool]] = {}  # incarnation, lease end (ms), dedicated
        self._shards: dict[int, tuple[str, int]] = dict.fromkeys(range(SHARDS), ("", 0))
        self._dedicated: dict[tuple[str, str], int] = {}
        self._placement: tuple[str, int] = ("", 0)
        self._in_flight: dict[str, set[asyncio.Future[None]]] = {}
        self._rows: dict[tuple[str, str], LoadedRow] = {}

    async def register(self, host: str, lease_ms: int, dedicated: bool = False) -> int:
        await self._quiet(host)
        incarnation = self._fresh()
        self._hosts[host] = (incarnation, self.clock_ms() + lease_ms, dedicated)
        for shard in await self.owned(host):
            self._shards[shard] = (host, self._shards[shard][1] + 1)
        return incarnation

    async def renew(self, host: str, incarnation: int, lease_ms: int) -> bool:
        self._reachable()
        if not self._current(host, incarnation):
            return False
        self._hosts[host] = (incarnation, self.clock_ms() + lease_ms, self._hosts[host][2])
        return True

    async def leave(self, host: str, incarnation: int) -> None:
        await self._quiet(host)
        if self._current(host, incarnation):
            del self._hosts[host]
            for shard in await self.owned(host):
                self._shards[shard] = ("", self._shards[shard][1] + 1)

    async def hosts(self) -> list[HostRow]:
        self._reachable()
        now = self.clock_ms()
        return [HostRow(h, inc, end - now, ded) for h, (inc, end, ded) in sorted(self._hosts.items())]

    async def shards(self) -> dict[int, tuple[str, int]]:
        self._reachable()
        return dict(self._shards)

    async def owned(self, host: str) -> dict[int, int]:
        self._reachable()
        return {shard: epoch for shard, (owner, epoch) in self._shards.items() if owner == host}

    async def hold_placement(self, holder: str, lease_ms: int) -> bool:
        self._reachable()
        current, until = self._placement
        if current != holder and until > self.clock_ms():
            return False
        self._placement = (holder, self.clock_ms() + lease_ms)
        return True

    async def fence(self, host: str, incarnation: int, *, expired_only: bool = False) -> bool:
        await self._quiet(host)
        if not self._current(host, incarnation):
            return False
        now = self.clock_ms()
        if expired_only and self._hosts[host][1] > now:
            return False
        self._hosts[host] = (self._fresh(), min(self._hosts[host][1], now - 1), self._hosts[host][2])
        return True

    async def assign(self, moves: list[tuple[int, str, int, str]]) -> list[int]:
        self._reachable()
        moved = []
        for shard, owner, epoch, target in sorted(moves):
            if self._shards.get(shard) == (owner, epoch):
                self._shards[shard] = (target, epoch + 1)
                moved.append(shard)
        return moved

    async def dedicate(self, host: str, incarnation: int, kind: str, id: str, cap: int) -> int:
        self._reachable()
        if not self._current(host, incarnation):
            raise Fenced(host)
        if (kind, id) in self._dedicated:
            return self._dedicated[kind, id]
        if len(self._dedicated) >= cap:
            return 0
        slot = max(self._shards) + 1
        self._shards[slot] = ("", 0)
        self._dedicated[kind, id] = slot
        if (kind, id) in self._rows:
            self._rows[kind, id] = self._rows[kind, id]._replace(shard=slot)
        return slot

    async def dedicated(self) -> dict[tuple[str, str], int]:
        self._reachable()
        return dict(self._dedicated)

    def _fresh(self) -> int:
        self._next_incarnation += 1
        return self._next_incarnation

    def _current(self, host: str, incarnation: int) -> bool:
        return host in self._hosts and self._hosts[host][0] == incarnation

    def _reachable(self) -> None:
        if self.faults.unreachable:
            raise Unreachable("the store is unreachable (fault)")

    async def _quiet(self, host: str) -> None:
        """Wait until no commit of this host holds the fence."""
        self._reachable()
        while self._in_flight.get(host):
            await asyncio.wait(list(self._in_flight[host]))

    @contextmanager
    def _fence_held(self, host: str) -> Iterator[None]:
        """What FOR KEY SHARE on the host's row does while a commit runs."""
        held = asyncio.get_running_loop().create_future()
        self._in_flight.setdefault(host, set()).add(held)
        try:
            yield
        finally:
            self._in_flight[host].discard(held)
            held.set_result(None)
