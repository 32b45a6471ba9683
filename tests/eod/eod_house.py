"""A bank's book for the day's end in one process: real PostgreSQL, real actors, a scripted core; and comparing books.

Every loan of the book was paid out on 5 January 2026 (bench/book.py): its first instalment is due on 5 February.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import asyncpg
import msgspec

from actors.external.outcome import Outcome
from actors.turn import Command
from bench.book import START, Loan, fill
from cluster.bank_config import load_banks
from cluster.eod.hands import LocalHands
from cluster.eod.run import EodRun, Options
from cluster.eod.steps import STEPS, Step
from cluster.generate.outside import Obliging
from cluster.parts import Parts
from cluster.spec import WorldSpec
from cluster.verify.run import verify
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from runtime.messages import Answer, Operation
from storage.eod import PostgresEod
from storage.postgres import open_store

BANK = "baihe"
DUE = date(2026, 2, 5)
TODAY = date(2026, 6, 1)
"""The calendar's date in these tests."""
KEY = hashlib.sha256(b"day's end").digest()


class Core(Obliging):
    """Takes every debit in full on ``today``; has no answer for the loans in ``silent``."""

    def __init__(self) -> None:
        super().__init__()
        self.silent: set[str] = set()
        self.messages: list[dict[str, Any]] = []
        self.debits: list[str] = []

    async def perform(self, target: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str) -> Outcome:
        if target == "sms.send":
            self.messages.append(payload)
        if target == "core.debit":
            if payload["loan_id"] in self.silent:
                return Outcome(status="unknown")
            self.debits.append(effect_id)
        return await super().perform(target, payload, effect_id, attempt, bank)


class House:
    """Use `house`. ``loans`` of one bank on ``hosts`` hosts."""

    def __init__(self, url: str, parts: Parts, runtime: LocalRuntime, core: Core, loans: list[Loan]) -> None:
        self.url, self.parts, self.runtime, self.core, self.loans = url, parts, runtime, core, loans
        self.eod = PostgresEod(parts.store.database)

    def run(self, steps: tuple[Step, ...] = STEPS, **options: Any) -> EodRun:
        hands = LocalHands(lambda: self.runtime.hosts, self.eod)
        return EodRun(self.parts.store, self.url, hands, Options(settle_s=0.5, **options), steps=steps)

    async def close(self, to: date, **options: Any) -> list[dict[str, Any]]:
        return await self.run(**options).run(BANK, to, TODAY)

    async def ask(self, id: str, command: Command, op: str, kind: str = "loan") -> Answer:
        return await self.runtime.ask(kind, id, BANK, msgspec.msgpack.encode(command), Operation("test", op))

    async def value(self, sql: str, *arguments: Any) -> Any:
        return await self.parts.store.database.value(sql, *arguments)

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        return await self.parts.store.database.rows(sql, *arguments)

    async def quiet(self) -> None:
        await quiet(self.url)

    async def check(self) -> None:
        report = await verify(self.url)
        assert report.ok, report.sample


@asynccontextmanager
async def house(url: str, loans: int, day: date, hosts: int = 2) -> AsyncIterator[House]:
    """A book of ``loans`` in the empty database ``url``, on business date ``day``."""
    store = await open_store(url)
    for terms in load_banks():
        await store.put(terms.code, msgspec.json.encode(terms), START)
    book = await fill(url, KEY, loans, bank=BANK)
    await store.set_business_date(BANK, day)
    await store.close()
    config = RuntimeConfig(lease_ms=10_000, effect_retry_ms=200, wake_poll_ms=100, sweep_turns=64)
    spec = WorldSpec(release="eod", database_url=url, master_key=KEY, runtime=config, hosts=())
    parts, core = await Parts.open(spec), Core()
    core.today = day
    runtime = LocalRuntime(parts.store, parts.store, lambda: parts.banks, parts.kinds(), core, config, hosts, KEY)
    await runtime.start()
    try:
        yield House(url, parts, runtime, core, book)
    finally:
        await runtime.stop()
        await parts.close()


async def quiet(url: str) -> None:
    """Until no loan waits for anything outside itself."""
    connection = await asyncpg.connect(url)
    try:
        for _ in range(600):
            if not await connection.fetchval("SELECT count(*) FROM loan WHERE wake_at > 0"):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("effects are still open after 30 s")
    finally:
        await connection.close()


_BOOKS = {
    "postings": "SELECT business_date, account, memo, sum(debit_fen), sum(credit_fen), count(*) FROM posting"
    " WHERE bank = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    "loans": "SELECT id, version, status, principal_fen_outstanding, next_due, closed_to, state FROM loan"
    " WHERE bank = $1 ORDER BY id",
    "customers": "SELECT id, status, line_ends, state FROM customer WHERE bank = $1 ORDER BY id",
    # a request carries the wall time of its asking, and its answer may come before or after the next day's close
    "events": "SELECT id, row_number() OVER (PARTITION BY id ORDER BY version), business_date, type, body FROM journal"
    " WHERE bank = $1 AND kind = 2 AND type NOT LIKE 'Effect%' ORDER BY 1, 2",
}


async def books(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that two runs over the same book must have in common."""
    connection = await asyncpg.connect(url)
    try:
        return {name: [tuple(row) for row in await connection.fetch(sql, BANK)] for name, sql in _BOOKS.items()}
    finally:
        await connection.close()
