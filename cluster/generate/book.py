"""A book written into a database: banks there, lives lived, copies counted, two processes loading, then the commit.

`generate` is the whole of it, for `miaodai generate` and the benchmarks. Nothing is left of a run that failed: each
table is loaded in one transaction, and the transactions commit together or, should one of them fail, what was committed
into an empty book is emptied again.
"""

import asyncio
import multiprocessing
import time
from array import array
from collections.abc import Callable, Sequence
from datetime import date
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import asyncpg
import msgspec
from msgspec import Struct

from actors.bank import BankTerms
from cluster.failures import Failure
from cluster.generate.casts import TABLES
from cluster.generate.plan import adds_up
from cluster.generate.slots import seed_bytes
from cluster.generate.template import Template
from cluster.generate.worker import Job, work
from storage.postgres import open_store

SHARES = (("journal",), tuple(table for table in TABLES if table != "journal"))
"""Tables by process."""
Progress = Callable[[str, int, int], None]
"""(step, done, of so many): live (days), copy and index (customers), then ready and committed."""


class Written(Struct, frozen=True, kw_only=True):
    """What a run wrote."""

    customers: int
    loans: int
    due: int
    overdue: int
    events: int
    operations: int
    seconds: float


async def prepare_banks(url: str, banks: list[BankTerms], first: date, on: date) -> list[BankTerms]:
    """Load the banks that are not there yet, bring every one's business date to ``on``; the terms in force there.

    Raises `Failure` when the database is at a later date.
    """
    store = await open_store(url)
    try:
        held = {row.code: row for row in await store.all()}
        late = [row.code for row in held.values() if row.business_date > on]
        if late:
            raise Failure(f"营业日期已过 the business date is already later than {on}: {', '.join(late)}")
        for terms in banks:
            if terms.code not in held:
                await store.put(terms.code, msgspec.json.encode(terms), first)
            await store.set_business_date(terms.code, on)
        wanted = {terms.code for terms in banks}
        return [msgspec.json.decode(r.terms, type=BankTerms) for r in await store.all() if r.code in wanted]
    finally:
        await store.close()


async def records_held(url: str, append: bool) -> int:
    """How many there are already. Raises `Failure` when there are any and none are to be added to, and while hosts are
    serving the database: they know their chains' heads by heart."""
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval("SELECT count(*) FROM host WHERE lease_until > clock_timestamp()"):
            raise Failure("数据库正在服务中，请先停止 the database is being served: stop miaodai first")
        counts = "(SELECT count(*) FROM customer) + (SELECT count(*) FROM loan) + (SELECT count(*) FROM journal)"
        held = int(await connection.fetchval(f"SELECT {counts}"))
    finally:
        await connection.close()
    if held and not append:
        raise Failure(f"数据库非空 the database is not empty ({held} records): --append 追加 adds to it")
    return held


async def write(
    url: str,
    master_key: bytes,
    banks: list[BankTerms],
    templates: Sequence[Template],
    copies: "array[int]",
    *,
    seed: int = 1,
    append: bool = False,
    progress: Progress = lambda _step, _done, _total: None,
) -> Written:
    """Write the copies. Raises `Failure` when the database holds a book already (unless ``append``)."""
    began = time.monotonic()
    there = await records_held(url, append)
    used = sorted(set(copies))
    place = {life: n for n, life in enumerate(used)}
    first, heads = await _where_to_go_on(url) if there else (0, {})
    jobs = [
        Job(
            url=url,
            master_key=master_key,
            seed=seed_bytes(seed),
            templates=tuple(templates[life] for life in used),
            copies=array("H", [place[life] for life in copies]).tobytes(),
            first=first,
            divisions={bank.code: bank.divisions[0] for bank in banks},
            heads=heads,
            fresh=not there,
            tables=tables,
        )
        for tables in SHARES
    ]
    await asyncio.to_thread(_run, jobs, len(copies), progress)
    return Written(**adds_up(copies, templates), seconds=round(time.monotonic() - began, 1))


async def _where_to_go_on(url: str) -> tuple[int, dict[int, tuple[int, bytes]]]:
    """The next customer's number, and where each shard's chain ends."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT DISTINCT ON (shard) shard, seq, hash FROM journal ORDER BY shard, seq DESC"
        )
        customers = int(await connection.fetchval("SELECT count(*) FROM customer"))
        return customers, {row[0]: (row[1], row[2]) for row in rows}
    finally:
        await connection.close()


def _run(jobs: list[Job], total: int, progress: Progress) -> None:
    """Start the workers, follow them, let them commit; on any failure end them all."""
    context = multiprocessing.get_context("spawn")
    ends: dict[Connection, BaseProcess] = {}
    for job in jobs:
        here, there = context.Pipe()
        process: BaseProcess = context.Process(target=work, args=(job, there), daemon=True)
        process.start()
        there.close()
        ends[here] = process
    committed = 0
    try:
        _until(ends, "ready", total, progress)
        for end in ends:
            end.send("commit")
            _until({end: ends[end]}, "committed", total, progress)
            committed += 1
    except BaseException:
        for process in ends.values():
            process.terminate()
            process.join()
        if committed and jobs[0].fresh:
            asyncio.run(_emptied(jobs[0].url))
        raise
    for process in ends.values():
        process.join()


def _until(ends: dict[Connection, BaseProcess], word: str, total: int, progress: Progress) -> None:
    """Read what the workers tell until each has said ``word``; the slowest one's progress is told on."""
    waiting = set(ends)
    done = dict.fromkeys(ends, 0)
    steps = dict.fromkeys(ends, "copy")
    while waiting:
        for end in wait(list(waiting)):
            assert isinstance(end, Connection)
            try:
                said, value = end.recv()
            except EOFError:
                raise Failure("写入进程意外结束 a writing process ended unexpectedly") from None
            if said == "failed":
                raise Failure(f"写入失败，未留下数据 writing failed, nothing was left: {value}")
            done[end] = value
            steps[end] = "copy" if said == "done" else said
            if said == word:
                waiting.discard(end)
        slowest = min(done, key=lambda e: (steps[e] != "copy", done[e]))
        progress(steps[slowest], done[slowest], total)


async def _emptied(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("TRUNCATE " + ", ".join(TABLES))
    finally:
        await connection.close()
