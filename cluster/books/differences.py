"""差异处理: a difference gets an owner (责任人), and is settled by two persons, with a reason or by a voucher.

Every step is a row's change with the staff ids on it. Settled "accepted" means: that gap is known and stays; settled by
a voucher: an adjusting voucher brings the core's ledger to ours, and the next comparison finds them agreeing.
"""

from datetime import date

from actors.codes import Code
from cluster.books.chart import SETTLEMENT, Chart
from cluster.books.close import chart_of
from cluster.books.report import BooksRefused
from cluster.books.vouchers import NO_PRODUCT
from storage.books import closing, snapshot
from storage.vouchers import DifferenceRow, VoucherLine, Vouchers


async def differences(url: str, bank: str, on: date | None = None) -> list[DifferenceRow]:
    """All of a bank, or those opened on a day."""
    async with snapshot(url) as books:
        return await Vouchers(books.connection).differences(bank, on)


async def assign(url: str, bank: str, id: int, owner: str) -> DifferenceRow:
    """Give it an owner (or another one)."""
    if not owner.strip():
        raise BooksRefused(Code.DIFFERENCE_UNOWNED, "an owner is needed")
    async with closing(url, bank) as books:
        vouchers = Vouchers(books.connection)
        await _standing(vouchers, bank, id)
        await vouchers.assign(id, owner.strip())
        return await _found(vouchers, bank, id)


async def settle(url: str, bank: str, id: int, maker: str, checker: str, reason: str, on: date) -> DifferenceRow:
    """Accept the gap for good; it must have an owner. Of a ledger difference the same gap is not opened again."""
    two_persons(maker, checker)
    if not reason.strip():
        raise BooksRefused(Code.MISSING_FIELD, "reason")
    async with closing(url, bank) as books:
        vouchers = Vouchers(books.connection)
        row = await _standing(vouchers, bank, id)
        if not row.owner:
            raise BooksRefused(Code.DIFFERENCE_UNOWNED, str(id))
        await vouchers.settle_difference(id, maker.strip(), checker.strip(), reason.strip(), on)
        return await _found(vouchers, bank, id)


async def adjust(url: str, bank: str, on: date, maker: str, checker: str, reason: str) -> str:
    """Draft a voucher for ``on`` that brings the core to our ledger: the gaps of all standing ledger differences.

    Both ledgers balance, so their gaps do. Its number; send it, compare again. Raises DIFFERENCE_STATUS without any.
    """
    two_persons(maker, checker)
    if not reason.strip():
        raise BooksRefused(Code.MISSING_FIELD, "reason")
    async with closing(url, bank) as books:
        chart = await chart_of(books, bank, on)
        vouchers = Vouchers(books.connection)
        lines = _adjusting(chart, [row for row in await vouchers.standing(bank, "ledger") if row.date <= on])
        off = sum(debit - credit for _, debit, credit in lines)
        if not lines or off != 0:
            raise BooksRefused(Code.DIFFERENCE_STATUS, f"{len(lines)} standing, they must balance")
        seq = await vouchers.next_seq(bank, on, NO_PRODUCT)
        number = f"V-{bank}-{on:%Y%m%d}-{NO_PRODUCT}-{seq}"
        await vouchers.add(
            number,
            bank,
            on,
            NO_PRODUCT,
            seq,
            lines,
            reason=reason.strip(),
            maker=maker.strip(),
            checker=checker.strip(),
        )
        return number


def two_persons(maker: str, checker: str) -> None:
    if not maker.strip() or not checker.strip() or maker.strip() == checker.strip():
        raise BooksRefused(Code.TWO_PERSONS, "maker and checker")


def _adjusting(chart: Chart, rows: list[DifferenceRow]) -> list[VoucherLine]:
    clearing = chart.core_of_role("clearing")
    lines = []
    for row in rows:
        account = clearing if row.subject == SETTLEMENT else row.subject
        lines.append((account, row.fen, 0) if row.fen > 0 else (account, 0, -row.fen))
    return lines


async def _standing(vouchers: Vouchers, bank: str, id: int) -> DifferenceRow:
    row = await _found(vouchers, bank, id)
    if row.status not in ("open", "assigned"):
        raise BooksRefused(Code.DIFFERENCE_STATUS, f"{id} is {row.status}")
    return row


async def _found(vouchers: Vouchers, bank: str, id: int) -> DifferenceRow:
    row = await vouchers.difference(id)
    if row is None or row.bank != bank:
        raise BooksRefused(Code.NOT_FOUND, f"difference {id} of {bank}")
    return row
