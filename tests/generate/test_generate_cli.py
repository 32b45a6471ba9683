"""`miaodai generate` as a person meets it: what it says, its exit codes, and that it fills a data directory once."""

import asyncio
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest

from cluster.cli_bank import parsed_date
from cluster.cli_generate import chosen, weights
from cluster.failures import Failure
from cluster.generate.generate import Order, plans_of

ROOT = Path(__file__).parents[2]


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


def test_options_that_cannot_be_are_named() -> None:
    assert weights(["bullet=3", "flat", "bullet=4"]) == {"bullet": 4, "flat": 1}
    with pytest.raises(Failure, match="METHOD=WEIGHT"):
        weights(["bullet=much"])
    with pytest.raises(Failure, match="nowhere"):
        chosen(["baihe", "nowhere"])
    assert [terms.code for terms in chosen(["longtan"])] == ["longtan"]
    with pytest.raises(Failure, match="YYYY-MM-DD"):
        parsed_date("yesterday")
    with pytest.raises(Failure, match="LPR begins"):
        plans_of(Order(loans=10, on=date(2019, 8, 25)), chosen(["longtan"]))


async def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    ran = await miaodai(tmp_path, "generate", "--dry-run", "--due-share", "2")
    assert ran.returncode == 2, ran.stderr
    assert "--due-share" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


async def test_a_dry_run_tells_and_writes_nothing(tmp_path: Path) -> None:
    order = ("--loans", "3000", "--bank", "longtan", "--date", "2026-07-15", "--json")
    ran = await miaodai(tmp_path, "generate", "--dry-run", *order)
    assert ran.returncode == 0, ran.stderr
    told = msgspec.json.decode(ran.stdout)
    assert (told["loans"], told["due"], told["overdue"]) == (3000, 100, 60)
    assert told["events"] > 3000 * 30
    assert not (tmp_path / "data").exists()


async def test_a_data_directory_is_filled_once(tmp_path: Path) -> None:
    """By the directory's own server, started for as long as it takes; a second time is refused and says how to add."""
    order = ("generate", "--loans", "60", "--bank", "longtan", "--date", "2026-07-15", "--json")
    first = await miaodai(tmp_path, *order)
    assert first.returncode == 0, first.stderr
    assert msgspec.json.decode(first.stdout)["loans"] == 60
    again = await miaodai(tmp_path, *order)
    assert again.returncode == 2
    assert "--append" in again.stderr
