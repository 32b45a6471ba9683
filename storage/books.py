"""The books in SQL: totals of accounts out of postings, closed days, and what a snapshot needs to be consistent.

Everything is read in one snapshot (repeatable read), so online traffic may go on. Next: cluster/books/, which makes
sheets, vouchers and comparisons of it; storage/vouchers.py keeps what came of those. Sums are fen, balances debit less
credit. Postings of closed days are summed once, into ``ledger_day``; what came later is found by the date (BRIN).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, NamedTuple

import asyncpg

from storage.pool import read_error

PREFETCH = 5_000
_SETTINGS = {
    "application_name": "miaodai books",
    "jit": "off",
    "timezone": "UTC",
    "work_mem": "128MB",
    # Loans of one day by their key, not the whole table (measured at 300,000 loans: 0.1 against 1.0 s).
    "random_page_cost": "1.1",
    "effective_cache_size": "8GB",
}
_CONNECTION_ERRORS = (OSError, TimeoutError, asyncpg.InterfaceError)


class Total(NamedTuple):
    """What an account moved on a day."""

    date: date
    account: str
    memo: bool
    debit_fen: int
    credit_fen: int
    lines: int


class DayTotal(NamedTuple):
    """The same of a closed day, with the balance at its end."""

    date: date
    account: str
    memo: bool
    debit_fen: int
    credit_fen: int
    balance_fen: int
    lines: int


class BooksDay(NamedTuple):
    """A closed day."""

    date: date
    mode: str
    lines: int
    compared: bool
    final: bool


class CoreEvent(NamedTuple):
    """An event that moved deposits: what the core may have booked by itself. ``incident``: body of the incident opened
    just before it in the same turn, if any."""

    id: str
    version: int
    type: str
    body: bytes
    product: str
    incident: bytes | None


class LoanStateRow(NamedTuple):
    id: str
    product: str
    status: str
    state: bytes


class Line(NamedTuple):
    """A posting with what happened: ``version`` and ``line`` order the lines of a loan."""

    business_date: date
    version: int
    line: int
    account: str
    debit_fen: int
    credit_fen: int
    memo: bool
    type: str
    body: bytes


class Books:
    """Reads (and, where `closing` opened it, writes) of one snapshot."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def terms(self, bank: str, on: date | None = None) -> tuple[bytes, date] | None:
        """The bank's terms in force on a day (None: its business date) as JSON, and its business date."""
        row = await self.connection.fetchrow(
            "SELECT t.terms::text, b.business_date FROM bank b JOIN bank_terms t ON t.bank = b.code AND t.version ="
            " (SELECT coalesce(max(version) FILTER (WHERE valid_from <= coalesce($2, b.business_date)), min(version))"
            " FROM bank_terms WHERE bank = $1) WHERE b.code = $1",
            bank,
            on,
        )
        return None if row is None else (row[0].encode(), row[1])

    # -- closed days and totals --------------------------------------------------------------------------------------

    async def last_closed(self, bank: str, to: date = date.max) -> date | None:
        """The last closed day up to ``to``."""
        found: date | None = await self.connection.fetchval(
            "SELECT max(date) FROM books_day WHERE bank = $1 AND date <= $2", bank, to
        )
        return found

    async def day(self, bank: str, on: date) -> BooksDay | None:
        row = await self.connection.fetchrow(
            "SELECT date, mode, lines, compared_at IS NOT NULL, final_at IS NOT NULL FROM books_day"
            " WHERE bank = $1 AND date = $2",
            bank,
            on,
        )
        return None if row is None else BooksDay(*row)

    async def days(self, bank: str) -> list[BooksDay]:
        rows = await self.connection.fetch(
            "SELECT date, mode, lines, compared_at IS NOT NULL, final_at IS NOT NULL FROM books_day"
            " WHERE bank = $1 ORDER BY date",
            bank,
        )
        return [BooksDay(*row) for row in rows]

    async def day_totals(self, bank: str, on: date) -> list[DayTotal]:
        """The closed day's accounts."""
        rows = await self.connection.fetch(
            "SELECT date, account, memo, debit_fen, credit_fen, balance_fen, lines FROM ledger_day"
            " WHERE bank = $1 AND date = $2 ORDER BY memo, account",
            bank,
            on,
        )
        return [DayTotal(*row) for row in rows]

    async def movements(self, bank: str, after: date | None, to: date) -> list[Total]:
        """What each account moved on each day from the one after ``after`` to ``to``, summed anew from the postings."""
        rows = await self.connection.fetch(_MOVEMENTS, bank, after or date.min, to)
        return [Total(*row) for row in rows]

    async def write_day(self, bank: str, on: date, mode: str, totals: list[DayTotal]) -> None:
        """Write (or write anew) a closed day."""
        await self.connection.execute("DELETE FROM ledger_day WHERE bank = $1 AND date = $2", bank, on)
        await self.connection.executemany(
            "INSERT INTO ledger_day (bank, date, account, memo, debit_fen, credit_fen, balance_fen, lines)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            [(bank, on, *total[1:]) for total in totals],
        )
        await self.connection.execute(
            "INSERT INTO books_day AS b (bank, date, mode, lines) VALUES ($1, $2, $3, $4) ON CONFLICT (bank, date)"
            " DO UPDATE SET lines = excluded.lines, mode = excluded.mode,"
            " final_at = CASE WHEN b.lines = excluded.lines THEN b.final_at END",
            bank,
            on,
            mode,
            sum(total.lines for total in totals),
        )

    # -- what vouchers are made of -----------------------------------------------------------------------------------

    async def net_by_product(self, bank: str, on: date) -> dict[tuple[str, str], int]:
        """(product, account) -> debit less credit of a day; "" is the product of what belongs to no loan."""
        rows = await self.connection.fetch(_BY_PRODUCT, bank, on)
        return {(row[0], row[1]): row[2] for row in rows}

    async def deposit_events(self, bank: str, on: date, deposits: str) -> AsyncIterator[CoreEvent]:
        """Events of loans whose entry on ``on`` has a line on the account of deposits."""
        async for row in self.connection.cursor(_DEPOSIT_EVENTS, bank, on, deposits, prefetch=PREFETCH):
            yield CoreEvent(*row)

    # -- the loans themselves ----------------------------------------------------------------------------------------

    async def principal(self, bank: str) -> tuple[int, list[bytes]]:
        """(principal outstanding of all loans by the typed column, states of those being paid out)."""
        row = await self.connection.fetchrow(
            "SELECT coalesce(sum(principal_fen_outstanding), 0)::bigint,"
            " count(*) FILTER (WHERE status = 'disbursing') FROM loan WHERE bank = $1",
            bank,
        )
        if not row[1]:
            return row[0], []
        states = await self.connection.fetch("SELECT state FROM loan WHERE bank = $1 AND status = 'disbursing'", bank)
        return row[0], [state[0] for state in states]

    async def loan_states(self, bank: str) -> AsyncIterator[LoanStateRow]:
        async for row in self.connection.cursor(
            "SELECT id, coalesce(product, ''), coalesce(status, ''), state FROM loan WHERE bank = $1",
            bank,
            prefetch=PREFETCH,
        ):
            yield LoanStateRow(*row)

    async def product_of(self, bank: str, loan_id: str) -> str | None:
        """The loan's product; None when the bank has no such loan."""
        found: str | None = await self.connection.fetchval(
            "SELECT coalesce(product, '') FROM loan WHERE bank = $1 AND id = $2", bank, loan_id
        )
        return found

    async def lines_of_loan(self, bank: str, loan_id: str, since: date, to: date) -> list[Line]:
        """Postings of a loan in order; its journal says on which days to look."""
        rows = await self.connection.fetch(_LINES_OF_LOAN, bank, loan_id, since, to)
        return [Line(*row) for row in rows]

    async def brought_forward(self, bank: str, loan_id: str, before: date) -> dict[tuple[str, bool], int]:
        """(account, memo) -> balance of a loan at the start of ``before``."""
        if before == date.min:
            return {}
        rows = await self.connection.fetch(_BROUGHT_FORWARD, bank, loan_id, before)
        return {(row[0], row[1]): row[2] for row in rows}


