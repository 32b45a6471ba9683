"""Promise: a day is finally closed when the core's ledger agrees or each difference has an owner."""

from pathlib import Path

import aiohttp
import pytest

from actors.codes import Code
from cluster.books.compare import BadLedgerFile, compare_books, read_ledger_file
from cluster.books.differences import adjust, assign, differences, settle
from cluster.books.report import BooksRefused
from cluster.books.send import send_vouchers
from cluster.verify.run import verify
from sandbox.control import Control
from sandbox.core.ledger import Line
from sandbox.core.ledger_file import as_csv, write_file
from tests.books.days import compare, night, rows
from tests.books.lived import BANK, ONE_DAY, OPENED, OTHER, Lived


def book_at_the_core(here: Lived, fen: int) -> None:
    """Somebody at the core books in our name what we know nothing of."""
    lines = [Line("1221", fen, 0), Line("6011", 0, fen)]
    here.box.core.books.ledger.post(BANK, here.today.isoformat(), f"X{fen}", lines, "MIAODAI")


async def test_by_the_cores_file_as_by_query(here: Lived, tmp_path: Path) -> None:
    await here.lend(1)
    assert (await night(here)).final
    path = write_file(here.box.core.books, tmp_path, BANK, OPENED.isoformat(), "MIAODAI")
    report = await compare_books(here.url, BANK, OPENED, read_ledger_file(path))
    assert report.final
    assert report.accounts == report.agreed > 5


