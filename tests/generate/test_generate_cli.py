"""`miaodai generate` as a person meets it: what it says, its exit codes, and a book that `verify` and `up` can use."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
FreshDatabase = Callable[[], Awaitable[str]]


async def miaodai(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a folder of its own, so that no settings file is found; the data directory lies in it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MIAODAI_")}
    clean |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "MIAODAI_DATA_DIR": str(folder / "data")}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cluster.cli", *arguments],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--loans", "0"), "--loans"),
        (("--due-share", "2"), "--due-share"),
        (("--bank", "nowhere"), "nowhere"),
        (("--product", "gold"), "gold"),
        (("--method", "bullet=much"), "METHOD=WEIGHT"),
        (("--method", "by_magic=1"), "by_magic"),
        (("--date", "yesterday"), "YYYY-MM-DD"),
        (("--date", "2019-01-01"), "LPR"),
    ],
)
async def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    ran = await miaodai(tmp_path, "generate", "--dry-run", *arguments)
    assert ran.returncode == 2, ran.stderr
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr


async def test_a_dry_run_tells_and_writes_nothing(tmp_path: Path) -> None:
    ran = await miaodai(tmp_path, "generate", "--dry-run", "--loans", "3000", "--date", "2026-07-15", "--json")
    assert ran.returncode == 0, ran.stderr
    told = msgspec.json.decode(ran.stdout)
    assert (told["loans"], told["due"], told["overdue"]) == (3000, 100, 60)
    assert told["events"] > 3000 * 30
    assert not (tmp_path / "data").exists()


async def test_a_book_in_the_data_directory_and_in_any_database(tmp_path: Path, fresh_database: FreshDatabase) -> None:
    """Into the embedded server of the data directory, once; a second time is refused. Into a given one it verifies."""
    order = ("generate", "--loans", "120", "--bank", "longtan", "--date", "2026-07-15", "--json")
    first = await miaodai(tmp_path, *order)
    assert first.returncode == 0, first.stderr
    again = await miaodai(tmp_path, *order)
    assert again.returncode == 2
    assert "not empty" in again.stderr
    url = await fresh_database()
    there = await miaodai(tmp_path, *order, "--database-url", url)
    assert there.returncode == 0, there.stderr
    told, told_first = msgspec.json.decode(there.stdout), msgspec.json.decode(first.stdout)
    assert told | {"seconds": 0} == told_first | {"seconds": 0}
    verified = await miaodai(tmp_path, "verify", "--database-url", url, "--json", "--jobs", "2")
    assert verified.returncode == 0, verified.stdout
    assert msgspec.json.decode(verified.stdout)["ok"]
