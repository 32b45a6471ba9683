"""Promise: two fronts, one behaviour: every operation by REST and by the ESB has the same effect and the same codes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from rest_town import APPLICATION, BANK, PRODUCT, Town, person, registered, town

from protocols.esb.fields import binding
from protocols.operations import BY_NAME, OPERATIONS
from sandbox.faults import Fault

Ask = Callable[[str, str, dict[str, Any]], Awaitable[tuple[str, dict[str, Any]]]]
Said = list[tuple[str, str, Any]]

OF_ITS_OWN = frozenset({
    "customer_id", "loan_id", "process_id", "contract_no", "contract_hash", "core_serial", "certificate_no", "text_zh",
    "started_ms", "ended_ms", "at_ms", "identity_masked", "account_masked", "next", "facts", "version",
})  # fmt: skip
"""What differs between two persons with the same story."""


@pytest.fixture
async def here() -> AsyncIterator[Town]:
    async with town() as running:
        yield running


def plain(value: Any) -> Any:
    """Without what is each person's own; an empty text and none are the same to the ESB."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if name not in OF_ITS_OWN and part != ""}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


class Channel:
    """One person's story told over one front; ``said`` keeps operation, code and reply of each step."""

    def __init__(self, ask: Ask, order: int) -> None:
        self._ask = ask
        self.order = order
        self.said: Said = []

    async def ask(self, operation: str, key: str = "", **fields: Any) -> dict[str, Any]:
        number = key or f"{operation}-{self.order}-{len(self.said)}"
        code, body = await self._ask(operation, number, fields)
        if operation == "list_loans":  # in the order of their ids, which are hashes
            body["items"] = sorted(body["items"], key=lambda item: str(item["status"]))
        self.said.append((operation, code, plain(body) if not code else None))
        return body


async def apply_and_sign(front: Channel) -> dict[str, str]:
    """To a signed contract, by way of the steps that are refused before."""
    of = {"customer_id": (await front.ask("register_customer", "reg", **person(front.order)))["customer_id"]}
    await front.ask("register_customer", "reg", **person(front.order))
    await front.ask("register_customer", **person(front.order))
    await front.ask("register_customer", **{**person(front.order), "identity_number": "110101199003070010"})
    consent = {"version": "v1", "text_hash": "0" * 64, "valid_until": "2026-12-31"}
    await front.ask("apply", **of, **APPLICATION)
    for purpose in ("bureau", "tax", "shopping"):
        await front.ask("give_consent", **of, purpose=purpose, **consent)
    await front.ask("put_on_white_list", **of, product="miaodai", limit_fen=5_000_000, valid_until="2026-12-31")
    await front.ask("take_off_white_list", **of, product="miaodai")
    await front.ask("apply", **of, **{**APPLICATION, "product": "nothing"})
    applied = await front.ask("apply", "apply", **of, **APPLICATION)
    await front.ask("apply", "apply", **of, **{**APPLICATION, "amount_fen": 2_000_100})
    await front.ask("get_application", process_id=applied["process_id"])
    await front.ask("get_process", process_id=applied["process_id"])
    await front.ask("freeze_line", **of, product=PRODUCT, reason="r")
    contract = {"product": PRODUCT, "amount_fen": 1_200_000, "periods": 12, "use_code": "consumption"}
    await front.ask("open_contract", **of, **contract, method="equal_instalment")
    await front.ask("unfreeze_line", **of, product=PRODUCT)
    await front.ask("open_contract", **of, **{**contract, "amount_fen": 1}, method="equal_instalment")
    opened = await front.ask("open_contract", **of, **contract, method="equal_instalment")
    loan = {"loan_id": opened["loan_id"]}
    await front.ask("draw", **loan)
    contract_hash = (await front.ask("get_contract", **loan))["contract_hash"]
    await front.ask("sign", **loan, cost_confirmed=False, contract_hash=contract_hash)
    await front.ask("sign", **loan, cost_confirmed=True, contract_hash="0" * 64)
    await front.ask("sign", **loan, cost_confirmed=True, contract_hash=contract_hash)
    return of | loan


