"""What a night does with the books, for tests: close the day, send its vouchers, ask the core's ledger, compare."""

from datetime import date
from typing import Any

import asyncpg

from cluster.books.close import close_books
from cluster.books.compare import CompareReport, compare_books
from cluster.books.report import BooksReport
from cluster.books.send import send_vouchers
from tests.books.lived import BANK, Lived


async def close_day(here: Lived, bank: str = BANK) -> BooksReport:
    """End today and close its books; they must be sound."""
    day = here.today
    await here.end_day()
    report = await close_books(here.url, bank, day)
    assert report.ok, report
    return report


async def compare(here: Lived, day: date, bank: str = BANK) -> CompareReport:
    theirs = [(row.account, row.closing_fen) for row in await here.core.ledger(bank, day)]
    return await compare_books(here.url, bank, day, theirs)


async def night(here: Lived, bank: str = BANK) -> CompareReport:
    """The whole of it; the vouchers must be booked."""
    day = (await close_day(here, bank)).date
    sent = await send_vouchers(here.url, here.core, bank, day)
    assert sent.ok, sent
    return await compare(here, day, bank)


async def run(here: Lived, sql: str, *arguments: object) -> None:
    connection = await asyncpg.connect(here.url)
    try:
        await connection.execute(sql, *arguments)
    finally:
        await connection.close()


async def rows(here: Lived, sql: str, *arguments: object) -> list[Any]:
    connection = await asyncpg.connect(here.url)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()
