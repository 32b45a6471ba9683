"""One person's story with every operation of the table in it, told step by step over one front.

A step names the operation, its fields (from what the steps before brought), the code that is expected ("" is success)
and what is to be remembered of the reply. Refusals stand where a real person would meet them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from protocols.operations import BY_NAME
from tests.e2e.borrower import CONSENT, FACTS, LISTED, PRODUCT, WANTED
from tests.e2e.fronts import Front
from tests.e2e.live import TODAY
from tests.e2e.people import person

Known = dict[str, Any]
CONTRACT = {**WANTED, "method": "equal_instalment", "due_day": 15}
TRIAL = {"product": PRODUCT, "amount_fen": 1_000_000, "periods": 12, "method": "equal_instalment", "due_day": 15}
COUNTER = {"source": "counter", "core_date": TODAY.isoformat()}
TWO = {"maker": "t001", "checker": "t002", "reason": "会议纪要"}
PLAN = {"method": "equal_principal", "periods": 6, "arrears": "keep"}


class Step(NamedTuple):
    """``keep``: (our name, the reply's field). ``key``: an operation id that a later step repeats."""

    operation: str
    fields: Callable[[Known], dict[str, Any]]
    code: str = ""
    keep: tuple[str, str] = ("", "")
    key: str = ""


class Told(NamedTuple):
    code: str
    view: Any


def _of(*names: str, **more: Any) -> Callable[[Known], dict[str, Any]]:
    """The named ids, and constant fields."""
    return lambda known: {name: known[name] for name in names} | more


def _loan(**more: Any) -> Callable[[Known], dict[str, Any]]:
    return _of("loan_id", **more)


def _customer(**more: Any) -> Callable[[Known], dict[str, Any]]:
    return _of("customer_id", **more)


def _signing(known: Known) -> dict[str, Any]:
    return {"loan_id": known["loan_id"], "cost_confirmed": True, "contract_hash": known["contract_hash"]}


_PERSON = _of("name", "identity_number", "phone", "account_no")
STORY: tuple[Step, ...] = (
    Step("list_products", _of()),
    Step("get_daily_sheet", _of(business_date="2020-01-02")),
    Step("try_schedule", _of(**TRIAL)),
    Step("try_schedule", _of(**{**TRIAL, "product": "nothing"}), "unknown_product"),
    Step("try_schedule", _of(**{**TRIAL, "start": "2099-01-01"}), "bad_start"),
    Step("register_customer", _PERSON, "", ("customer_id", "customer_id"), "r"),
    Step("register_customer", _PERSON, key="r"),
    Step("register_customer", _PERSON, "identity_taken"),
    Step("get_customer", _customer()),
    Step("apply", _customer(**WANTED, facts=FACTS), keep=("process_id", "process_id")),  # refused: no consent yet
    Step("get_application", _of("process_id")),
    Step("give_consent", _customer(purpose="bureau", **CONSENT)),
    Step("give_consent", _customer(purpose="tax", **CONSENT)),
    Step("give_consent", _customer(purpose="shopping", **CONSENT), "bad_consent"),
    Step("withdraw_consent", _customer(purpose="tax")),
    Step("put_on_white_list", _customer(**LISTED)),
    Step("take_off_white_list", _customer(product=PRODUCT)),
    Step("take_off_white_list", _customer(product=PRODUCT), "not_on_white_list"),
    Step("put_on_white_list", _customer(**LISTED, rate_bp=10, batch="B1")),
    Step("get_customer", _customer()),
    Step("apply", _customer(**WANTED, facts=FACTS), keep=("process_id", "process_id"), key="a"),
    Step("apply", _customer(**WANTED, facts=FACTS), key="a"),
    Step("apply", _customer(**{**WANTED, "amount_fen": 1_000_100}, facts=FACTS), "operation_mismatch", key="a"),
    Step("get_application", _of("process_id")),
    Step("get_process", _of("process_id")),
    Step("get_lines", _customer()),
    Step("freeze_line", _customer(product=PRODUCT, reason="court")),
    Step("open_contract", _customer(**CONTRACT), "line_frozen"),
    Step("unfreeze_line", _customer(product=PRODUCT)),
    Step("unfreeze_line", _customer(product=PRODUCT), "line_status"),
    Step("open_contract", _customer(**CONTRACT), keep=("loan_id", "loan_id")),
    Step("draw", _loan(), "loan_status"),
    Step("get_contract", _loan(), keep=("contract_hash", "contract_hash")),
    Step("sign", _loan(cost_confirmed=False, contract_hash="ab" * 32), "costs_not_confirmed"),
    Step("sign", _loan(cost_confirmed=True, contract_hash="ab" * 32), "contract_changed"),
    Step("sign", _signing),
    Step("sign", _signing, "loan_status"),
    Step("upload_proof", _loan(document_hash="cd" * 32, amount_fen=100, kind="invoice"), "loan_status"),
    Step("repay", _loan(kind="due"), "loan_status"),
    Step("draw", _loan(), keep=("process_id", "process_id"), key="d"),
    Step("draw", _loan(), key="d"),
    Step("get_process", _of("process_id")),
    Step("get_loan", _loan()),
    Step("get_schedule", _loan()),
    Step("get_lines", _customer()),
    Step("upload_proof", _loan(document_hash="cd" * 32, amount_fen=500_000, kind="invoice")),
    Step("repay", _loan(kind="due"), "nothing_due"),
    Step("repay", _loan(kind="partial", amount_fen=100), "below_prepay_min"),
    Step("repay", _loan(kind="partial", amount_fen=200_000), "debit_insufficient", key="p"),
    Step("repay", _loan(kind="partial", amount_fen=200_000), "debit_insufficient", key="p"),
    Step("post_repayment", _loan(amount_fen=300_000, core_serial="S1", **COUNTER)),
    Step("reverse_repayment", _loan(original_serial="S9", core_serial="R9", core_date=TODAY.isoformat())),
    Step("post_repayment", _loan(amount_fen=1_000, core_serial="S9", **COUNTER), "reversed_before"),
    Step("freeze_loan", _loan(document_no="D1", reason="court")),
    Step("repay", _loan(kind="due"), "loan_frozen"),
    Step("unfreeze_loan", _loan(document_no="D2"), "not_frozen"),
    Step("unfreeze_loan", _loan(document_no="D1")),
    Step("mark_dispute", _loan(note="not mine")),
    Step("change_settlement_account", _of("customer_id", "account_no", maker="t1", checker="t1"), "two_persons"),
    Step("change_settlement_account", _of("customer_id", "account_no", maker="t1", checker="t2")),
    Step("change_account", _loan(**TWO)),
    Step("set_allowance", _loan(ecl_fen=-1, **TWO), "bad_amount"),
    Step("set_allowance", _loan(ecl_fen=1_000, **TWO)),
    Step("reclassify", _loan(risk_class=6, **TWO), "bad_class"),
    Step("reclassify", _loan(risk_class=2, until="2027-12-31", **TWO)),
    Step("extend_loan", _loan(periods=13, **TWO), "term_too_long"),
    Step("extend_loan", _loan(periods=3, annual_rate="0.05", **TWO)),
    Step("restructure", _loan(**PLAN, annual_rate="2", **TWO), "bad_rate"),
    Step("restructure", _loan(**PLAN, **TWO)),
    Step("waive", _loan(principal_fen=100, **{**TWO, "checker": "t001"}), "two_persons"),
    Step("waive", _loan(penalty_fen=100, **TWO), "not_waivable"),
    Step("waive", _loan(principal_fen=100, **TWO)),
    Step("accelerate", _loan(**TWO)),
    Step("accelerate", _loan(**TWO), "nothing_not_due"),
    Step("get_settlement_certificate", _loan()),
    Step("get_payoff_quote", _loan(), keep=("quote", "quote")),
    Step("repay", _loan(kind="full", quote="none"), "quote_stale"),
    Step("reverse_disbursement", _loan(reason="wrong person"), "later_operations"),
    Step("list_transactions", _loan(limit=1), keep=("after", "next")),
    Step("list_transactions", _of("loan_id", "after")),
    Step("repay", _of("loan_id", "quote", kind="full"), key="f"),
    Step("get_loan", _loan()),
    Step("post_repayment", _loan(amount_fen=100, core_serial="S2", **COUNTER), "already_settled"),
    Step("get_settlement_certificate", _loan()),
    Step("refund_suspense", _loan(**TWO), "no_suspense"),
    Step("open_contract", _customer(**{**CONTRACT, "method": "bullet"}), keep=("loan_id", "loan_id")),
    Step("get_contract", _loan(), keep=("contract_hash", "contract_hash")),
    Step("sign", _signing),
    Step("draw", _loan()),
    Step("reverse_disbursement", _loan(reason="wrong person")),
    Step("reverse_disbursement", _loan(reason="once more")),
    Step("get_loan", _loan()),
    Step("get_lines", _customer()),
    Step("open_contract", _customer(**CONTRACT), keep=("loan_id", "loan_id")),
    Step("get_contract", _loan(), keep=("contract_hash", "contract_hash")),
    Step("sign", _signing),
    Step("draw", _loan()),
    Step("mark_misuse", _loan(amount_fen=1_000, from_date="2020-01-01", **TWO), "before_disbursement"),
    Step("mark_misuse", _loan(amount_fen=1_000, from_date=TODAY.isoformat(), **TWO)),
    Step("write_off", _loan(**TWO)),
    Step("record_death", _loan(died_on=TODAY.isoformat(), **TWO)),
    Step("record_death", _loan(**TWO)),
    Step("post_repayment", _loan(amount_fen=1_000, core_serial="S4", **COUNTER)),
    Step("reverse_repayment", _loan(original_serial="S4", core_serial="R4", core_date="2020-01-01"), "not_same_day"),
    Step("reverse_repayment", _loan(original_serial="S4", core_serial="R4", core_date=TODAY.isoformat())),
    Step("reverse_repayment", _loan(original_serial="S4", core_serial="R4", core_date=TODAY.isoformat())),
    Step("post_repayment", _loan(amount_fen=1_000, core_serial="S4", **COUNTER), "serial_posted"),
    Step("post_repayment", _loan(amount_fen=1_000, core_serial="S5", **COUNTER)),
    Step("correct_repayment", _loan(original_serial="S5", amount_fen=1_000, **TWO), "nothing_to_correct"),
    Step("correct_repayment", _loan(original_serial="S8", amount_fen=1_000, **TWO), "nothing_to_reverse"),
    Step("correct_repayment", _loan(original_serial="S5", amount_fen=9, **{**TWO, "checker": "t001"}), "two_persons"),
    Step("correct_repayment", _loan(original_serial="S5", amount_fen=900, **TWO)),
    Step("correct_repayment", _loan(original_serial="S5", amount_fen=0, **TWO)),
    Step("list_transactions", _loan(limit=100)),
    Step("post_repayment", _loan(amount_fen=1_000_100, core_serial="S3", **COUNTER)),
    Step("refund_suspense", _loan(amount_fen=101, **TWO), "no_suspense"),
    Step("refund_suspense", _loan(**TWO), key="r1"),
    Step("refund_suspense", _loan(**TWO), key="r1"),
    Step("get_settlement_certificate", _loan()),
    Step("get_loan", _loan()),
    Step("list_loans", _customer()),
)  # fmt: skip

OWN = frozenset({
    "customer_id", "loan_id", "process_id", "contract_no", "contract_hash", "text_zh", "certificate_no", "core_serial",
    "linked_serial", "quote", "started_ms", "ended_ms", "at_ms", "next",
})  # fmt: skip
"""Ids, times and what is made of them: they differ between any two tellings."""
RACING = frozenset({"version"})
"""A reply shows the version at that moment; an effect may just have been settled or not. Compared at the end."""


def common(value: Any, name: str = "") -> Any:
    """What two tellings have in common: no ids, no times, of a masked text its shape alone."""
    if isinstance(value, dict):
        return {key: common(part, key) for key, part in value.items() if key not in OWN | RACING}
    if isinstance(value, list | tuple):
        parts = [common(part) for part in value]
        return sorted(parts, key=repr) if name == "items" else parts
    if name.endswith("_masked"):
        return "".join("*" if character == "*" else "x" for character in value)
    return value


async def tell(front: Front, before: Callable[[Step, Known], Any]) -> tuple[list[Told], Known]:
    """The whole story over one front; ``before`` sees each step first (and may put money into the account)."""
    known: Known = dict(person()._asdict())
    told: list[Told] = []
    for step in STORY:
        await before(step, known)
        key = f"{step.key}-{known['phone']}" if step.key else ""
        heard = await front.ask(step.operation, key, **step.fields(known))
        told.append(Told(heard.code, common(heard.body) if not heard.code else None))
        name, field = step.keep
        if name:
            known[name] = heard.body[field]
        if not heard.code and BY_NAME[step.operation].command and "loan_id" in known:
            known.setdefault("loans", [])
            if known["loan_id"] not in known["loans"]:
                known["loans"].append(known["loan_id"])
    return told, known
