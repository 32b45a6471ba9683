"""`miaodai demo`: puts the parts up, tells the stories, passes the year, checks all, prints one JSON line last."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
import uuid
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from actors.bank import BankTerms
from cluster.bank_config import load_banks
from cluster.day import DayRun
from cluster.demo import tables
from cluster.demo.applicants import applicants
from cluster.demo.applications import reverse_some, spend, tell_all
from cluster.demo.desk import Book, Desk, EsbDesk, RestDesk
from cluster.demo.figures import Figures, figures, last_line
from cluster.demo.story import Outcome
from cluster.demo.year import Year, collection_dates
from cluster.deploy import Deployment
from cluster.eod.hands import RayHands
from cluster.secrets import channel_secret, master_key
from cluster.settings import ChannelSettings, Listener, Settings
from cluster.verify.run import Report, verify
from cluster.verify.show import show
from sandbox.remote import RemoteControl
from storage.postgres import open_store

START = date(2026, 1, 5)
CHANNELS = (
    ChannelSettings(id="mobile", kind="hmac", banks=("*",), operations=("*",)),
    ChannelSettings(id="counter", kind="esb", banks=("*",), operations=("*",)),
)


def run(settings: Settings, *, count: int, months: int, seed: int, keep: Path | None) -> bool:
    """Whether everything came out as it must; prints tables and, last, the JSON line."""
    began = time.monotonic()
    out = sys.stdout
    console = Console(file=out, width=None if out.isatty() else 120)
    folder = keep.resolve() if keep else Path(tempfile.mkdtemp(prefix="miaodai-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    deployment = Deployment(_demo_settings(settings, folder), data_dir=folder, business_date=START)
    try:
        # Ray prints by itself when a worker dies, as one must here: that is kept beside the data
        with (folder / "ray-says.log").open("w") as said, contextlib.redirect_stdout(said):
            try:
                _start(deployment, console)
                ended = asyncio.run(Demo(deployment, count, months, seed, console).play())
            finally:
                deployment.stop()
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(
        last_line(
            ended.figures,
            ledger_balanced=ended.report.ledger_balanced,
            replay_identical=ended.report.replay_identical,
            invariants_broken=ended.report.invariants_broken,
            seconds=time.monotonic() - began,
        ),
        flush=True,
    )
    return ended.report.ok and not ended.stopped


class Ended(NamedTuple):
    """``stopped``: applicants whose story ended neither with money nor with a refusal."""

    figures: Figures
    report: Report
    stopped: int


def _start(deployment: Deployment, console: Console) -> None:
    with console.status("启动 starting"):
        deployment.start()
    urls = ", ".join(deployment.rest_urls)
    console.print(f"就绪 ready, {deployment.seconds:.1f} s: {urls}, ESB {_esb(deployment)}")


def _esb(deployment: Deployment) -> str:
    return ", ".join(f"{host}:{port}" for host, port in deployment.esb_addresses)


def _demo_settings(settings: Settings, folder: Path) -> Settings:
    """Free ports, a release and a data folder of its own: a demo never meets a running `make up`."""
    replace = msgspec.structs.replace
    return replace(
        settings,
        data_dir=str(folder),
        channels=CHANNELS,
        ray=replace(settings.ray, release=f"demo-{uuid.uuid4().hex[:8]}", num_gateways=1),
        rest=replace(settings.rest, port=0),
        esb=replace(settings.esb, listeners=(Listener(port=0),)),
    )


class Demo:
    """One telling of the whole story against a running deployment."""

    def __init__(self, deployment: Deployment, count: int, months: int, seed: int, console: Console) -> None:
        self._deployment = deployment
        self._months, self._console = months, console
        self._banks: list[BankTerms] = load_banks()
        self._people = applicants(self._banks, START, count, seed)
        self._run = f"demo{seed}-{uuid.uuid4().hex[:6]}"
        self._book = Book()
        self._killed = ""

    async def play(self) -> Ended:
        deployment = self._deployment
        async with AsyncExitStack() as stack:
            store = await open_store(deployment.database_url)
            stack.push_async_callback(store.close)
            control = RemoteControl(deployment.sandbox_ports["control"])
            stack.push_async_callback(control.close)
            rest, esb = self._open_desks()
            stack.push_async_callback(rest.close)
            stack.push_async_callback(esb.close)
            desks: dict[str, Desk] = {"rest": rest, "esb": esb}
            await control.call("POST", "/core/date", {"bank": "*", "date": START.isoformat()})
            days = DayRun(store, RayHands(deployment.release))
            outcomes = await self._applications(desks, control)
            await self._year(Year(outcomes, desks, days, store, control, self._run), outcomes)
        found = await self._figures()
        report = await verify(
            deployment.database_url,
            control=f"http://127.0.0.1:{deployment.sandbox_ports['control']}",
            acknowledged=self._book.acknowledged,
        )
        return self._conclude(found, report, outcomes)

    def _open_desks(self) -> tuple[RestDesk, EsbDesk]:
        key = master_key(self._deployment.settings)
        mobile, counter = (channel_secret(key, channel) for channel in CHANNELS)
        rest = RestDesk(self._deployment.rest_urls[0], "mobile", mobile, self._book)
        return rest, EsbDesk(self._deployment.esb_addresses[0], "counter", counter, self._book)

    def _kill_a_host(self) -> None:
        self._killed = sorted(self._deployment.hosts)[0]
        self._deployment.kill_host(self._killed)

    async def _applications(self, desks: dict[str, Desk], control: RemoteControl) -> list[Outcome]:
        with self._bar() as bar:
            task = bar.add_task("申请到放款 applications", total=len(self._people))
            outcomes = await tell_all(
                self._people, desks, self._run, START, lambda n: bar.update(task, completed=n), self._kill_a_host
            )
        self._console.print(f"中途以SIGKILL终止一台主机 one host was killed in the middle: {self._killed}")
        reversals = await reverse_some(outcomes, desks, self._run)
        self._console.print(f"当日冲正 reversed the same day: {reversals}")
        await spend(outcomes, control)
        return outcomes

    async def _year(self, year: Year, outcomes: list[Outcome]) -> None:
        dates = collection_dates(START, self._months)
        with self._bar() as bar:
            task = bar.add_task("还款 repayments", total=len(dates))

            def say(day: str) -> None:
                bar.update(task, advance=1, description=f"营业日期 business date {day}")

            codes = await year.pass_months(START, self._months, say)
        heard = ", ".join(f"{code or 'ok'} {count}" for code, count in sorted(codes.items()))
        self._console.print(f"扣款与提前还款 collections and prepayments: {heard}")

    def _bar(self) -> Progress:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        return Progress(*columns, console=self._console, transient=True)

    async def _figures(self) -> Figures:
        instant = {(b.code, p.code) for b in self._banks for p in b.products.values() if p.white_list_only}
        keys: dict[str, list[tuple[str, str, str, str]]] = {"rest": [], "esb": []}
        for told in self._book.acknowledged:
            if told.id.endswith("-apply"):
                front = "rest" if told.channel == "mobile" else "esb"
                keys[front].append((told.bank, told.channel, told.id, told.tran_date))
        return await figures(self._deployment.database_url, instant, keys)

    def _conclude(self, found: Figures, report: Report, outcomes: list[Outcome]) -> Ended:
        tables.show(found, self._banks, self._console)
        show(report, self._console)
        stopped = [o for o in outcomes if o.ended == "stopped"]
        for outcome in stopped:
            self._console.print(f"未完成 not ended: {outcome.applicant.number} {outcome.code}")
        return Ended(found, report, len(stopped))
