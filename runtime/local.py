"""The whole runtime in one process, without Ray: hosts, router and store on one loop. For tests and tools.

The same `Host` and `Router` as on Ray; only the transport differs. ``kill`` ends a host as SIGKILL would.
"""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec

from runtime.banks import BankBook
from runtime.config import RuntimeConfig
from runtime.effects import Outside
from runtime.host import Host
from runtime.identity import Digester
from runtime.kinds import Kind
from runtime.messages import Answer, Ask, NotOwner, Operation
from runtime.placement import settle_shards
from runtime.router import HostGone, Reply, Router
from storage.contract import Directory, Store, StoreError


class LocalTransport:
    """Calls hosts of the same process; answers come by `Router.receive`. ``gates`` hold up a frozen host's batches."""

    def __init__(self, hosts: dict[str, Host], gates: dict[str, asyncio.Event]) -> None:
        self._hosts = hosts
        self._gates = gates
        self.router: Router | None = None

    async def send(self, host: str, asks: list[Ask]) -> list[Reply]:
        if host in self._gates:
            await self._gates[host].wait()
        target = self._hosts.get(host)
        if target is None:
            raise HostGone(host)

        def sink(reply: Answer | NotOwner) -> None:
            if self.router is not None and host in self._hosts:
                self.router.receive(host, [reply])

        copies = msgspec.msgpack.decode(msgspec.msgpack.encode(asks), type=list[Ask])
        target.deliver(copies, sink)
        return []


class LocalRuntime:
    """``await LocalRuntime(...).start()``; then `ask`. Several hosts share the shards."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        make_banks: Callable[[], BankBook],
        kinds: dict[str, Kind],
        outside: Outside,
        config: RuntimeConfig | None = None,
        hosts: int = 1,
        key: bytes = b"local",
    ) -> None:
        self._store = store
        self._directory = directory
        self._make_banks = make_banks
        self._kinds = kinds
        self._outside = outside
        self._key = key
        self.config = config or RuntimeConfig()
        self.hosts: dict[str, Host] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self._names = [f"local-{n}" for n in range(1, hosts + 1)]
        self.router = self.new_router()
        self._keeper: asyncio.Task[None] | None = None

    def new_router(self) -> Router:
        """One more way in, as another gateway would be; whoever asks for it starts and stops it."""
        transport = LocalTransport(self.hosts, self.gates)
        router = transport.router = Router(self._directory, transport, self.config)
        return router

    def view_of(self, name: str) -> tuple[Store, Directory]:
        """The store and directory as the host of this name sees them."""
        return self._store, self._directory

    async def start(self) -> "LocalRuntime":
        for name in self._names:
            await self.add_host(name)
        await settle_shards(self._directory)
        for host in self.hosts.values():
            await host.lease.look()
        await self.router.start()
        self._keeper = asyncio.get_running_loop().create_task(self._keep())
        return self

    async def _keep(self) -> None:
        """Placement's work for one process: fence what ran out, hand its shards on, give dedicated actors a host."""
        while True:
            await asyncio.sleep(self.config.placement_ms / 1000)
            with contextlib.suppress(StoreError):
                await self._settle()

    async def _settle(self) -> None:
        for slot in await settle_shards(self._directory):
            name = f"local-d{slot}"
            if name not in self.hosts:
                await self.add_host(name, dedicated=True)
            owner, epoch = (await self._directory.shards()).get(slot, ("", 0))
            await self._directory.assign([(slot, owner, epoch, name)])

    async def add_host(self, name: str, *, dedicated: bool = False) -> Host:
        store, directory = self.view_of(name)
        host = Host(
            name,
            store,
            directory,
            self._make_banks(),
            self._kinds,
            self.config,
            self._outside,
            self.router.ask,
            Digester(self._key),
            dedicated=dedicated,
        )
        await host.start()
        self.hosts[name] = host
        return host

    async def kill(self, name: str) -> None:
        """As SIGKILL: nothing is flushed, no reply leaves any more."""
        host = self.hosts.pop(name)
        await host.stop(drain=False)

    async def ask(
        self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int = 5000
    ) -> Answer:
        return await self.router.ask(kind, id, bank, body, operation, ttl_ms)

    async def refresh_banks(self) -> None:
        for host in self.hosts.values():
            await host.banks.refresh()

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        await self.router.stop()
        for host in list(self.hosts.values()):
            await host.stop()
        self.hosts.clear()
