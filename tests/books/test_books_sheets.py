"""Promise: sheets and ledgers are the same bytes for the same book, with every sum on its side and each line's state.

The golden files are of a loan of 12,000.00 yuan that lives a month. ``MIAODAI_GOLDEN=write`` writes them anew; read the
difference before you keep it.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest

from actors.codes import Code
from cluster.books.close import chart_of
from cluster.books.files import BOM, as_csv, daily_sheet_csv, general_ledger_csv, side, subsidiary_ledger_csv, write
from cluster.books.report import BooksRefused
from cluster.books.sheets import daily_sheet, general_ledger, subsidiary_ledger
from storage.books import snapshot
from tests.books.days import close_day, night
from tests.books.lived import BANK, ONE_DAY, OPENED, OTHER, Lived, lived

GOLDEN = Path(__file__).parent / "golden"
DUE = date(2026, 4, 2)


class Book:
    """A loan's first month, repaid on its due date; the last day's voucher has not been sent yet."""

    def __init__(self, here: Lived, loan: str) -> None:
        self.here = here
        self.loan = loan


@pytest.fixture(scope="module")
async def book(fresh_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Book]:
    async with lived(await fresh_database()) as here:
        loan = await here.lend(1)
        await here.lend(2, OTHER)
        assert (await night(here)).final
        while here.today < DUE - ONE_DAY:
            await here.end_day()
        assert (await night(here)).final
        await here.do("repay", loan_id=loan, kind="due")
        await close_day(here)
        yield Book(here, loan)


def same(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("MIAODAI_GOLDEN") == "write":
        path.write_bytes(text.encode())
    assert path.read_bytes().decode() == text


@pytest.mark.parametrize("day", [OPENED, DUE - ONE_DAY, DUE])
async def test_daily_sheet(book: Book, day: date) -> None:
    sheet = await daily_sheet(book.here.url, BANK, day)
    assert sheet.balanced
    same(f"daily-sheet-{day}.csv", daily_sheet_csv(sheet))


async def test_the_sheet_of_an_open_day_carries_the_balances(book: Book) -> None:
    today, before = book.here.today, await daily_sheet(book.here.url, BANK, DUE)
    sheet = await daily_sheet(book.here.url, BANK, today)
    assert (sheet.state, before.state) == ("open", "closed")
    assert {r.account: r.opening_fen for r in sheet.rows} == {
        r.account: r.closing_fen for r in before.rows if r.closing_fen
    }


async def test_by_the_front_the_same_for_closed_and_open_days_and_never_another_banks(book: Book) -> None:
    for bank in (BANK, OTHER):
        for day in (OPENED, DUE - ONE_DAY, DUE, book.here.today):
            sheet = await daily_sheet(book.here.url, bank, day)
            told = await book.here.do("get_daily_sheet", bank, business_date=day.isoformat())
            assert (told["bank"], told["state"], told["balanced"]) == (bank, sheet.state, True)
            assert [tuple(row.values()) for row in told["rows"]] == [
                tuple(getattr(row, name) for name in told["rows"][0]) for row in sheet.rows
            ]
            assert (told["debit_fen"], told["credit_fen"]) == sheet.total(False)[1:3]


async def test_general_ledger(book: Book) -> None:
    async with snapshot(book.here.url) as books:
        chart = await chart_of(books, BANK)
    rows = await general_ledger(book.here.url, BANK, date(2026, 3, 30), DUE)
    same("general-ledger.csv", general_ledger_csv(chart, rows))


async def test_subsidiary_ledger_with_what_is_final_and_what_is_provisional(book: Book) -> None:
    async with snapshot(book.here.url) as books:
        chart = await chart_of(books, BANK)
    lines = await subsidiary_ledger(book.here.url, BANK, book.loan)
    states = {(line.date, line.event): line.provisional for line in lines}
    assert states[DUE, "Repaid"] is False, "booked by the core itself"
    assert states[DUE, "DayClosed"] is True, "its voucher has not been sent"
    assert states[DUE - ONE_DAY, "DayClosed"] is False
    same("subsidiary-ledger.csv", subsidiary_ledger_csv(chart, book.loan, lines))


async def test_one_account_of_a_loan_over_some_days_begins_with_its_balance(book: Book) -> None:
    some = await subsidiary_ledger(book.here.url, BANK, book.loan, date(2026, 3, 30), DUE, "1303.09")
    whole = await subsidiary_ledger(book.here.url, BANK, book.loan, account="1303.09")
    assert 0 < len(some) < len(whole)
    assert [line.balance_fen for line in some] == [line.balance_fen for line in whole[-len(some) :]]


async def test_another_banks_loan_is_not_shown(book: Book) -> None:
    for bank, loan in ((OTHER, book.loan), (BANK, "L0000000000000000000")):
        with pytest.raises(BooksRefused) as refused:
            await subsidiary_ledger(book.here.url, bank, loan)
        assert refused.value.code is Code.NOT_FOUND
    with pytest.raises(BooksRefused):
        await daily_sheet(book.here.url, "nobody", DUE)


def test_a_file_is_written_whole_with_a_mark_when_asked_for(tmp_path: Path) -> None:
    for bom in (False, True):
        write(tmp_path / "s.csv", "科目,1\r\n", bom=bom)
        assert (tmp_path / "s.csv").read_bytes() == (b"\xef\xbb\xbf" if bom else b"") + "科目,1\r\n".encode()
    assert BOM.encode() == b"\xef\xbb\xbf"
    assert [path.name for path in tmp_path.iterdir()] == ["s.csv"]


def test_texts_that_are_formulas_and_quotes_are_harmless() -> None:
    assert as_csv([("=1+1", 'a"b', "-5.00", "@x", "贷,借")]) == '\'=1+1,"a""b",-5.00,\'@x,"贷,借"\r\n'


@pytest.mark.parametrize(("fen", "word"), [(1, "借"), (-1, "贷"), (0, "平")])
def test_sides(fen: int, word: str) -> None:
    assert side(fen) == word
