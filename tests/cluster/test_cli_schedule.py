"""`miaodai schedule`: what a person without a loan sees; every option by name; a wrong one named in one line."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.schedule.recalculation.terms import Rules
from actors.schedule.terms import PlanTerms
from cluster.cli import app
from cluster.failures import Failure
from cluster.trial import try_terms

YEAR = {"amount": "100000", "annual_rate": "0.06", "start": "2026-01-15"}
FOLLOWED: dict[str, Any] = {
    "amount": "430",
    "annual_rate": "0.26",
    "start": "2024-12-20",
    "plan": {"method": "equal_instalment", "periods": 6, "day_count": "30/360", "whole_periods": "by_days",
             "rounding": "HALF_EVEN", "last_row": "smooth", "year_end": "december_31"},
    "rules": {"order": ["principal", "interest"]},
    "happenings": [
        {"type": "day", "date": "2024-12-30"},
        {"type": "paid", "date": "2024-12-30", "amount": "200"},
        {"type": "day", "date": "2025-01-21", "close": True},
    ],
}  # fmt: skip


def shown(*args: str) -> str:
    result = CliRunner().invoke(app, ["schedule", *args], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    return result.output


def options(**plan: Any) -> list[str]:
    return ["--amount", "100000", "--rate", "0.06", "--start", "2026-01-15", "--json"] + [
        part for name, value in plan.items() for part in ("-o", f"{name}={value}")
    ]


def test_a_table_and_what_it_costs() -> None:
    text = shown("--amount", "100000", "--rate", "0.06", "--start", "2026-01-15")
    assert "每期 instalment 8,606.64" in text
    assert "利息合计 interest 3,279.73" in text
    assert "名义利率折合年化 effective of the nominal rate 6.1678%" in text
    assert "2026-02-15" in text


def test_json_rows_and_any_option_by_name() -> None:
    rows = json.loads(shown(*options(unit="week", every="2", periods="3")))["rows"]
    assert [row["due"] for row in rows] == ["2026-01-29", "2026-02-12", "2026-02-26"]
    assert rows[-1]["balance_fen_after"] == 0
    graced = json.loads(shown(*options(principal_grace="2", instalment_step_fen="100")))
    assert graced["instalment_fen"] % 100 == 0
    assert [row["principal_fen"] for row in graced["rows"][:2]] == [0, 0]


def test_fees_raise_the_yearly_cost() -> None:
    plain, dear = (try_terms(YEAR | {"plan": {"periods": 12}, "fees": fees}) for fees in ("0", "1000"))
    assert plain.irr_annual < dear.irr_annual


def test_a_file_with_what_really_happened(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(FOLLOWED))
    told = json.loads(shown("--file", str(file), "--json"))
    third = told["rows"][2]
    assert (third["principal_fen"], third["interest_fen"], third["paid_fen"]) == (6368, 1352, 4560)
    (payment,) = told["payments"]
    assert (payment["principal_fen"], payment["interest_fen"]) == (19_699, 301)
    assert "2024-12-30 还款 paid 200.00: 本金 principal 196.99" in shown("--file", str(file))


def test_everything_that_can_happen_can_be_told() -> None:
    happenings = [
        {"type": "pause", "start": "2025-02-01", "end": "2025-02-05"},
        {"type": "rate", "date": "2025-03-01", "annual_rate": "0.2"},
        {"type": "paid_out", "date": "2025-01-02", "amount": "100"},
        {"type": "day", "date": "2025-04-01"},
        {"type": "paid", "date": "2025-04-01"},
    ]
    found = try_terms(FOLLOWED | {"happenings": happenings})
    assert found.lines[-1].balance_fen_after == 0
    assert all(line.met_on == date(2025, 4, 1) for line in found.lines)
    assert sum(payment.principal for payment in found.payments) == 53_000


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amount": "many"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": "0"}, "金额须大于零"),
        ({"annual_rate": "1"}, "annual_rate"),
        ({"start": "2026-02-30"}, "start"),
        ({"start": "9999-12-31"}, "start"),
        ({"fees": "100000"}, "fees below it"),
        ({"colour": "red"}, "colour"),
        ({"plan": {"periods": 12, "method": "balloon"}}, "plan.method"),
        ({"plan": {"periods": 0}}, "periods 1.."),
        ({"plan": {"periods": 10**9}}, "periods 1.."),
        ({"plan": {"periods": 12, "every": 10**9}}, "periods 1.."),
        ({"plan": {"periods": 12, "principal_grace": 12}}, "宽限期数须小于期数"),
        ({"plan": {"periods": 12, "colour": "red"}}, "colour"),
        ({"plan": []}, "plan"),
        ({"plan": {"periods": 12}, "rules": {"rest": "year"}}, "rules"),
        ({"plan": {"periods": 12}, "happenings": [{"type": "storm"}]}, "happenings"),
        ({"plan": {"periods": 12, "method": "bullet"}, "happenings": []}, "equal_instalment"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(Failure, match=named.replace("(", r"\(")):
        try_terms(YEAR | {"plan": {"periods": 12}} | changes)


def test_every_field_of_the_terms_and_rules_has_a_place_in_the_file() -> None:
    plan = {name: getattr(PlanTerms("flat", 6), name) for name in PlanTerms.__struct_fields__}
    rules = {name: getattr(Rules(), name) for name in Rules.__struct_fields__}
    found = try_terms(YEAR | {"plan": plan, "rules": rules, "holidays": ["2026-02-17"]})
    assert len(found.lines) == 6
