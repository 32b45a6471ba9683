"""eod: the day's end over books of 10^4, 10^5 and 10^6 loans with about one in thirty due and 2 % overdue.

``loans``, ``touched``, ``seconds`` (whole run: date, closes, seal, lines, books), the close step alone, loans touched a
second, against one set-based SQL statement over the same rows (bench/eod_sql.py). Then the same with repayments at 20 %
of capacity: p99 inflation. Then a constant number of loans touched in books of each size: the log-log slope of seconds.
The last auto-debit is left out: it measures the core. ``--quick``: 10^4 only, for a look.
"""

import asyncio
import itertools
import math
import time
from array import array
from datetime import date, timedelta
from statistics import median
from typing import Any

import asyncpg
import msgspec
import numpy as np

from bench.book import AMOUNT_FEN, PERIODS, TOKEN, Loan, fill_mixed, loans_held, terms_held
from bench.eod_sql import close, prepare
from bench.exchange import Exchange
from bench.load import Measured, Shot, closed_loop, http_post, open_loop
from bench.world import BenchWorld, say
from cluster.deploy import Deployment
from cluster.eod.hands import RayHands
from cluster.eod.run import EodRun, Options
from cluster.generate.book import write
from cluster.generate.generate import Order
from cluster.generate.lives import LifePlan, LoanPlan
from cluster.generate.stage import Stage
from runtime.config import RuntimeConfig
from storage.postgres import open_store

BANK, PRODUCT = "baihe", "standard"
SIZES, SIZES_QUICK = (10_000, 100_000, 1_000_000), (10_000,)
DAY = date(2026, 6, 16)
EARLY = date(2024, 1, 1)
"""Business date at which the banks are loaded, before the oldest loan."""
ONE_DAY = timedelta(days=1)
OVERDUE_SHARE = 0.02
DAYS = 3
"""Days closed in a row on each book; the median counts."""
CONSTANT = 3_000
"""Loans touched in each book of the slope."""
SLOPE_DAYS = 5
DRAWN = date(2026, 1, 5)
SLOPE_DAY = date(2026, 2, 4)
ONLINE_SHARE = 0.2
ONLINE_S = 8.0
AMOUNT = 1_000


class EodWorld(BenchWorld):
    """Two hosts over a book of one bank."""

    def __init__(self, size: int) -> None:
        super().__init__(size, EARLY, RuntimeConfig(memory_mb=2_048))
        replace, settings = msgspec.structs.replace, self.deployment.settings
        self.deployment.settings = replace(settings, ray=replace(settings.ray, num_hosts=2))
        self.size = size

    def _fill(self, deployment: Deployment) -> None:
        say(f"filling a book of {self.size} loans")
        asyncio.run(self._book(deployment))

    async def _book(self, deployment: Deployment) -> None:
        order = Order(loans=self.size, on=DAY, due_share=0.0, overdue_share=OVERDUE_SHARE)
        await fill_mixed(deployment.database_url, deployment.master_key, order, BANK)
        await _checkpoint(deployment.database_url)

    @property
    def url(self) -> str:
        return self.deployment.database_url

    async def close(self, day: date) -> dict[str, Any]:
        """The day's end of ``day``; its report, ``seconds`` being those of the whole run with plan and report."""
        store = await open_store(self.url, timeout_s=60)
        try:
            run = EodRun(store, self.url, RayHands(self.deployment.release), Options(skip=("collect",), settle_s=5))
            begun = time.perf_counter()
            [report] = await run.run(BANK, day, date.max)
            steps = {name: step["seconds"] for name, step in report["steps"].items()}
            say(f"  {day}: {report['closed']} loans, steps {steps}")
            return report | {"seconds": round(time.perf_counter() - begun, 3)}
        finally:
            await store.close()


