"""What a channel may send wrong, as a table: operation, one change to a right request, the code on both fronts.

`RIGHT` has a right request of every command; a row changes one field of it, leaves it out, or adds one. ``field`` is
the path that both fronts must name (our name; the ESB says it in its own).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.e2e.borrower import CONSENT, FACTS, LISTED, PRODUCT, WANTED
from tests.e2e.live import TODAY
from tests.e2e.people import person

LEFT_OUT = object()
Ids = dict[str, str]
"""``customer_id``, ``loan_id`` (active), ``contract_id`` (not signed), ``process_id``."""


class Bad(NamedTuple):
    """``leaves``: events that the refusal itself is (a contract refused by the customer's line), else none at all."""

    operation: str
    changes: dict[str, Any]
    code: str
    field: str = ""
    leaves: tuple[str, ...] = ()

    def __str__(self) -> str:
        changed = "-".join(
            f"{name}={'nothing' if value is LEFT_OUT else str(value)[:24]}" for name, value in self.changes.items()
        )
        return f"{self.operation}-{changed}-{self.code}"


TWO = {"maker": "t1", "checker": "t2"}


def _measure(ids: Ids) -> dict[str, Any]:
    """What two persons decide of a loan."""
    return {"loan_id": ids["loan_id"], **TWO}


RIGHT: dict[str, Callable[[Ids], dict[str, Any]]] = {
    "register_customer": lambda _: dict(person()._asdict()),
    "give_consent": lambda ids: {"customer_id": ids["customer_id"], "purpose": "face", **CONSENT},
    "withdraw_consent": lambda ids: {"customer_id": ids["customer_id"], "purpose": "bureau"},
    "put_on_white_list": lambda ids: {"customer_id": ids["customer_id"], **LISTED},
    "freeze_line": lambda ids: {"customer_id": ids["customer_id"], "product": PRODUCT, "reason": "court"},
    "apply": lambda ids: {"customer_id": ids["customer_id"], **WANTED, "facts": FACTS},
    "open_contract": lambda ids: {"customer_id": ids["customer_id"], **WANTED, "method": "bullet", "due_day": 0},
    "sign": lambda ids: {"loan_id": ids["contract_id"], "cost_confirmed": True, "contract_hash": "ab" * 32},
    "draw": lambda ids: {"loan_id": ids["contract_id"]},
    "reverse_disbursement": lambda ids: {"loan_id": ids["loan_id"], "reason": "wrong person"},
    "upload_proof": lambda ids: {
        "loan_id": ids["loan_id"], "document_hash": "cd" * 32, "amount_fen": 100, "kind": "invoice",
    },
    "repay": lambda ids: {"loan_id": ids["loan_id"], "kind": "partial", "amount_fen": 100_000},
    "post_repayment": lambda ids: {
        "loan_id": ids["loan_id"], "amount_fen": 100_000, "source": "counter", "core_date": TODAY.isoformat(),
        "core_serial": "S1",
    },
    "reverse_repayment": lambda ids: {
        "loan_id": ids["loan_id"], "original_serial": "S1", "core_serial": "R1", "core_date": TODAY.isoformat(),
    },
    "correct_repayment": lambda ids: {
        "loan_id": ids["loan_id"], "original_serial": "S1", "amount_fen": 0, **TWO,
    },
    "change_settlement_account": lambda ids: {
        "customer_id": ids["customer_id"], "account_no": "6217001234567890", **TWO,
    },
    **dict.fromkeys(
        ("waive", "write_off", "accelerate", "set_allowance", "change_account", "refund_suspense"), _measure
    ),
    "record_death": _measure,
    "mark_dispute": lambda ids: {"loan_id": ids["loan_id"], "note": "not mine"},
    "extend_loan": lambda ids: {**_measure(ids), "periods": 1},
    "restructure": lambda ids: {**_measure(ids), "method": "bullet", "periods": 1, "arrears": "keep"},
    "mark_misuse": lambda ids: {**_measure(ids), "amount_fen": 100, "from_date": TODAY.isoformat()},
    "reclassify": lambda ids: {**_measure(ids), "risk_class": 2},
    "freeze_loan": lambda ids: {"loan_id": ids["loan_id"], "document_no": "D1"},
    "unfreeze_loan": lambda ids: {"loan_id": ids["loan_id"], "document_no": "D1"},
    "get_loan": lambda ids: {"loan_id": ids["loan_id"]},
    "get_customer": lambda ids: {"customer_id": ids["customer_id"]},
    "get_application": lambda ids: {"process_id": ids["process_id"]},
    "list_loans": lambda ids: {"customer_id": ids["customer_id"]},
    "list_transactions": lambda ids: {"loan_id": ids["loan_id"]},
}  # fmt: skip

WRONG_TYPES: tuple[Bad, ...] = (
    Bad("put_on_white_list", {"limit_fen": "many"}, "wrong_type", "limit_fen"),
    Bad("put_on_white_list", {"valid_until": "2027-02-30"}, "wrong_type", "valid_until"),
    Bad("give_consent", {"valid_until": "tomorrow"}, "wrong_type", "valid_until"),
    Bad("give_consent", {"purpose": "x" * 33}, "wrong_type", "purpose"),
    Bad("apply", {"amount_fen": "1.005"}, "wrong_type", "amount_fen"),
    Bad("apply", {"periods": "twelve"}, "wrong_type", "periods"),
    Bad("apply", {"facts": {**FACTS, "employment_years": "long"}}, "wrong_type", "facts.employment_years"),
    Bad("apply", {"facts": "none"}, "wrong_type", "facts"),
    Bad("open_contract", {"method": "interest_free"}, "wrong_type", "method"),
    Bad("sign", {"cost_confirmed": "maybe"}, "wrong_type", "cost_confirmed"),
    Bad("repay", {"kind": "never"}, "wrong_type", "kind"),
    Bad("post_repayment", {"core_date": "03/02/2026"}, "wrong_type", "core_date"),
    Bad("reverse_repayment", {"original_serial": ""}, "wrong_type", "original_serial"),
    Bad("correct_repayment", {"amount_fen": "1.005"}, "wrong_type", "amount_fen"),
    Bad("correct_repayment", {"value_date": "yesterday"}, "wrong_type", "value_date"),
    Bad("list_loans", {"limit": 0}, "wrong_type", "limit"),
    Bad("list_loans", {"limit": 101}, "wrong_type", "limit"),
    Bad("list_transactions", {"after": "first"}, "wrong_type", "after"),
)
FIELDS: tuple[Bad, ...] = (
    Bad("register_customer", {"identity_number": LEFT_OUT}, "missing_field", "identity_number"),
    Bad("apply", {"amount_fen": LEFT_OUT}, "missing_field", "amount_fen"),
    Bad("sign", {"contract_hash": LEFT_OUT}, "missing_field", "contract_hash"),
    Bad("post_repayment", {"core_serial": LEFT_OUT}, "missing_field", "core_serial"),
    Bad("register_customer", {"salary_fen": 1}, "unknown_field", "salary_fen"),
    Bad("apply", {"facts": {**FACTS, "zodiac": "rat"}}, "unknown_field", "facts.zodiac"),
    Bad("repay", {"loan": "mine"}, "unknown_field", "loan"),
    Bad("get_loan", {"verbose": "1"}, "unknown_field", "verbose"),
    Bad("get_loan", {"loan_id": "L0000000000000000000"}, "bad_id", "loan_id"),
    Bad("get_customer", {"customer_id": "12345"}, "bad_id", "customer_id"),
)
SUMS: tuple[Bad, ...] = (
    *(Bad("post_repayment", {"amount_fen": fen}, "bad_amount") for fen in (0, -1, 10**14)),
    Bad("post_repayment", {"amount_fen": 10**15 + 1}, "wrong_type", "amount_fen"),
    Bad("repay", {"amount_fen": -100}, "bad_amount"),
    Bad("repay", {"amount_fen": 0}, "bad_amount"),
    Bad("repay", {"amount_fen": 10**12}, "over_payoff"),
    *(Bad("open_contract", {"amount_fen": fen}, "bad_amount") for fen in (0, -1_000_000, 1_000_001)),
    Bad("open_contract", {"amount_fen": 10**14}, "amount_out_of_range"),
    Bad("apply", {"amount_fen": 0}, "bad_amount"),
    Bad("apply", {"amount_fen": -5}, "bad_amount"),
    Bad("apply", {"amount_fen": 10**14}, "amount_out_of_range"),
    Bad("put_on_white_list", {"limit_fen": 0}, "bad_amount"),
    Bad("upload_proof", {"amount_fen": -1}, "bad_amount"),
    Bad("open_contract", {"periods": 0}, "bad_periods"),
    Bad("open_contract", {"periods": 13}, "bad_periods"),
    Bad("open_contract", {"due_day": 32}, "bad_due_day"),
)
PEOPLE: tuple[Bad, ...] = (
    Bad("register_customer", {"identity_number": "110101198605210019"}, "bad_identity_number"),
    Bad("register_customer", {"identity_number": "11010119860521"}, "bad_identity_number"),
    Bad("register_customer", {"identity_number": "110101202002305678"}, "bad_identity_number"),
    Bad("register_customer", {"phone": "1991700000"}, "bad_phone"),
    Bad("register_customer", {"name": "4"}, "bad_name"),
    Bad("register_customer", {"account_no": "12ab"}, "bad_account"),
    Bad("give_consent", {"purpose": "shopping"}, "bad_consent"),
    Bad("give_consent", {"valid_until": "2020-01-01"}, "bad_consent"),
)
RULES: tuple[Bad, ...] = (
    Bad("apply", {"product": "yacht"}, "unknown_product"),
    Bad("open_contract", {"product": "yacht"}, "unknown_product"),
    Bad("put_on_white_list", {"product": "yacht"}, "unknown_product"),
    Bad("freeze_line", {"product": "yacht"}, "unknown_product"),
    Bad("freeze_line", {"product": "standard"}, "line_missing"),
    Bad("open_contract", {"use_code": "stocks"}, "bad_use"),
    Bad("apply", {"use_code": "stocks"}, "bad_use"),
    Bad(
        "open_contract",
        {"amount_fen": 9_000_000},
        "over_line",
        leaves=("ContractRequested", "EffectRequested", "EffectSettled", "ContractRefused"),
    ),
    Bad(
        "draw",
        {},
        "loan_status",
        leaves=("ProcessStarted", "TokenMoved", "EffectRequested", "EffectSettled", "TokenMoved", "ProcessEnded"),
    ),
    Bad("repay", {"loan_id": "contract_id"}, "loan_status"),
    Bad("post_repayment", {"loan_id": "contract_id"}, "loan_status"),
    Bad("reverse_disbursement", {"loan_id": "contract_id"}, "loan_status"),
    Bad("upload_proof", {"loan_id": "contract_id"}, "loan_status"),
    Bad("sign", {"loan_id": "loan_id"}, "loan_status"),
    Bad("sign", {"cost_confirmed": False}, "costs_not_confirmed"),
    Bad("sign", {"contract_hash": "ab" * 32}, "contract_changed"),
    Bad("post_repayment", {"source": "lottery"}, "bad_source"),
    Bad("post_repayment", {"core_date": "2026-03-03"}, "date_not_open"),
    Bad("post_repayment", {"core_date": "2025-01-01"}, "date_closed"),
    Bad("reverse_repayment", {"core_date": "2025-01-01"}, "not_same_day"),
    Bad("reverse_repayment", {"loan_id": "contract_id"}, "loan_status"),
    Bad("correct_repayment", {"original_serial": "S404"}, "nothing_to_reverse"),
    Bad("correct_repayment", {"checker": "t1"}, "two_persons"),
    Bad("correct_repayment", {"amount_fen": -1}, "bad_amount"),
    Bad("correct_repayment", {"loan_id": "contract_id"}, "loan_status"),
    Bad("upload_proof", {"document_hash": "no hash"}, "bad_hash"),
    Bad("repay", {"kind": "full", "quote": "20260101-1-1"}, "quote_stale"),
)


def request_of(bad: Bad, ids: Ids) -> dict[str, Any]:
    """A change whose value names an id stands for that id: another loan than the right one."""
    fields = {**RIGHT[bad.operation](ids), **bad.changes}
    fields = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in fields.items()}
    return {name: value for name, value in fields.items() if value is not LEFT_OUT}
