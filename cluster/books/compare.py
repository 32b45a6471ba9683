"""Agreement with the core's ledger: each account on a closed day, by query over the ESB or by the core's file.

An account that does not agree has one standing difference with the figure; the figure changes: another difference
takes its place, without an owner. The day is finally closed when all vouchers up to it are booked and every difference
that stands has an owner (or was settled by two persons).
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from msgspec import Struct

from actors.codes import Code
from cluster.books.chart import Chart
from cluster.books.close import chart_of
from cluster.books.report import BooksRefused
from cluster.failures import Failure
from storage.books import DayTotal, closing
from storage.vouchers import DifferenceRow, Vouchers


class CompareReport(Struct, frozen=True, kw_only=True):
    """``accounts`` compared; ``standing``: differences that stand now; ``unbooked``: vouchers without an outcome."""

    bank: str
    date: date
    accounts: int
    agreed: int
    standing: tuple[DifferenceRow, ...]
    unbooked: tuple[str, ...]
    final: bool


class BadLedgerFile(Failure):
    """The core's ledger file cannot be read; says the line."""


async def compare_books(url: str, bank: str, on: date, theirs: Iterable[tuple[str, int]]) -> CompareReport:
    """Compare the closed day with the core's closing balances (core account, debit less credit in fen).

    Raises `BooksRefused`: BOOKS_NOT_CLOSED.
    """
    async with closing(url, bank) as books:
        chart = await chart_of(books, bank, on)
        if await books.day(bank, on) is None:
            raise BooksRefused(Code.BOOKS_NOT_CLOSED, f"{bank} {on}")
        vouchers = Vouchers(books.connection)
        gaps = await _gaps(vouchers, chart, on, await books.day_totals(bank, on), theirs)
        await _update(vouchers, bank, on, gaps)
        return await _judge(vouchers, bank, on, gaps)


Gaps = dict[str, tuple[int, int, int]]
"""What is compared -> ours, theirs, and ours less theirs less what was accepted for good."""


async def _gaps(
    vouchers: Vouchers, chart: Chart, on: date, totals: list[DayTotal], theirs: Iterable[tuple[str, int]]
) -> Gaps:
    ours_by: dict[str, int] = defaultdict(int)
    theirs_by: dict[str, int] = defaultdict(int)
    for total in totals:
        ours_by[chart.agreeing(chart.core(total.account))] += total.balance_fen
    for account, fen in theirs:
        theirs_by[chart.agreeing(account)] += fen
    accepted = await vouchers.accepted(chart.bank, "ledger", on)
    gaps = {}
    for key in sorted(ours_by.keys() | theirs_by.keys()):
        ours, core = ours_by.get(key, 0), theirs_by.get(key, 0)
        gaps[key] = (ours, core, ours - core - accepted.get(key, 0))
    return gaps


async def _update(vouchers: Vouchers, bank: str, on: date, gaps: Gaps) -> None:
    stands = set()
    for row in await vouchers.standing(bank, "ledger"):
        if row.date > on:
            continue
        _, _, gap = gaps.get(row.subject, (0, 0, 0))
        if gap == row.fen:
            stands.add(row.subject)
        else:
            await vouchers.end(row.id, "replaced" if gap else "agreed", on)
    for subject, (ours, theirs, gap) in gaps.items():
        if gap and subject not in stands:
            await vouchers.open(bank, on, "ledger", subject, ours, theirs, gap)


async def _judge(vouchers: Vouchers, bank: str, on: date, gaps: Gaps) -> CompareReport:
    standing = tuple(row for row in await vouchers.standing(bank) if row.date <= on)
    unbooked = [row.number for row in await vouchers.unsettled(bank, on)]
    refused = [row.number for row in await vouchers.of_day(bank, on) if row.status == "refused"]
    final = not unbooked and all(row.owner for row in standing)
    await vouchers.mark(bank, on, final=final)
    return CompareReport(
        bank=bank,
        date=on,
        accounts=len(gaps),
        agreed=sum(not gap for _, _, gap in gaps.values()),
        standing=standing,
        unbooked=tuple(unbooked + refused),
        final=final,
    )


def read_ledger_file(path: Path) -> list[tuple[str, int]]:
    """(core account, closing fen) of the core's file: account,opening,debit,credit,closing in yuan and fen."""
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for number, row in enumerate(reader, 2):
            try:
                opening, debit, credit, closing_fen = (
                    _fen(row[name]) for name in ("opening", "debit", "credit", "closing")
                )
                account = row["account"].strip()
            except (KeyError, AttributeError, ValueError) as error:
                raise BadLedgerFile(f"{path}: line {number}: {error}") from None
            if not account or opening + debit - credit != closing_fen:
                raise BadLedgerFile(f"{path}: line {number}: {account or 'no account'} does not add up")
            rows.append((account, closing_fen))
    if len({account for account, _ in rows}) != len(rows):
        raise BadLedgerFile(f"{path}: an account stands there twice")
    return rows


def _fen(text: str) -> int:
    try:
        fen = Decimal(text.strip()) * 100
    except InvalidOperation:
        raise ValueError(f"not an amount: {text!r}") from None
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise ValueError(f"not an amount: {text!r}")
    return int(fen)
