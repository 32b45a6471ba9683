"""A bank's accounts on one day for the fronts: one statement, so one snapshot. The daily sheet is made of it.

Of a closed day what was stored; of an open one the last closed balances and the postings since (storage/books.py).
"""

from datetime import date
from typing import NamedTuple, Protocol

from storage.pool import Database


class AccountTotal(NamedTuple):
    """An account on a day, in fen; ``opening_fen`` is debit less credit. ``state``: open, closed or final."""

    state: str
    account: str
    memo: bool
    opening_fen: int
    debit_fen: int
    credit_fen: int


class AccountTotals(Protocol):
    async def account_totals(self, bank: str, on: date) -> list[AccountTotal]:
        """Accounts that moved or have a balance, memo accounts last, each by code."""


class PostgresAccountTotals:
    """On PostgreSQL."""

    _database: Database

    async def account_totals(self, bank: str, on: date) -> list[AccountTotal]:
        return [AccountTotal(*row) for row in await self._database.rows(_TOTALS, bank, on)]


_TOTALS = """
    WITH last AS (SELECT max(date) AS date FROM books_day WHERE bank = $1 AND date <= $2),
    day AS (SELECT final_at FROM books_day WHERE bank = $1 AND date = $2),
    lines AS (
        SELECT account, memo, CASE WHEN date = $2 THEN balance_fen - debit_fen + credit_fen ELSE balance_fen END AS fen,
               CASE WHEN date = $2 THEN debit_fen ELSE 0 END AS debit_fen,
               CASE WHEN date = $2 THEN credit_fen ELSE 0 END AS credit_fen
        FROM ledger_day WHERE bank = $1 AND date = (SELECT date FROM last)
        UNION ALL
        SELECT account, memo, CASE WHEN business_date < $2 THEN debit_fen - credit_fen ELSE 0 END,
               CASE WHEN business_date = $2 THEN debit_fen ELSE 0 END,
               CASE WHEN business_date = $2 THEN credit_fen ELSE 0 END
        FROM posting
        WHERE bank = $1 AND business_date > coalesce((SELECT date FROM last), '-infinity') AND business_date <= $2)
    SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM day) THEN 'open'
                WHEN (SELECT final_at FROM day) IS NULL THEN 'closed' ELSE 'final' END,
           account, memo, sum(fen)::bigint, sum(debit_fen)::bigint, sum(credit_fen)::bigint
    FROM lines GROUP BY account, memo
    HAVING sum(fen) <> 0 OR sum(debit_fen) <> 0 OR sum(credit_fen) <> 0 ORDER BY memo, account"""
