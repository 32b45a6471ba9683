"""`miaodai product`, `lpr`, `bank load` as a person meets them: exit codes, one line for a mistake, what is shown."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cluster.bank_config import DEFAULT_FOLDER

ROOT = Path(__file__).parents[2]
Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def miaodai(fresh_database: Callable[[], Awaitable[str]], tmp_path: Path) -> Run:
    """Runs `miaodai ARGUMENTS` on a database with four banks, whose business date is 2026-03-02."""
    url = await fresh_database()

    async def run(*arguments: str) -> tuple[int, str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MIAODAI_")}
        clean |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "MIAODAI_DATABASE_URL": url}
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "cluster.cli", *arguments],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    code, out, err = await run("bank", "load", "--date", "2026-03-02")
    assert code == 0, err
    assert out.count("版本 version 1") == 4
    return run


async def test_a_change_from_file_to_approval(miaodai: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[products.standard]\nlpr_spread_bp = 250\n")
    making = ("product", "propose", "qingshan", "p.toml", "--maker", "zhang", "--valid-from", "2026-03-05")
    code, out, _ = await miaodai(*making, "--dry-run")
    assert (code, "products.standard.lpr_spread_bp" in out) == (0, True)
    code, out, _ = await miaodai(*making)
    assert code == 0
    for part in ("LPR加点", "300", "250 基点 bp", "变更申请 proposal 1", "待复核 pending", "经办 maker zhang"):
        assert part in out
    code, _, err = await miaodai("product", "approve", "1", "--checker", "zhang")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "two_persons" in err
    code, out, _ = await miaodai("product", "approve", "1", "--checker", "li")
    assert (code, "复核 checker li" in out, "版本 version 2" in out) == (0, True, True)
    code, out, _ = await miaodai("product", "approve", "1", "--checker", "li")
    assert (code, "此前已办" in out) == (0, True)
    code, out, _ = await miaodai("product", "list", "qingshan")
    assert (code, "待生效 to come" in out, "proposal 1" in out) == (0, True, True)
    code, out, _ = await miaodai("product", "show", "qingshan", "standard", "--on", "2026-03-05")
    assert (code, "version 2" in out, "尚未公布" in out) == (0, True, True)
    code, out, _ = await miaodai("product", "diff", "1")
    assert (code, "已通过 approved" in out) == (0, True)


async def test_contradictory_terms_are_one_line_naming_the_field(miaodai: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[products.standard]\ngrace_days = 9\n")
    code, _, err = await miaodai(
        "product", "propose", "qingshan", "p.toml", "--maker", "z", "--valid-from", "2026-03-05"
    )
    assert (code, len(err.splitlines())) == (2, 1)
    assert "bad_terms" in err
    assert "products.standard.grace_days: [grace_days]" in err


async def test_loading_files_again_takes_two_persons(miaodai: Run, tmp_path: Path) -> None:
    code, out, _ = await miaodai("bank", "load")
    assert (code, out.count("nothing differs")) == (0, 4)
    folder = shutil.copytree(DEFAULT_FOLDER, tmp_path / "banks")
    file = folder / "yunxi" / "bank.toml"
    file.write_text(file.read_text().replace("lpr_spread_bp = 110", "lpr_spread_bp = 120"))
    code, out, err = await miaodai("bank", "load", str(folder))
    assert (code, out.count("nothing differs")) == (2, 3)
    assert "--maker" in err
    assert err.rstrip().endswith("yunxi")
    code, out, _ = await miaodai("bank", "load", str(folder), "--maker", "zhang", "--valid-from", "2026-03-09")
    assert (code, "products.miaodai.lpr_spread_bp" in out, "待复核 pending" in out) == (0, True, True)


async def test_lpr_is_loaded_and_shown(miaodai: Run, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("date,tenor,rate\n2026-03-19,1Y,0.0295\n")
    code, out, _ = await miaodai("lpr", "load", "l.csv", "--dry-run")
    assert (code, "将装载 would load 2026-03-19" in out, "不是20日" in out) == (0, True, True)
    code, out, _ = await miaodai("lpr", "load", "l.csv", "--by", "wang")
    assert (code, "已装载 loaded" in out) == (0, True)
    code, out, _ = await miaodai("lpr", "load", "l.csv")
    assert (code, "nothing new" in out) == (0, True)
    code, out, _ = await miaodai("lpr", "show")
    assert (code, "2.95%" in out, "wang" in out) == (0, True, True)
    (tmp_path / "l.csv").write_text("date,tenor,rate\n2026-03-19,1Y,0.0290\n")
    code, _, err = await miaodai("lpr", "load", "l.csv")
    assert (code, "lpr_conflict" in err) == (2, True)
