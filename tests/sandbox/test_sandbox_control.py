"""The control port, the books on disk, and the sandbox as a process of its own."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.control import Control
from sandbox.core.audit import breaches
from sandbox.core.records import Order
from sandbox.keep import dump, load
from sandbox.remote import ControlError, RemoteControl
from sandbox.town import Sandbox


@pytest.fixture
async def remote(box: Sandbox) -> AsyncIterator[RemoteControl]:
    control = Control(box)
    client = RemoteControl(await control.open())
    yield client
    await client.close()
    await control.close()


def pay_out(box: Sandbox, sequence: str = "s1", bank: str = "B1") -> None:
    order = Order(
        operation="disburse",
        consumer="T",
        sequence=sequence,
        bank=bank,
        digest="",
        loan_no=f"L{sequence}",
        account="A1",
        amount_fen=100,
    )
    instruction, _ = box.core.receive(order)
    box.core.settle(instruction)


async def test_dates_money_and_books(box: Sandbox, remote: RemoteControl) -> None:
    assert await remote.call("GET", "/healthz") == {"ok": True}
    assert await remote.call("POST", "/core/date", {"date": "2026-01-05"}) == {"date": "2026-01-05"}
    assert await remote.call("POST", "/core/date", {"bank": "B2", "date": "2026-01-06"}) == {"date": "2026-01-06"}
    assert await remote.call("GET", "/core/date", bank="B1") == {"date": "2026-01-05"}
    money = {"bank": "B1", "account": "A1", "amount_fen": 500}
    assert await remote.call("POST", "/core/deposit", money) == {"balance_fen": 500}
    assert await remote.call("POST", "/core/deposits", {"deposits": [money, money]}) == {"deposits": 2}
    await remote.call("POST", "/core/mark", {"bank": "B1", "account": "A1", "frozen": True})
    assert await remote.call("GET", "/core/balance", bank="B1", account="A1") == {
        "balance_fen": 1_500,
        "frozen": True,
        "closed": False,
    }
    await remote.call("POST", "/core/defaults", {"default_balance_fen": 7})
    pay_out(box)
    pay_out(box, "s2", "B2")
    assert await remote.call("GET", "/core/trial_balance") == {
        "banks": {"B1": {"3001": 1_500, "2011": -1_600, "1303": 100}, "B2": {"3001": 7, "2011": -107, "1303": 100}},
        "breaches": [],
    }
    assert [row["loan_id"] for row in await remote.call("GET", "/core/loans", bank="B2")] == ["Ls2"]
    (row,) = await remote.call("GET", "/received", system="core", bank="B1")
    assert (row["instruction"], row["applied"], row["core_date"]) == ("s1", 1, "2026-01-05")


async def test_faults_and_presets(box: Sandbox, remote: RemoteControl) -> None:
    rules = await remote.call("POST", "/faults", {"system": "core", "kind": "delay", "delay_ms": 5, "times": 3})
    assert [(rule["system"], rule["kind"], rule["times"]) for rule in rules] == [("core", "delay", 3)]
    assert await remote.call("GET", "/faults") == rules
    assert await remote.call("DELETE", "/faults", system="core") == []
    await remote.call("POST", "/bureau/preset", {"identity": "*", "report": {"score": 900}})
    assert box.bureau.presets["*"].score == 900
    await remote.call("POST", "/risk/preset", {"identity": "*", "assessment": {"fraud": True}})
    assert box.risk.presets["*"].fraud
    await remote.call("POST", "/risk/preset", {"identity": "*", "assessment": None})
    assert box.risk.presets == {}
    assert await remote.call("GET", "/messages") == {"core": 0, "bureau": 0, "risk": 0, "ca": 0, "sms": 0}
    assert await remote.call("GET", "/sms/sent", phone="1") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "query"),
    [
        ("POST", "/faults", {"system": "nobody", "kind": "down"}, {}),
        ("POST", "/faults", {"system": "core", "kind": "explode"}, {}),
        ("POST", "/core/deposit", {"bank": "B1"}, {}),
        ("POST", "/core/date", {"date": "2026-13-01"}, {}),
        ("GET", "/core/balance", None, {"bank": "B1", "account": "none"}),
        ("GET", "/received", None, {"system": "nobody"}),
    ],
)
async def test_bad_control_requests(remote: RemoteControl, method: str, path: str, body: Any, query: Any) -> None:
    with pytest.raises(ControlError, match="40"):
        await remote.call(method, path, body, **query)


async def test_reset(box: Sandbox, remote: RemoteControl) -> None:
    pay_out(box)
    await remote.call("POST", "/faults", {"system": "sms", "kind": "down"})
    await remote.call("POST", "/reset")
    assert box.received("core") == []
    assert await remote.call("GET", "/faults") == []
    _, writer = await asyncio.open_connection("127.0.0.1", box.ports.sms)
    writer.close()


async def test_books_survive_on_disk_and_what_was_in_work_is_forgotten(box: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "book.json"
    box.core.set_date("*", "2026-01-05")
    pay_out(box)
    box.core.receive(Order(operation="debit", consumer="T", sequence="s2", bank="B1", digest=""))
    dump(box, file)
    other = Sandbox()
    assert load(other, file)
    assert not load(other, tmp_path / "none.json")
    assert [row["instruction"] for row in other.received("core")] == ["s1"]
    assert breaches(other.core.books) == []
    pay_out(other, "s3")
    assert other.received("core")[1]["core_serial"] == "CB2026010500000002"


async def test_a_process_of_its_own_keeps_its_book(tmp_path: Path) -> None:
    port_file, book = tmp_path / "ports.json", tmp_path / "book.json"

    async def start() -> tuple[asyncio.subprocess.Process, RemoteControl]:
        port_file.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sandbox", "--port-file", str(port_file), "--book", str(book)
        )
        async with asyncio.timeout(30):
            while not port_file.exists():  # noqa: ASYNC110 (another process writes it)
                await asyncio.sleep(0.05)
        return process, RemoteControl(json.loads(port_file.read_bytes())["control"])

    async def stop(process: asyncio.subprocess.Process, remote: RemoteControl) -> None:
        await remote.close()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0

    process, remote = await start()
    await remote.call("POST", "/core/deposit", {"bank": "B1", "account": "A1", "amount_fen": 500})
    await stop(process, remote)
    process, remote = await start()
    held = await remote.call("GET", "/core/balance", bank="B1", account="A1")
    await stop(process, remote)
    assert held["balance_fen"] == 500
