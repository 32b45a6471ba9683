"""Promise: the shipped banks load and differ; a wrong file is refused naming the file and the field."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from actors.bank import BankTerms
from actors.ledger import ACCOUNTS
from cluster.bank_checks import BadBankConfig
from cluster.bank_config import DEFAULT_FOLDER, load_banks

BANKS = {terms.code: terms for terms in load_banks()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files, to be broken."""
    return Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "banks"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_four_banks_of_one_province_differ_where_they_say_so() -> None:
    assert list(BANKS) == ["baihe", "longtan", "qingshan", "yunxi"]
    assert {terms.province for terms in BANKS.values()} == {"云泽省"}
    assert list(BANKS["qingshan"].products) == ["miaodai", "standard"]
    assert list(BANKS["longtan"].products) == ["standard", "suixin"]
    assert all("standard" in terms.products for terms in BANKS.values())
    assert {terms.vat_rate for terms in BANKS.values()} == {Decimal("0.03"), Decimal("0.06")}
    assert BANKS["baihe"].products["standard"].penalty_factor == Decimal("1.4")
    assert BANKS["qingshan"].products["standard"].penalty_factor == Decimal("1.5")
    assert BANKS["baihe"].parameters["score_min"] == 582
    assert BANKS["baihe"].parameters["income_multiple"] == 20
    assert len({t.products["standard"].lpr_spread_bp for t in BANKS.values()}) > 1
    for terms in BANKS.values():
        assert terms.accounts.keys() == ACCOUNTS.keys()


def test_an_override_flow_is_the_current_one_and_the_older_stays_for_those_running() -> None:
    flows = BANKS["longtan"].flows
    assert flows["credit_application"] is flows["credit_application@2"]
    assert flows["credit_application@1"].nodes != flows["credit_application@2"].nodes
    assert "anti_fraud" in BANKS["longtan"].decisions
    assert BANKS["longtan"].decisions["credit"] != BANKS["qingshan"].decisions["credit"]


def test_terms_survive_the_way_through_the_table_of_banks() -> None:
    for terms in BANKS.values():
        assert msgspec.json.decode(msgspec.json.encode(terms), type=BankTerms) == terms


def test_lpr_is_dated_and_in_order() -> None:
    lpr = BANKS["qingshan"].lpr
    assert list(lpr) == sorted(lpr)
    assert (date(2025, 5, 20), "1Y", Decimal("0.0300")) in lpr


Break = Callable[[Path], None]


def _toml(old: str, new: str, file: str = "province.toml") -> Break:
    return lambda folder: edit(folder / file, old, new)


@pytest.mark.parametrize(
    ("breaks", "file", "field"),
    [
        (_toml("periods_max = 12", 'periods_max = "12"'), "province.toml", "products.miaodai.periods_max"),
        (_toml("grace_days = 3", "grace_dys = 3"), "province.toml", "products.miaodai.grace_dys"),
        (
            _toml('penalty_factor = "1.4"', 'penalty_factor = "x"', "baihe/bank.toml"),
            "baihe/bank.toml",
            "products.standard.penalty_factor",
        ),
        (_toml("cool_off_days = 60", "cool_of_days = 60", "baihe/bank.toml"), "baihe/bank.toml", "cool_of_days"),
        (_toml("score_min = 582", "score_min = 5.82", "baihe/bank.toml"), "baihe/bank.toml", "parameters.score_min"),
        (_toml('"suixin"]', '"gold"]', "baihe/bank.toml"), "baihe/bank.toml", "offers"),
        (_toml('name_zh = "白河', 'nom = "白河', "baihe/bank.toml"), "baihe/bank.toml", "nom"),
        (_toml('vat_rate = "0.03"', 'vat_rate = "0.05"', "baihe/bank.toml"), "baihe/bank.toml", "vat_rate"),
        (
            _toml('penalty_factor = "1.4"', 'penalty_factor = "2"', "baihe/bank.toml"),
            "baihe/bank.toml",
            "products.standard.penalty_factor",
        ),
        (_toml("periods_max = 60", "periods_max = 61"), "baihe/bank.toml", "products.standard.periods_max"),
        (_toml("periods_max = 12", "periods_max = 24"), "baihe/bank.toml", "products.miaodai.periods_max"),
        (_toml("amount_fen_min = 100_000", "amount_fen_min = 100_050"), "baihe/bank.toml", "amount_fen_step"),
        (_toml("amount_fen_min = 100_000", "amount_fen_min = 0"), "baihe/bank.toml", "amount_fen_min"),
        (_toml('divisions = ["11"]', 'divisions = ["1x"]'), "longtan/bank.toml", "divisions"),
        (_toml('"1303.02"', '"1303.01"'), "baihe/bank.toml", "accounts"),
        (_toml('failed = "', 'fled = "'), "baihe/bank.toml", "flows.drawdown@1"),
        (_toml("[parameters]", "[parameters"), "province.toml", ""),
        (_toml("0.0425", "0.04251", "lpr.csv"), "lpr.csv", "line 2"),
        (_toml("2019-09-20,1Y", "2019-09-31,1Y", "lpr.csv"), "lpr.csv", "line 4"),
        (_toml("sms.failed", "sms.feiled", "flows/drawdown.bpmn"), "baihe/bank.toml", "flows.drawdown@1"),
        (
            _toml('decision="score"', 'decision="skore"', "flows/credit_application.bpmn"),
            "baihe/bank.toml",
            "flows.credit_application@1",
        ),
        (
            _toml(">score.passed<", ">score.passed and<", "flows/credit_application.bpmn"),
            "baihe/bank.toml",
            "flows.credit_application@1",
        ),
        (
            _toml("<businessRuleTask", "<userTask", "flows/credit_application.bpmn"),
            "flows/credit_application.bpmn",
            "",
        ),
        (_toml('"id": "input"', '"id": "inptu"', "decisions/limit.json"), "decisions/limit.json", ""),
        (_toml("{", "{{", "decisions/limit.json"), "decisions/limit.json", ""),
        (lambda folder: (folder / "lpr.csv").unlink(), "lpr.csv", ""),
        (lambda folder: (folder / "province.toml").unlink(), "province.toml", ""),
        (lambda folder: (folder / "flows" / "drawdown.bpmn").unlink(), "baihe/bank.toml", "flows"),
        (lambda folder: (folder / "baihe" / "bank.toml").write_bytes(b"\xff"), "baihe/bank.toml", ""),
        (lambda folder: [f.unlink() for f in folder.glob("*/bank.toml")] and None, "", ""),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_field(folder: Path, breaks: Break, file: str, field: str) -> None:
    breaks(folder)
    with pytest.raises(BadBankConfig) as caught:
        load_banks(folder)
    assert caught.value.file == folder / file
    assert field in caught.value.field
    assert str(folder / file) in str(caught.value)


def test_the_same_version_of_a_flow_twice_is_refused(folder: Path) -> None:
    shutil.copy(folder / "flows" / "drawdown.bpmn", folder / "flows" / "again.bpmn")
    with pytest.raises(BadBankConfig, match=r"drawdown@1: .*is there twice"):
        load_banks(folder)


def test_every_reason_of_a_shipped_model_is_a_code() -> None:
    from actors.codes import BY_WORD

    for terms in BANKS.values():
        for name, model in terms.decisions.items():
            text = json.dumps(model)
            for node in model["nodes"]:
                for row in node["content"].get("rules", []):
                    if "reason" in row:
                        assert row["reason"].strip("'") in BY_WORD, (name, row)
            assert "functionNode" not in text
