"""Hosts and drivers killed in the middle of a day's end, on Ray: the books are those of a run that nobody disturbed."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from actors.loan.messages import PostRepayment
from bench.book import START, Loan, fill
from cluster.deploy import Deployment
from cluster.eod.hands import LocalHands
from cluster.eod.run import EodRun, Options
from cluster.parts import Parts
from cluster.running import Running, announce
from cluster.settings import RaySettings, Settings
from cluster.verify.run import verify
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from storage.eod import PostgresEod
from storage.postgres import open_store
from tests.eod.eod_house import BANK, DUE, Core, books, quiet

LOANS = 2_000
FIRST = DUE - timedelta(days=1)
LAST = DUE + timedelta(days=1)
"""Three days: every loan is billed, becomes overdue with its notice to the customer, bears penalty."""
RUNTIME = RuntimeConfig(sweep_turns=40, effect_retry_ms=1000, wake_poll_ms=200)


class Town:
    """A deployment with two hosts over the book, and a copy of its database that nobody has touched."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="miaodai-eod-"))
        self.folder.chmod(0o711)
        self.loans: list[Loan] = []
        settings = Settings(
            data_dir=str(self.folder),
            ray=RaySettings(num_hosts=2, release=f"eod{os.getpid()}"),
            runtime=RUNTIME,
        )
        self.deployment = Deployment(
            settings, data_dir=self.folder, sandbox=False, fronts=False, business_date=START, prepare=self._fill
        )

    def start(self) -> "Town":
        self.deployment.start()
        import ray  # not before cluster: that says how Ray authenticates

        announce(
            self.folder,
            Running(
                pid=os.getpid(),
                release=self.deployment.release,
                database_url=self.url,
                rest_urls=(),
                esb_addresses=(),
                sandbox_control="",
                ray_address=ray.get_runtime_context().gcs_address,
                ray_token=os.environ.get("RAY_AUTH_TOKEN", ""),
            ),
        )
        return self

    def stop(self) -> None:
        self.deployment.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return self.deployment.database_url

    @property
    def copy_url(self) -> str:
        return urlsplit(self.url)._replace(path="/undisturbed").geturl()

    def _fill(self, deployment: Deployment) -> None:
        asyncio.run(self._book(deployment))

    async def _book(self, deployment: Deployment) -> None:
        self.loans = await fill(deployment.database_url, deployment.master_key, LOANS, bank=BANK)
        store = await open_store(deployment.database_url)
        await store.set_business_date(BANK, FIRST)
        await store.close()
        connection = await asyncpg.connect(urlsplit(deployment.database_url)._replace(path="/postgres").geturl())
        name = urlsplit(deployment.database_url).path[1:]
        await connection.execute(f'CREATE DATABASE undisturbed TEMPLATE "{name}"')
        # every flush takes 20 ms, so that there is a middle to be killed in
        await connection.execute("ALTER SYSTEM SET commit_delay = 20000")
        await connection.execute("ALTER SYSTEM SET commit_siblings = 0")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

    async def driver(self, to: date) -> asyncio.subprocess.Process:
        """`miaodai eod run` as a process of its own."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cluster.cli", "eod", "run", BANK, to.isoformat()),
            *("--skip", "collect", "--settle-s", "20", "--json"),
            env={**os.environ, "MIAODAI_DATA_DIR": str(self.folder)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def kill_host(self, name: str) -> None:
        def kill() -> None:
            with contextlib.suppress(ValueError):
                self.deployment.find_host(name)
            self.deployment.kill_host(name)

        await asyncio.to_thread(kill)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """Started and stopped outside of any event loop, in the main thread, as Ray likes it."""
    town = Town()
    try:
        yield town.start()
    finally:
        town.stop()


async def undisturbed(town: Town) -> list[dict[str, Any]]:
    """The same days over the copy, in this process."""
    spec = msgspec.structs.replace(town.deployment.world(), database_url=town.copy_url)
    parts = await Parts.open(spec)
    runtime = LocalRuntime(parts.store, parts.store, lambda: parts.banks, parts.kinds(), Core(), spec.runtime)
    await runtime.start()
    hands = LocalHands(lambda: runtime.hosts, PostgresEod(parts.store.database))
    reports = await EodRun(parts.store, town.copy_url, hands, Options(skip=("collect",))).run(BANK, LAST, LAST)
    await quiet(town.copy_url)
    await runtime.stop()
    await parts.close()
    return reports


async def eventually(reached: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(6000):
        if await reached():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not reached within half a minute")


async def test_killed_twice_a_host_and_a_driver_the_books_are_the_same(town: Town) -> None:
    expected = await undisturbed(town)
    connection = await asyncpg.connect(town.url)

    def closed(day: date, share: float) -> Callable[[], Awaitable[bool]]:
        async def reached() -> bool:
            count = await connection.fetchval("SELECT count(*) FROM loan WHERE closed_to >= $1", day)
            if count >= LOANS:
                raise AssertionError(f"{day} ended before its middle was seen")
            return bool(count >= LOANS * share)

        return reached

    first = await town.driver(LAST)
    await eventually(closed(FIRST, 0.1))
    await town.kill_host("host-1")
    await eventually(closed(FIRST, 0.6))
    first.send_signal(signal.SIGKILL)
    await first.wait()
    second = await town.driver(LAST)
    await eventually(closed(DUE, 0.1))
    await town.kill_host("host-2")
    await eventually(closed(DUE, 0.6))
    second.send_signal(signal.SIGKILL)
    await second.wait()
    third = await town.driver(LAST)
    out, said = await third.communicate()
    assert third.returncode == 0, said.decode()
    await connection.close()
    await quiet(town.url)

    found, wanted = await books(town.url), await books(town.copy_url)
    for name, rows in wanted.items():
        assert rows == found[name], name
    reports = [json.loads(line) for line in out.decode().splitlines()]
    assert [report["date"] for report in reports] == [DUE.isoformat(), LAST.isoformat()]
    assert reports[0]["starts"] == 2
    for report, other in zip(reports, expected[1:], strict=True):
        for figure in ("touched", "billed", "overdue", "set_aside"):
            assert report[figure] == other[figure], figure
    assert (await verify(town.url)).ok


async def test_repayments_are_taken_while_the_day_closes_and_a_host_dies(town: Town) -> None:
    """Every repayment is answered in the end, each loan closes each day once, by itself or by the run."""
    gateway = next(iter(town.deployment.gateways.values()))
    day = LAST + timedelta(days=1)
    later = day + timedelta(days=1)

    async def pay(n: int, loans: list[Loan]) -> list[str]:
        paid = PostRepayment(amount_fen=10 + n, source="counter", core_date=later, core_serial=f"k{n}")
        body = msgspec.msgpack.encode(paid)
        wanted = [("loan", loan.id, BANK, body, "test", f"k{n}-{loan.id}") for loan in loans]
        codes: set[str] = {"outcome_unknown"}
        while codes & {"outcome_unknown", "unavailable"}:
            raw = await gateway.ask_many.remote(msgspec.msgpack.encode(wanted), 30_000)
            answers = [code for code, _ in msgspec.msgpack.decode(raw)]
            codes = set(answers)
        return answers

    driver = await town.driver(day)
    connection = await asyncpg.connect(town.url)

    async def rolled() -> bool:
        sql = "SELECT count(*) FROM eod_step WHERE date = $1 AND step = 'roll' AND ended_at IS NOT NULL"
        return bool(await connection.fetchval(sql, day))

    await eventually(rolled)
    paying = asyncio.gather(*(pay(n, town.loans[n * 400 : n * 400 + 400]) for n in range(4)))
    await town.kill_host("host-1")
    answers = [code for codes in await paying for code in codes]
    out, said = await driver.communicate()
    assert driver.returncode == 0, said.decode()
    assert set(answers) == {""}
    report = json.loads(out)
    assert report["set_aside"] == []
    assert await connection.fetchval("SELECT count(*) FROM loan WHERE closed_to = $1", day) == LOANS
    repaid = "SELECT count(*) FROM journal WHERE type = 'Repaid' AND business_date = $1"
    assert await connection.fetchval(repaid, later) == 1_600
    once = "SELECT count(*), count(DISTINCT id) FROM journal WHERE type = 'DayClosed' AND business_date = $1"
    assert tuple(await connection.fetchrow(once, day)) == (LOANS, LOANS)
    await connection.close()
    await quiet(town.url)
    assert (await verify(town.url)).ok


async def test_status_shows_each_step(town: Town) -> None:
    done = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cluster.cli", "eod", "status", BANK, "--json"),
        env={**os.environ, "MIAODAI_DATA_DIR": str(town.folder)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await done.communicate()
    shown = json.loads(out)
    assert shown["closed_to"] == (LAST + timedelta(days=1)).isoformat()
    assert [run["date"] for run in shown["runs"]] == [(LAST + timedelta(days=n)).isoformat() for n in (1, 0, -1, -2)]
    assert {name for run in shown["runs"] for name, step in run["steps"].items() if not step["ended"]} == {"reminders"}
    assert all(run["steps"]["close"]["shards"] == 1024 for run in shown["runs"])
