"""What a running process knows during one turn, and how decisions and conditions see it.

Sealed personal data never reaches a rule: it is left out of what `inputs` gives.
"""

from calendar import monthrange
from datetime import date
from typing import Any

from actors.bank import BankTerms, Product
from actors.customer.identity import years_between
from actors.turn import Context, RuleFailed

SEALED = "sealed"


class Scope:
    """Ids and a working copy of the variables; ``learnt`` collects what this turn adds."""

    def __init__(
        self,
        process_id: str,
        customer_id: str,
        loan_id: str,
        product: str,
        variables: dict[str, Any],
        outcomes: dict[str, str],
    ) -> None:
        self.process_id = process_id
        self.customer_id = customer_id
        self.loan_id = loan_id
        self.product = product
        self.variables = dict(variables)
        self.outcomes = outcomes
        self.learnt: dict[str, Any] = {}

    def learn(self, values: dict[str, Any]) -> None:
        self.variables.update(values)
        self.learnt.update(values)

    def need(self, name: str) -> dict[str, Any]:
        """A variable that the flow must have brought by now; `RuleFailed` when its diagram forgot to."""
        found: dict[str, Any] | None = self.variables.get(name)
        if found is None:
            raise RuleFailed(f"the flow has not set {name} here")
        return found

    def sealed(self, field: str) -> bytes:
        """Sealed personal data that an earlier activity brought (name, identity, phone)."""
        data: bytes = self.need(SEALED)[field]
        return data


def terms_of(scope: Scope, bank: BankTerms) -> Product:
    """The product's terms now; `RuleFailed` when the bank no longer offers it."""
    found = bank.products.get(scope.product)
    if found is None:
        raise RuleFailed(f"{bank.code} no longer offers {scope.product}")
    return found


def inputs(scope: Scope, ctx: Context) -> dict[str, Any]:
    """What decision models and gateway conditions read: variables, the product's and the bank's figures, LPR, age."""
    known = {k: v for k, v in scope.variables.items() if k != SEALED}
    known["bank"] = {**ctx.bank.parameters, "customer_fen_cap": ctx.bank.customer_fen_cap}
    if scope.product:
        product = terms_of(scope, ctx.bank)
        known["product"] = {
            "code": product.code,
            "white_list_only": product.white_list_only,
            "revolving": product.revolving,
            "amount_fen_min": product.amount_fen_min,
            "amount_fen_max": product.amount_fen_max,
            "lpr_spread_bp": product.lpr_spread_bp,
            "age_min": product.age_min,
            "age_at_maturity_max": product.age_at_maturity_max,
        }
        known["business"] = {"lpr_bp": lpr_bp(ctx.bank, product.lpr_tenor, ctx.business_date)}
    if "customer" in known and "application" in known:
        known["applicant"] = _applicant(known["customer"], known["application"], ctx)
    return known


def _applicant(customer: dict[str, Any], application: dict[str, Any], ctx: Context) -> dict[str, Any]:
    born = date.fromisoformat(customer["birth_date"])
    until = customer["refused_until"]
    return {
        "age": years_between(born, ctx.business_date),
        "age_at_maturity": years_between(born, add_months(ctx.business_date, application["periods"])),
        "local": not ctx.bank.divisions or customer["division"].startswith(ctx.bank.divisions),
        "cooling_off": until is not None and ctx.business_date <= date.fromisoformat(until),
    }


def lpr_bp(bank: BankTerms, tenor: str, on: date) -> int:
    """Latest LPR of ``tenor`` published before ``on``, in basis points; `RuleFailed` when there is none."""
    published = [(day, rate) for day, t, rate in bank.lpr if t == tenor and day < on]
    if not published:
        raise RuleFailed(f"no LPR {tenor} before {on}")
    return int(max(published)[1] * 10_000)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
