"""Whether a bank's terms hold together: the rules of bank and products, and what flows and models refer to.

Called whenever terms are saved: from files (cluster/bank_config.py), by a proposal (cluster/terms_change.py).
"""

from collections.abc import Iterator
from pathlib import Path

from actors.bank import BankTerms, Flow
from actors.process.services import SERVICES, SMS
from cluster.bank_rules import BANK_RULES
from cluster.product_rules import PRODUCT_RULES
from runtime.rules import BadExpression, check_expression

FLOWS_NEEDED = ("credit_application", "drawdown")


class BadBankConfig(ValueError):
    """A file of a bank's configuration is missing or wrong; says which file and which field."""

    def __init__(self, file: Path, field: str, problem: str) -> None:
        super().__init__(f"{file}: {field + ': ' if field else ''}{problem}")
        self.file = file
        self.field = field


def check_terms(terms: BankTerms, file: Path) -> None:
    """Raise `BadBankConfig` on the first breach."""
    for field, problem in breaches(terms):
        raise BadBankConfig(file, field, problem)


def breaches(terms: BankTerms) -> Iterator[tuple[str, str]]:
    """Each rule that does not hold: (path of the field, rule's name, what must be, in both languages)."""
    for rule in BANK_RULES:
        if not rule.holds(terms):
            yield rule.field, f"[{rule.name}] {rule.zh} {rule.en}"
    for code, product in terms.products.items():
        for each in PRODUCT_RULES:
            if not each.holds(product, terms):
                yield f"products.{code}.{each.field}", f"[{each.name}] {each.zh} {each.en}"
    for key in FLOWS_NEEDED:
        if key not in terms.flows:
            yield "flows", f"[flow_missing] 缺少流程{key} is missing"
    for name, flow in terms.flows.items():
        for problem in _flow(flow, terms):
            yield f"flows.{name}", f"[flow] {problem}"


def _flow(flow: Flow, terms: BankTerms) -> Iterator[str]:
    for node in flow.nodes.values():
        if node.type == "service" and node.service not in SERVICES:
            yield f"{node.id}: no service {node.service!r}"
        if node.service.startswith(SMS) and node.service.removeprefix(SMS) not in terms.sms_templates:
            yield f"{node.id}: no SMS template {node.service.removeprefix(SMS)!r}"
        if node.type == "rule" and node.decision not in terms.decisions:
            yield f"{node.id}: no decision model {node.decision!r}"
        for _, condition in node.flows:
            try:
                if condition:
                    check_expression(condition)
            except BadExpression as error:
                yield f"{node.id}: {error}"
