"""Promise: no bank sees or moves another bank's anything, by any operation: it is as if there were nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from rest_town import APPLICATION, PRODUCT, Town, paid_out, person, town

from protocols.operations import OPERATIONS, Row

TWO = {"maker": "t1", "checker": "t2"}
EXTRA: dict[str, dict[str, Any]] = {
    "give_consent": {"purpose": "bureau", "version": "v", "text_hash": "0" * 64, "valid_until": "2026-12-31"},
    "withdraw_consent": {"purpose": "bureau"},
    "put_on_white_list": {"product": "miaodai", "limit_fen": 100_000, "valid_until": "2026-12-31"},
    "take_off_white_list": {"product": "miaodai"},
    "freeze_line": {"product": PRODUCT, "reason": "r"},
    "unfreeze_line": {"product": PRODUCT},
    "sign": {"cost_confirmed": True, "contract_hash": "0" * 64},
    "reverse_disbursement": {"reason": "r"},
    "upload_proof": {"document_hash": "a" * 64, "amount_fen": 1, "kind": "invoice"},
    "repay": {"kind": "due"},
    "post_repayment": {"amount_fen": 1, "source": "counter", "core_date": "2026-03-02", "core_serial": "S"},
    "reverse_repayment": {"original_serial": "S", "core_date": "2026-03-02", "core_serial": "R"},
    "correct_repayment": {"original_serial": "S", "amount_fen": 1, **TWO},
    "change_settlement_account": {"account_no": "6217001234567890", **TWO},
    **dict.fromkeys(("waive", "write_off", "accelerate", "set_allowance", "change_account", "refund_suspense"), TWO),
    "record_death": TWO,
    "mark_dispute": {"note": "n"},
    "extend_loan": {"periods": 1, **TWO},
    "restructure": {"method": "bullet", "periods": 1, "arrears": "keep", **TWO},
    "mark_misuse": {"amount_fen": 1, "from_date": "2026-03-02", **TWO},
    "reclassify": {"risk_class": 2, **TWO},
    "freeze_loan": {"document_no": "D"},
    "unfreeze_loan": {"document_no": "D"},
}
"""What each operation needs besides the id."""


@pytest.fixture
async def here() -> AsyncIterator[Town]:
    async with town() as running:
        yield running


def with_an_id(row: Row) -> bool:
    return (row.target is not None and row.target.how == "given") or row.name == "draw"


async def seen(here: Town, ids: dict[str, str]) -> tuple[dict[str, Any], ...]:
    loan = await here.ok("get_loan", loan_id=ids["loan_id"])
    return loan, await here.ok("get_customer", customer_id=ids["customer_id"])


async def test_another_bank_s_ids_are_not_found_by_any_operation(here: Town) -> None:
    loan = await paid_out(here)
    process = await here.ok("apply", customer_id=loan["customer_id"], **APPLICATION)
    ids = {**{name: loan[name] for name in ("customer_id", "loan_id")}, "process_id": process["process_id"]}
    before = [
        await here.ok(name, **{id: ids[id]}) for name, id in (("get_loan", "loan_id"), ("get_customer", "customer_id"))
    ]
    for row in filter(with_an_id, OPERATIONS):
        fields = {name: ids[name] for name in row.request.__struct_fields__ if name in ids}
        reply = await here.stranger.call(row.name, {**fields, **EXTRA.get(row.name, {})})
        assert (row.name, reply.status, reply.code) == (row.name, 404, "not_found")
        assert not reply.body.get("facts")
    after = [
        await here.ok(name, **{id: ids[id]}) for name, id in (("get_loan", "loan_id"), ("get_customer", "customer_id"))
    ]
    assert before == after


async def test_applying_for_another_bank_s_customer_gets_nowhere(here: Town) -> None:
    loan = await paid_out(here)
    of = {"customer_id": loan["customer_id"]}
    reply = await here.stranger.call("apply", {**of, **APPLICATION})
    assert (reply.status, reply.code) == (404, "not_found")
    contract = {"product": PRODUCT, "amount_fen": 200_000, "periods": 6, "use_code": "travel"}
    reply = await here.stranger.call("open_contract", {**of, **contract, "method": "equal_instalment"})
    assert (reply.status, reply.code) == (404, "not_found")
    assert len((await here.ok("list_loans", **of))["items"]) == 1


async def test_the_same_person_is_another_customer_at_another_bank(here: Town) -> None:
    ours = await here.ok("register_customer", "same-key", **person())
    theirs = await here.stranger.call("register_customer", person(), key="same-key")
    assert theirs.status == 201
    assert theirs.body["customer_id"] != ours["customer_id"]
