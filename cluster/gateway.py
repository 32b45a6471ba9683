"""The Ray actor around a gateway: a router with the two fronts, REST and ESB, on ports of its own.

Before it: channels and the bank's ESB. After it: runtime/router.py. Other Ray actors and drivers reach actors through
its `ask` (runtime/client.py); the day's run through `ask_many`. It also takes part in placement, so that a cluster
whose only host died gets another one.
"""

import asyncio
import os
from typing import Any

import msgspec
import ray

from actors.codes import Code
from cluster.fronts import Fronts
from cluster.host_actor import starter
from cluster.logs import setup_logs
from cluster.parts import Parts
from cluster.spec import unpack_gateway
from runtime.client import Reply
from runtime.messages import Answer, Operation
from runtime.placement import Placement
from runtime.ray_world import Desk, Handles, RayHands, RayTransport
from runtime.router import Router

CHANNEL = "cluster"
"""The channel of operations that come from inside the Ray cluster."""
Wanted = tuple[str, str, str, bytes, str, str]
"""(kind, id, bank, command or query, channel, operation id or "" for a query)."""


class GatewayActor:
    """Methods are Ray calls."""

    def __init__(self, spec: bytes) -> None:
        self._spec = unpack_gateway(spec)
        setup_logs(self._spec.world.debug)
        self._started: asyncio.Task[None] | None = None
        self._fronts: Fronts | None = None
        self._banks_of: dict[str, str] = {}

    async def start(self) -> dict[str, Any]:
        """Bring it up (once): ``rest`` the base URL or "", ``esb`` a list of (host, port), ``pid``."""
        if self._started is None:
            self._started = asyncio.get_running_loop().create_task(self._start())
        await self._started
        fronts = self._fronts
        return {
            "rest": fronts.rest_url if fronts else "",
            "esb": list(fronts.esb_addresses) if fronts else [],
            "pid": os.getpid(),
        }

    async def _start(self) -> None:
        spec, world = self._spec, self._spec.world
        self._parts = await Parts.open(world)
        self._handles = Handles(world.release)
        self.router = Router(self._parts.store, RayTransport(self._handles, spec.name), world.runtime)
        self._desk = Desk(self._handles, spec.name, self.router, world.runtime.linger_ms)
        await self.router.start()
        hands = RayHands(self._handles, starter(world.pack()))
        placement = Placement(self._parts.store, hands, world.runtime, spec.name, list(world.hosts))
        self._placement = asyncio.get_running_loop().create_task(placement.run())
        if spec.fronts:
            self._fronts = Fronts(spec, self._parts, self.router)
            await self._fronts.start()

    async def receive(self, host: str, raw: bytes) -> None:
        """Answers pushed back by a host."""
        self._desk.receive(host, raw)

    async def ask(self, kind: str, id: str, bank: str, body: bytes, operation_id: str, ttl_ms: int) -> Reply:
        """One message from inside the cluster; ``operation_id`` "" for a query, ``bank`` "" for the actor's own."""
        answer = await self._ask((kind, id, bank, body, CHANNEL, operation_id), ttl_ms)
        return Reply(answer.code, answer.result())

    async def ask_many(self, raw: bytes, ttl_ms: int) -> bytes:
        """Many messages (msgpack of a list of `Wanted`), answered together as a list of [code, body]."""
        wanted = msgspec.msgpack.decode(raw, type=list[Wanted])
        answers = await asyncio.gather(*(self._patiently(each, ttl_ms) for each in wanted))
        return msgspec.msgpack.encode([(answer.code, answer.body) for answer in answers])

    async def _patiently(self, wanted: Wanted, ttl_ms: int) -> Answer:
        """Ask again with the same operation while the answer is "busy" or "not now"."""
        deadline = asyncio.get_running_loop().time() + ttl_ms / 1000
        while True:
            left = int((deadline - asyncio.get_running_loop().time()) * 1000)
            answer = await self._ask(wanted, max(left, 1))
            retry = answer.code in (Code.OVERLOADED.word, Code.UNAVAILABLE.word, Code.EXPIRED.word)
            if not retry or left <= 0:
                return answer
            await asyncio.sleep(0.05)

    async def _ask(self, wanted: Wanted, ttl_ms: int) -> Answer:
        kind, id, bank, body, channel, operation_id = wanted
        bank = bank or await self._bank_of(kind, id)
        operation = Operation(channel, operation_id) if operation_id else None
        return await self.router.ask(kind, id, bank, body, operation, ttl_ms)

    async def _bank_of(self, kind: str, id: str) -> str:
        """The bank of an actor, for trusted callers that do not say it; it never changes."""
        bank = self._banks_of.get(id, "")
        if not bank:
            row = (await self._parts.store.load(kind, [id])).get(id)
            if row is not None:
                bank = self._banks_of[id] = row.bank
        return bank

    async def status(self) -> dict[str, Any]:
        return {"pid": os.getpid(), "waiting": self.router.waiting, "overloaded": self.router.overloaded}

    async def drain(self) -> None:
        """Stop taking, wait for what is under way, close, end this process."""
        self._placement.cancel()
        if self._fronts is not None:
            await self._fronts.stop()
        await self.router.stop()
        await self._parts.close()
        ray.actor.exit_actor()  # type: ignore[no-untyped-call]
