"""Each bank's terms and business date, in PostgreSQL: written by ``miaodai bank load`` and the day's end, read by all.

Terms are kept in every version ever loaded (a replay needs the ones of then); the business date has an epoch that grows
with each advance, so that a host can tell an old date's batch from a new one's.
"""

from datetime import date
from typing import NamedTuple, Protocol

from storage.pool import Database


class BankRow(NamedTuple):
    """A bank now: ``version`` counts its loads from 1, ``terms`` is the JSON as loaded."""

    code: str
    version: int
    terms: bytes
    business_date: date
    date_epoch: int


class DateGoesBack(ValueError):
    """A business date may only advance."""


class Banks(Protocol):
    """The table of banks."""

    async def put(self, code: str, terms_json: bytes, business_date: date) -> int:
        """Load terms; returns their version (unchanged when the terms are). The date counts for a new bank only."""

    async def all(self) -> list[BankRow]: ...

    async def terms_of(self, code: str, version: int) -> bytes | None:
        """The terms of an earlier version."""

    async def set_business_date(self, code: str, business_date: date) -> int:
        """Advance the date; returns the date's epoch (unchanged for the same date).

        Raises `DateGoesBack`, and `KeyError` for an unknown bank.
        """


class PostgresBanks:
    """`Banks` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, code: str, terms_json: bytes, business_date: date) -> int:
        version = await self._database.value("SELECT bank_put($1, $2, $3)", code, terms_json.decode(), business_date)
        return int(version)

    async def all(self) -> list[BankRow]:
        rows = await self._database.rows(
            "SELECT b.code, b.version, t.terms::text, b.business_date, b.date_epoch"
            " FROM bank b JOIN bank_terms t ON t.bank = b.code AND t.version = b.version ORDER BY b.code"
        )
        return [BankRow(r[0], r[1], r[2].encode(), r[3], r[4]) for r in rows]

    async def terms_of(self, code: str, version: int) -> bytes | None:
        text = await self._database.value(
            "SELECT terms::text FROM bank_terms WHERE bank = $1 AND version = $2", code, version
        )
        return None if text is None else str(text).encode()

    async def set_business_date(self, code: str, business_date: date) -> int:
        epoch = await self._database.value(
            "UPDATE bank SET business_date = $2, date_epoch = date_epoch + (business_date <> $2)::int"
            " WHERE code = $1 AND business_date <= $2 RETURNING date_epoch",
            code,
            business_date,
        )
        if epoch is None:
            if await self._database.value("SELECT 1 FROM bank WHERE code = $1", code) is None:
                raise KeyError(code)
            raise DateGoesBack(f"{code}: {business_date}")
        return int(epoch)
