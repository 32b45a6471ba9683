"""Daily vouchers, what the core booked by itself, and differences: rows that the books keep besides postings.

Written by cluster/books/ on the connection of storage/books.py. A voucher's number is its id at the core for ever: its
attempt is counted before it is sent, so that after a crash the core is asked first.
"""

from datetime import date
from typing import Any, NamedTuple

Day = date
VoucherLine = tuple[str, int, int]
"""Core account, debit, credit."""
CoreLine = tuple[date, str, str, int]
"""Effective on, product, core account, debit less credit."""


class VoucherRow(NamedTuple):
    """``core_date``, ``core_serial``: the core's answer; ``code``: why refused or unknown."""

    number: str
    bank: str
    date: date
    product: str
    seq: int
    amount_fen: int
    status: str
    attempts: int
    code: str
    outside_code: str
    core_date: Day | None
    core_serial: str
    reason: str


class DifferenceRow(NamedTuple):
    """``fen`` is ours less theirs."""

    id: int
    bank: str
    date: date
    kind: str
    subject: str
    ours_fen: int
    theirs_fen: int
    fen: int
    detail: str
    status: str
    owner: str
    maker: str
    checker: str
    reason: str
    ended_on: Day | None


_VOUCHER = ", ".join(VoucherRow._fields)
_DIFFERENCE = ", ".join(DifferenceRow._fields)


