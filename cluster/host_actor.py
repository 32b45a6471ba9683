"""The Ray actor around a host: one process, about one per core; also the one-actor process of dedicated placement.

It holds a `Host`, a `Router` for asking actors elsewhere, and takes part in placement. ``max_restarts`` is 0: Ray's
notice of its death starts the takeover at once, placement starts another.
"""

import asyncio
import gc
import os
from typing import Any

import ray

from cluster.eod.order import pack, sweep_host, unpack_order
from cluster.logs import setup_logs
from cluster.parts import Parts
from cluster.spec import unpack_world
from runtime.host import Host
from runtime.placement import Placement
from runtime.ray_world import NAMESPACE, Desk, Handles, RayHands, RayTransport, actor_name
from runtime.router import Router, decode_asks
from storage.eod import PostgresEod

GC_THRESHOLD = (50_000, 20, 50)
"""States are trees without circles: looked for every 700 objects, circles cost a fifth of a sweep (measured)."""


class HostActor:
    """Methods are Ray calls; `deliver` and `receive` carry batches as bytes."""

    def __init__(self, world: bytes, name: str, dedicated: bool) -> None:
        self._world = world
        self._spec = unpack_world(world)
        setup_logs(self._spec.debug)
        self._name = name
        self._dedicated = dedicated
        self._started: asyncio.Task[None] | None = None
        self._forever = asyncio.Event()
        self._placement: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Bring the host up (once); the process id."""
        if self._started is None:
            self._started = asyncio.get_running_loop().create_task(self._start())
        await self._started
        return os.getpid()

    async def _start(self) -> None:
        spec = self._spec
        # One actor reads one row at a time; with the commit's connection two of the server's for each dedicated one.
        self._parts = await Parts.open(spec, connections=1 if self._dedicated else 4)
        self._eod = PostgresEod(self._parts.store.database)
        self._handles = Handles(spec.release)
        self._router = Router(self._parts.store, RayTransport(self._handles, self._name), spec.runtime)
        self.host = Host(
            self._name,
            self._parts.store,
            self._parts.store,
            self._parts.banks,
            self._parts.kinds(),
            spec.runtime,
            self._parts.outside(),
            self._router.ask,
            self._parts.digester,
            dedicated=self._dedicated,
        )
        self._desk = Desk(self._handles, self._name, self._router, spec.runtime.linger_ms)
        await self._router.start()
        await self.host.start()
        gc.freeze()  # what is loaded now stays: the collector need not walk it again
        gc.set_threshold(*GC_THRESHOLD)
        if not self._dedicated:
            hands = RayHands(self._handles, starter(self._world))
            placement = Placement(self._parts.store, hands, spec.runtime, self._name, list(spec.hosts))
            self._placement = asyncio.get_running_loop().create_task(placement.run())

    async def deliver(self, sender: str, raw: bytes) -> bytes:
        if self._started is None or not self._started.done():
            await self.start()
        return await self._desk.deliver(sender, decode_asks(raw), self.host.deliver)

    async def receive(self, host: str, raw: bytes) -> None:
        self._desk.receive(host, raw)

    async def watch(self) -> None:
        """Never returns: its failure is the notice of this process's death."""
        await self._forever.wait()

    async def hand_over(self, slots: list[int], target: str) -> list[int]:
        return await self.host.moving.hand_over(slots, target)

    async def refresh_banks(self) -> int:
        """Re-read terms and business dates; returns the date epoch this host has now."""
        await self.start()
        await self.host.banks.refresh()
        return self.host.banks.epoch

    async def roll(self, bank: str) -> int:
        """Re-read terms and dates; the bank's date epoch, when all turns decided under an older one are committed."""
        await self.start()
        return await self.host.roll(bank)

    async def sweep(self, raw: bytes) -> bytes:
        """Carry out an order of the day's end (cluster/eod/order.py)."""
        await self.start()
        return pack(await sweep_host(self.host, self._eod, unpack_order(raw)))

    async def status(self) -> dict[str, Any]:
        await self.start()
        return {**self.host.status(), "pid": os.getpid()}

    async def lift(self, id: str) -> bool:
        """End an actor's quarantine."""
        return self.host.lift(id)

    async def drain(self) -> None:
        """Finish turns, flush, give the shards back, and end this process."""
        if self._placement is not None:
            self._placement.cancel()
        await self.host.stop()
        await self._router.stop()
        await self._parts.close()
        ray.actor.exit_actor()  # type: ignore[no-untyped-call]


def starter(world: bytes) -> Any:
    """A function that starts (or finds) the host of a name, as a detached Ray actor of this release."""
    spec = unpack_world(world)

    def start(name: str, dedicated: bool) -> Any:
        options: dict[str, Any] = {
            "name": actor_name(spec.release, name),
            "namespace": NAMESPACE,
            "lifetime": "detached",
            "get_if_exists": True,
            "max_restarts": 0,
            "max_task_retries": 0,
            "num_cpus": 0 if dedicated else spec.host_cpus,
            "max_concurrency": 10_000,
        }
        if spec.host_memory_mb and not dedicated:
            options["memory"] = spec.host_memory_mb * 1_000_000
        handle: Any = ray.remote(HostActor).options(**options).remote(world, name, dedicated)
        handle.start.remote()
        return handle

    return start
