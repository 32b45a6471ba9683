"""A bank's decision models and expressions, run by zen-engine: what an actor knows as ``ctx.rules``.

Made once per bank and version (runtime/banks.py keeps it). The static loader compiles a model once: 20 to 40
microseconds a decision, against 200 by ``create_decision``, which compiles at each call. An expression takes a few.
Money goes in as integers of fen and must come out as integers: a float in a result is refused, so no model can bring
fractions of a fen, or a silent division by zero, into the books.
"""

import json
from functools import lru_cache
from typing import Any

import zen

from actors.bank import BankTerms
from actors.turn import RuleFailed


class BadExpression(ValueError):
    """The text is no expression that the engine understands."""


class BankRules:
    """The models of one `BankTerms`; raises `RuleFailed` when one is missing, breaks or answers with a float."""

    def __init__(self, terms: BankTerms) -> None:
        self._bank = terms.code
        self._known = terms.decisions.keys()
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": terms.decisions}})

    def decide(self, model: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The result of a decision model as a dict of integers, texts, booleans, lists and dicts of them."""
        if model not in self._known:
            raise RuleFailed(f"{self._bank} has no decision model {model!r}")
        try:
            result = self._engine.evaluate(model, inputs)["result"]
        except Exception as error:
            raise RuleFailed(f"{self._bank}/{model}: {_first_line(error)}") from error
        if not isinstance(result, dict):
            raise RuleFailed(f"{self._bank}/{model} answers with {type(result).__name__}, not with named results")
        _refuse_floats(result, f"{self._bank}/{model}")
        return result

    def expression(self, text: str, inputs: dict[str, Any]) -> Any:
        """The value of an expression; numbers come back as floats, so ask it for truths, not for money."""
        try:
            return _compiled(text).evaluate(inputs)
        except Exception as error:
            raise RuleFailed(f"{self._bank}: {text!r}: {_first_line(error)}") from error


def rules_of(terms: BankTerms) -> BankRules:
    return BankRules(terms)


def check_expression(text: str, unary: bool = False) -> None:
    """Raise `BadExpression` when the engine cannot read it; ``unary``: a cell of a table column that names a field."""
    try:
        if unary:
            zen.compile_unary_expression(text)
        else:
            zen.compile_expression(text)
    except Exception as error:
        raise BadExpression(f"{text!r}: {_first_line(error)}") from None


def check_model(model: dict[str, Any]) -> None:
    """Read a whole model and each of its expressions; `BadExpression` names the node. Nothing is run."""
    try:
        zen.ZenEngine().create_decision(json.dumps(model)).validate()
    except Exception as error:
        raise BadExpression(_first_line(error)) from error
    for node in model["nodes"]:
        try:
            _check_node(node.get("type"), node.get("content") or {})
        except BadExpression as error:
            raise BadExpression(f"node {node.get('name', node.get('id'))!r}: {error}") from None


def _check_node(type_: str | None, content: dict[str, Any]) -> None:
    if type_ == "expressionNode":
        for line in content.get("expressions", []):
            check_expression(line["value"])
    elif type_ == "decisionTableNode":
        unary = {column["id"]: bool(column.get("field")) for column in content.get("inputs", [])}
        outputs = [column["id"] for column in content.get("outputs", [])]
        for row in content.get("rules", []):
            for column, has_field in unary.items():
                if row.get(column):
                    check_expression(row[column], unary=has_field)
            for column in outputs:
                if row.get(column):
                    check_expression(row[column])
    elif type_ not in ("inputNode", "outputNode"):
        raise BadExpression(f"nodes of type {type_} are not allowed here (no code runs from configuration)")


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Any:
    return zen.compile_expression(text)


def _first_line(error: Exception) -> str:
    """The engine's message without the stack trace it appends."""
    return str(error).split("\n", 1)[0]


def _refuse_floats(value: Any, where: str) -> None:
    if isinstance(value, float):
        raise RuleFailed(f"{where} is {value!r}: results must be integers")
    if isinstance(value, dict):
        for key, part in value.items():
            _refuse_floats(part, f"{where}.{key}")
    elif isinstance(value, list):
        for part in value:
            _refuse_floats(part, f"{where}[]")