class Vouchers:
    """On an open connection (of a transaction or not)."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def put_core_bookings(self, bank: str, learned_on: date, lines: list[CoreLine]) -> None:
        """What the core booked by itself, as far as the books of ``learned_on`` know; written anew."""
        await self._connection.execute("DELETE FROM core_booking WHERE bank = $1 AND learned_on = $2", bank, learned_on)
        await self._connection.executemany(
            "INSERT INTO core_booking (bank, learned_on, effective_on, product, account, fen)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            [(bank, learned_on, *line) for line in lines],
        )

    async def core_bookings(self, bank: str, effective_on: date) -> dict[tuple[str, str], int]:
        """(product, core account) -> debit less credit."""
        rows = await self._connection.fetch(
            "SELECT product, account, sum(fen)::bigint FROM core_booking WHERE bank = $1 AND effective_on = $2"
            " GROUP BY product, account",
            bank,
            effective_on,
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def drop_drafts(self, bank: str, on: date) -> None:
        """Vouchers of the day's own that were never sent: they are made anew."""
        await self._connection.execute(
            "DELETE FROM voucher WHERE bank = $1 AND date = $2 AND status = 'draft' AND reason = ''", bank, on
        )

    async def carried(self, bank: str, on: date) -> dict[tuple[str, str], int]:
        """(product, core account) -> what the day's own vouchers carry, refused ones left out."""
        rows = await self._connection.fetch(
            "SELECT v.product, l.account, sum(l.debit_fen - l.credit_fen)::bigint FROM voucher v"
            " JOIN voucher_line l USING (number) WHERE v.bank = $1 AND v.date = $2 AND v.status <> 'refused'"
            " AND v.reason = '' GROUP BY 1, 2",
            bank,
            on,
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def next_seq(self, bank: str, on: date, product: str) -> int:
        found: int = await self._connection.fetchval(
            "SELECT coalesce(max(seq), 0) + 1 FROM voucher WHERE bank = $1 AND date = $2 AND product = $3",
            bank,
            on,
            product,
        )
        return found

    async def add(
        self,
        number: str,
        bank: str,
        on: date,
        product: str,
        seq: int,
        lines: list[VoucherLine],
        *,
        reason: str = "",
        maker: str = "",
        checker: str = "",
    ) -> None:
        """A new draft."""
        amount_fen = sum(line[1] for line in lines)
        await self._connection.execute(
            "INSERT INTO voucher (number, bank, date, product, seq, amount_fen, reason, maker, checker)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            number,
            bank,
            on,
            product,
            seq,
            amount_fen,
            reason,
            maker,
            checker,
        )
        await self._connection.executemany(
            "INSERT INTO voucher_line (number, line, account, debit_fen, credit_fen) VALUES ($1, $2, $3, $4, $5)",
            [(number, n, *line) for n, line in enumerate(lines, 1)],
        )

    async def of_day(self, bank: str, on: date) -> list[VoucherRow]:
        rows = await self._connection.fetch(
            f"SELECT {_VOUCHER} FROM voucher WHERE bank = $1 AND date = $2 ORDER BY product, seq", bank, on
        )
        return [VoucherRow(*row) for row in rows]

    async def unsettled(self, bank: str, to: date) -> list[VoucherRow]:
        """Vouchers up to ``to`` whose outcome is not known, oldest first."""
        rows = await self._connection.fetch(
            f"SELECT {_VOUCHER} FROM voucher WHERE bank = $1 AND date <= $2 AND status IN ('draft', 'sent')"
            " ORDER BY date, product, seq",
            bank,
            to,
        )
        return [VoucherRow(*row) for row in rows]

    async def lines(self, number: str) -> list[VoucherLine]:
        rows = await self._connection.fetch(
            "SELECT account, debit_fen, credit_fen FROM voucher_line WHERE number = $1 ORDER BY line", number
        )
        return [(row[0], row[1], row[2]) for row in rows]

    async def begin_attempt(self, number: str) -> int | None:
        """Count an attempt before it is made: how many there were before, None when its outcome is known already."""
        found: int | None = await self._connection.fetchval(
            "UPDATE voucher SET status = 'sent', attempts = attempts + 1"
            " WHERE number = $1 AND status IN ('draft', 'sent') RETURNING attempts - 1",
            number,
        )
        return found

    async def settle(
        self, number: str, status: str, code: str, outside_code: str, booked: tuple[date, str] | None
    ) -> None:
        """An attempt's outcome; a definite one is never changed again."""
        await self._connection.execute(
            "UPDATE voucher SET status = $2, code = $3, outside_code = $4, core_date = $5, core_serial = $6,"
            " booked_at = CASE WHEN $2 = 'booked' THEN now() END WHERE number = $1 AND status = 'sent'",
            number,
            status,
            code,
            outside_code,
            booked[0] if booked else None,
            booked[1] if booked else "",
        )

    # -- differences -------------------------------------------------------------------------------------------------

    async def standing(self, bank: str, kind: str = "") -> list[DifferenceRow]:
        """Open and assigned differences, oldest first."""
        rows = await self._connection.fetch(
            f"SELECT {_DIFFERENCE} FROM difference WHERE bank = $1 AND ($2 = '' OR kind = $2)"
            " AND status IN ('open', 'assigned') ORDER BY date, id",
            bank,
            kind,
        )
        return [DifferenceRow(*row) for row in rows]

    async def differences(self, bank: str, on: date | None = None) -> list[DifferenceRow]:
        rows = await self._connection.fetch(
            f"SELECT {_DIFFERENCE} FROM difference WHERE bank = $1 AND ($2::date IS NULL OR date = $2)"
            " ORDER BY date, id",
            bank,
            on,
        )
        return [DifferenceRow(*row) for row in rows]

    async def difference(self, id: int, *, lock: bool = False) -> DifferenceRow | None:
        sql = f"SELECT {_DIFFERENCE} FROM difference WHERE id = $1{' FOR UPDATE' if lock else ''}"
        row = await self._connection.fetchrow(sql, id)
        return None if row is None else DifferenceRow(*row)

    async def accepted(self, bank: str, kind: str, to: date) -> dict[str, int]:
        """Subject -> what two persons have accepted of its difference for good."""
        rows = await self._connection.fetch(
            "SELECT subject, sum(fen)::bigint FROM difference WHERE bank = $1 AND kind = $2 AND date <= $3"
            " AND status = 'settled' GROUP BY subject",
            bank,
            kind,
            to,
        )
        return {row[0]: row[1] for row in rows}

    async def open(
        self, bank: str, on: date, kind: str, subject: str, ours_fen: int, theirs_fen: int, fen: int, detail: str = ""
    ) -> None:
        """A new difference; the same one of the same day again does nothing, but an ended one stands again."""
        await self._connection.execute(
            "INSERT INTO difference AS d (bank, date, kind, subject, ours_fen, theirs_fen, fen, detail)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (bank, kind, subject, date, fen) DO UPDATE"
            " SET status = CASE WHEN d.owner = '' THEN 'open' ELSE 'assigned' END, ended_on = NULL"
            " WHERE d.status IN ('agreed', 'replaced')",
            bank,
            on,
            kind,
            subject,
            ours_fen,
            theirs_fen,
            fen,
            detail,
        )

    async def end(self, id: int, status: str, on: date) -> None:
        """A standing difference is agreed again, or replaced by another figure."""
        await self._connection.execute(
            "UPDATE difference SET status = $2, ended_on = $3 WHERE id = $1 AND status IN ('open', 'assigned')",
            id,
            status,
            on,
        )

    async def assign(self, id: int, owner: str) -> bool:
        return bool(
            await self._connection.fetchval(
                "UPDATE difference SET status = 'assigned', owner = $2 WHERE id = $1"
                " AND status IN ('open', 'assigned') RETURNING true",
                id,
                owner,
            )
        )

    async def settle_difference(self, id: int, maker: str, checker: str, reason: str, on: date) -> None:
        await self._connection.execute(
            "UPDATE difference SET status = 'settled', maker = $2, checker = $3, reason = $4, ended_on = $5"
            " WHERE id = $1 AND status = 'assigned'",
            id,
            maker,
            checker,
            reason,
            on,
        )

    async def mark(self, bank: str, on: date, *, final: bool) -> None:
        """The day was compared with the core's ledger; ``final``: it is closed for good."""
        await self._connection.execute(
            "UPDATE books_day SET compared_at = now(), final_at = CASE WHEN $3 THEN coalesce(final_at, now()) END"
            " WHERE bank = $1 AND date = $2",
            bank,
            on,
            final,
        )