async def draw_and_repay(front: Channel, of: dict[str, str]) -> None:
    loan, customer = {"loan_id": of["loan_id"]}, {"customer_id": of["customer_id"]}
    await front.ask("draw", "draw", **loan)
    await front.ask("draw", "draw", **loan)
    await front.ask("draw", **loan)
    await front.ask("get_loan", **loan)
    await front.ask("get_schedule", **loan)
    await front.ask("upload_proof", **loan, document_hash="a" * 64, amount_fen=100, kind="invoice")
    await front.ask("upload_proof", **loan, document_hash="a", amount_fen=100, kind="invoice")
    await front.ask("repay", **loan, kind="full", quote="stale")
    posted = {"source": "counter", "core_date": "2026-03-02", "core_serial": f"S{front.order}"}
    await front.ask("post_repayment", "post", **loan, amount_fen=100_000, **posted)
    await front.ask("post_repayment", "post", **loan, amount_fen=100_000, **posted)
    await front.ask("post_repayment", "post", **loan, amount_fen=100_001, **posted)
    await front.ask("post_repayment", **loan, amount_fen=0, **posted)
    await front.ask("reverse_disbursement", **loan, reason="r")
    quote = (await front.ask("get_payoff_quote", **loan))["quote"]
    await front.ask("repay", **loan, kind="full", quote=quote)
    await front.ask("repay", **loan, kind="due")
    await front.ask("list_transactions", **loan, limit=2)
    await front.ask("list_loans", **customer)
    await front.ask("get_lines", **customer)
    await front.ask("withdraw_consent", **customer, purpose="tax")
    await front.ask("get_customer", **customer)
    await front.ask("list_products")
    trial = {"product": PRODUCT, "amount_fen": 1_200_000, "periods": 12, "method": "equal_instalment"}
    await front.ask("try_schedule", **trial, annual_rate="0.06", start="2026-03-31", due_day=20)
    await front.ask("try_schedule", **{**trial, "periods": 0})
    await front.ask("try_schedule", **trial, annual_rate="six")
    await front.ask("get_daily_sheet", business_date="2020-01-02")
    await front.ask("get_daily_sheet", business_date="2099-01-02")
    await front.ask("get_loan", loan_id="L" + "0" * 19)
    await front.ask("get_loan", loan_id=customer["customer_id"])


async def draw_and_reverse(front: Channel, of: dict[str, str]) -> None:
    contract = {"product": PRODUCT, "amount_fen": 200_000, "periods": 6, "use_code": "travel"}
    opened = await front.ask("open_contract", customer_id=of["customer_id"], **contract, method="equal_instalment")
    loan = {"loan_id": opened["loan_id"]}
    await front.ask("sign", **loan, cost_confirmed=True, contract_hash=opened["loan"]["contract_hash"])
    await front.ask("draw", **loan)
    await front.ask("reverse_disbursement", **loan, reason="r")
    await front.ask("reverse_disbursement", **loan, reason="again")
    await front.ask("get_lines", customer_id=of["customer_id"])


async def wrong_entries(front: Channel, loan: dict[str, str], two: dict[str, str]) -> None:
    """Repayments that should not have been: reversed on their day, before they came, and corrected."""
    today = {"core_date": "2026-03-02"}
    for serial in ("V1", "V2"):
        await front.ask("post_repayment", **loan, amount_fen=500, source="court", core_serial=serial, **today)
    for _ in range(2):
        await front.ask("reverse_repayment", **loan, original_serial="V1", core_serial="RV1", reason="r", **today)
    await front.ask("reverse_repayment", **loan, original_serial="V9", core_serial="RV9", **today)
    await front.ask("post_repayment", **loan, amount_fen=500, source="court", core_serial="V9", **today)
    await front.ask("reverse_repayment", **loan, original_serial="V2", core_serial="RV2", core_date="2026-03-01")
    await front.ask("correct_repayment", **loan, original_serial="V2", amount_fen=400, maker="t001", checker="t001")
    await front.ask("correct_repayment", **loan, original_serial="V2", amount_fen=400, value_date="2026-03-02", **two)
    await front.ask("correct_repayment", **loan, original_serial="V2", amount_fen=0, **two)
    await front.ask("correct_repayment", **loan, original_serial="V2", amount_fen=0, **two)
    await front.ask("list_transactions", **loan, limit=50)


