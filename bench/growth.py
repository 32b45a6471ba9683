"""growth: does it stay as quick when the book and the histories grow? Repay and point query at 10^4 and 10^6 loans, and
with loans just paid out against ones of 700 events; ratios of interleaved short blocks: 1 is as quick, the aim 0.9.

Both books are served at once, each by a deployment of its own (a process, a Ray, a PostgreSQL), so that blocks of one
and the other follow each other within seconds. The loans asked are copies of the same two lives in both. ``--quick``:
10^4 against 3 * 10^4 loans, for a look.
"""

import asyncio
import itertools
import multiprocessing
import time
from array import array
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from random import Random
from statistics import median
from typing import Any

import asyncpg
from msgspec import Struct

from bench.book import TOKEN, Loan, http_get, loans_held, terms_held
from bench.load import Measured, Shot, closed_loop, http_post
from bench.world import BenchWorld, say
from cluster.deploy import Deployment
from cluster.generate.book import prepare_banks, write
from cluster.generate.generate import Order, sketch
from cluster.generate.lives import LifePlan, LoanPlan, months_before
from cluster.generate.stage import Stage
from cluster.generate.template import Template
from cluster.logs import setup_logs
from runtime.config import RuntimeConfig

SMALL, LARGE, LARGE_QUICK = 10_000, 1_000_000, 30_000
BANK, PRODUCT = "baihe", "standard"
DAY = date(2026, 6, 16)
EARLY = date(2024, 1, 1)
PERIODS = 36
AMOUNT_FEN = 1_234_500
"""Of the loans asked: no loan of the mixed book has it."""
PAYMENT_FEN = 10
"""Small: the instalment due on `DAY` takes thousands of them, so that every repayment does the same."""
EVENTS = 700
MONTHS_OLD = 20
YOUNG, OLD = 600, 300
COLD = 600
"""Loans of a block of cold queries; none is asked twice."""
CONNECTIONS = 64
CONFIG = RuntimeConfig(memory_mb=2_048)


class Asked(Struct, frozen=True, kw_only=True):
    """What a world offers: its port, and loans by id: just paid out, with long histories, any others of the book.

    ``events``: of each of the young and of the old when the book was made.
    """

    size: int
    port: int
    young: list[Loan]
    old: list[Loan]
    others: list[Loan]
    events: list[int]
    generate_s: float


def _life(name: str, months: int, daily: bool) -> LifePlan:
    """A loan with an instalment due on `DAY` that was paid for all months before."""
    loan = LoanPlan(
        method="equal_instalment",
        amount_fen=AMOUNT_FEN,
        periods=PERIODS,
        drawn_on=months_before(DAY, months + 1),
        due_day=DAY.day,
    )
    return LifePlan(name=name, bank=BANK, product=PRODUCT, weight=1, loans=(loan,), daily=daily)


class GrowthWorld(BenchWorld):
    """A mixed book of ``size`` loans, `YOUNG` just paid out and `OLD` with long histories among them."""

    def __init__(self, size: int) -> None:
        super().__init__(size, EARLY, CONFIG)
        self.size = size
        self.generate_s = 0.0

    def _fill(self, deployment: Deployment) -> None:
        begun = time.monotonic()
        asyncio.run(self._book(deployment.database_url, deployment.master_key))
        self.generate_s = time.monotonic() - begun

    async def _book(self, url: str, key: bytes) -> None:
        banks = [terms for terms in await terms_held(url) if terms.code == BANK]
        banks = await prepare_banks(url, banks, EARLY, DAY)
        drawn = await sketch(Order(loans=self.size - YOUNG - OLD, on=DAY), banks, key, lambda *_: None)
        plans = [_life("young", 0, False), _life("old", MONTHS_OLD, True)]
        ours: list[Template] = await Stage(banks, key).live(plans, DAY)
        n = len(drawn.templates)
        copies = array("H", [n] * YOUNG + [n + 1] * OLD) + drawn.copies
        await write(url, key, banks, [*drawn.templates, *ours], copies)

    def asked(self) -> Asked:
        url = self.deployment.database_url
        mine = f"principal_fen_outstanding = {AMOUNT_FEN}"
        others = asyncio.run(loans_held(url, f"NOT ({mine}) AND version < {EVENTS} AND status = 'active'"))
        young = asyncio.run(loans_held(url, mine))
        old = asyncio.run(loans_held(url, f"version >= {EVENTS}"))
        if len(young) != YOUNG or len(old) != OLD:
            raise RuntimeError(f"the book has {len(young)} young and {len(old)} old loans")
        shuffled = Random(self.size).sample(others, min(len(others), SMALL))
        return Asked(
            size=self.size,
            port=self.rest_port,
            young=young,
            old=old,
            others=shuffled,
            events=asyncio.run(_versions(url, [young[0].id, old[0].id])),
            generate_s=self.generate_s,
        )


async def _versions(url: str, ids: list[str]) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetchval("SELECT version FROM loan WHERE id = $1", id) for id in ids]
    finally:
        await connection.close()


def _serve(size: int, parent: Connection) -> None:
    """A process that serves a book until it is told to stop; then it verifies it."""
    setup_logs(quiet=True)
    world = GrowthWorld(size)
    with world:
        parent.send(world.asked())
        parent.recv()
        begun = time.monotonic()
        ok = bool(world.verify()["ok"])
        parent.send((ok, time.monotonic() - begun))


