"""Reads for the fronts: lists and transactions out of the same rows and journal that the actors write.

Committed state only; every list is paged by key (``after`` = the last key of the page before, "" or 0 to begin), so a
page costs the same at the end of the book as at its start. Used by protocols/operations.py.
"""

from datetime import date
from typing import Any, NamedTuple, Protocol

from storage.contract import JournalRow
from storage.pool import Database
from storage.rows import EVENT_COLUMNS, event_row, kind_number


class LoanSummary(NamedTuple):
    """A loan's typed columns (None where the loan has no such thing yet); money in fen."""

    id: str
    bank: str
    version: int
    customer_id: str | None
    product: str | None
    status: str | None
    principal_fen_outstanding: int | None
    next_due: date | None
    closed_to: date | None


class ProcessSummary(NamedTuple):
    id: str
    bank: str
    version: int
    customer_id: str | None
    loan_id: str | None
    definition: str | None
    status: str | None


class Queries(Protocol):
    """Every list is limited to one ``bank``: nobody pages through another bank's book. Raises `Unreachable`."""

    async def transactions(
        self, bank: str, loan_id: str, after_version: int, limit: int, types: list[str] | None = None
    ) -> list[JournalRow]:
        """Events of a loan, oldest first; ``types`` (event names) keeps only those."""

    async def loans_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> list[LoanSummary]: ...

    async def loans_of_bank(
        self, bank: str, after: str, limit: int, *, product: str = "", status: str = ""
    ) -> list[LoanSummary]: ...

    async def loans_due(self, bank: str, to: date, after: tuple[date, str] | None, limit: int) -> list[LoanSummary]:
        """Loans with ``next_due`` <= ``to``, in order of (next_due, id): what a day's run has to do."""

    async def processes_of_customer(
        self, bank: str, customer_id: str, after: str, limit: int
    ) -> list[ProcessSummary]: ...

    async def customer_by_identity(self, bank: str, identity_index: bytes) -> str | None:
        """The customer with this blind index at this bank."""


_LOAN = (
    "SELECT id, bank, version, customer_id, product, status, principal_fen_outstanding, next_due, closed_to FROM loan"
)
_PROCESS = "SELECT id, bank, version, customer_id, loan_id, definition, status FROM process"


class PostgresQueries:
    """`Queries` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def transactions(
        self, bank: str, loan_id: str, after_version: int, limit: int, types: list[str] | None = None
    ) -> list[JournalRow]:
        rows = await self._database.rows(
            f"SELECT {EVENT_COLUMNS} FROM journal WHERE kind = $1 AND id = $2 AND version > $3 AND bank = $4"
            " AND ($6::text[] IS NULL OR type = ANY($6)) ORDER BY version LIMIT $5",
            kind_number("loan"),
            loan_id,
            after_version,
            bank,
            limit,
            types,
        )
        return [event_row(row) for row in rows]

    async def loans_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> list[LoanSummary]:
        return await self._loans(
            f"{_LOAN} WHERE customer_id = $1 AND bank = $2 AND id > $3 ORDER BY id LIMIT $4",
            customer_id,
            bank,
            after,
            limit,
        )

    async def loans_of_bank(
        self, bank: str, after: str, limit: int, *, product: str = "", status: str = ""
    ) -> list[LoanSummary]:
        return await self._loans(
            f"{_LOAN} WHERE bank = $1 AND id > $2 AND ($3 = '' OR product = $3) AND ($4 = '' OR status = $4)"
            " ORDER BY id LIMIT $5",
            bank,
            after,
            product,
            status,
            limit,
        )

    async def loans_due(self, bank: str, to: date, after: tuple[date, str] | None, limit: int) -> list[LoanSummary]:
        day, last_id = after or (date.min, "")
        return await self._loans(
            f"{_LOAN} WHERE bank = $1 AND next_due <= $2 AND next_due >= $3 AND (next_due, id) > ($3, $4)"
            " ORDER BY next_due, id LIMIT $5",
            bank,
            to,
            day,
            last_id,
            limit,
        )

    async def processes_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> list[ProcessSummary]:
        rows = await self._database.rows(
            f"{_PROCESS} WHERE customer_id = $1 AND bank = $2 AND id > $3 ORDER BY id LIMIT $4",
            customer_id,
            bank,
            after,
            limit,
        )
        return [ProcessSummary(*row) for row in rows]

    async def customer_by_identity(self, bank: str, identity_index: bytes) -> str | None:
        found = await self._database.value(
            "SELECT id FROM customer WHERE bank = $1 AND identity_index = $2", bank, identity_index
        )
        return None if found is None else str(found)

    async def _loans(self, sql: str, *arguments: Any) -> list[LoanSummary]:
        return [LoanSummary(*row) for row in await self._database.rows(sql, *arguments)]
