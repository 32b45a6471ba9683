"""Sheets and ledgers as rows: 日计表 daily sheet, 总账 general ledger, 分户账 subsidiary ledger.

Of a closed day from its stored totals, of an open one from the last closed day and the postings since; always in one
snapshot. Sums are fen. A balance is shown on its side: 借 debit, 贷 credit, 平 none.
"""

from datetime import date, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from actors.codes import Code
from cluster.books.chart import Chart
from cluster.books.close import Key, chart_of, day_of
from cluster.books.report import BooksRefused
from storage.books import Books, BooksDay, DayTotal, Line, snapshot
from storage.vouchers import VoucherRow, Vouchers

ONE_DAY = timedelta(days=1)


class SheetRow(Struct, frozen=True, kw_only=True):
    """An account on a day; opening and closing are debit less credit."""

    account: str
    name_zh: str
    name_en: str
    memo: bool
    opening_fen: int
    debit_fen: int
    credit_fen: int
    closing_fen: int


class Sheet(Struct, frozen=True, kw_only=True):
    """日计表 of a day. ``state``: open, closed, or final (agreed with the core)."""

    bank: str
    bank_zh: str
    date: date
    state: str
    rows: tuple[SheetRow, ...]

    def total(self, memo: bool) -> tuple[int, int, int, int]:
        """Opening, debit, credit, closing of all accounts on or off balance; opening and closing are 0 when sound."""
        rows = [row for row in self.rows if row.memo is memo]
        return (
            sum(row.opening_fen for row in rows),
            sum(row.debit_fen for row in rows),
            sum(row.credit_fen for row in rows),
            sum(row.closing_fen for row in rows),
        )

    @property
    def balanced(self) -> bool:
        return all(
            total[0] == total[3] == 0 and total[1] == total[2] for total in (self.total(False), self.total(True))
        )


class LedgerRow(Struct, frozen=True, kw_only=True):
    """An account's day in the general ledger, with the balance after it."""

    account: str
    date: date
    debit_fen: int
    credit_fen: int
    balance_fen: int


class SubLine(Struct, frozen=True, kw_only=True):
    """A line of a loan's subsidiary ledger. Provisional until the core's date and serial are known: of the booking
    itself, or of the day's voucher that carries it."""

    date: date
    version: int
    event: str
    account: str
    name_zh: str
    memo: bool
    debit_fen: int
    credit_fen: int
    balance_fen: int
    value_date: str
    core_date: str
    core_serial: str
    provisional: bool


async def daily_sheet(url: str, bank: str, on: date) -> Sheet:
    """Raises `BooksRefused` NOT_FOUND for a bank that is not there."""
    async with snapshot(url) as books:
        chart = await chart_of(books, bank, on)
        totals = await _totals(books, chart, on)
        closed = await books.day(bank, on)
    rows = tuple(_sheet_row(chart, total) for total in totals)
    return Sheet(bank=bank, bank_zh=chart.bank_zh, date=on, state=_state(closed), rows=rows)


async def general_ledger(url: str, bank: str, since: date, to: date) -> list[LedgerRow]:
    """By account, then by day: days on which it moved, after a row for the balance brought forward (``since`` - 1)."""
    async with snapshot(url) as books:
        chart = await chart_of(books, bank)
        before = {(t.account, t.memo): t.balance_fen for t in await _totals(books, chart, since - ONE_DAY)}
        moved = await books.movements(bank, since - ONE_DAY, to)
    rows: list[LedgerRow] = []
    for key in sorted(before.keys() | {(t.account, t.memo) for t in moved}, key=lambda k: (k[1], k[0])):
        balance = before.get(key, 0)
        rows.append(LedgerRow(account=key[0], date=since - ONE_DAY, debit_fen=0, credit_fen=0, balance_fen=balance))
        for total in moved:
            if (total.account, total.memo) == key:
                balance += total.debit_fen - total.credit_fen
                rows.append(
                    LedgerRow(
                        account=key[0],
                        date=total.date,
                        debit_fen=total.debit_fen,
                        credit_fen=total.credit_fen,
                        balance_fen=balance,
                    )
                )
    return rows


async def subsidiary_ledger(
    url: str, bank: str, loan_id: str, since: date = date.min, to: date = date.max, account: str = ""
) -> list[SubLine]:
    """Lines of a loan in order, each with its account's balance after it; ``account`` keeps one. Raises NOT_FOUND."""
    async with snapshot(url) as books:
        chart = await chart_of(books, bank)
        lines = await books.lines_of_loan(bank, loan_id, since, to)
        balances = await books.brought_forward(bank, loan_id, since)
        vouchers: dict[date, list[VoucherRow]] = {}
        for day in {line.business_date for line in lines}:
            vouchers[day] = await Vouchers(books.connection).of_day(bank, day)
        product = await books.product_of(bank, loan_id)
    if product is None:
        raise BooksRefused(Code.NOT_FOUND, loan_id)
    rows = []
    for line in lines:
        key = (line.account, line.memo)
        balances[key] = balances.get(key, 0) + line.debit_fen - line.credit_fen
        if account in ("", line.account):
            rows.append(_sub_line(chart, line, balances[key], vouchers[line.business_date], product))
    return rows


async def _totals(books: Books, chart: Chart, on: date) -> list[DayTotal]:
    """The day's accounts: as closed, or made now from the last closed day and what was posted since."""
    last = await books.last_closed(chart.bank, on)
    if last == on:
        return await books.day_totals(chart.bank, on)
    opening = await books.day_totals(chart.bank, last) if last is not None else []
    balances: dict[Key, int] = {(t.account, t.memo): t.balance_fen for t in opening}
    moved = await books.movements(chart.bank, last, on)
    for total in moved:
        if total.date < on:
            key = (total.account, total.memo)
            balances[key] = balances.get(key, 0) + total.debit_fen - total.credit_fen
    return day_of(on, [total for total in moved if total.date == on], balances)


def _state(closed: BooksDay | None) -> str:
    if closed is None:
        return "open"
    return "final" if closed.final else "closed"


def _sheet_row(chart: Chart, total: DayTotal) -> SheetRow:
    account = chart.account(total.account)
    return SheetRow(
        account=total.account,
        name_zh=account.name_zh,
        name_en=account.name_en,
        memo=total.memo,
        opening_fen=total.balance_fen - total.debit_fen + total.credit_fen,
        debit_fen=total.debit_fen,
        credit_fen=total.credit_fen,
        closing_fen=total.balance_fen,
    )


def _sub_line(chart: Chart, line: Line, balance_fen: int, vouchers: list[VoucherRow], product: str) -> SubLine:
    event: dict[str, Any] = msgspec.msgpack.decode(line.body)
    core_date, serial = event.get("core_date", ""), event.get("core_serial", "")
    if not serial:
        mine = [v for v in vouchers if v.product == product and not v.reason]
        if mine and all(v.status == "booked" for v in mine):
            core_date, serial = str(mine[-1].core_date), mine[-1].core_serial
    return SubLine(
        date=line.business_date,
        version=line.version,
        event=line.type,
        account=line.account,
        name_zh=chart.account(line.account).name_zh,
        memo=line.memo,
        debit_fen=line.debit_fen,
        credit_fen=line.credit_fen,
        balance_fen=balance_fen,
        value_date=event.get("value_date", "") or str(line.business_date),
        core_date=core_date if serial else "",
        core_serial=serial,
        provisional=not serial,
    )
