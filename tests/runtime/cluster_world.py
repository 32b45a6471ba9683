"""Hosts as Ray actors over a real PostgreSQL: shared placement, or a Ray actor of its own for every loan."""

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

import msgspec
import ray

from cluster.gateway import GatewayActor
from cluster.host_actor import starter
from cluster.settings import Endpoint, EsbSettings, OutsideSettings, RestSettings
from cluster.spec import GatewaySpec, WorldSpec
from runtime.config import RuntimeConfig
from runtime.messages import Answer, Ask, Operation
from runtime.ray_world import NAMESPACE, actor_name
from runtime.router import Reply, decode_replies, encode_asks
from storage.contract import JournalRow, OperationRow, PostingRow
from storage.embedded import Embedded
from storage.postgres import open_store
from storage.rows import EVENT_COLUMNS, KIND_NAMES, event_row
from tests.runtime.account_kind import OTHER_TERMS, TERMS, Reset
from tests.runtime.outside_desk import OutsideDesk
from tests.runtime.proxy import Order, Proxy
from tests.runtime.router_actor import RouterActor
from tests.runtime.twin_world import BUSINESS_DATE
from tests.runtime.world import CONFIG, Fault, World, until

HOSTS = ("host-1", "host-2")


class ClusterWorld(World):
    """`start` it once a session; `settle` before each test."""

    def __init__(self, name: str, embedded: Embedded, database_url: str, config: RuntimeConfig = CONFIG) -> None:
        super().__init__()
        self.name = name
        self.config = config
        self.dedicated = bool(config.dedicated)
        self.outside = OutsideDesk()
        self.release = f"{name}-{os.getpid()}"
        self._embedded = embedded
        self._database_url = database_url
        self._proxy = Proxy(database_url)
        self._routers: list[Any] = []
        self._handles: dict[str, Any] = {}
        self._pids: dict[str, int] = {}
        self._frozen: set[str] = set()
        self._loans: list[str] = []
        self._lent: set[str] = set()

    async def start(self) -> "ClusterWorld":
        self.store = await open_store(self._database_url)
        for terms in (TERMS, OTHER_TERMS):
            await self.store.put(terms.code, msgspec.json.encode(terms), BUSINESS_DATE)
        self.spec = WorldSpec(
            release=self.release,
            database_url=await self._proxy.start(),
            master_key=b"m" * 32,
            runtime=self.config,
            hosts=HOSTS,
            outside=OutsideSettings(core=Endpoint(port=await self.outside.serve())),
            outside_factory="tests.runtime.outside_desk:make",
        )
        start = starter(self.spec.pack())
        for host in HOSTS:
            await asyncio.to_thread(start, host, False)
        for n in (1, 2):
            router = ray.remote(RouterActor).options(
                name=actor_name(self.release, f"router-{n}"), namespace=NAMESPACE, num_cpus=0, max_concurrency=10_000
            )
            self._routers.append(router.remote(self.spec.pack(), f"router-{n}"))
        await asyncio.gather(*(router.start.remote() for router in self._routers))
        if not self.dedicated:  # one gateway in the Ray cluster: runtime/client.py asks any it finds
            await self._start_gateway()
        await self.settle()
        return self

    async def _start_gateway(self) -> None:
        """The product's own gateway, without fronts: other Ray actors and drivers come in by it."""
        spec = GatewaySpec(world=self.spec, name="gateway-1", rest=RestSettings(), esb=EsbSettings(), fronts=False)
        gateway = ray.remote(GatewayActor).options(
            name=actor_name(self.release, spec.name), namespace=NAMESPACE, num_cpus=0, max_concurrency=10_000
        )
        self._routers.append(gateway.remote(spec.pack()))
        await self._routers[-1].start.remote()

    async def send(
        self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int, via: int
    ) -> Answer:
        named = None if operation is None else (operation.channel, operation.id, operation.tran_date)
        return Answer(0, *await self._routers[via].ask.remote(kind, id, bank, body, named, ttl_ms))

    async def account(self, *, kind: str = "loan", shard: int | None = None) -> str:
        """A loan of the dedicated world costs a process: one that served another test is cleared and used again."""
        if not self.dedicated or kind != "loan":
            return await super().account(kind=kind, shard=shard)
        for id in self._loans:
            if id not in self._lent and await self._bring_home(id) and (await self.persist(id, Reset())).ok:
                self._lent.add(id)
                return id
        id = await super().account()
        self._loans.append(id)
        self._lent.add(id)
        return id

    async def _bring_home(self, id: str) -> bool:
        """Whether the loan lives in its own process (again); otherwise a test has left it elsewhere."""
        slot, owner = await self.slot_of(id), await self.owner(id)
        home = f"dedicated-{slot}"
        living = {host.id for host in await self.store.hosts() if host.lease_left_ms > 0}
        if owner == home or home not in living:
            return owner == home
        return await self.hand_over(owner, [slot], home) == [slot]

    # -- hosts -----------------------------------------------------------------------------------------------------

    async def handle(self, host: str) -> Any:
        if host not in self._handles:
            self._handles[host] = await asyncio.to_thread(ray.get_actor, actor_name(self.release, host), NAMESPACE)
        return self._handles[host]

    async def _call(self, host: str, method: str, *arguments: Any) -> Any:
        """A call to the process that has the name now."""
        try:
            return await getattr(await self.handle(host), method).remote(*arguments)
        except ray.exceptions.RayActorError:
            self._handles.pop(host, None)
            await until(lambda: self._there(host))
            return await getattr(await self.handle(host), method).remote(*arguments)

    async def _there(self, host: str) -> bool:
        with suppress(ValueError):
            return bool(await self.handle(host))
        return False

    async def status(self, host: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._call(host, "status")
        self._pids[host] = found["pid"]
        return found

    async def kill(self, host: str) -> None:
        pid = (await self.status(host))["pid"]
        self._handles.pop(host, None)
        os.kill(pid, signal.SIGKILL)

    async def freeze(self, host: str) -> None:
        await self.status(host)
        self._frozen.add(host)
        os.kill(self._pids[host], signal.SIGSTOP)

    async def thaw(self, host: str) -> None:
        self._frozen.discard(host)
        with suppress(ProcessLookupError):
            os.kill(self._pids[host], signal.SIGCONT)

    async def lift(self, host: str, id: str) -> bool:
        return bool(await self._call(host, "lift", id))

    async def hand_over(self, host: str, slots: list[int], target: str) -> list[int]:
        return list(await self._call(host, "hand_over", slots, target))

    async def deliver_to(self, host: str, asks: list[Ask]) -> list[Reply]:
        """Nothing when the process dies without an answer."""
        try:
            return decode_replies(await (await self.handle(host)).deliver.remote("nobody", encode_asks(asks)))
        except ray.exceptions.RayActorError:
            self._handles.pop(host, None)
            return []

    # -- faults ----------------------------------------------------------------------------------------------------

    async def order(self, fault: Fault, id: str, mark: str, *, times: int = 1) -> None:
        self._order = Order(fault, id, mark, times)
        await self._proxy.give(self._order)

    async def reached(self) -> None:
        await asyncio.wait_for(self._order.taken.wait(), 10)

    async def land(self, *, lose: bool = False) -> str:
        return await self._proxy.land(lose=lose)

    async def restart_database(self) -> None:
        await asyncio.to_thread(self._embedded.restart_postgres, crash=True)

    # -- the truth -------------------------------------------------------------------------------------------------

    async def shard_journal(self, slot: int) -> list[JournalRow]:
        rows = await self.store.database.rows(
            f"SELECT {EVENT_COLUMNS} FROM journal WHERE shard = $1 ORDER BY seq", slot
        )
        return [event_row(row) for row in rows]

    async def operations(self, id: str) -> list[OperationRow]:
        rows = await self.store.database.rows(
            "SELECT op_hash, digest, kind, id, bank, reply FROM operation WHERE id = $1", id
        )
        return [OperationRow(row[0], row[1], KIND_NAMES[row[2]], *row[3:]) for row in rows]

    async def postings(self, id: str) -> list[PostingRow]:
        rows = await self.store.database.rows(
            "SELECT bank, kind, id, version, line, business_date, account, debit_fen, credit_fen, memo"
            " FROM posting WHERE id = $1",
            id,
        )
        return [PostingRow(row[0], KIND_NAMES[row[1]], *row[2:]) for row in rows]

    # -- between tests ---------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        await self.land()
        self._lent.clear()
        self.outside.release()
        for host in list(self._frozen):
            await self.thaw(host)
        await until(self._quiet, 60)

    async def _quiet(self) -> bool:
        """Both hosts answer, every shard has a living owner."""
        try:
            for host in HOSTS:
                async with asyncio.timeout(5):
                    if not (await self.status(host))["alive"]:
                        return False
        except (ray.exceptions.RayError, ValueError, TimeoutError):
            self._handles.clear()
            return False
        alive = {host.id for host in await self.store.hosts() if host.lease_left_ms > 0}
        return all(owner in alive for owner, _ in (await self.store.shards()).values())

    async def stop(self) -> None:
        await self.land()
        for host in list(self._frozen):
            await self.thaw(host)
        for host in HOSTS:  # first those that would start others again
            with suppress(ValueError):
                ray.kill(await self.handle(host))
        names = [host.id for host in await self.store.hosts() if host.dedicated]
        for name in names:
            with suppress(ValueError):
                ray.kill(await self.handle(name))
        for router in self._routers:
            ray.kill(router)
        await self._proxy.stop()
        await self.outside.stop()
        await self.store.close()
