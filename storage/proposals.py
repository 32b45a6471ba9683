"""Proposals to change a bank's terms, and LPR loaded by file: written by ``miaodai product`` and ``miaodai lpr``.

A proposal is made by one person and approved by another; the database itself refuses one person for both. Approval adds
versions to the bank's terms in the same statement, and only behind the version that its caller saw. Proposals are kept
for ever: they are the record of who changed what, when, from what to what.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from storage.pool import Database


class ProposalRow(NamedTuple):
    """``base`` and ``change``: JSON objects, item -> value before and after. ``version``: what approval made, or 0."""

    id: int
    bank: str
    base_version: int
    valid_from: date
    supersedes: bool
    base: str
    change: str
    note: str
    status: str
    maker: str
    made_at: datetime
    checker: str
    decided_at: datetime | None
    reason: str
    version: int


class LprRow(NamedTuple):
    """A publication that was loaded by file, and by whom."""

    published: date
    tenor: str
    rate: Decimal
    loaded_by: str
    loaded_at: datetime


class Added(NamedTuple):
    """A version to add to a bank's terms."""

    bank: str
    version: int
    valid_from: date
    terms: bytes


_COLUMNS = (
    "id, bank, base_version, valid_from, supersedes, base::text, change::text, note, status, maker, made_at, checker,"
    " decided_at, reason, coalesce(version, 0)"
)


class Proposals:
    """On PostgreSQL, with the store's own connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self,
        bank: str,
        base_version: int,
        valid_from: date,
        supersedes: bool,
        base: bytes,
        change: bytes,
        note: str,
        maker: str,
    ) -> int:
        """Keep a proposal; the number of the pending one with the same content if there is one."""
        same = (
            "SELECT id FROM terms_proposal WHERE bank = $1 AND valid_from = $2 AND supersedes = $3"
            " AND md5(change::text) = md5($4) AND status = 'pending'"
        )
        content = (bank, valid_from, supersedes, change.decode())
        found = await self._database.value(same, *content)
        if found is not None:
            return int(found)
        found = await self._database.value(
            "INSERT INTO terms_proposal (bank, base_version, valid_from, supersedes, base, change, note, maker)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            " ON CONFLICT (bank, valid_from, supersedes, md5(change::text)) WHERE status = 'pending' DO NOTHING"
            " RETURNING id",
            bank,
            base_version,
            valid_from,
            supersedes,
            base.decode(),
            change.decode(),
            note,
            maker,
        )
        if found is None:
            found = await self._database.value(same, *content)  # someone was quicker
        return int(found)

    async def one(self, id: int) -> ProposalRow | None:
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM terms_proposal WHERE id = $1", id)
        return ProposalRow(*rows[0]) if rows else None

    async def of_bank(self, bank: str) -> list[ProposalRow]:
        """All of a bank, oldest first."""
        rows = await self._database.rows(f"SELECT {_COLUMNS} FROM terms_proposal WHERE bank = $1 ORDER BY id", bank)
        return [ProposalRow(*row) for row in rows]

    async def approve(self, id: int, checker: str, added: list[Added]) -> str:
        """Add the versions and close the proposal. "" done; else nothing was: not_pending, date, outdated."""
        return str(
            await self._database.value(
                "SELECT terms_approve($1, $2, $3, $4, $5)",
                id,
                checker,
                [a.version for a in added],
                [a.valid_from for a in added],
                [a.terms.decode() for a in added],
            )
        )

    async def close(self, id: int, status: str, checker: str, reason: str) -> bool:
        """Reject or withdraw; False when it is not pending any more."""
        found = await self._database.value(
            "UPDATE terms_proposal SET status = $2, checker = $3, reason = $4, decided_at = now()"
            " WHERE id = $1 AND status = 'pending' RETURNING id",
            id,
            status,
            checker,
            reason,
        )
        return found is not None

    async def lpr(self) -> list[LprRow]:
        """Publications loaded by file, oldest first (those that came with a bank's first load are in its terms)."""
        rows = await self._database.rows(
            "SELECT published, tenor, rate, loaded_by, loaded_at FROM lpr ORDER BY published, tenor"
        )
        return [LprRow(*row) for row in rows]

    async def load_lpr(self, rows: list[tuple[date, str, Decimal]], by: str, added: list[Added]) -> bool:
        """Keep the rows and add the versions of terms that carry them; False, and nothing done, if a bank moved on."""
        return bool(
            await self._database.value(
                "SELECT lpr_load($1, $2, $3, $4, $5, $6, $7, $8)",
                [tenor for _, tenor, _ in rows],
                [day for day, _, _ in rows],
                [rate for _, _, rate in rows],
                by,
                [a.bank for a in added],
                [a.version for a in added],
                [a.valid_from for a in added],
                [a.terms.decode() for a in added],
            )
        )