async def the_rarer_events(front: Channel, of: dict[str, str]) -> None:
    """Of a loan of its own; the write-off comes last, since it ends the line."""
    two = {"maker": "t001", "checker": "t002"}
    contract = {"product": PRODUCT, "amount_fen": 300_000, "periods": 6, "use_code": "travel"}
    opened = await front.ask("open_contract", customer_id=of["customer_id"], **contract, method="equal_instalment")
    loan = {"loan_id": opened["loan_id"]}
    await front.ask("sign", **loan, cost_confirmed=True, contract_hash=opened["loan"]["contract_hash"])
    await front.ask("draw", **loan)
    account = person(front.order)["account_no"]
    await front.ask("change_settlement_account", customer_id=of["customer_id"], account_no=account, **two)
    await front.ask("change_account", **loan, **two)
    await front.ask("freeze_loan", **loan, document_no="D1")
    await front.ask("repay", **loan, kind="due")
    await front.ask("unfreeze_loan", **loan, document_no="D1")
    await front.ask("mark_dispute", **loan, note="n")
    await front.ask("set_allowance", **loan, ecl_fen=100, **two)
    await front.ask("reclassify", **loan, risk_class=3, **two)
    await front.ask("extend_loan", **loan, periods=6, **two)
    await front.ask("extend_loan", **loan, periods=1, **two)
    await front.ask("restructure", **loan, method="bullet", periods=3, arrears="capitalise", **two)
    await front.ask("mark_misuse", **loan, amount_fen=100, from_date="2026-03-02", **two)
    await front.ask("waive", **loan, principal_fen=100, **two)
    await front.ask("waive", **loan, principal_fen=100, maker="t001", checker="t001")
    await front.ask("accelerate", **loan, **two)
    await front.ask("record_death", **loan, died_on="2026-03-02", **two)
    await front.ask("record_death", **loan, **two)
    await front.ask("write_off", **loan, **two)
    await wrong_entries(front, loan, two)
    posted = {"source": "court", "core_date": "2026-03-02", "core_serial": f"W{front.order}"}
    await front.ask("post_repayment", **loan, amount_fen=300_000, **posted)
    await front.ask("refund_suspense", **loan, **two)
    await front.ask("refund_suspense", **loan, **two)
    await front.ask("get_settlement_certificate", **loan)
    await front.ask("get_loan", **loan)


async def test_every_operation_has_the_same_effect_and_codes_on_both(here: Town) -> None:
    stories: list[Said] = []
    for ask, order in ((here.by_rest, 7), (here.by_esb, 8)):
        front = Channel(ask, order)
        of = await apply_and_sign(front)
        await draw_and_repay(front, of)
        await draw_and_reverse(front, of)
        await the_rarer_events(front, of)
        stories.append(front.said)
    by_rest, by_esb = stories
    for rest, esb in zip(by_rest, by_esb, strict=True):
        assert rest == esb
    done = {operation for operation, code, _ in by_rest if not code}
    assert done == {row.name for row in OPERATIONS}


async def test_both_wait_as_long_as_they_are_told(here: Town) -> None:
    """``Prefer: wait=0`` and ``WAIT_MS`` 0 answer at once: processing, while the bureau takes its time."""
    await here.box.set_fault(Fault(system="bureau", kind="delay", delay_ms=800))
    customers = [await registered(here, order) for order in (7, 8)]
    by_rest = await here.client.call("apply", {"customer_id": customers[0], **APPLICATION}, wait_s=0)
    row = BY_NAME["apply"]
    body = dict(binding(row.request).write({"customer_id": customers[1], **APPLICATION}))
    header = {"LEGAL_ENTITY": BANK, "WAIT_MS": "0"}
    by_esb = await here.esb.call(row.service, row.scene, header, body)
    assert (by_rest.status, by_rest.body["state"], by_esb.body["STATE"]) == (202, "processing", "processing")
    bad = await here.esb.call(row.service, row.scene, {"LEGAL_ENTITY": BANK, "WAIT_MS": "soon"}, body)
    assert bad.ret_code == "MD1004"