async def test_the_control_port_gives_the_same_file(here: Lived, tmp_path: Path) -> None:
    await here.lend(1)
    await night(here)
    control = Control(here.box)
    port = await control.open()
    asked = {"bank": BANK, "date": OPENED.isoformat()}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        async with session.get("/core/ledger.csv", params=asked) as reply:
            text = await reply.text()
        async with session.post("/core/ledger-file", json=asked | {"folder": str(tmp_path)}) as reply:
            path = Path((await reply.json())["path"])
        async with session.get("/core/ledger", params=asked) as reply:
            listed = await reply.json()
    await control.close()
    assert text == as_csv(here.box.core.books.ledger.day_rows(BANK, OPENED.isoformat(), "MIAODAI"))
    assert read_ledger_file(path) == [(row["account"], row["closing_fen"]) for row in listed]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("account,opening,debit,credit,closing\n1303,0.00,5.00,0.00,4.00\n", "line 2"),
        ("account,opening,debit,credit,closing\n1303,0,x,0,0\n", "not an amount"),
        ("account,opening,debit,credit,closing\n1303,0.001,0,0,0.001\n", "not an amount"),
        ("account,opening,debit,credit,closing\n,0,0,0,0\n", "no account"),
        ("account,opening,debit,credit\n1303,0,0,0\n", "closing"),
        ("account,opening,debit,credit,closing\n1303,0,1,0,1\n1303,0,1,0,1\n", "twice"),
        ("account,opening,debit,credit,closing\n1303,0,NaN,0,NaN\n", "not an amount"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text(text)
    with pytest.raises(BadLedgerFile, match=problem):
        read_ledger_file(path)


async def test_a_difference_needs_an_owner_before_the_day_is_final(here: Lived) -> None:
    await here.lend(1)
    book_at_the_core(here, 500)
    report = await night(here)
    assert not report.final
    assert {d.subject: (d.ours_fen, d.theirs_fen, d.fen) for d in report.standing} == {
        "1221": (0, 500, -500),
        "6011": (report_ours(report, "6011"), report_ours(report, "6011") - 500, 500),
    }
    for row in report.standing:
        assert (await assign(here.url, BANK, row.id, "clerk7")).owner == "clerk7"
    assert (await compare(here, OPENED)).final
    second = await night(here)
    assert second.final, "the same gap stands under the same owner"
    assert {row.date for row in second.standing} == {OPENED}


def report_ours(report: object, subject: str) -> int:
    (fen,) = [row.ours_fen for row in report.standing if row.subject == subject]  # type: ignore[attr-defined]
    return int(fen)


async def test_another_figure_replaces_the_difference_and_has_no_owner(here: Lived) -> None:
    await here.lend(1)
    book_at_the_core(here, 500)
    for row in (await night(here)).standing:
        await assign(here.url, BANK, row.id, "clerk7")
    book_at_the_core(here, 40)
    report = await night(here)
    assert not report.final
    assert {(row.subject, row.fen, row.owner) for row in report.standing} == {("1221", -540, ""), ("6011", 540, "")}
    old = [row.status for row in await differences(here.url, BANK, OPENED)]
    assert old == ["replaced", "replaced"]


async def test_two_persons_accept_a_gap_and_it_does_not_come_again(here: Lived) -> None:
    await here.lend(1)
    book_at_the_core(here, 500)
    for row in (await night(here)).standing:
        await assign(here.url, BANK, row.id, "clerk7")
        await settle(here.url, BANK, row.id, "m1", "c1", "known", here.today)
    assert (await compare(here, OPENED)).standing == ()
    report = await night(here)
    assert (report.final, report.standing) == (True, ())


async def test_two_persons_bring_the_core_to_our_ledger_by_a_voucher(here: Lived) -> None:
    await here.lend(1)
    book_at_the_core(here, 500)
    assert not (await night(here)).final
    with pytest.raises(BooksRefused) as one:
        await adjust(here.url, BANK, OPENED, "m1", "m1", "wrong at the core")
    assert one.value.code is Code.TWO_PERSONS
    number = await adjust(here.url, BANK, OPENED, "m1", "c1", "wrong at the core")
    assert (await send_vouchers(here.url, here.core, BANK, OPENED)).booked == [number]
    report = await compare(here, OPENED)
    assert (report.final, report.standing) == (True, ())
    stored = await rows(here, "SELECT maker, checker, status FROM voucher WHERE number = $1", number)
    assert [tuple(row) for row in stored] == [("m1", "c1", "booked")]
    assert (await night(here)).final
    with pytest.raises(BooksRefused):
        await adjust(here.url, BANK, OPENED, "m1", "c1", "nothing to adjust")


async def test_opening_balances_of_the_first_close_reach_the_core_by_an_adjusting_voucher(here: Lived) -> None:
    await here.lend(1)
    for _ in range(3):
        await here.end_day()
    assert not (await night(here)).final
    day = here.today - ONE_DAY
    await adjust(here.url, BANK, day, "m1", "c1", "opening balances")
    assert (await send_vouchers(here.url, here.core, BANK, day)).ok
    assert (await compare(here, day)).standing == ()
    assert (await night(here)).final


async def test_refused(here: Lived) -> None:
    await here.lend(1)
    await here.end_day()
    with pytest.raises(BooksRefused) as open_day:
        await compare_books(here.url, BANK, OPENED, [])
    assert open_day.value.code is Code.BOOKS_NOT_CLOSED
    for bank, id, owner, code in (
        (BANK, 10**9, "clerk7", Code.NOT_FOUND),
        (OTHER, 1, "clerk7", Code.NOT_FOUND),
        (BANK, 1, " ", Code.DIFFERENCE_UNOWNED),
    ):
        with pytest.raises(BooksRefused) as refused:
            await assign(here.url, bank, id, owner)
        assert refused.value.code is code
    assert await rows(here, "SELECT 1 FROM difference") == []


async def test_another_banks_differences_cannot_be_touched(here: Lived) -> None:
    await here.lend(1)
    book_at_the_core(here, 500)
    (row, _) = (await night(here)).standing
    with pytest.raises(BooksRefused) as refused:
        await assign(here.url, OTHER, row.id, "clerk7")
    assert refused.value.code is Code.NOT_FOUND
    assert await differences(here.url, OTHER) == []


async def test_verify_knows_vouchers_as_instructions_to_the_core(here: Lived) -> None:
    await here.lend(1)
    assert (await night(here)).final
    control = Control(here.box)
    url = f"http://127.0.0.1:{await control.open()}"
    for _ in range(200):  # messages to people and other effects under way
        report = await verify(here.url, control=url)
        if not report.facts["in_transit"]:
            break
        await here.pause()
    assert [line.broken for line in report.lines if line.invariant == 9] == [0], report.sample
    await rows(here, "UPDATE voucher SET amount_fen = amount_fen + 1 RETURNING 1")
    forged = await verify(here.url, control=url)
    await control.close()
    assert [line.broken for line in forged.lines if line.invariant == 9] == [2]
