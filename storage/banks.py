"""Each bank's terms and business date, in PostgreSQL: first by ``miaodai bank load``, then changed by two persons.

Terms are kept in every version there ever was (a replay needs the ones of then), each valid from a business date and
never edited. In force on a date is the latest version that is valid from that date or an earlier one. The business date
has an epoch that grows with each advance, so that a host can tell an old date's batch from a new one's.
"""

from datetime import date, datetime
from typing import NamedTuple, Protocol

from storage.pool import Database


class BankHead(NamedTuple):
    """A bank now, without its terms: ``version`` is the one in force on the business date.

    ``closed_to``: the last day whose books are closed; None when the day's end never ran (storage/eod.py).
    """

    code: str
    version: int
    business_date: date
    date_epoch: int
    closed_to: date | None = None


class BankRow(NamedTuple):
    """A bank now: ``version`` is the one in force on the business date, ``terms`` its JSON as loaded."""

    code: str
    version: int
    terms: bytes
    business_date: date
    date_epoch: int


class TermsVersion(NamedTuple):
    """A version of a bank's terms. ``cause``: loaded, proposal (whose number follows, else 0) or lpr."""

    version: int
    valid_from: date
    cause: str
    proposal: int
    at: datetime


class DateGoesBack(ValueError):
    """A business date may only advance."""


class Banks(Protocol):
    """The table of banks."""

    async def put(self, code: str, terms_json: bytes, business_date: date) -> int:
        """First load of a bank. One that is there already keeps its terms; returns its latest version."""

    async def add_terms(self, code: str, after: int, changes: list[tuple[date, bytes]]) -> bool:
        """Add versions (valid from, terms) behind version ``after``; False, and nothing done, if that is not the last.

        This is storage's way to do it, without any check: people go by storage/proposals.py.
        """

    async def heads(self) -> list[BankHead]: ...

    async def all(self) -> list[BankRow]: ...

    async def terms_of(self, code: str, version: int) -> bytes | None:
        """The terms of any version."""

    async def versions(self, code: str) -> list[TermsVersion]:
        """All versions of a bank, oldest first."""

    async def set_business_date(self, code: str, business_date: date) -> int:
        """Advance the date; returns the date's epoch (unchanged for the same date).

        Raises `DateGoesBack`, and `KeyError` for an unknown bank.
        """


_IN_FORCE = "(SELECT max(t.version) FROM bank_terms t WHERE t.bank = b.code AND t.valid_from <= b.business_date)"


class PostgresBanks:
    """`Banks` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, code: str, terms_json: bytes, business_date: date) -> int:
        version = await self._database.value("SELECT bank_put($1, $2, $3)", code, terms_json.decode(), business_date)
        return int(version)

    async def add_terms(self, code: str, after: int, changes: list[tuple[date, bytes]]) -> bool:
        return bool(
            await self._database.value(
                "SELECT bank_terms_add($1, $2, $3, $4, 'loaded', NULL)",
                [code] * len(changes),
                [after + n for n in range(1, len(changes) + 1)],
                [day for day, _ in changes],
                [terms.decode() for _, terms in changes],
            )
        )

    async def heads(self) -> list[BankHead]:
        rows = await self._database.rows(
            f"SELECT b.code, coalesce({_IN_FORCE}, 0), b.business_date, b.date_epoch, b.closed_to"
            " FROM bank b ORDER BY b.code"
        )
        return [BankHead(*row) for row in rows]

    async def all(self) -> list[BankRow]:
        rows = await self._database.rows(
            "SELECT b.code, t.version, t.terms::text, b.business_date, b.date_epoch"
            f" FROM bank b JOIN bank_terms t ON t.bank = b.code AND t.version = {_IN_FORCE} ORDER BY b.code"
        )
        return [BankRow(r[0], r[1], r[2].encode(), r[3], r[4]) for r in rows]

    async def terms_of(self, code: str, version: int) -> bytes | None:
        text = await self._database.value(
            "SELECT terms::text FROM bank_terms WHERE bank = $1 AND version = $2", code, version
        )
        return None if text is None else str(text).encode()

    async def versions(self, code: str) -> list[TermsVersion]:
        rows = await self._database.rows(
            "SELECT version, valid_from, cause, coalesce(proposal, 0), at FROM bank_terms WHERE bank = $1"
            " ORDER BY version",
            code,
        )
        return [TermsVersion(*row) for row in rows]

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
