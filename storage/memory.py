"""The store in memory: the real twin of storage/postgres.py that tests of the runtime and the fronts run on.

Same promises, checked by the same contract suite (tests/storage/): order of checks, fencing, duplicates, bad data.
What it adds is `faults`: a test can order a lost answer or an old server that writes late.
"""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any

from storage.account_totals import AccountTotal
from storage.contract import (
    COLUMNS,
    ActorRow,
    BadData,
    Batch,
    DuplicateOperations,
    Fenced,
    JournalRow,
    LoadedRow,
    OperationRow,
    PostingRow,
    StoreError,
    UnknownOutcome,
)
from storage.faults import Fault
from storage.memory_directory import monotonic_ms
from storage.memory_lists import MemoryLists


class MemoryStore(MemoryLists):
    """`Store`, `Directory`, `Banks` and `Queries` in one object, for one event loop."""

    def __init__(self, clock_ms: Callable[[], int] = monotonic_ms) -> None:
        super().__init__(clock_ms)
        self.postings: list[PostingRow] = []
        self._operations: dict[bytes, OperationRow] = {}
        self._versions: set[tuple[str, str, int]] = set()
        self._chains: dict[int, list[JournalRow]] = {}
        self._places: set[tuple[int, int]] = set()
        self._turn = asyncio.Lock()

    async def commit(self, batch: Batch) -> None:
        async with self._turn:
            if self.faults.unreachable:
                raise UnknownOutcome("the store is unreachable (fault)")
            fault = self.faults.take()
            if fault is Fault.LOST:
                raise UnknownOutcome("lost on the way (fault)")
            if fault in (Fault.LATE, Fault.CUT):
                task = asyncio.create_task(self._go_on(batch, fault))
                self.faults.background.add(task)
                task.add_done_callback(self.faults.background.discard)
                await asyncio.sleep(0)
                raise UnknownOutcome(f"{fault.value} (fault)")
            await self._run(batch, fault)
            if fault is Fault.ANSWER_LOST:
                raise UnknownOutcome("written, but the answer was lost (fault)")

    async def load(self, kind: str, ids: list[str]) -> dict[str, LoadedRow]:
        self._reachable()
        return {id: self._rows[kind, id] for id in ids if (kind, id) in self._rows}

    async def find_operations(self, hashes: list[bytes]) -> dict[bytes, OperationRow]:
        self._reachable()
        return {h: self._operations[h] for h in hashes if h in self._operations}

    async def chain_heads(self, shards: list[int]) -> dict[int, tuple[int, bytes]]:
        self._reachable()
        heads = {s: self._chains[s][-1] for s in shards if self._chains.get(s)}
        return {s: (heads[s].seq, heads[s].hash) if s in heads else (0, b"") for s in shards}

    async def due_wakes(self, shards: list[int], now_ms: int, limit: int) -> list[tuple[str, str]]:
        self._reachable()
        asked = set(shards)
        due = [r for r in self._rows.values() if r.shard in asked and 0 < r.wake_at_ms <= now_ms]
        return [(r.kind, r.id) for r in sorted(due, key=lambda r: (r.wake_at_ms, r.kind, r.id))[:limit]]

    async def events(self, kind: str, id: str, after: int, limit: int) -> list[JournalRow]:
        self._reachable()
        return [e for e in self._journal.get((kind, id), []) if e.version > after][:limit]

    async def account_totals(self, bank: str, on: date) -> list[AccountTotal]:
        """The twin of storage/account_totals.py; no day is closed here."""
        self._reachable()
        sums: dict[tuple[bool, str], list[int]] = {}
        for line in self.postings:
            if line.bank == bank and line.business_date <= on:
                total = sums.setdefault((line.memo, line.account), [0, 0, 0])
                if line.business_date < on:
                    total[0] += line.debit_fen - line.credit_fen
                else:
                    total[1] += line.debit_fen
                    total[2] += line.credit_fen
        return [AccountTotal("open", key[1], key[0], *total) for key, total in sorted(sums.items()) if any(total)]

    async def _go_on(self, batch: Batch, fault: Fault) -> None:
        """What a server does with a commit whose client is gone."""
        if fault is Fault.LATE:
            await self.faults.until_landed()
        try:
            await self._run(batch, fault)
        except StoreError as error:
            self.faults.landed.append(type(error).__name__)
        else:
            self.faults.landed.append("")

    async def _run(self, batch: Batch, fault: Fault | None) -> None:
        if not self._current(batch.host, batch.incarnation):
            raise Fenced(batch.host)
        with self._fence_held(batch.host):
            if self.faults.delay_s:
                await asyncio.sleep(self.faults.delay_s)
            if fault in (Fault.HELD, Fault.CUT):
                await self.faults.until_released()
            self._check(batch)
            self._write(batch)

    def _check(self, batch: Batch) -> None:
        hashes = [o.op_hash for o in batch.operations]
        stored = [h for h in hashes if h in self._operations]
        stored += sorted({h for h in hashes if hashes.count(h) > 1}) if len(set(hashes)) < len(hashes) else []
        if stored:
            raise DuplicateOperations(stored)
        for row in (*batch.operations, *batch.journal, *batch.postings, *batch.rows):
            _check_values(row)
        self._check_journal(batch.journal)
        created: set[tuple[str, bytes]] = set()
        for row in batch.rows:
            self._check_row(row, created)
        written = {(row.kind, row.id) for row in batch.rows}
        for wake in batch.wakes:
            if (wake.kind, wake.id) not in self._rows and (wake.kind, wake.id) not in written:
                raise BadData("version", wake.id)

    def _check_journal(self, events: list[JournalRow]) -> None:
        versions: set[tuple[str, str, int]] = set()
        places: set[tuple[int, int]] = set()
        for e in events:
            version, place = (e.kind, e.id, e.version), (e.shard, e.seq)
            if version in self._versions or version in versions:
                raise BadData("journal_pkey", e.id)
            if place in self._places or place in places:
                raise BadData("journal_shard_seq", e.id)
            versions.add(version)
            places.add(place)

    def _check_row(self, row: ActorRow, created: set[tuple[str, bytes]]) -> None:
        stored = self._rows.get((row.kind, row.id))
        if row.expected == 0 and stored is not None:
            raise BadData(f"{row.kind}_pkey", row.id)
        if row.expected != 0 and (stored is None or stored.version != row.expected):
            raise BadData("version", row.id)
        if row.kind == "customer" and row.columns[0] is not None:
            key = (row.bank, row.columns[0])
            if self._identities.get(key, row.id) != row.id or key in created:
                raise BadData("customer_identity", row.id)
            created.add(key)

    def _write(self, batch: Batch) -> None:
        self._operations.update((o.op_hash, o) for o in batch.operations)
        for event in sorted(batch.journal, key=lambda e: (e.shard, e.seq)):
            self._journal.setdefault((event.kind, event.id), []).append(event)
            self._versions.add((event.kind, event.id, event.version))
            self._chains.setdefault(event.shard, []).append(event)
            self._places.add((event.shard, event.seq))
        self.postings.extend(batch.postings)
        for r in batch.rows:
            key = (r.kind, r.id)
            if r.kind == "customer":
                old = self._columns.get(key, (None,))[0]
                if old is not None:
                    self._identities.pop((self._rows[key].bank, old), None)
                if r.columns[0] is not None:
                    self._identities[r.bank, r.columns[0]] = r.id
            self._rows[key] = LoadedRow(r.kind, r.id, r.bank, r.shard, r.version, r.state, r.wake_at_ms)
            self._columns[key] = r.columns
        for wake in batch.wakes:
            self._rows[wake.kind, wake.id] = self._rows[wake.kind, wake.id]._replace(wake_at_ms=wake.wake_at_ms)


_TYPES = {"bytea": bytes, "text": str, "bigint": int, "date": date}


def _check_values(row: tuple[Any, ...]) -> None:
    """What PostgreSQL refuses with class 22 or 23: NUL in text, whole numbers over 64 bits, wrong types, NULLs."""
    values = row
    if isinstance(row, ActorRow):
        for (_, sql_type), value in zip(COLUMNS[row.kind], row.columns, strict=True):
            if value is not None and not isinstance(value, _TYPES[sql_type]):
                raise BadData("", row.id)
        values = (*row[:-1], *row.columns)
        row = row[:-1]
    if None in row:
        raise BadData("", "a value is missing")
    for value in values:
        if isinstance(value, str) and "\0" in value:
            raise BadData("", "NUL in text")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise BadData("", "number over 64 bits")
