"""The group commit's client half: a batch becomes one call of ``commit_batch`` (storage/sql/0003).

Comes after runtime/host.py sealed the batch; what follows is only its outcome. The statement is never repeated here:
whoever does not know its end asks for a new incarnation first (architecture.md, "Unknown commit outcome").
"""

import asyncio
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

import asyncpg

from storage.contract import (
    COLUMNS,
    ActorRow,
    BadData,
    Batch,
    DuplicateOperations,
    Fenced,
    OperationRow,
    PostingRow,
    StoreError,
    UnknownOutcome,
)
from storage.pool import CONNECTION_ERRORS, DUPLICATE, FENCED, SESSION, VERSION
from storage.rows import KINDS

_ARGUMENTS = 2 + 6 + 13 + sum(7 + len(columns) for columns in COLUMNS.values()) + 3
_COMMIT = f"SELECT commit_batch({', '.join(f'${n}' for n in range(1, _ARGUMENTS + 1))})"
_EMPTY: tuple[Any, ...] = ()


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
                raise await self._outcome(error, batch) from error
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
        if state == DUPLICATE:
            return await self._duplicates(batch.operations)
        if state == VERSION:
            return BadData("version", getattr(error, "detail", None) or "")
        if state[:2] in ("22", "23"):
            # The server's own detail line would carry values of the row: only names go on.
            return BadData(getattr(error, "constraint_name", None) or "", getattr(error, "table_name", None) or state)
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
    arguments += _columns(operations, 6, kind_at=2)
    journal = sorted(batch.journal, key=attrgetter("kind", "id", "version"))
    arguments += _columns(journal, 12, kind_at=2)
    arguments.append(_lines(batch.postings, [(e.kind, e.id, e.version) for e in journal]))
    by_kind: dict[str, list[ActorRow]] = {kind: [] for kind in KINDS}
    for row in batch.rows:
        by_kind[row.kind].append(row)
    for kind, rows in by_kind.items():
        rows.sort(key=attrgetter("id"))
        arguments += _columns([row[1:8] for row in rows], 7)
        arguments += _columns([row.columns for row in rows], len(COLUMNS[kind]))
    arguments += _columns(sorted(batch.wakes), 3, kind_at=0)
    return arguments


def _columns(rows: list[Any], width: int, kind_at: int = -1) -> list[Any]:
    if not rows:
        return [_EMPTY] * width
    columns: list[Any] = list(zip(*rows, strict=True))
    if len(columns) != width:
        raise BadData("", f"{len(columns)} columns instead of {width}")
    if kind_at >= 0:
        columns[kind_at] = [KINDS[kind] for kind in columns[kind_at]]
    return columns


def _lines(postings: list[PostingRow], keys: list[tuple[str, str, int]]) -> list[str] | tuple[Any, ...]:
    """Each event's postings as one text, aligned with the journal: a fifth of the values to encode and to unpack."""
    if not postings:
        return _EMPTY
    texts: dict[tuple[str, str, int], str] = {}
    key_of = attrgetter("kind", "id", "version")
    for key, group in groupby(sorted(postings, key=attrgetter("kind", "id", "version", "line")), key_of):
        lines = list(group)
        text = "\n".join([f"{p.account}\t{p.debit_fen}\t{p.credit_fen}\t{'t' if p.memo else 'f'}" for p in lines])
        if text.count("\t") != 3 * len(lines) or text.count("\n") != len(lines) - 1:
            raise BadData("", "an account code holds a tab or a line break")
        texts[key] = text
    result = [texts.pop(key, "") for key in keys]
    if texts:
        raise BadData("", "a posting without its event")
    return result
