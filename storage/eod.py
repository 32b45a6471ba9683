"""The day's end in the tables: what a day has to do, how far a run has come, what was set aside, books closed to when.

Used by cluster/eod/ (the run) and by the hosts for their selections. Each call is one statement.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, NamedTuple

import asyncpg

from storage.contract import LoadedRow, Unreachable
from storage.pool import CONNECTION_ERRORS, SESSION, Database

_LOCK = 0x6D69616F
"""First key of the advisory lock of a bank's run; the second is a hash of its code."""


class RunRow(NamedTuple):
    """One day's run. ``planned`` and ``report`` are JSON objects; ``ended`` says whether it is done."""

    bank: str
    date: date
    month_end: bool
    starts: int
    ended: bool
    planned: dict[str, int]
    report: dict[str, Any]


class StepRow(NamedTuple):
    """A step of a run: ``shards`` done, ``counts`` of what they answered, ``seconds`` of work so far."""

    step: str
    ended: bool
    seconds: float
    shards: list[int]
    counts: dict[str, int]


class SetAside(NamedTuple):
    """An actor whose part of a day waits for a person or a later run."""

    date: date
    step: str
    id: str
    code: str
    reason: str
    resolved: bool


class BankDates(NamedTuple):
    business_date: date
    date_epoch: int
    closed_to: date | None


_LIVING = "l.status IN ('active', 'overdue')"
_LOANS = (
    "SELECT 'loan', l.id, l.bank, l.shard, l.version, l.state, l.wake_at FROM unnest($2::int[]) s(shard)"
    " CROSS JOIN LATERAL (SELECT * FROM loan l WHERE l.bank = $1 AND l.shard = s.shard AND {what} OFFSET 0) l"
)
SELECTIONS: dict[str, str] = {
    # $1 bank, $2 shards, $3 the day
    "due": _LOANS.format(what=f"l.next_due <= $3 AND {_LIVING}"),
    "to_close": _LOANS.format(what=f"l.next_due <= $3::date + 1 AND l.closed_to < $3 AND {_LIVING}"),
    "all_to_close": _LOANS.format(what=f"l.next_due IS NOT NULL AND l.closed_to < $3 AND {_LIVING}"),
    "lines": (
        "SELECT 'customer', c.id, c.bank, c.shard, c.version, c.state, c.wake_at FROM unnest($2::int[]) s(shard)"
        " CROSS JOIN LATERAL"
        " (SELECT * FROM customer c WHERE c.bank = $1 AND c.shard = s.shard AND c.line_ends <= $3 OFFSET 0) c"
    ),
    "reminders": (  # $3: the due date
        "SELECT 'customer', c.id, c.bank, c.shard, c.version, c.state, c.wake_at"
        " FROM (SELECT DISTINCT l.customer_id FROM unnest($2::int[]) s(shard) CROSS JOIN LATERAL"
        " (SELECT customer_id FROM loan l WHERE l.bank = $1 AND l.shard = s.shard AND l.next_due = $3"
        f" AND {_LIVING} OFFSET 0) l OFFSET 0) d"
        " CROSS JOIN LATERAL (SELECT * FROM customer c WHERE c.id = d.customer_id OFFSET 0) c"
    ),
}
"""What a sweep goes to, by name; each reads through an index of (bank, shard, a date), shard by shard.

OFFSET 0 keeps it so: else a plan made while the tables were small joins every loan that is due with every shard.
"""

_PLANNED = (
    "SELECT count(*) FILTER (WHERE l.closed_to < $2) AS touched,"
    " count(*) FILTER (WHERE l.next_due = $2::date + 1) AS billed,"
    " count(*) FILTER (WHERE l.status = 'overdue') AS overdue,"
    " count(*) FILTER (WHERE l.next_due <= $2) AS due"
    " FROM (SELECT generate_series(0, (SELECT max(shard) FROM shard))) s(shard) CROSS JOIN LATERAL"
    f" (SELECT * FROM loan l WHERE l.bank = $1 AND l.shard = s.shard AND l.next_due {{which}} AND {_LIVING} OFFSET 0) l"
)
_PLANNED_DAY, _PLANNED_ALL = _PLANNED.format(which="<= $2::date + 1"), _PLANNED.format(which="IS NOT NULL")
"""Two texts: one with the choice as a parameter would read every loan of the bank (one plan serves all values)."""