class FlatWorld(EodWorld):
    """Loans of one kind, of which `CONSTANT` are due on the day after `SLOPE_DAY` and the others five days later."""

    async def _book(self, deployment: Deployment) -> None:
        url, key = deployment.database_url, deployment.master_key
        plans = [
            LifePlan(
                name=f"due-{day}",
                bank=BANK,
                product=PRODUCT,
                weight=1,
                loans=(
                    LoanPlan(
                        method="equal_instalment", amount_fen=AMOUNT_FEN, periods=PERIODS, drawn_on=DRAWN, due_day=day
                    ),
                ),
            )
            for day in (5, 10)
        ]
        banks = await terms_held(url)
        templates = await Stage(banks, key).live(plans, DRAWN)
        chosen = array("H", [0] * CONSTANT + [1] * (self.size - CONSTANT))
        await write(url, key, banks, templates, chosen, seed=1)
        store = await open_store(url)
        await store.set_business_date(BANK, SLOPE_DAY)
        await store.close()
        await _checkpoint(url)


async def _checkpoint(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def whole(size: int) -> dict[str, Any]:
    """One line: days in a row on a book of ``size``."""
    with EodWorld(size) as world:
        days = []
        for day in (DAY + n * ONE_DAY for n in range(DAYS)):
            asyncio.run(prepare(world.url, BANK, day))
            expert_touched, expert_s = asyncio.run(close(world.url, BANK, day))
            report = asyncio.run(world.close(day))
            seconds, closing = report["seconds"], report["steps"]["close"]["seconds"]
            rate, expert = report["closed"] / closing, expert_touched / expert_s
            touched = report["closed"]
            say(f"  {day}: {touched} loans, {seconds:.2f} s, close {closing:.2f} s, {rate:.0f}/s; SQL {expert:.0f}/s")
            days.append((report["closed"], seconds, closing, rate, rate / expert, len(report["set_aside"])))
        ok = bool(world.verify()["ok"]) if size <= 100_000 else asyncio.run(_sound(world.url))
    touched, seconds, closing, rate, ratio, aside = (median(column) for column in zip(*days, strict=True))
    return {
        "bench": "eod",
        "loans": size,
        "touched": round(touched),
        "seconds": round(seconds, 3),
        "close_seconds": round(closing, 3),
        "touched_per_s": round(rate, 1),
        "ratio_to_sql": round(ratio, 3),
        "set_aside": round(aside),
        "invariants_ok": ok,
    }


async def _sound(url: str) -> bool:
    """What can be said of a very large book in a moment: entries balance, and no loan closed a day twice."""
    connection = await asyncpg.connect(url)
    try:
        off = await connection.fetchval(
            "SELECT count(*) FROM (SELECT 1 FROM posting WHERE business_date >= $1 GROUP BY id, version, memo"
            " HAVING sum(debit_fen) <> sum(credit_fen)) x",
            DAY,
        )
        twice = await connection.fetchval(
            "SELECT count(*) FROM (SELECT 1 FROM journal WHERE business_date >= $1 AND type = 'DayClosed'"
            " GROUP BY id, business_date HAVING count(*) > 1) x",
            DAY,
        )
        return not off and not twice
    finally:
        await connection.close()


def online(size: int, quick: bool) -> dict[str, Any]:
    """One line: repayments at a fifth of capacity, alone and beside the day's end."""
    with EodWorld(size) as world:
        far = f"bank = '{BANK}' AND status = 'active' AND next_due > date '{DAY}' + 5"
        loans = asyncio.run(loans_held(world.url, f"{far} AND principal_fen_outstanding > 200000"))[:5_000]
        made = itertools.count()
        shots = [Shot(world.rest_port, _repayment(loans, next(made))) for _ in range(len(loans))]
        asyncio.run(closed_loop(shots, 64, 60.0))  # every loan has been touched once
        seconds = 2.0 if quick else 4.0
        shots = [Shot(world.rest_port, _repayment(loans, next(made))) for _ in range(int(9_000 * seconds))]
        capacity, _ = asyncio.run(closed_loop(shots, 64, seconds))
        rate = capacity.rate * ONLINE_SHARE
        say(f"  capacity {capacity.rate:.0f} repayments/s ({capacity.failed} failed), online {rate:.0f}/s")
        alone = asyncio.run(_stream(world.rest_port, loans, made, rate, ONLINE_S))
        beside, report = asyncio.run(_beside(world, loans, made, rate))
        ok = bool(world.verify()["ok"])
    failed = alone.failed + beside.failed
    closing = report["steps"]["close"]["seconds"]
    return {
        "bench": "eod_online",
        "loans": size,
        "touched": report["closed"],
        "seconds": report["seconds"],
        "close_seconds": closing,
        "touched_per_s": round(report["closed"] / closing, 1),
        "online_per_s": round(rate, 1),
        "p50_ms": round(beside.percentile(50), 2),
        "p99_ms": round(beside.percentile(99), 2),
        "p99_ms_alone": round(alone.percentile(99), 2),
        "p99_inflation": round(beside.percentile(99) / alone.percentile(99), 2),
        "failed": failed,
        "invariants_ok": ok and not failed,
    }


async def _beside(
    world: EodWorld, loans: list[Loan], made: "itertools.count[int]", rate: float
) -> tuple[Measured, dict[str, Any]]:
    """Repayments for as long as the day's end takes."""
    ended = asyncio.Event()

    async def end() -> dict[str, Any]:
        try:
            return await world.close(DAY)
        finally:
            ended.set()

    closing = asyncio.create_task(end())
    parts: list[Measured] = []
    while not ended.is_set():
        parts.append(await _stream(world.rest_port, loans, made, rate, 1.0))
    latencies = np.concatenate([part.latencies_ms for part in parts])
    failed, seconds = sum(part.failed for part in parts), sum(part.seconds for part in parts)
    return Measured(len(latencies), failed, seconds, latencies), await closing


async def _stream(port: int, loans: list[Loan], made: "itertools.count[int]", rate: float, seconds: float) -> Measured:
    async with Exchange(port) as exchange:

        async def one(_: int) -> bool:
            return 200 <= (await exchange.ask(_repayment(loans, next(made)))).status < 300

        return await open_loop(rate, seconds, one)


def _repayment(loans: list[Loan], n: int) -> bytes:
    loan = loans[n % len(loans)]
    body = f'{{"amount_fen":{AMOUNT},"source":"counter","core_date":"{DAY}","core_serial":"e{n}"}}'.encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Bank": loan.bank, "Idempotency-Key": f"e-{n}"}
    return http_post(f"/v1/loans/{loan.id}/posted-repayments", headers, body)


def slope(sizes: tuple[int, ...]) -> dict[str, Any]:
    """One line: seconds against the size of the book, the same loans touched: billed, overdue, then penalty."""
    seconds: dict[str, list[float]] = {"seconds": [], "close_seconds": [], "books_seconds": []}
    for size in sizes:
        with FlatWorld(size) as world:
            reports = [asyncio.run(world.close(SLOPE_DAY + n * ONE_DAY)) for n in range(SLOPE_DAYS)]
        assert {report["closed"] for report in reports} == {CONSTANT}
        seconds["seconds"].append(median(report["seconds"] for report in reports))
        for name in ("close", "books"):
            seconds[f"{name}_seconds"].append(median(report["steps"][name]["seconds"] for report in reports))
        say(f"  {size} loans, {CONSTANT} touched: {reports[0]['seconds']:.2f} s")
    logs = [math.log(size) for size in sizes]
    slopes = {
        name.replace("seconds", "slope"): round(float(np.polyfit(logs, np.log(values), 1)[0]), 3)
        for name, values in seconds.items()
    }
    return {
        "bench": "eod_slope",
        "loans": list(sizes),
        "touched": CONSTANT,
        **{name: [round(value, 3) for value in values] for name, values in seconds.items()},
        **slopes,
        "invariants_ok": True,
    }


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A line for each size, one with online traffic, one with the slope."""
    sizes = SIZES_QUICK if quick else SIZES
    lines = [whole(size) for size in sizes]
    lines.append(online(sizes[min(1, len(sizes) - 1)], quick))
    lines.append(slope((10_000, 50_000) if quick else sizes))
    return lines
