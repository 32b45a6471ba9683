"""The demo's figures come from the database and add up; its last line has every field that is promised."""

from pathlib import Path

import msgspec

from cluster.bank_config import load_banks
from cluster.cli_verify import told
from cluster.demo.figures import figures, last_line
from cluster.verify.operations import Acknowledged
from tests.verify.house import House

PROMISED = [
    "applications",
    "approved",
    "refused",
    "disbursed_fen",
    "reversed_fen",
    "repaid_principal_fen",
    "outstanding_fen",
    "written_off_fen",
    "waived_fen",
    "settled",
    "via_rest",
    "via_esb",
    "ledger_balanced",
    "replay_identical",
    "invariants_broken",
    "instant_loan_p50_ms",
    "instant_loan_p99_ms",
    "seconds",
]


async def test_figures_of_a_played_demo(house: House) -> None:
    instant = {(b.code, p.code) for b in load_banks() for p in b.products.values() if p.white_list_only}
    keys: dict[str, list[tuple[str, str, str, str]]] = {"rest": [], "esb": []}
    for one in house.book.acknowledged:
        if one.id.endswith("-apply"):
            keys["rest" if one.channel == "mobile" else "esb"].append((one.bank, one.channel, one.id, one.tran_date))
    found = await figures(house.url, instant, keys)
    proof = {"ledger_balanced": True, "replay_identical": True, "invariants_broken": 0}
    line = msgspec.json.decode(last_line(found, seconds=1.0, **proof))
    assert list(line) == PROMISED
    assert line["applications"] == len(house.outcomes) == line["approved"] + line["refused"]
    assert (line["via_rest"], line["via_esb"]) == (20, 20)
    left = line["disbursed_fen"] - line["reversed_fen"] - line["repaid_principal_fen"]
    assert left == line["outstanding_fen"] > 0
    assert line["reversed_fen"] > 0
    lent = sum(outcome.lent_fen for outcome in house.outcomes)
    assert line["disbursed_fen"] == lent
    assert sum(found.reasons.values()) >= line["refused"]
    assert 0 < line["instant_loan_p50_ms"] <= line["instant_loan_p99_ms"]
    assert len(found.latencies_ms) > 0


def test_acknowledged_operations_are_read_from_a_file(tmp_path: Path) -> None:
    rows = [
        Acknowledged(bank="baihe", channel="mobile", id="a"),
        Acknowledged(bank="baihe", channel="esb", id="b", code=""),
    ]
    path = tmp_path / "told.jsonl"
    path.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows) + b"\n")
    assert told(path) == rows