class PostgresEod:
    """On PostgreSQL. Raises `Unreachable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- what there is to do ---------------------------------------------------------------------------------------

    async def select(self, selection: str, bank: str, shards: list[int], day: date) -> list[LoadedRow]:
        """The actors of these shards that ``selection`` names, with their rows."""
        rows = await self._database.rows(SELECTIONS[selection], bank, shards, day)
        return [LoadedRow(*row) for row in rows]

    async def rows_of(self, kind: str, ids: list[str]) -> list[LoadedRow]:
        assert kind in ("loan", "customer")
        rows = await self._database.rows(
            f"SELECT $2, id, bank, shard, version, state, wake_at FROM {kind} WHERE id = ANY($1)", ids, kind
        )
        return [LoadedRow(*row) for row in rows]

    async def plan(self, bank: str, day: date, month_end: bool) -> dict[str, int]:
        """Loans that the close of ``day`` touches, those billed for the next day, overdue, and due up to ``day``."""
        [row] = await self._database.rows(_PLANNED_ALL if month_end else _PLANNED_DAY, bank, day)
        return dict(row)

    async def overdue(self, bank: str, day: date) -> int:
        """Loans overdue now that were so, or fell due, by ``day``."""
        return int((await self.plan(bank, day, False))["overdue"])

    async def in_flight(self, bank: str, day: date) -> int:
        """Loans due up to ``day`` that have something under way outside."""
        return int(
            await self._database.value(
                "SELECT count(*) FROM (SELECT generate_series(0, (SELECT max(shard) FROM shard))) s(shard)"
                " CROSS JOIN LATERAL (SELECT 1 FROM loan l WHERE l.shard = s.shard AND l.wake_at > 0 AND l.bank = $1"
                " AND l.next_due <= $2 OFFSET 0) l",
                bank,
                day,
            )
        )

    # -- the run ---------------------------------------------------------------------------------------------------

    async def dates(self, bank: str) -> BankDates | None:
        rows = await self._database.rows("SELECT business_date, date_epoch, closed_to FROM bank WHERE code = $1", bank)
        return BankDates(*rows[0]) if rows else None

    async def begin(self, bank: str, day: date, month_end: bool, planned: dict[str, int]) -> RunRow:
        """Begin the run of ``day``, or take it up again: what was planned then counts."""
        await self._database.value(
            "INSERT INTO eod_run AS r (bank, date, month_end, planned) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (bank, date) DO UPDATE SET starts = r.starts + 1 WHERE r.ended_at IS NULL",
            bank,
            day,
            month_end,
            json.dumps(planned),
        )
        # The first close of all: the days before it are closed as of now, none of ours was booked on them.
        await self._database.value(
            "UPDATE bank SET closed_to = $2::date - 1, date_epoch = date_epoch + 1"
            " WHERE code = $1 AND closed_to IS NULL",
            bank,
            day,
        )
        run = await self.run_of(bank, day)
        assert run is not None
        return run

    async def unfinished(self, bank: str) -> date | None:
        """The day whose run has begun and not ended."""
        day: date | None = await self._database.value(
            "SELECT max(date) FROM eod_run WHERE bank = $1 AND ended_at IS NULL", bank
        )
        return day

    async def queued(self, bank: str, step: str, since: date) -> list[date]:
        """Days from ``since`` on whose ``step`` has been begun and not ended, oldest first."""
        rows = await self._database.rows(
            "SELECT date FROM eod_step WHERE bank = $1 AND step = $2 AND date >= $3 AND ended_at IS NULL ORDER BY date",
            bank,
            step,
            since,
        )
        return [row[0] for row in rows]

    async def run_of(self, bank: str, day: date) -> RunRow | None:
        found = await self._runs("WHERE bank = $1 AND date = $2", bank, day)
        return found[0] if found else None

    async def last_runs(self, bank: str, limit: int) -> list[RunRow]:
        return await self._runs("WHERE bank = $1 ORDER BY date DESC LIMIT $2", bank, limit)

    async def _runs(self, which: str, *arguments: Any) -> list[RunRow]:
        rows = await self._database.rows(
            f"SELECT bank, date, month_end, starts, ended_at IS NOT NULL, planned, report FROM eod_run {which}",
            *arguments,
        )
        return [RunRow(*row[:5], *(json.loads(text or "{}") for text in row[5:])) for row in rows]

    async def step(self, bank: str, day: date, step: str) -> StepRow:
        """The step as it stands; begun when it was not."""
        await self._database.value(
            "INSERT INTO eod_step (bank, date, step) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", bank, day, step
        )
        return (await self.steps(bank, day))[step]

    async def steps(self, bank: str, day: date) -> dict[str, StepRow]:
        """By name, in the order in which they were begun."""
        rows = await self._database.rows(
            "SELECT step, ended_at IS NOT NULL, seconds, shards, counts FROM eod_step WHERE bank = $1 AND date = $2"
            " ORDER BY begun_at",
            bank,
            day,
        )
        return {row[0]: StepRow(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows}

    async def mark(
        self,
        bank: str,
        day: date,
        step: str,
        shards: list[int],
        counts: dict[str, int],
        seconds: float,
        left: list[tuple[str, str, str]],
    ) -> None:
        """These shards of the step are done; ``left`` are (id, code, reason) of those that did not do it."""
        ids, codes, reasons = ([item[n] for item in left] for n in range(3))
        await self._database.value(
            "SELECT eod_mark($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            bank,
            day,
            step,
            shards,
            json.dumps(counts),
            seconds,
            ids,
            codes,
            reasons,
        )

    async def end_step(self, bank: str, day: date, step: str, counts: dict[str, int], seconds: float) -> None:
        """The step is done; ``counts`` and ``seconds`` are added to what its shards have brought."""
        await self._database.value(
            "UPDATE eod_step SET ended_at = now(), counts = counts_add(counts, $4), seconds = seconds + $5"
            " WHERE bank = $1 AND date = $2 AND step = $3 AND ended_at IS NULL",
            bank,
            day,
            step,
            json.dumps(counts),
            seconds,
        )

    async def close_books(self, bank: str, day: date) -> int:
        """From now on nothing is booked on ``day`` any more; the date's epoch (hosts have to hear of it)."""
        return int(
            await self._database.value(
                "UPDATE bank SET closed_to = greatest(closed_to, $2),"
                " date_epoch = date_epoch + (closed_to IS DISTINCT FROM greatest(closed_to, $2))::int"
                " WHERE code = $1 RETURNING date_epoch",
                bank,
                day,
            )
        )

    async def end(self, bank: str, day: date, report: dict[str, Any]) -> None:
        await self._database.value(
            "UPDATE eod_run SET ended_at = now(), report = $3 WHERE bank = $1 AND date = $2 AND ended_at IS NULL",
            bank,
            day,
            json.dumps(report),
        )

    # -- set aside -------------------------------------------------------------------------------------------------

    async def set_aside(self, bank: str, *, day: date | None = None, step: str = "") -> list[SetAside]:
        """What is set aside and not resolved, of one day or step or of all."""
        rows = await self._database.rows(
            "SELECT date, step, id, code, reason, resolved_at IS NOT NULL FROM eod_set_aside"
            " WHERE bank = $1 AND resolved_at IS NULL AND ($2::date IS NULL OR date = $2) AND ($3 = '' OR step = $3)"
            " ORDER BY date, step, id",
            bank,
            day,
            step,
        )
        return [SetAside(*row) for row in rows]

    async def resolve(self, bank: str, day: date, step: str, ids: list[str]) -> None:
        await self._database.value(
            "UPDATE eod_set_aside SET resolved_at = now() WHERE bank = $1 AND date = $2 AND step = $3"
            " AND id = ANY($4) AND resolved_at IS NULL",
            bank,
            day,
            step,
            ids,
        )

    async def resolve_closed(self, bank: str) -> int:
        """Loans set aside that have closed their day since, by whatever touched them, or are over."""
        return int(
            await self._database.value(
                "WITH done AS (UPDATE eod_set_aside s SET resolved_at = now() FROM loan l"
                " WHERE s.bank = $1 AND s.resolved_at IS NULL AND s.step = 'close' AND l.id = s.id"
                " AND (l.closed_to >= s.date OR l.next_due IS NULL) RETURNING 1) SELECT count(*) FROM done",
                bank,
            )
        )


class RunsAlready(Exception):
    """Another run of the same bank is under way."""


@asynccontextmanager
async def only_run(url: str, bank: str) -> AsyncIterator[None]:
    """Holds the bank's run for one process, by a lock that ends with its connection. Raises `RunsAlready`."""
    try:
        connection: Any = await asyncpg.connect(url, timeout=10, server_settings=SESSION)
    except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
        raise Unreachable(f"{type(error).__name__}") from None
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1, hashtext($2))", _LOCK, bank):
            raise RunsAlready(bank)
        yield
    finally:
        connection.terminate()
