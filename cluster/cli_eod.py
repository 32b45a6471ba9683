"""`miaodai eod run | status`: the day's end of a bank against the miaodai that runs on the data directory.

Progress on stderr; the report on stdout, as a table and with ``--json`` as one JSON line a day.
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cluster.cli_bank import Config, parsed_date
from cluster.failures import Failure
from cluster.running import Running, find_running
from cluster.settings_load import load as load_settings

if TYPE_CHECKING:
    from cluster.eod.run import Options
    from cluster.eod.steps import Step
    from cluster.settings import Settings

eod = typer.Typer(help="日终 · the day's end.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="每日一行JSON one JSON line a day on stdout")]
SAY_EVERY_S = 1.0
SHOWN_MAX = 20


class Shown:
    """Progress on stderr: a line when a step begins, moves (once a second) and ends."""

    def __init__(self) -> None:
        self._begun = self._said = 0.0
        self._name = ""
        self._total = self._actors = self._first = 0

    def step_begins(self, bank: str, day: date, step: "Step", total: int) -> None:
        self._begun = self._said = time.monotonic()
        self._name, self._total = f"{bank} {day} {step.zh} {step.name}", total
        self._actors = 0
        self._first = -1
        self._say("...")

    def step_moves(self, shards: int, shards_total: int, actors: int) -> None:
        self._actors = actors
        if self._first < 0:
            self._first = actors  # done before this run took the step up
        now = time.monotonic()
        if now - self._said < SAY_EVERY_S or not shards:
            return
        self._said = now
        rate = (actors - self._first) / max(now - self._begun, 1e-9)
        of = f"/{self._total:,}" if self._total else ""
        left = f", 约剩 ETA {max(0, self._total - actors) / rate:.0f} s" if self._total and rate else ""
        self._say(f"分片 shards {shards}/{shards_total}, {actors:,}{of} 笔 done, {rate:,.0f}/s{left}")

    def step_ends(self, seconds: float) -> None:
        self._say(f"完成 done {seconds:.1f} s" + (f", {self._actors:,} 笔" if self._actors else ""))

    def _say(self, text: str) -> None:
        print(f"{self._name}: {text}", file=sys.stderr, flush=True)


@eod.command()
def run(
    bank: Annotated[str, typer.Argument(help="法人代码 bank code；--all 时省略 left out with --all")] = "",
    day: Annotated[str, typer.Argument(metavar="DATE", help="营业日期，默认当前 by default the business date")] = "",
    all_banks: Annotated[bool, typer.Option("--all", help="所有法人，逐家 every bank, one after the other")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出将做之事 only say what there is to do")] = False,
    full: Annotated[bool, typer.Option("--full", help="如月末：全部存续借据 as at month's end")] = False,
    skip: Annotated[str, typer.Option(help="略过的步骤，逗号分隔 steps to leave out, comma separated")] = "",
    settle_s: Annotated[float, typer.Option(min=0, help="等待在途扣款的秒数 seconds to wait for debits")] = 30.0,
    json_line: Json = False,
    settings_file: Config = None,
) -> None:
    """执行日终，可中断后再次执行 · run it; interrupted, run it again: it goes on where it stopped."""
    from cluster.eod.run import Options
    from cluster.eod.steps import STEPS

    if bool(bank) == all_banks:
        raise Failure("给出法人代码或 --all 之一 give either a bank or --all")
    words = tuple(word.strip() for word in skip.split(",") if word.strip())
    if unknown := set(words) - {step.name for step in STEPS}:
        known = ", ".join(step.name for step in STEPS)
        raise Failure(f"没有步骤 no such step: {', '.join(sorted(unknown))}；有 there are: {known}")
    settings = load_settings(settings_file)
    options = Options(settle_s=settle_s, full=full, skip=words, files=str(Path(settings.data_dir) / "files"))
    to = parsed_date(day) if day else None
    reports = asyncio.run(_run(settings, bank, to, options, dry_run=dry_run))
    for report in reports:
        if json_line:
            print(msgspec.json.encode(report).decode(), flush=True)
        elif dry_run:
            Console().print(", ".join(f"{key} {value}" for key, value in report.items()), highlight=False)
        else:
            _show(report)
    if not reports:
        print("已日终，无事可做 closed already, nothing to do", file=sys.stderr)


@eod.command()
def remind(
    bank: Annotated[str, typer.Argument(help="法人代码 bank code")],
    settings_file: Config = None,
) -> None:
    """发送排队的还款提醒，仅限许可时段 · send queued reminders, in permitted hours only."""
    settings = load_settings(settings_file)
    asked = asyncio.run(_remind(settings, bank))
    print(f"已提醒客户 customers reminded: {asked}")


@eod.command()
def status(
    bank: Annotated[str, typer.Argument(help="法人代码 bank code")],
    days: Annotated[int, typer.Option(min=1, help="最近几日 the last so many days")] = 7,
    json_line: Json = False,
    settings_file: Config = None,
) -> None:
    """最近的日终、各步骤进度、待处理清单 · recent runs, how far each is, what is set aside."""
    settings = load_settings(settings_file)
    found = asyncio.run(_status(settings, bank, days))
    if json_line:
        print(msgspec.json.encode(found).decode())
        return
    console = Console()
    console.print(
        f"{bank} 营业日期 business date {found['business_date']}, 已关账至 books closed to {found['closed_to']}"
    )
    table = Table("日期 date", "步骤 step", "状态 state", "分片 shards", "秒 seconds", "笔数 answers")
    for one in found["runs"]:
        for name, step in one["steps"].items():
            counts = ", ".join(f"{code or 'ok'} {n}" for code, n in step["counts"].items())
            state = "完成 done" if step["ended"] else "未完 not ended"
            table.add_row(one["date"], name, state, str(step["shards"]), f"{step['seconds']:.1f}", counts)
    console.print(table)
    _show_aside(console, found["set_aside"])


def database_of(settings: "Settings") -> tuple[str, Running]:
    """The database and the running miaodai of the data directory; else `Failure`."""
    running = find_running(settings)
    if running is None:
        raise Failure(f"没有在运行 nothing runs on {settings.data_dir}/（make up）")
    return settings.database.url or running.database_url, running


async def _run(
    settings: "Settings", bank: str, to: date | None, options: "Options", *, dry_run: bool
) -> list[dict[str, Any]]:
    from cluster.eod.hands import RayHands
    from cluster.eod.run import EodRun
    from storage.postgres import open_store

    url, running = database_of(settings)
    store = await open_store(url, timeout_s=60)
    try:
        banks = [bank] if bank else [head.code for head in await store.heads()]
        runs = EodRun(store, url, RayHands(running.release), options, Shown())
        today = date.today()
        if dry_run:
            return [line for code in banks for line in await runs.plan(code, await runs.days(code, to, today))]
        with connected(running):
            return [report for code in banks for report in await runs.run(code, to, today)]
    finally:
        await store.close()


async def _remind(settings: "Settings", bank: str) -> int:
    from cluster.eod.hands import RayHands
    from cluster.eod.reminders import CHINA, permitted
    from cluster.eod.run import EodRun
    from storage.postgres import open_store

    hours = (clock.fromisoformat(settings.eod.remind_from), clock.fromisoformat(settings.eod.remind_to))
    if not permitted(datetime.now(CHINA), hours):
        raise Failure(f"不在许可时段 not in permitted hours: {hours[0]:%H:%M}-{hours[1]:%H:%M}")
    url, running = database_of(settings)
    store = await open_store(url, timeout_s=60)
    try:
        with connected(running):
            return await EodRun(store, url, RayHands(running.release)).remind(bank)
    finally:
        await store.close()


@contextmanager
def connected(running: Running) -> Iterator[None]:
    """Joined to the Ray cluster of the running miaodai."""
    import ray

    from runtime.ray_world import NAMESPACE

    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=running.ray_token)
    ray.init(address=running.ray_address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    try:
        yield
    finally:
        ray.shutdown()


async def _status(settings: "Settings", bank: str, days: int) -> dict[str, Any]:
    from storage.eod import PostgresEod
    from storage.postgres import open_store

    running = find_running(settings)
    url = settings.database.url or (running.database_url if running else "")
    if not url:
        raise Failure(f"没有在运行 nothing runs on {settings.data_dir}/（make up）")
    store = await open_store(url)
    try:
        table = PostgresEod(store.database)
        dates = await table.dates(bank)
        if dates is None:
            raise Failure(f"没有该法人 no such bank: {bank}")
        runs = []
        for one in await table.last_runs(bank, days):
            steps = await table.steps(bank, one.date)
            shown = {
                name: {"ended": row.ended, "seconds": row.seconds, "shards": len(row.shards), "counts": row.counts}
                for name, row in steps.items()
            }
            runs.append({"date": one.date.isoformat(), "ended": one.ended, "starts": one.starts, "steps": shown})
        aside = [item._asdict() for item in await table.set_aside(bank)]
        return {
            "bank": bank,
            "business_date": dates.business_date.isoformat(),
            "closed_to": dates.closed_to.isoformat() if dates.closed_to else None,
            "runs": runs,
            "set_aside": aside,
        }
    finally:
        await store.close()


def _show(report: dict[str, Any]) -> None:
    console = Console()
    kind = "（月末 month's end）" if report["month_end"] else ""
    table = Table("项目 item", "数值 figure", title=f"{report['bank']} {report['date']} 日终 day's end{kind}")
    for name, key in (
        ("处理借据 loans touched", "touched"),
        ("次日到期 billed for the next day", "billed"),
        ("逾期 overdue", "overdue"),
        ("已日终 closed by the run", "closed"),
        ("每秒笔数 loans a second", "loans_per_s"),
        ("用时秒 seconds", "seconds"),
        ("启动次数 starts", "starts"),
    ):
        table.add_row(name, f"{report[key]:,}")
    for name, step in report["steps"].items():
        table.add_row(f"  {name}", ", ".join(f"{key} {value}" for key, value in step.items()))
    console.print(table)
    _show_aside(console, report["set_aside"])


def _show_aside(console: Console, aside: list[dict[str, Any]]) -> None:
    if not aside:
        return
    table = Table("借据 loan", "代码 code", "原因 reason", title=f"待处理 set aside: {len(aside)}")
    for item in aside[:SHOWN_MAX]:
        table.add_row(item["id"], item["code"], item["reason"])
    console.print(table)


__all__ = ["eod"]
