"""Promise: a day's books are closed once, add up, and say so when they do not."""

from datetime import date

import pytest

from actors.codes import Code
from cluster.books.check import check_books
from cluster.books.close import close_books
from cluster.books.differences import differences
from cluster.books.report import BooksRefused
from cluster.books.sheets import daily_sheet
from tests.books.days import close_day, rows, run
from tests.books.lived import BANK, ONE_DAY, OPENED, OTHER, Lived


async def test_a_day_is_closed_and_closed_again_the_same(here: Lived) -> None:
    await here.lend(1)
    report = await close_day(here)
    assert report.debit_fen == report.credit_fen > 0
    assert [(one.account, one.ledger_fen) for one in report.agreements] == [("principal", 1_200_000)]
    stored = await rows(here, "SELECT * FROM ledger_day ORDER BY account")
    again = await close_books(here.url, BANK, OPENED)
    assert (again.lines, again.debit_fen, again.vouchers) == (report.lines, report.debit_fen, report.vouchers)
    assert await rows(here, "SELECT * FROM ledger_day ORDER BY account") == stored
    assert (await check_books(here.url, BANK)).ok


async def test_totals_of_closed_days_are_those_of_the_postings(here: Lived) -> None:
    await here.lend(1)
    for _ in range(3):
        await close_day(here)
    live = await daily_sheet(here.url, BANK, here.today)
    assert live.balanced
    assert live.state == "open"
    sums = await rows(
        here, "SELECT account, sum(debit_fen - credit_fen)::bigint FROM posting WHERE bank = $1 GROUP BY 1", BANK
    )
    assert {row.account: row.closing_fen for row in live.rows} == {row[0]: row[1] for row in sums if row[1]}


async def test_days_that_were_missed_are_closed_with_the_next(here: Lived) -> None:
    await here.lend(1)
    await close_day(here)
    for _ in range(4):
        await here.end_day()
    report = await close_books(here.url, BANK, here.today - ONE_DAY)
    assert report.ok
    days = await rows(here, "SELECT date FROM books_day WHERE bank = $1 ORDER BY 1", BANK)
    assert [row[0] for row in days] == [OPENED + n * ONE_DAY for n in range(5)]
    assert len(report.vouchers) == 4
    assert (await check_books(here.url, BANK)).ok


async def test_the_first_close_takes_what_was_before_as_opening_balances(here: Lived) -> None:
    await here.lend(1)
    await here.end_day()
    await here.end_day()
    report = await close_books(here.url, BANK, OPENED + ONE_DAY)
    assert report.ok
    sheet = await daily_sheet(here.url, BANK, OPENED + ONE_DAY)
    assert sheet.balanced
    assert {row.account: row.opening_fen for row in sheet.rows}["1303.01"] == 1_200_000


@pytest.mark.parametrize(
    ("bank", "day", "code"),
    [
        (BANK, OPENED, Code.BOOKS_CLOSED_LATER),
        (BANK, OPENED + 2 * ONE_DAY, Code.DATE_NOT_OPEN),
        (BANK, date(2027, 1, 1), Code.DATE_NOT_OPEN),
        ("nobody", OPENED, Code.NOT_FOUND),
    ],
)
async def test_refused_and_nothing_changed(here: Lived, bank: str, day: date, code: Code) -> None:
    await here.lend(1)
    await close_day(here)
    await close_day(here)
    before = await rows(here, "SELECT bank, date, account, balance_fen FROM ledger_day ORDER BY 1, 2, 3")
    with pytest.raises(BooksRefused) as refused:
        await close_books(here.url, bank, day)
    assert refused.value.code is code
    assert await rows(here, "SELECT bank, date, account, balance_fen FROM ledger_day ORDER BY 1, 2, 3") == before


