"""One gateway's fronts put together: REST by aiohttp, the ESB by its listeners, over one `Front` and one `Cache`.

Made by cluster/gateway.py; the ports are bound here and told to whoever asks the gateway.
"""

import asyncio
import contextlib
import gc

from aiohttp import web

from cluster.parts import Parts
from cluster.settings import EsbSettings
from cluster.spec import GatewaySpec
from protocols.credentials import Credentials
from protocols.esb.listener import EsbListener
from protocols.esb.metrics import EsbCollector
from protocols.esb.service import EsbService
from protocols.esb.settings import EsbSettings as ListenerSettings
from protocols.front import Front
from protocols.metrics import FrontMetrics
from protocols.rest.app import RestSettings, make_app
from runtime.router import Router
from storage.cache import Cache
from storage.contract import StoreError

BANKS_POLL_S = 0.5


class Fronts:
    """``start`` binds the ports: ``rest_url`` and ``esb_addresses`` are valid from then on."""

    def __init__(self, spec: GatewaySpec, parts: Parts, router: Router) -> None:
        self._spec = spec
        self._parts = parts
        self._router = router
        self._cache = Cache(spec.world.redis_url, parts.store.database, gateways=spec.gateways)
        self._runner: web.AppRunner | None = None
        self._listeners: list[EsbListener] = []
        self._poll: asyncio.Task[None] | None = None
        self.rest_url = ""
        self.esb_addresses: list[tuple[str, int]] = []

    async def start(self) -> None:
        spec, parts = self._spec, self._parts
        await parts.banks.refresh()
        front = Front(self._router, parts.store, parts.banks.by_code, parts.id_key, self._cache.limiter)
        metrics = FrontMetrics()
        metrics.registry.register(EsbCollector(self._listeners))
        app = make_app(
            front,
            Credentials(spec.channels, self._cache.nonces),
            RestSettings(ready=self._missing, body_bytes_max=spec.esb.body_bytes_max),
            metrics,
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, spec.rest.host, spec.rest.port, backlog=1024).start()
        host, port = self._runner.addresses[0][:2]
        self.rest_url = f"http://{host}:{port}"
        service = EsbService(front, {channel.id: channel for channel in spec.channels}, metrics=metrics)
        for each in spec.esb.listeners:
            listener = EsbListener(service, _bounds(spec.esb, each.dialect, each.framing, each.charset))
            port = await listener.start(spec.esb.host, each.port)
            self._listeners.append(listener)
            self.esb_addresses.append((spec.esb.host, port))
        self._poll = asyncio.get_running_loop().create_task(self._follow_banks())
        gc.freeze()  # what is loaded now stays: the collector need not walk it again

    async def stop(self) -> None:
        """Take nothing more, finish what is under way, close."""
        if self._poll is not None:
            self._poll.cancel()
        for listener in self._listeners:
            await listener.stop(grace_s=5)
        if self._runner is not None:
            await self._runner.cleanup()
        await self._cache.close()

    async def _missing(self) -> str:
        """What is not ready: the database, or shards without a living owner ("" when all is well)."""
        try:
            shards = await self._parts.store.shards()
        except StoreError:
            return "database"
        ownerless = sum(1 for slot, (owner, _) in shards.items() if slot < 1024 and not owner)
        return f"{ownerless} shards have no owner" if ownerless else ""

    async def _follow_banks(self) -> None:
        while True:
            await asyncio.sleep(BANKS_POLL_S)
            with contextlib.suppress(StoreError):
                await self._parts.banks.refresh()


def _bounds(esb: EsbSettings, dialect: str, framing: str, charset: str) -> ListenerSettings:
    return ListenerSettings(
        dialect=dialect,
        framing=framing,
        charset=charset,
        frame_bytes_max=esb.body_bytes_max,
        depth_max=esb.depth_max,
        frame_timeout_s=esb.read_timeout_ms / 1000,
        idle_timeout_s=esb.idle_timeout_ms / 1000,
        connections_max=esb.connections_max,
        in_flight_max_per_connection=esb.in_flight_max,
    )
