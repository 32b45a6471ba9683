"""A way in to a cluster of the conformance suite: a Ray actor with a router, as a gateway has one."""

import asyncio
from typing import Any

from cluster.logs import setup_logs
from cluster.spec import unpack_world
from runtime.messages import Operation
from runtime.ray_world import Desk, Handles, RayTransport
from runtime.router import Router
from storage.postgres import open_store


class RouterActor:
    """`ask` is what a front does; hosts push answers to `receive`."""

    def __init__(self, world: bytes, name: str) -> None:
        self._spec = unpack_world(world)
        setup_logs(quiet=True)
        self._name = name

    async def start(self) -> None:
        store = await open_store(self._spec.database_url)
        handles = Handles(self._spec.release)
        self._router = Router(store, RayTransport(handles, self._name), self._spec.runtime)
        self._desk = Desk(handles, self._name, self._router, self._spec.runtime.linger_ms)
        await self._router.start()

    async def receive(self, host: str, raw: bytes) -> None:
        self._desk.receive(host, raw)

    async def ask(
        self, kind: str, id: str, bank: str, body: bytes, operation: tuple[str, str, str] | None, ttl_ms: int
    ) -> tuple[str, bytes]:
        named = None if operation is None else Operation(*operation)
        answer = await self._router.ask(kind, id, bank, body, named, ttl_ms)
        return answer.code, answer.body

    async def stats(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"waiting": self._router.waiting, "resent": self._router.resent, "overloaded": self._router.overloaded}
