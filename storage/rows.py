"""Reads of the hot path: an actor's row, stored operations, the heads of the shards' chains, due wake-ups, events.

Called by runtime/host.py through storage/postgres.py. Each is one statement that goes through an index.
"""

from typing import Any

from storage.contract import JournalRow, LoadedRow, OperationRow
from storage.pool import Database

KINDS = {"customer": 1, "loan": 2, "process": 3}
"""How a kind is stored in operation, journal and posting (two bytes instead of its name)."""
KIND_NAMES = {number: name for name, number in KINDS.items()}

EVENT_COLUMNS = "shard, seq, kind, id, version, bank, business_date, op_hash, type, body, hash, at_ms"
_ROW = "id, bank, shard, version, state, wake_at"


def kind_number(kind: str) -> int:
    return KINDS[kind]


def event_row(row: Any) -> JournalRow:
    return JournalRow(row[0], row[1], KIND_NAMES[row[2]], *row[3:])


class Rows:
    """The reading half of `Store` on PostgreSQL. Raises `Unreachable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, kind: str, ids: list[str]) -> dict[str, LoadedRow]:
        assert kind in KINDS
        rows = await self._database.rows(f"SELECT {_ROW} FROM {kind} WHERE id = ANY($1)", ids)
        return {row[0]: LoadedRow(kind, *row) for row in rows}

    async def find_operations(self, hashes: list[bytes]) -> dict[bytes, OperationRow]:
        rows = await self._database.rows(
            "SELECT op_hash, digest, kind, id, bank, reply FROM operation WHERE op_hash = ANY($1)", hashes
        )
        return {row[0]: OperationRow(row[0], row[1], KIND_NAMES[row[2]], row[3], row[4], row[5]) for row in rows}

    async def chain_heads(self, shards: list[int]) -> dict[int, tuple[int, bytes]]:
        rows = await self._database.rows(
            "SELECT s.shard, j.seq, j.hash FROM unnest($1::int[]) s(shard) CROSS JOIN LATERAL"
            " (SELECT seq, hash FROM journal WHERE shard = s.shard ORDER BY seq DESC LIMIT 1) j",
            shards,
        )
        heads = {row[0]: (row[1], row[2]) for row in rows}
        return {shard: heads.get(shard, (0, b"")) for shard in shards}

    async def due_wakes(self, shards: list[int], now_ms: int, limit: int) -> list[tuple[str, str]]:
        rows = await self._database.rows(_DUE, shards, now_ms, limit)
        return [(row[0], row[1]) for row in rows]

    async def events(self, kind: str, id: str, after: int, limit: int) -> list[JournalRow]:
        rows = await self._database.rows(
            f"SELECT {EVENT_COLUMNS} FROM journal WHERE kind = $1 AND id = $2 AND version > $3"
            " ORDER BY version LIMIT $4",
            KINDS[kind],
            id,
            after,
            limit,
        )
        return [event_row(row) for row in rows]


def _due_of(kind: str) -> str:
    return (
        f"SELECT '{kind}' AS kind, w.id, w.wake_at FROM unnest($1::int[]) s(shard) CROSS JOIN LATERAL"
        f" (SELECT id, wake_at FROM {kind} WHERE shard = s.shard AND wake_at > 0 AND wake_at <= $2"
        " ORDER BY wake_at LIMIT $3) w"
    )


_DUE = (
    "SELECT kind, id FROM ("
    + " UNION ALL ".join(_due_of(kind) for kind in KINDS)
    + ") due ORDER BY wake_at, kind, id LIMIT $3"
)