async def test_a_forged_line_is_found_by_the_trial_balance(here: Lived) -> None:
    await here.lend(1)
    day = here.today
    await here.end_day()
    await run(
        here,
        "INSERT INTO posting (version, debit_fen, credit_fen, business_date, kind, line, memo, id, bank, account)"
        " VALUES (99, 777, 0, $1, 2, 1, false, 'L0', $2, '1221')",
        day,
        BANK,
    )
    report = await close_books(here.url, BANK, day)
    assert not report.ok
    assert report.trial_fen == 777
    assert [(d.kind, d.subject, d.fen, d.status) for d in await differences(here.url, BANK)] == [
        ("trial", "in all", 777, "open")
    ]
    assert (await check_books(here.url, BANK)).trial_fen == 777
    await run(here, "DELETE FROM posting WHERE id = 'L0'")
    assert (await close_books(here.url, BANK, day)).ok
    assert [d.status for d in await differences(here.url, BANK)] == ["agreed"]


async def test_a_forged_pair_balances_and_is_found_by_the_loans(here: Lived) -> None:
    await here.lend(1)
    day = here.today
    await here.end_day()
    for account, debit, credit in (("1303.01", 500, 0), ("3001", 0, 500)):
        await run(
            here,
            "INSERT INTO posting (version, debit_fen, credit_fen, business_date, kind, line, memo, id, bank, account)"
            " VALUES (99, $1, $2, $3, 2, 1, false, 'L0', $4, $5)",
            debit,
            credit,
            day,
            BANK,
            account,
        )
    report = await close_books(here.url, BANK, day)
    assert (report.ok, report.trial_fen) == (False, 0)
    (agreement,) = report.agreements
    assert agreement.ledger_fen - agreement.loans_fen == 500
    assert [(d.kind, d.fen) for d in await differences(here.url, BANK)] == [("subledger", 500)]
    wrong = [one.account for one in (await check_books(here.url, BANK)).agreements if not one.agrees]
    assert wrong == ["1303.01"]


async def test_lines_posted_to_a_closed_day_are_taken_in_and_reported(here: Lived) -> None:
    await here.lend(1)
    day = (await close_day(here)).date
    for account, debit, credit in (("1221", 300, 0), ("3001", 0, 300)):
        await run(
            here,
            "INSERT INTO posting (version, debit_fen, credit_fen, business_date, kind, line, memo, id, bank, account)"
            " VALUES (99, $1, $2, $3, 2, 1, false, 'L0', $4, $5)",
            debit,
            credit,
            day,
            BANK,
            account,
        )
    assert len((await check_books(here.url, BANK)).days) == 2
    await here.end_day()
    report = await close_books(here.url, BANK, day + ONE_DAY)
    assert not report.ok
    assert len(report.late) == 2
    assert [d.subject for d in await differences(here.url, BANK)] == ["posted to a closed day"]
    assert (await check_books(here.url, BANK)).days == ()
    assert {row.account: row.closing_fen for row in (await daily_sheet(here.url, BANK, day)).rows}["1221"] == 300


async def test_two_banks_never_mix(here: Lived) -> None:
    await here.lend(1)
    await here.lend(2, OTHER, amount_fen=800_000)
    day = here.today
    await here.end_day()
    for bank, fen in ((BANK, 1_200_000), (OTHER, 800_000)):
        report = await close_books(here.url, bank, day)
        assert report.ok
        assert report.agreements[0].ledger_fen == fen
        assert all(f"-{bank}-" in number for number in report.vouchers)
        sheet = await daily_sheet(here.url, bank, day)
        assert {row.account: row.closing_fen for row in sheet.rows}["1303.01"] == fen
    lines = await rows(here, "SELECT DISTINCT v.bank, l.account FROM voucher v JOIN voucher_line l USING (number)")
    assert {row[0] for row in lines} == {BANK, OTHER}


async def test_a_day_is_closed_under_the_terms_of_that_day(here: Lived) -> None:
    await here.lend(1)
    await run(
        here,
        "INSERT INTO bank_terms (bank, version, terms, valid_from)"
        " SELECT bank, version + 1, replace(terms::text, '\"instructed\"', '\"gl_summary\"')::json, $2 FROM bank_terms"
        " WHERE bank = $1",
        BANK,
        OPENED + ONE_DAY,
    )
    modes = [(await close_day(here)).mode for _ in range(2)]
    assert modes == ["instructed", "gl_summary"]
    stored = await rows(here, "SELECT mode FROM books_day WHERE bank = $1 ORDER BY date", BANK)
    assert [row[0] for row in stored] == modes
