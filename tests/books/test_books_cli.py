"""Promise: `miaodai books` does all of it from a terminal, and its exit code says whether the books agree."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cluster.books.report import BooksRefused
from cluster.cli import app
from cluster.failures import Failure
from tests.books.days import rows
from tests.books.lived import BANK, OPENED, Lived
from tests.books.test_books_compare import book_at_the_core

DAY = OPENED.isoformat()


async def miaodai(here: Lived, *words: str) -> Any:
    """`miaodai books WORDS` in a thread: the core answers on this loop meanwhile."""
    command, *rest = words
    given = ["books", command, BANK, *rest, "--database-url", here.url]
    if command in ("send", "compare"):
        given += ["--core", f"127.0.0.1:{here.box.ports.core}"]
    return await asyncio.to_thread(CliRunner().invoke, app, given)


async def test_a_day_from_close_to_final(here: Lived, tmp_path: Path) -> None:
    loan = await here.lend(1)
    await here.end_day()
    closed = await miaodai(here, "close", DAY)
    assert (closed.exit_code, "不平" in closed.output) == (0, False), closed.output
    assert "V-baihe-20260302-standard-1" in closed.output
    sent = await miaodai(here, "send", DAY)
    assert (sent.exit_code, sent.output.count("booked")) == (0, 2)
    final = await miaodai(here, "compare", DAY)
    assert (final.exit_code, "最终关账" in final.output) == (0, True), final.output
    assert (await miaodai(here, "check")).exit_code == 0
    assert "CB20260302" in (await miaodai(here, "vouchers", DAY)).output
    for words in (["sheet", DAY], ["ledger", "--from", DAY, "--to", DAY], ["loan", loan]):
        shown = await miaodai(here, *words)
        assert (shown.exit_code, "1303.01" in shown.output) == (0, True)
        written = await miaodai(here, *words, "--out", str(tmp_path / "f.csv"), "--bom")
        assert written.exit_code == 0
        assert read(tmp_path / "f.csv").startswith(b"\xef\xbb\xbf")
        assert read(tmp_path / "f.csv")[3:].decode().splitlines() == shown.output.splitlines()


def read(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_difference_from_owner_to_settled(here: Lived) -> None:
    await here.lend(1)
    book_at_the_core(here, 500)
    await here.end_day()
    await miaodai(here, "close", DAY)
    await miaodai(here, "send", DAY)
    assert (await miaodai(here, "compare", DAY)).exit_code == 1
    ids = [str(row[0]) for row in await rows(here, "SELECT id FROM difference ORDER BY id")]
    assert len(ids) == 2
    by = ["--maker", "m1", "--checker", "c1", "--reason", "known"]
    for id in ids:
        assert "clerk7" in (await miaodai(here, "assign", id, "clerk7")).output
        alone = await miaodai(here, "settle", id, *by[:3], "m1", *by[4:])
        assert isinstance(alone.exception, BooksRefused)
        assert "two_persons" in str(alone.exception)
        assert (await miaodai(here, "settle", id, *by)).exit_code == 0
    assert (await miaodai(here, "compare", DAY)).exit_code == 0
    assert "settled" in (await miaodai(here, "differences", "--day", DAY)).output


async def test_an_adjusting_voucher(here: Lived) -> None:
    await here.lend(1)
    book_at_the_core(here, 500)
    await here.end_day()
    await miaodai(here, "close", DAY)
    await miaodai(here, "send", DAY)
    await miaodai(here, "compare", DAY)
    drafted = await miaodai(here, "adjust", DAY, "--maker", "m1", "--checker", "c1", "--reason", "wrong there")
    assert drafted.output.strip() == "V-baihe-20260302---2"
    assert (await miaodai(here, "send", DAY)).exit_code == 0
    assert (await miaodai(here, "compare", DAY)).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["close", "2026-13-01"],
        ["close", "2099-01-01"],
        ["compare", DAY],
        ["loan", "L1"],
        ["assign", "1", "clerk7"],
        ["send", DAY, "--core", "nowhere"],
    ],
)
async def test_refused_in_one_line(here: Lived, words: list[str]) -> None:
    result = await miaodai(here, *words[:2])
    if words[-1] == "nowhere":
        given = ["books", *words[:1], BANK, *words[1:], "--database-url", here.url]
        result = await asyncio.to_thread(CliRunner().invoke, app, given)
    elif words[0] in ("assign",):
        result = await miaodai(here, *words)
    assert isinstance(result.exception, Failure), result
    assert "\n" not in str(result.exception)