class World:
    """A served book as seen from here: blocks of requests to it."""

    def __init__(self, size: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._end, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(size, there))
        self._process.start()
        there.close()
        say(f"making and serving a book of {size} loans")
        self.asked: Asked = self._end.recv()
        say(f"  made in {self.asked.generate_s:.0f} s")
        self._numbers = itertools.count()
        self._cold = iter(self.asked.others)

    def finish(self) -> tuple[bool, float]:
        """Whether the book verifies after all this, and the seconds that took."""
        self._end.send("stop")
        said: tuple[bool, float] = self._end.recv()
        self._process.join()
        return said

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()

    def repay(self, loans: list[Loan], seconds: float) -> Measured:
        return self._block([self._payment(loan) for loan in _round(loans, int(6_000 * seconds))], seconds)

    def query(self, loans: list[Loan], seconds: float) -> Measured:
        return self._block([self._query(loan) for loan in _round(loans, int(12_000 * seconds))], seconds)

    def cold(self) -> Measured:
        return self._block([self._query(loan) for loan in itertools.islice(self._cold, COLD)], 60.0)

    def _query(self, loan: Loan) -> Shot:
        return Shot(self.asked.port, http_get(f"/v1/loans/{loan.id}", loan.bank))

    def _payment(self, loan: Loan) -> Shot:
        number = next(self._numbers)
        body = f'{{"amount_fen":{PAYMENT_FEN},"source":"counter","core_date":"{DAY}","core_serial":"g{number}"}}'
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Bank": loan.bank, "Idempotency-Key": f"growth-{number}"}
        return Shot(self.asked.port, http_post(f"/v1/loans/{loan.id}/posted-repayments", headers, body.encode()))

    def _block(self, shots: list[Shot], seconds: float) -> Measured:
        measured, _ = asyncio.run(closed_loop(shots, CONNECTIONS, seconds))
        if measured.failed or not measured.count:
            raise RuntimeError(f"{measured.failed} requests failed: {measured.first_failure}")
        return measured


def _round(loans: list[Loan], count: int) -> list[Loan]:
    return list(itertools.islice(itertools.cycle(loans), count))


def _pairs(first: Callable[[], Measured], second: Callable[[], Measured], rounds: int, what: str) -> dict[str, Any]:
    """Blocks of both in turns; ``ratio`` is the median over rounds of the second's rate to the first's."""
    found = []
    for n in range(rounds):
        pair = (first(), second()) if n % 2 == 0 else (second(), first())[::-1]
        say(f"  {what}: {pair[0].rate:7.0f}/s and {pair[1].rate:7.0f}/s")
        found.append(pair)
    ratio = median(b.rate / a.rate for a, b in found)
    return {
        "ratio": round(ratio, 3),
        "within_10_pct": ratio >= 0.9,
        "rates": [round(median(m.rate for m in side), 1) for side in zip(*found, strict=True)],
        "p99_ms": [round(median(m.percentile(99) for m in side), 2) for side in zip(*found, strict=True)],
    }


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A line for each question, and what making and verifying the large book took."""
    seconds, rounds = (1.0, 3) if quick else (2.0, 7)
    worlds: list[World] = []
    try:
        for size in (SMALL, LARGE_QUICK if quick else LARGE):
            worlds.append(World(size))
        small, large = worlds
        lines = _measure(small, large, seconds, rounds)
        verdicts = [world.finish() for world in worlds]
    finally:
        for world in worlds:
            world.stop()
    ok = all(good for good, _ in verdicts)
    book = {
        "bench": "growth_book",
        "loans": large.asked.size,
        "generate_s": round(large.asked.generate_s, 1),
        "verify_s": round(verdicts[1][1], 1),
        "invariants_ok": ok,
    }
    return [*(line | {"invariants_ok": ok} for line in lines), book]


def _measure(small: World, large: World, seconds: float, rounds: int) -> list[dict[str, Any]]:
    a, b = small.asked, large.asked
    for world in (small, large):  # the first close of the day and the first read of each loan are not what is measured
        for loans in (world.asked.young, world.asked.old):
            world.repay(loans, seconds)
            world.query(loans, seconds)
    sizes, events = {"loans": [a.size, b.size]}, {"events": a.events}
    return [
        {"bench": "growth_repay_size", **sizes}
        | _pairs(lambda: small.repay(a.young, seconds), lambda: large.repay(b.young, seconds), rounds, "repay by size"),
        {"bench": "growth_query_size", **sizes}
        | _pairs(lambda: small.query(a.young, seconds), lambda: large.query(b.young, seconds), rounds, "query by size"),
        {"bench": "growth_query_cold_size", **sizes} | _pairs(small.cold, large.cold, rounds, "cold query by size"),
        {"bench": "growth_repay_history", **events}
        | _pairs(
            lambda: small.repay(a.young[:OLD], seconds),
            lambda: small.repay(a.old, seconds),
            rounds,
            "repay by history",
        ),
        {"bench": "growth_query_history", **events}
        | _pairs(
            lambda: small.query(a.young[:OLD], seconds),
            lambda: small.query(a.old, seconds),
            rounds,
            "query by history",
        ),
    ]
