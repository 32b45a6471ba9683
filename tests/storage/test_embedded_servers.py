"""Embedded servers: side by side, data kept between runs, nothing left however the process ends, no data in the log."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import psutil
import pytest
from storage_batches import LOAN_COLUMNS, batch, customer, loan

from storage.contract import BadData
from storage.embedded import Embedded, EmbeddedError, start_embedded
from storage.migrate import migrate
from storage.postgres import PostgresStore, open_store

ROOT = Path(__file__).parents[2]
CHILD = """
import sys, time
from storage.embedded import start_embedded
servers = start_embedded()
print(servers.data_dir, servers.postgres_pid, servers.redis_pid, flush=True)
if sys.argv[1] == "raise":
    raise SystemExit(3)
if sys.argv[1] == "stay":
    time.sleep(60)
"""


def start_child(how: str) -> tuple["subprocess.Popen[str]", Path, list[int]]:
    child = subprocess.Popen([sys.executable, "-c", CHILD, how], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    folder, *pids = child.stdout.readline().split()
    return child, Path(folder), [int(pid) for pid in pids]


def gone(folder: Path, pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not folder.exists() and not any(psutil.pid_exists(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", ["return", "raise", "SIGTERM", "SIGKILL"])
def test_nothing_is_left_however_the_process_ends(how: str) -> None:
    child, folder, pids = start_child("stay" if how.startswith("SIG") else how)
    if how.startswith("SIG"):
        assert all(psutil.pid_exists(pid) for pid in pids)
        os.kill(child.pid, getattr(signal, how))
    child.wait(20)
    assert child.stdout is not None
    child.stdout.close()
    assert gone(folder, pids)


async def test_data_is_kept_and_a_folder_has_one_user(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "data"
    first = start_embedded(folder, redis=False)
    connection = await asyncpg.connect(first.database_url)
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    await connection.close()
    code = (
        "import sys, pathlib, storage.embedded as e; e.LOCK_WAIT_S = 0.2; e.start_embedded(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(folder)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode != 0
    assert "in use" in done.stderr
    first.stop()
    first.stop()  # harmless
    assert not psutil.pid_exists(first.postgres_pid)
    second = start_embedded(folder, redis=False)
    connection = await asyncpg.connect(second.database_url)
    assert await connection.fetchval("SELECT n FROM kept") == 42
    assert await connection.fetchval("SHOW fsync") == "on"
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    assert await connection.fetchval("SHOW max_connections") == "200"
    await connection.close()
    second.stop()
    assert folder.exists()


async def test_others_of_this_machine_need_the_password(embedded: Embedded) -> None:
    url = embedded.database_url.replace(embedded.database_url.split(":")[2].split("@")[0], "wrong")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    start_embedded(folder, redis=False).stop()
    (folder / "postgres" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedError, match="PostgreSQL did not start"):
        start_embedded(folder, redis=False, start_timeout_s=1.0)


async def test_no_value_of_a_row_reaches_the_servers_log(embedded: Embedded, postgres: PostgresStore) -> None:
    canary = "6222-CANARY-0001"
    incarnation = await postgres.register("h1", 60_000)
    columns = (canary, canary, canary, *LOAN_COLUMNS[3:])
    await postgres.commit(batch(incarnation, loan(0, 1, columns=columns), customer(0, 1, identity=canary.encode())))
    bad = [
        loan(0, 1, columns=columns),
        loan(0, 1, id="L2", columns=(canary + "\0", *columns[1:])),
        loan(0, 1, id="L3", columns=columns)._replace(bank=None),  # type: ignore[arg-type]
        customer(0, 1, id="C2", identity=canary.encode()),
    ]
    for row in bad:
        with pytest.raises(BadData) as caught:
            await postgres.commit(batch(incarnation, row))
        assert canary not in str(caught.value)
        assert caught.value.__cause__ is None
    log = embedded.log_path.read_text(errors="replace")
    assert "customer_identity" in log  # the errors are there ...
    assert canary not in log  # ... and no value is
    assert canary.encode().hex() not in log


async def test_many_side_by_side(embedded: Embedded) -> None:
    other = start_embedded()
    assert other.database_url != embedded.database_url
    assert other.redis_url != embedded.redis_url
    await migrate(other.database_url)
    store = await open_store(other.database_url)
    assert await store.hosts() == []
    await store.close()
    other.stop()
    assert not other.data_dir.exists()