_MOVEMENTS = """
    SELECT business_date, account, memo, sum(debit_fen)::bigint, sum(credit_fen)::bigint, count(*)
    FROM posting WHERE bank = $1 AND business_date > $2 AND business_date <= $3
    GROUP BY business_date, account, memo ORDER BY business_date, memo, account"""

_BY_PRODUCT = """
    SELECT coalesce(l.product, ''), p.account, sum(p.debit_fen - p.credit_fen)::bigint
    FROM posting p LEFT JOIN loan l ON p.kind = 2 AND l.id = p.id
    WHERE p.bank = $1 AND p.business_date = $2
    GROUP BY 1, 2 HAVING sum(p.debit_fen - p.credit_fen) <> 0"""

_DEPOSIT_EVENTS = """
    SELECT j.id, j.version, j.type, j.body, coalesce(l.product, ''), i.body
    FROM (SELECT DISTINCT id, version FROM posting
          WHERE bank = $1 AND business_date = $2 AND account = $3 AND kind = 2) p
    JOIN journal j ON j.kind = 2 AND j.id = p.id AND j.version = p.version
    LEFT JOIN journal i ON i.kind = 2 AND i.id = p.id AND i.version = p.version - 1 AND i.type = 'IncidentOpened'
    LEFT JOIN loan l ON l.id = p.id
    ORDER BY j.id, j.version"""

_DATES = "SELECT DISTINCT business_date FROM journal WHERE kind = 2 AND id = $2 AND bank = $1"

_LINES_OF_LOAN = f"""
    SELECT p.business_date, p.version, p.line, p.account, p.debit_fen, p.credit_fen, p.memo, j.type, j.body
    FROM posting p JOIN journal j ON j.kind = 2 AND j.id = p.id AND j.version = p.version
    WHERE p.business_date = ANY (ARRAY({_DATES} AND business_date BETWEEN $3 AND $4))
      AND p.bank = $1 AND p.kind = 2 AND p.id = $2
    ORDER BY p.version, p.line"""

_BROUGHT_FORWARD = f"""
    SELECT account, memo, sum(debit_fen - credit_fen)::bigint FROM posting
    WHERE business_date = ANY (ARRAY({_DATES} AND business_date < $3)) AND bank = $1 AND kind = 2 AND id = $2
    GROUP BY account, memo"""


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Books]:
    """A read-only snapshot. Raises `storage.contract.Unreachable`."""
    async with _connected(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield Books(connection)


@asynccontextmanager
async def closing(url: str, bank: str) -> AsyncIterator[Books]:
    """A snapshot that writes, one at a time for a bank: the lock is taken before the snapshot is."""
    async with _connected(url) as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtext('miaodai.books'), hashtext($1))", bank)
        await connection.execute("SELECT brin_summarize_new_values('posting_day')")
        async with connection.transaction(isolation="repeatable_read"):
            yield Books(connection)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    try:
        connection = await asyncpg.connect(url, timeout=30, command_timeout=3_600, server_settings=_SETTINGS)
    except (asyncpg.PostgresError, *_CONNECTION_ERRORS) as error:
        raise read_error(error) from None
    try:
        yield connection
    finally:
        await connection.close()
