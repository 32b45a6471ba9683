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
        """The event as a plain map (keys as the writer named them, dates as text). Raises `ValueError`."""
        try:
            decoded = msgspec.msgpack.decode(self.body)
        except msgspec.MsgspecError as error:
            raise ValueError(f"{self.id} v{self.version}: {error}") from None
        if not isinstance(decoded, dict):
            raise ValueError(f"{self.id} v{self.version}: the event is not a map")
        return decoded


_COLUMNS = "shard, seq, kind, id, version, bank, business_date, op_hash, type, body, hash, at_ms"
_EVENTS = f"SELECT {_COLUMNS} FROM journal"
SESSION = {"jit": "off", "work_mem": "128MB", "timezone": "UTC"}


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

    async def chain(self, shard: int) -> list[Recorded]:
        """Every event of one shard or slot, of every bank, in the order of its chain (banks share it)."""
        rows = await self._connection.fetch(f"{_EVENTS} WHERE shard = $1 ORDER BY seq", shard)
        names, make = KIND_NAMES, Recorded._make
        return [make((row[0], row[1], names[row[2]], *row[3:])) for row in rows]

    async def history(self, kind: str, id: str) -> list[Recorded]:
        """Every event of one actor, whatever chains they lie on, in the order of their versions."""
        number = {name: n for n, name in KIND_NAMES.items()}[kind]
        rows = await self._connection.fetch(f"{_EVENTS} WHERE kind = $1 AND id = $2 ORDER BY version", number, id)
        return [Recorded(row[0], row[1], KIND_NAMES[row[2]], *row[3:]) for row in rows]

    async def snapshot(self) -> str:
        """Its name, for others to read the same (`opened`), as long as this one is open."""
        return str(await self._connection.fetchval("SELECT pg_export_snapshot()"))

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
async def opened(url: str, bank: str = "", snapshot: str = "") -> AsyncIterator[Source]:
    """A read-only, repeatable-read snapshot (``snapshot``: that one): online traffic may go on meanwhile."""
    connection = await asyncpg.connect(url, command_timeout=6 * 3600, server_settings=SESSION)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if snapshot:
                await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            yield Source(connection, bank)
    finally:
        await connection.close()
