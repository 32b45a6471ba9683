"""What a bank's terms must satisfy beyond their types: ranges, and what flows, models and products refer to."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from actors.bank import BankTerms, Flow, Product
from actors.process.services import SERVICES, SMS
from runtime.rules import BadExpression, check_expression

FLOWS_NEEDED = ("credit_application", "drawdown")
PENALTY_FACTORS = (Decimal("1.3"), Decimal("1.5"))
"""罚息: contract rate x 1.3 to 1.5."""
TERM_MONTHS_MAX = 60
VAT_RATES = (Decimal("0.03"), Decimal("0.06"))


class BadBankConfig(ValueError):
    """A file of a bank's configuration is missing or wrong; says which file and which field."""

    def __init__(self, file: Path, field: str, problem: str) -> None:
        super().__init__(f"{file}: {field + ': ' if field else ''}{problem}")
        self.file = file
        self.field = field


def check_terms(terms: BankTerms, file: Path) -> None:
    """Raise `BadBankConfig` on the first breach."""
    for field, problem in _breaches(terms):
        raise BadBankConfig(file, field, problem)


def _breaches(terms: BankTerms) -> Iterator[tuple[str, str]]:
    if terms.vat_rate not in VAT_RATES:
        yield "vat_rate", f"{terms.vat_rate} is neither 0.03 nor 0.06"
    if terms.customer_fen_cap <= 0:
        yield "customer_fen_cap", "must be above zero"
    if terms.cool_off_days < 0 or terms.effect_retry_s < 1 or terms.reservation_check_s < 1:
        yield "cool_off_days, effect_retry_s, reservation_check_s", "must not be negative or zero"
    if not terms.products:
        yield "products", "the bank offers nothing"
    if not all(d.isascii() and d.isdigit() and len(d) <= 6 for d in terms.divisions):
        yield "divisions", "are the first one to six digits of division codes"
    for product in terms.products.values():
        for field, problem in _product(product, terms):
            yield f"products.{product.code}.{field}", problem
    codes = [c for role, c in terms.accounts.items() if role != "memo_contra"]
    if len(set(codes)) != len(codes):
        yield "accounts", "two roles share an account"
    for key in FLOWS_NEEDED:
        if key not in terms.flows:
            yield "flows", f"{key} is missing"
    for name, flow in terms.flows.items():
        for problem in _flow(flow, terms):
            yield f"flows.{name}", problem


def _product(product: Product, terms: BankTerms) -> Iterator[tuple[str, str]]:
    if not 0 < product.amount_fen_min <= product.amount_fen_max:
        yield "amount_fen_min", "must be above zero and not over amount_fen_max"
    if product.amount_fen_step <= 0 or product.amount_fen_min % product.amount_fen_step:
        yield "amount_fen_step", "must be above zero and divide amount_fen_min"
    if product.amount_fen_min > terms.customer_fen_cap:
        yield "amount_fen_min", "is over the bank's cap for one customer"
    if not 1 <= product.periods_min <= product.periods_max <= TERM_MONTHS_MAX:
        yield "periods_max", f"must run from periods_min >= 1 to {TERM_MONTHS_MAX} months at most"
    if not product.methods:
        yield "methods", "must name at least one"
    if "bullet" in product.methods and product.periods_max > 12:
        yield "periods_max", "principal in one go is for one year at most"
    if not product.uses:
        yield "uses", "must name at least one"
    if not PENALTY_FACTORS[0] <= product.penalty_factor <= PENALTY_FACTORS[1]:
        yield "penalty_factor", "must be 1.3 to 1.5"
    if not 0 <= product.grace_days <= 5:
        yield "grace_days", "must be 0 to 5"
    if not 18 <= product.age_min < product.age_at_maturity_max <= 70:
        yield "age_min", "must be 18 or more, age_at_maturity_max 70 or less"
    if product.line_months < 1 or product.prepay_fen_min < 0 or product.proof_of_use_days < 0:
        yield "line_months, prepay_fen_min, proof_of_use_days", "must not be negative or zero"
    if product.lpr_tenor not in {tenor for _, tenor, _ in terms.lpr}:
        yield "lpr_tenor", f"no LPR is published for {product.lpr_tenor!r}"


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
