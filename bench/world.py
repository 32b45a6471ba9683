"""A deployment for benchmarks: a filled book, the product on Ray, yardstick servers on copies of the same database.

Every system gets the same number of processes (two: gateway and host, or two stateless servers), its own database on
the one embedded PostgreSQL, and the machine for itself while its block runs.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import psutil
import ray

from bench.book import CHANNEL, Loan, fill
from cluster.deploy import Deployment
from cluster.settings import EsbSettings, Listener, RaySettings, RestSettings, Settings
from protocols.credentials import Channel
from runtime.config import RuntimeConfig
from storage.guarded import GuardedProcess


class Yardstick:
    """Two server processes of bench/server.py on a database of their own."""

    def __init__(self, name: str, ports: list[int], processes: list[GuardedProcess]) -> None:
        self.name = name
        self.ports = ports
        self.processes = processes

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    def stop(self) -> None:
        for process in self.processes:
            process.stop()


class BenchWorld:
    """Use as ``with``. ``loans`` is the book; ``day`` the business date all loans are at."""

    def __init__(
        self,
        loans: int,
        day: date,
        runtime: RuntimeConfig | None = None,
        *,
        product: str = "standard",
        sandbox: bool = False,
        copies: tuple[str, ...] = (),
        channels: tuple[Channel, ...] = (),
        dedicated: int = 0,
    ) -> None:
        """``copies``: databases for yardsticks; ``dedicated``: so many first loans get a Ray actor each when asked."""
        self.folder = Path(tempfile.mkdtemp(prefix="miaodai-bench-"))
        self.folder.chmod(0o711)
        self._wanted = loans
        self._product = product
        self._copies = copies
        self._dedicated = dedicated
        self.day = day
        self.loans: list[Loan] = []
        settings = Settings(
            data_dir=str(self.folder),
            rest=RestSettings(port=0),
            esb=EsbSettings(listeners=(Listener(port=0),)),
            ray=RaySettings(num_hosts=1, release=f"bench{os.getpid()}"),
            runtime=runtime or RuntimeConfig(),
        )
        self.deployment = Deployment(
            settings, sandbox=sandbox, extra_channels=(CHANNEL, *channels), prepare=self._fill, business_date=day
        )
        self._yardsticks: list[Yardstick] = []

    def __enter__(self) -> "BenchWorld":
        try:
            self.deployment.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for yardstick in self._yardsticks:
            yardstick.stop()
        self.deployment.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fill(self, deployment: Deployment) -> None:
        say(f"filling a book of {self._wanted} loans")
        if self._wanted:
            book = fill(deployment.database_url, deployment.master_key, self._wanted, product=self._product)
            self.loans = asyncio.run(book)
        if self._dedicated:
            ids = tuple(f"id:{loan.id}" for loan in self.loans[: self._dedicated])
            runtime = msgspec.structs.replace(deployment.settings.runtime, dedicated=ids, dedicated_max=len(ids))
            deployment.settings = msgspec.structs.replace(deployment.settings, runtime=runtime)
        asyncio.run(self._copy_databases())

    async def _copy_databases(self) -> None:
        connection = await asyncpg.connect(self._url_of("postgres"))
        try:
            for name in self._copies:
                source = urlsplit(self.deployment.database_url).path[1:]
                await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        finally:
            await connection.close()

    def _url_of(self, database: str) -> str:
        return urlsplit(self.deployment.database_url)._replace(path=f"/{database}").geturl()

    def yardstick(self, which: str, prepare_sql: str = "") -> Yardstick:
        """Start the two servers of ``expert`` or ``limit`` on their copy of the database."""
        url = self._url_of(which)
        if prepare_sql:
            asyncio.run(_execute(url, prepare_sql))
        spec = msgspec.structs.replace(self.deployment.world(), database_url=url)
        spec_file = self.folder / f"{which}.spec"
        spec_file.write_bytes(spec.pack())
        ports, processes = [], []
        for n in range(2):
            port_file = self.folder / f"{which}-{n}.port"
            command = [sys.executable, "-m", "bench.server", which, str(spec_file), str(port_file), f"{which}-{n}"]
            log = self.folder / f"{which}-{n}.log"
            process = GuardedProcess(command, log=log, stop_signal="TERM")
            processes.append(process)
            deadline = time.monotonic() + 60
            while not port_file.exists():
                if time.monotonic() > deadline or not process.alive():
                    raise RuntimeError(f"the {which} server did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.05)
            ports.append(int(port_file.read_text()))
        found = Yardstick(which, ports, processes)
        self._yardsticks.append(found)
        return found

    def our_pids(self) -> list[int]:
        """Gateway and host."""
        handles = (*self.deployment.gateways.values(), *self.deployment.hosts.values())
        return [int(status["pid"]) for status in ray.get([handle.status.remote() for handle in handles])]

    def postgres_pids(self) -> list[int]:
        assert self.deployment.embedded is not None
        server = psutil.Process(self.deployment.embedded.postgres_pid)
        return [server.pid, *(child.pid for child in server.children(recursive=True))]

    def sandbox_pids(self) -> list[int]:
        """The outside systems' process, when there are any."""
        return [self.deployment.sandbox_pid] if self.deployment.sandbox_pid else []

    @property
    def rest_port(self) -> int:
        return int(self.deployment.rest_urls[0].rsplit(":", 1)[1])

    def set_commit_delay(self, microseconds: int) -> None:
        """Add to every flush of the log: PostgreSQL waits that long before it, holding the others up."""
        asyncio.run(_alter(self._url_of("postgres"), microseconds))

    def verify(self) -> dict[str, Any]:
        """`miaodai verify` on the product's database: its JSON report."""
        environment = {**os.environ, "MIAODAI_DATABASE_URL": self.deployment.database_url}
        command = [sys.executable, "-m", "cluster.cli", "verify", "--json"]
        if control := self.deployment.sandbox_ports.get("control"):
            command += ["--sandbox-control", f"http://127.0.0.1:{control}"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"verify failed: {done.stderr[-2000:]}")
        report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return report


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _alter(url: str, microseconds: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"ALTER SYSTEM SET commit_delay = {microseconds}")
        await connection.execute(f"ALTER SYSTEM SET commit_siblings = {0 if microseconds else 5}")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()
    await asyncio.sleep(0.3)


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes so far; those that are gone count nothing."""
    total = 0.0
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def say(text: str) -> None:
    """Progress, on stderr: stdout carries the JSON lines."""
    print(text, file=sys.stderr, flush=True)
