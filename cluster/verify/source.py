"""The database as the checker reads it: one read-only snapshot, rows streamed, bodies decoded to plain maps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, NamedTuple

import asyncpg
import msgspec

KIND_NAMES = {1: "customer", 2: "loan", 3: "process"}
PREFETCH = 2000


class Recorded(NamedTuple):
    """A journal row: as stored, the kind by name."""

    shard: int
    seq: int
    kind: str
    id: str
    version: int
    bank: str
    business_date: date
    op_hash: bytes
    type: str
    body: bytes
    hash: bytes
    at_ms: int

    def fields(self) -> dict[str, Any]:
        """The event as a plain map (keys as the writer named them, dates as text)."""
        decoded = msgspec.msgpack.decode(self.body)
        if not isinstance(decoded, dict):
            raise ValueError(f"{self.id} v{self.version}: the event is not a map")
        return decoded


_EVENTS = "SELECT shard, seq, kind, id, version, bank, business_date, op_hash, type, body, hash, at_ms FROM journal"


class Source:
    """One snapshot of the database; ``bank`` "" means all banks."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", bank: str) -> None:
        self._connection = connection
        self.bank = bank

    async def rows(self, sql: str, *arguments: Any) -> AsyncIterator[Any]:
        async for row in self._connection.cursor(sql, *arguments, prefetch=PREFETCH):
            yield row

    async def all(self, sql: str, *arguments: Any) -> list[Any]:
        return list(await self._connection.fetch(sql, *arguments))

    async def value(self, sql: str, *arguments: Any) -> Any:
        return await self._connection.fetchval(sql, *arguments)

    async def events_by_chain(self) -> AsyncIterator[Recorded]:
        """Every event of every bank in the order of its chain (a chain is shared by the banks of a shard)."""
        async for row in self.rows(f"{_EVENTS} ORDER BY shard, seq"):
            yield Recorded(row[0], row[1], KIND_NAMES[row[2]], *row[3:])

    async def events_by_actor(self, kind: int, types: str = "") -> AsyncIterator[list[Recorded]]:
        """All events of one actor after another, in the order of their versions; ``types`` an SQL list to keep."""
        events: list[Recorded] = []
        only = f" AND type IN {types}" if types else ""
        sql = f"{_EVENTS} WHERE kind = $1 AND ($2 = '' OR bank = $2){only} ORDER BY kind, id, version"
        async for row in self.rows(sql, kind, self.bank):
            event = Recorded(row[0], row[1], KIND_NAMES[row[2]], *row[3:])
            if events and events[0].id != event.id:
                yield events
                events = []
            events.append(event)
        if events:
            yield events


@asynccontextmanager
async def opened(url: str, bank: str = "") -> AsyncIterator[Source]:
    """A read-only, repeatable-read snapshot: online traffic may go on meanwhile."""
    connection = await asyncpg.connect(url, command_timeout=3600)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield Source(connection, bank)
    finally:
        await connection.close()
