"""Promise: a day's books are closed once, add up, and say so when they do not."""

import asyncpg
import pytest

from actors.codes import Code
from cluster.books.check import check_books
from cluster.books.close import close_books
from cluster.books.report import BooksRefused
from tests.books.lived import BANK, ONE_DAY, OPENED, OTHER, Lived


async def run(here: Lived, sql: str, *arguments: object) -> None:
    connection = await asyncpg.connect(here.url)
    await connection.execute(sql, *arguments)
    await connection.close()


async def test_a_day_is_closed_and_closed_again_the_same(here: Lived) -> None:
    await here.lend(1)
    await here.end_day()
    report = await close_books(here.url, BANK, OPENED)
    assert report.ok, report
    assert report.debit_fen == report.credit_fen > 0
    assert [one.ledger_fen for one in report.agreements] == [1_200_000]
    again = await close_books(here.url, BANK, OPENED)
    assert (again.lines, again.debit_fen, again.vouchers) == (report.lines, report.debit_fen, report.vouchers)
    assert (await check_books(here.url, BANK)).ok
