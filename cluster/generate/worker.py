"""One process of a big load: it casts all copies for some tables and feeds them to PostgreSQL, then waits for the word.

One worker writes the journal, whose chains need every event in order; another everything else. They make the same
copies (slots.py) and never talk. The parent (book.py) lets them commit when both are ready. When the parent is gone
the pipe closes, and the transactions roll back.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from multiprocessing.connection import Connection

import asyncpg
from msgspec import Struct

from actors.address import SHARDS
from cluster.generate.casts import TABLES, JournalCast, table_moulds
from cluster.generate.copyfile import HEAD, TAIL
from cluster.generate.slots import Slots
from cluster.generate.tables import SESSION, Load
from cluster.generate.template import Template
from storage.vault import BankVault

CHUNK = 1 << 19
"""Bytes handed to the server at a time."""
TOLD_EVERY = 500
AHEAD = 4
"""Chunks made ahead of the server, per table."""


class Job(Struct, frozen=True, kw_only=True):
    """``copies[n]``: the life of customer ``first + n``, who lies on shard ``(first + n) % 1024``.

    ``heads``: shard -> (seq, hash) of the chains that go on. ``divisions``: each bank's territory.
    """

    url: str
    master_key: bytes
    seed: bytes
    templates: tuple[Template, ...]
    copies: bytes
    first: int
    divisions: dict[str, str]
    heads: dict[int, tuple[int, bytes]]
    fresh: bool
    tables: tuple[str, ...]


class _Press:
    """Casts copies shard by shard; one for a process."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._copies = memoryview(job.copies).cast("H")
        vaults = {bank: BankVault(job.master_key, bank) for bank in job.divisions}
        self._slots = [Slots(t, vaults[t.bank], job.seed, job.divisions[t.bank]) for t in job.templates]
        self.done = 0

    def _values(self) -> Iterator[tuple[int, int, tuple[bytes, ...]]]:
        """(life, shard, values) of every copy, shard after shard."""
        job, slots = self._job, self._slots
        for shard in range(SHARDS):
            for n in range((shard - job.first) % SHARDS, len(self._copies), SHARDS):
                life = self._copies[n]
                yield life, shard, slots[life].values(job.first + n, shard)
                self.done += 1

    def journal(self) -> Iterator[tuple[str, bytes]]:
        casts = [JournalCast(t, s) for t, s in zip(self._job.templates, self._slots, strict=True)]
        heads = self._job.heads
        out: list[bytes] = []
        at, text, seq, head = -1, b"", 0, b""
        for life, shard, values in self._values():
            if shard != at:
                at, text = shard, str(shard).encode()
                seq, head = heads.get(shard, (0, b""))
            seq, head = casts[life].cast(values, text, seq, head, out)
            if len(out) > 10_000:
                yield "journal", b"".join(out)
                out.clear()
        yield "journal", b"".join(out)

    def others(self) -> Iterator[tuple[str, bytes]]:
        moulds = [table_moulds(t, s) for t, s in zip(self._job.templates, self._slots, strict=True)]
        tables = [table for table in TABLES if table != "journal"]
        out: dict[str, list[bytes]] = {table: [] for table in tables}
        sizes = dict.fromkeys(tables, 0)
        for life, _, values in self._values():
            for table, mould in moulds[life].items():
                rows = mould.cast(values)
                out[table].append(rows)
                sizes[table] += len(rows)
                if sizes[table] > CHUNK:
                    yield table, b"".join(out[table])
                    out[table].clear()
                    sizes[table] = 0
        for table in tables:
            yield table, b"".join(out[table])


async def _serve(job: Job, parent: Connection) -> None:
    press = _Press(job)
    chunks = press.journal() if job.tables == ("journal",) else press.others()
    queues: dict[str, asyncio.Queue[bytes]] = {table: asyncio.Queue(AHEAD) for table in job.tables}

    async def source(table: str) -> AsyncIterator[bytes]:
        yield HEAD
        while chunk := await queues[table].get():
            yield chunk
        yield TAIL

    async def press_all() -> None:
        told = 0
        for table, chunk in chunks:
            if chunk:
                await queues[table].put(chunk)
            if press.done >= told + TOLD_EVERY:
                told = press.done
                parent.send(("done", press.done))
        for queue in queues.values():
            await queue.put(b"")

    connections = [await asyncpg.connect(job.url, server_settings=SESSION) for _ in job.tables]
    loads = [Load(c, t, TABLES[t], job.fresh) for c, t in zip(connections, job.tables, strict=True)]
    try:
        async with asyncio.TaskGroup() as group:
            for load, table in zip(loads, job.tables, strict=True):
                group.create_task(load.fill(source(table)))
            group.create_task(press_all())
        parent.send(("index", press.done))
        async with asyncio.TaskGroup() as group:
            for load in loads:
                group.create_task(load.index())
        parent.send(("ready", press.done))
        if await asyncio.to_thread(parent.recv) == "commit":
            async with asyncio.TaskGroup() as group:
                for load in loads:
                    group.create_task(load.commit())
            parent.send(("committed", press.done))
    finally:
        for connection in connections:
            connection.terminate()


def work(job: Job, parent: Connection) -> None:
    """Entry of the process; what goes wrong is told to the parent as ("failed", text)."""
    try:
        asyncio.run(_serve(job, parent))
    except (BrokenPipeError, EOFError, KeyboardInterrupt):
        pass  # the parent is gone or was interrupted
    except BaseException as error:
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
        parent.send(("failed", f"{type(inner).__name__}: {inner}"))
