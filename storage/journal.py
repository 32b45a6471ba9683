"""The group commit's client half: a batch becomes one call of ``commit_batch`` (storage/sql/0003).

Comes after runtime/host.py sealed the batch; what follows is only its outcome. The statement is never repeated here:
whoever does not know its end asks for a new incarnation first (architecture.md, "Unknown commit outcome").
"""

import asyncio
from operator import itemgetter
from typing import Any

import asyncpg

from storage.arrays import columns, placeholder
from storage.contract import (
    COLUMNS,
    ActorRow,
    BadData,
    Batch,
    DuplicateOperations,
    Fenced,
    OperationRow,
    StoreError,
    UnknownOutcome,
)
from storage.pool import CONNECTION_ERRORS, FENCED, SESSION, VERSION
from storage.rows import KINDS

_OPERATION = ("bytea", "bytea", "smallint", "text", "text", "bytea*")
_EVENT = (
    *("integer", "bigint", "smallint", "text", "bigint", "text", "date"),
    *("bytea", "text", "bytea*", "bytea", "bigint"),
)
_POSTING = ("text", "smallint", "text", "bigint", "smallint", "date", "text", "bigint", "bigint", "boolean")
_ROW = ("text", "text", "integer", "bigint", "bigint", "bytea*", "bigint")
_WAKE = ("smallint", "text", "bigint")
_COMMIT = "SELECT commit_batch($1, $2, {})".format(
    ", ".join(
        placeholder(3 + n, sql_type)
        for n, sql_type in enumerate(
            [
                *_OPERATION,
                *_EVENT,
                *_POSTING,
                *(t for kind in KINDS for t in (*_ROW, *(column_type for _, column_type in COLUMNS[kind]))),
                *_WAKE,
            ]
        )
    )
)


class CommitConnection:
    """One connection that only commits, opened at the first commit and again after a failure."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def commit(self, batch: Batch) -> None:
        """`Store.commit`. After an unknown outcome the next call uses a new connection."""
        arguments = encode(batch)
        async with self._turn:
            try:
                connection = await self._connected()
                await connection.fetchval(_COMMIT, *arguments, timeout=self._timeout_s)
            except (asyncpg.PostgresError, asyncpg.DataError, *CONNECTION_ERRORS) as error:
                # The cause of bad data is not chained: its detail line holds values of the row, and would be logged.
                outcome = await self._outcome(error, batch)
                raise outcome from (error if isinstance(outcome, UnknownOutcome) else None)
            except asyncio.CancelledError:
                self._drop()
                raise

    async def close(self) -> None:
        self._drop()

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            # The server gives up before we do, so that a slow commit ends as an error and not as a riddle.
            settings = {**SESSION, "statement_timeout": str(int(self._timeout_s * 900))}
            self._connection = await asyncpg.connect(self._url, timeout=self._timeout_s, server_settings=settings)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _outcome(self, error: BaseException, batch: Batch) -> StoreError:
        state = getattr(error, "sqlstate", None) or ""
        if isinstance(error, asyncpg.DataError) and not state:
            return BadData("", "a value of the wrong type or size")  # found while encoding: nothing was sent
        if state == FENCED:
            return Fenced(batch.host)
        constraint = getattr(error, "constraint_name", None) or ""
        if constraint == "operation_pkey":
            return await self._duplicates(batch.operations)
        if state == VERSION:
            return BadData("version", getattr(error, "detail", None) or "")
        if state[:2] in ("22", "23"):
            return BadData(constraint, getattr(error, "table_name", None) or state)
        self._drop()
        return UnknownOutcome(f"{type(error).__name__} {state}".strip())

    async def _duplicates(self, operations: list[OperationRow]) -> StoreError:
        hashes = [o.op_hash for o in operations]
        try:
            rows = await self._connection.fetch(
                "SELECT op_hash FROM operation WHERE op_hash = ANY($1)", hashes, timeout=self._timeout_s
            )
        except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
            self._drop()
            return UnknownOutcome(f"{type(error).__name__} while looking for duplicates")
        stored = [row[0] for row in rows]
        return DuplicateOperations(stored or sorted({h for h in hashes if hashes.count(h) > 1}))


def encode(batch: Batch) -> list[Any]:
    """The arguments of ``commit_batch``: columns instead of rows, each list sorted by key."""
    arguments: list[Any] = [batch.host, batch.incarnation]
    operations = sorted(batch.operations, key=itemgetter(0))
    arguments += columns(_OPERATION, operations, kind_at=2)
    journal = sorted(batch.journal, key=itemgetter(2, 3, 4))
    arguments += columns(_EVENT, journal, kind_at=2)
    arguments += columns(_POSTING, batch.postings, kind_at=1)
    by_kind: dict[str, list[ActorRow]] = {kind: [] for kind in KINDS}
    for row in batch.rows:
        by_kind[row.kind].append(row)
    for kind, rows in by_kind.items():
        rows.sort(key=itemgetter(1))
        arguments += columns(_ROW, [row[1:8] for row in rows])
        arguments += columns(tuple(sql_type for _, sql_type in COLUMNS[kind]), [row.columns for row in rows])
    arguments += columns(_WAKE, sorted(batch.wakes), kind_at=0)
    return arguments
