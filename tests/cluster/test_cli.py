"""The command line as a person meets it: exit codes, one line for a mistake, never a traceback or a secret."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from cluster.running import Running, announce

ROOT = Path(__file__).parents[2]


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def miaodai(tmp_path: Path) -> Callable[..., Awaitable[Ran]]:
    """Runs `miaodai ARGUMENTS` in an empty folder, with the environment given and no MIAODAI_ variable of ours."""

    async def run(*arguments: str, **environment: str) -> Ran:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MIAODAI_")}
        clean |= {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | environment
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "cluster.cli", *arguments],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


Miaodai = Callable[..., Awaitable[Ran]]


async def test_help_speaks_both_languages(miaodai: Miaodai) -> None:
    ran = await miaodai("--help")
    assert ran.code == 0
    assert "启动全部服务" in ran.out
    assert "serve until Ctrl-C" in ran.out


async def test_a_wrong_setting_is_one_line_and_exit_code_2(miaodai: Miaodai) -> None:
    ran = await miaodai("config", "check", MIAODAI_REST_PROT="1")
    assert ran.code == 2
    assert "MIAODAI_REST_PORT" in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) == 1


async def test_settings_are_shown_without_secrets(miaodai: Miaodai) -> None:
    ran = await miaodai("config", "show", MIAODAI_DATABASE_URL="postgresql://u:hunter2@h/d")
    assert ran.code == 0
    assert "hunter2" not in ran.out
    assert "lease_ms = 3000" in ran.out


async def test_no_database_is_said(miaodai: Miaodai) -> None:
    for command in (("verify",), ("bank", "list"), ("status",), ("migrate",)):
        ran = await miaodai(*command)
        assert ran.code == 2, command
        assert "错误 error" in ran.err
        assert "Traceback" not in ran.err


async def test_a_database_that_does_not_answer_is_no_verdict(miaodai: Miaodai) -> None:
    ran = await miaodai("verify", "--database-url", "postgresql://127.0.0.1:1/none")
    assert ran.code == 2
    assert "Traceback" not in ran.err


async def test_banks_from_files_to_the_database_and_their_dates(
    miaodai: Miaodai, fresh_database: Callable[[], Awaitable[str]]
) -> None:
    url = await fresh_database()
    loaded = await miaodai("bank", "load", "--date", "2026-01-05", MIAODAI_DATABASE_URL=url)
    assert loaded.code == 0, loaded.err
    assert (await miaodai("bank", "date", "baihe", "2026-02-05", MIAODAI_DATABASE_URL=url)).code == 0
    back = await miaodai("bank", "date", "baihe", "2026-01-31", MIAODAI_DATABASE_URL=url)
    assert back.code == 2
    assert "只能前进" in back.err
    nobody = await miaodai("bank", "date", "nobody", "2026-02-05", MIAODAI_DATABASE_URL=url)
    assert nobody.code == 2
    listed = await miaodai("bank", "list", MIAODAI_DATABASE_URL=url)
    assert "2026-02-05" in listed.out
    assert "云溪农村商业银行" in listed.out


async def test_verify_says_ok_on_an_empty_book_and_one_line_of_json(
    miaodai: Miaodai, fresh_database: Callable[[], Awaitable[str]]
) -> None:
    ran = await miaodai("verify", "--json", "--database-url", await fresh_database())
    assert ran.code == 0, ran.err
    assert msgspec.json.decode(ran.out.strip())["ok"] is True
    assert len(ran.out.splitlines()) == 1


async def test_a_running_miaodai_is_found_by_its_data_folder(
    miaodai: Miaodai, tmp_path: Path, fresh_database: Callable[[], Awaitable[str]]
) -> None:
    (tmp_path / "var").mkdir()
    running = Running(
        pid=os.getpid(),
        release="x",
        database_url=await fresh_database(),
        rest_urls=(),
        esb_addresses=(),
        sandbox_control="",
        ray_address="",
        ray_token="",
    )
    file = announce(tmp_path / "var", running)
    assert file.stat().st_mode & 0o077 == 0
    assert (await miaodai("verify", "--json")).code == 0
