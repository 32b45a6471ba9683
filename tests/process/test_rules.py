"""Promise: models answer with integers or fail clearly; what cannot be read is refused when it is loaded."""

import copy
import time
from typing import Any

import pytest
from process_support import BANKS

from actors.bank import BankTerms
from actors.turn import RuleFailed
from runtime.rules import BadExpression, BankRules, check_expression, check_model

INPUTS: dict[str, Any] = {
    "application": {"periods": 12, "facts": {"monthly_income_fen": 900_000, "monthly_debt_fen": 0}},
    "customer": {"white_listed_fen": 0, "limit_fen_other_lines": 0},
    "product": {"amount_fen_min": 100_000, "amount_fen_max": 20_000_000},
    "bank": {"income_multiple": 20, "debt_service_pct": 50, "customer_fen_cap": 20_000_000},
    "bureau": {"unsecured_fen_elsewhere": 0, "monthly_due_fen": 0},
    "risk": {"income_fen_verified": 800_000},
    "score": {"points": 610},
    "price": {"rate_bp": 720},
}
MODEL = BANKS["qingshan"].decisions["limit"]


def rules(**models: dict[str, Any]) -> BankRules:
    return BankRules(BankTerms(code="b", name_zh="", name_en="", province="", decisions=models))


def limit(**changes: dict[str, Any]) -> dict[str, Any]:
    inputs = {name: INPUTS[name] | changes.get(name, {}) for name in INPUTS}
    return rules(limit=MODEL).decide("limit", inputs)


def test_the_limit_is_the_least_of_its_bounds_floored_to_a_thousand_yuan() -> None:
    assert limit()["limit_fen"] == 4_600_000  # 4,000 a month carry 46,184 yuan over a year at 7.20 %
    by_income = limit(bank={"income_multiple": 3})
    assert by_income["limit_fen"] == 1_900_000  # 8,000 x 3 x 0.80 = 19,200 yuan
    assert limit(product={"amount_fen_max": 1_234_567})["limit_fen"] == 1_200_000
    assert limit(customer={"limit_fen_other_lines": 18_000_000})["limit_fen"] == 2_000_000
    assert limit(customer={"white_listed_fen": 2_550_000})["limit_fen"] == 2_500_000
    elsewhere = limit(bank={"income_multiple": 3}, bureau={"unsecured_fen_elsewhere": 900_000})
    assert elsewhere["limit_fen"] == 1_000_000


def test_no_room_has_its_reason() -> None:
    assert limit(bureau={"unsecured_fen_elsewhere": 20_000_000}) == {
        "limit_fen": 0,
        "passed": False,
        "reasons": ["no_limit"],
    }
    assert limit(bureau={"monthly_due_fen": 400_000})["reasons"] == ["debt_ratio"]
    assert limit(risk={"income_fen_verified": 0})["passed"] is False


def test_a_missing_model_and_broken_inputs_fail_clearly() -> None:
    with pytest.raises(RuleFailed, match="no decision model 'other'"):
        rules().decide("other", {})
    with pytest.raises(RuleFailed, match="b/limit"):
        rules(limit=MODEL).decide("limit", {})
    with pytest.raises(RuleFailed):
        rules(limit=MODEL).decide("limit", INPUTS | {"application": {"periods": 12, "facts": {"x": b"sealed"}}})


def test_a_float_never_comes_out() -> None:
    model = copy.deepcopy(MODEL)
    for node in model["nodes"]:
        if node["name"] == "limit":
            node["content"]["expressions"][0]["value"] = "by_service_fen / 3"
    with pytest.raises(RuleFailed, match=r"limit_fen is .*: results must be integers"):
        rules(limit=model).decide("limit", INPUTS)


def test_an_expression_that_breaks_fails_and_a_good_one_answers() -> None:
    assert rules().expression("a.passed and b == ''", {"a": {"passed": True}, "b": ""}) is True
    with pytest.raises(RuleFailed, match="nobody"):
        rules().expression("nobody > 1", {})


def test_what_cannot_be_read_is_found_at_load_with_its_node() -> None:
    for text in ("a +", "f(", "", "import os", "a; b"):
        with pytest.raises(BadExpression):
            check_expression(text)
    model = copy.deepcopy(MODEL)
    model["nodes"][2]["content"]["expressions"][0]["value"] = "min([1,"
    with pytest.raises(BadExpression, match="node 'figures'"):
        check_model(model)
    model = copy.deepcopy(MODEL)
    model["nodes"][1]["content"]["rules"][0]["when"] = "score.points >="
    with pytest.raises(BadExpression, match="node 'factor"):
        check_model(model)
    for broken in ({}, {"nodes": [], "edges": 7}):
        with pytest.raises(BadExpression):
            check_model(broken)


def test_no_code_runs_from_configuration() -> None:
    model = copy.deepcopy(MODEL)
    model["nodes"].append(
        {"id": "f", "type": "functionNode", "name": "f", "content": {"source": "export const handler = () => 1"}}
    )
    with pytest.raises(BadExpression, match="functionNode are not allowed"):
        check_model(model)


def test_a_decision_is_quick_enough_to_run_inside_a_turn() -> None:
    known = rules(limit=MODEL)
    best = 1.0
    for _ in range(20):
        begun = time.perf_counter()
        known.decide("limit", INPUTS)
        best = min(best, time.perf_counter() - begun)
    assert best < 0.005
