"""A deployment from one process: servers, schema, banks, sandbox, Ray, hosts, gateways; used by up, demo, bench, tests.

`Deployment.start` brings everything up in order and `stop` takes it down in the opposite one; what already runs
elsewhere (a database URL, a Ray address) is used and left alone. Blocking: call it outside an event loop, or by
`asyncio.to_thread`.
"""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import ray

from cluster.bank_config import load_banks
from cluster.gateway import GatewayActor
from cluster.host_actor import starter
from cluster.proposals import TermsDesk
from cluster.secrets import channels, master_key
from cluster.settings import Endpoint, OutsideSettings, Settings
from cluster.spec import GatewaySpec, WorldSpec
from protocols.credentials import Channel
from runtime.ray_world import NAMESPACE, actor_name
from storage.embedded import Embedded, start_embedded
from storage.guarded import GuardedProcess
from storage.migrate import migrate
from storage.postgres import open_store

BANKS = Path(__file__).parent / "banks"
Say = Callable[[str], None]


class NotReady(RuntimeError):
    """A part did not come up in time; the text says which."""


class Deployment:
    """All parts of one running miaodai. Attributes are valid after `start`."""

    def __init__(
        self,
        settings: Settings,
        *,
        data_dir: Path | None = None,
        sandbox: bool = True,
        fronts: bool = True,
        business_date: date | None = None,
        say: Say = lambda _: None,
        outside_factory: str = "cluster.parts:real_outside",
        extra_channels: tuple[Channel, ...] = (),
        prepare: Callable[["Deployment"], None] | None = None,
    ) -> None:
        """``data_dir`` None keeps nothing; ``business_date`` counts for banks loaded the first time.

        ``prepare`` runs when the banks are loaded and nothing else is up yet (benchmarks fill their book there).
        """
        self.settings = settings
        self.data_dir = None if data_dir is None else data_dir.absolute()
        self.business_date = business_date or date.today()
        self._with_sandbox = sandbox
        self._with_fronts = fronts
        self._outside_factory = outside_factory
        self._extra_channels = extra_channels
        self._prepare = prepare
        self._say = say
        self._ours_ray = False
        self._sandbox: GuardedProcess | None = None
        self.embedded: Embedded | None = None
        self.sandbox_ports: dict[str, int] = {}
        self.hosts: dict[str, Any] = {}
        self.gateways: dict[str, Any] = {}
        self.rest_urls: list[str] = []
        self.esb_addresses: list[tuple[str, int]] = []
        self.seconds = 0.0

    def __enter__(self) -> "Deployment":
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- up --------------------------------------------------------------------------------------------------------

    def start(self) -> "Deployment":
        began = time.monotonic()
        with ThreadPoolExecutor(1, thread_name_prefix="ground") as pool:  # Ray takes longest and waits for nothing
            ground = pool.submit(self._ground)
            self._start_ray()
            ground.result()
        self._say("主机与网关 hosts and gateways")
        self._start_actors()
        self.seconds = time.monotonic() - began
        return self

    def _ground(self) -> None:
        """Everything that the actors stand on but Ray."""
        self._servers()
        self._say("建表 schema")
        asyncio.run(migrate(self.database_url))
        self._say("法人与产品 banks and products")
        asyncio.run(self._load_banks())
        if self._prepare is not None:
            self._prepare(self)
        if self._with_sandbox:
            self._say("外部系统（沙箱） outside systems (sandbox)")
            self._start_sandbox()

    def _servers(self) -> None:
        settings = self.settings
        self.database_url, self.redis_url = settings.database.url, settings.redis.url
        if self.database_url and self.redis_url:
            return
        self._say("数据库与缓存 PostgreSQL and Redis")
        folder = None if self.data_dir is None else self.data_dir / "servers"
        self.embedded = start_embedded(folder, redis=not self.redis_url)
        self.database_url = self.database_url or self.embedded.database_url
        self.redis_url = self.redis_url or self.embedded.redis_url

    async def _load_banks(self) -> None:
        store = await open_store(self.database_url)
        try:
            desk = TermsDesk(store)
            for terms in load_banks(BANKS):
                await desk.first_load(terms, self.business_date)
        finally:
            await store.close()

    def _start_sandbox(self) -> None:
        folder = self._folder()
        port_file = folder / f"sandbox-{uuid.uuid4().hex[:8]}.json"
        command = [sys.executable, "-m", "sandbox", "--port-file", str(port_file)]
        if self.data_dir is not None:
            command += ["--book", str(folder / "sandbox-book.json")]
        self._sandbox = GuardedProcess(command, log=folder / "sandbox.log", stop_signal="TERM")
        deadline = time.monotonic() + 30
        while not port_file.exists():
            if time.monotonic() > deadline or not self._sandbox.alive():
                raise NotReady(f"the sandbox did not start, see {folder / 'sandbox.log'}")
            time.sleep(0.02)
        self.sandbox_ports = json.loads(port_file.read_text())
        port_file.unlink()

    def _folder(self) -> Path:
        if self.data_dir is not None:
            return self.data_dir
        assert self.embedded is not None
        return self.embedded.data_dir

    def _start_ray(self) -> None:
        if ray.is_initialized():
            return
        settings = self.settings.ray
        if settings.address == "local" and "RAY_AUTH_TOKEN_PATH" not in os.environ:
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        common: dict[str, Any] = {"namespace": NAMESPACE, "log_to_driver": False, "configure_logging": False}
        if settings.address == "local":
            _start_local_ray(num_cpus=settings.cpus or os.cpu_count(), **common)
        else:
            ray.init(address=settings.address, **common)
        self._ours_ray = True

    def world(self) -> WorldSpec:
        """What every actor of this deployment is told."""
        settings = self.settings
        count = settings.ray.num_hosts or min(4, os.cpu_count() or 1)
        ports = self.sandbox_ports
        ends = msgspec.structs.asdict(settings.outside)
        outside = OutsideSettings(
            **{name: end if end.port else self._sandbox_end(name, end, ports) for name, end in ends.items()}
        )
        return WorldSpec(
            release=self.release,
            database_url=self.database_url,
            redis_url=self.redis_url,
            master_key=self.master_key,
            runtime=settings.runtime,
            hosts=tuple(f"host-{n}" for n in range(1, count + 1)),
            outside=outside,
            outside_factory=self._outside_factory,
        )

    @staticmethod
    def _sandbox_end(name: str, end: Endpoint, ports: dict[str, int]) -> Endpoint:
        return msgspec.structs.replace(end, port=ports.get(name, 0))

    @property
    def release(self) -> str:
        return self.settings.ray.release

    @property
    def master_key(self) -> bytes:
        return master_key(self.settings)

    def _start_actors(self) -> None:
        world = self.world()
        start = starter(world.pack())
        self.hosts = {name: start(name, False) for name in world.hosts}
        for n in range(1, self.settings.ray.num_gateways + 1):
            self._start_gateway(world, n)
        ray.get([host.start.remote() for host in self.hosts.values()], timeout=120)
        fronts = ray.get([gateway.start.remote() for gateway in self.gateways.values()], timeout=120)
        for front in fronts:
            if front["rest"]:
                self.rest_urls.append(front["rest"])
            self.esb_addresses += [tuple(address) for address in front["esb"]]
        self._await_shards()

    def _start_gateway(self, world: WorldSpec, n: int) -> None:
        rest, esb = self.settings.rest, self.settings.esb
        if n > 1:
            rest = msgspec.structs.replace(rest, port=rest.port + n - 1 if rest.port else 0)
            listeners = tuple(
                msgspec.structs.replace(each, port=each.port + 100 * (n - 1) if each.port else 0)
                for each in esb.listeners
            )
            esb = msgspec.structs.replace(esb, listeners=listeners)
        spec = GatewaySpec(
            world=world,
            name=f"gateway-{n}",
            rest=rest,
            esb=esb,
            channels=channels(self.settings, self.master_key) + self._extra_channels,
            fronts=self._with_fronts,
            gateways=self.settings.ray.num_gateways,
        )
        options = {
            "name": actor_name(world.release, spec.name),
            "namespace": NAMESPACE,
            "lifetime": "detached",
            "max_restarts": 0,
            "num_cpus": 0,
            "max_concurrency": 10_000,
        }
        self.gateways[spec.name] = ray.remote(GatewayActor).options(**options).remote(spec.pack())

    def _await_shards(self) -> None:
        """Until every shard has a living owner."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            owned = sum(status["slots"] for status in self.status().values() if status["alive"])
            if owned >= 1024:
                return
            time.sleep(0.05)
        raise NotReady("the shards found no owner within 60 s")

    # -- running ---------------------------------------------------------------------------------------------------

    def status(self) -> dict[str, dict[str, Any]]:
        """Status of each living host."""
        found = {}
        for name, handle in self.hosts.items():
            with contextlib.suppress(ray.exceptions.RayError):
                found[name] = ray.get(handle.status.remote(), timeout=10)
        return found

    def host_pid(self, name: str) -> int:
        return int(ray.get(self.hosts[name].status.remote(), timeout=10)["pid"])

    @property
    def sandbox_pid(self) -> int:
        """Process of the outside systems; 0 when they are not ours."""
        return self._sandbox.pid if self._sandbox is not None else 0

    def kill_host(self, name: str) -> int:
        """SIGKILL, as bad luck would; placement starts another of that name. The process id killed."""
        pid = self.host_pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def find_host(self, name: str) -> Any:
        """The handle of the host of this name as it is now (after a kill: the new one)."""
        self.hosts[name] = ray.get_actor(actor_name(self.release, name), namespace=NAMESPACE)
        return self.hosts[name]

    # -- down ------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Everything that this object started, in the opposite order; twice is harmless."""
        for handle in (*self.gateways.values(), *self.hosts.values()):
            with contextlib.suppress(Exception):
                ray.get(handle.drain.remote(), timeout=10)
        self.gateways, self.hosts = {}, {}
        if self._ours_ray:
            ray.shutdown()
            self._ours_ray = False
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None
        if self.embedded is not None:
            self.embedded.stop()
            self.embedded = None


def _start_local_ray(**options: Any) -> None:
    """Once more when it fails: on a busy machine a raylet gives its helper processes 15 s to start, then aborts."""
    for left in (1, 0):
        try:
            ray.init(address="local", include_dashboard=False, object_store_memory=100_000_000, **options)
            return
        except Exception:  # Ray raises no narrower one here
            ray.shutdown()
            if not left:
                raise
