"""Promise: over REST a loan lives its whole life on the real runtime, and a repeated message changes nothing."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from rest_town import APPLICATION, PRODUCT, TODAY, Town, contracted, identity_number, paid_out, person, registered, town

from sandbox.faults import Fault


@pytest.fixture
async def here() -> AsyncIterator[Town]:
    async with town() as running:
        yield running


async def test_from_registration_to_settlement(here: Town) -> None:
    loan = await paid_out(here)
    loan_id, customer_id = loan["loan_id"], loan["customer_id"]
    assert (loan["status"], loan["principal_fen_outstanding"]) == ("active", 1_200_000)
    schedule = await here.ok("get_schedule", loan_id=loan_id)
    first = schedule["instalments"][0]
    assert sum(row["principal_fen"] for row in schedule["instalments"]) == 1_200_000
    await here.ok("upload_proof", loan_id=loan_id, document_hash="a" * 64, amount_fen=100, kind="invoice")

    await here.move_to(date(2026, 4, 2))
    due = first["principal_fen"] + first["interest_fen"]
    outcome = await here.ok("repay", loan_id=loan_id, kind="due")
    assert (outcome["state"], outcome["loan"]["repayment"]) == ("done", "repaid")
    assert outcome["loan"]["principal_fen_repaid"] == first["principal_fen"]

    await here.move_to(date(2026, 4, 10))
    posted = await here.ok(
        "post_repayment",
        loan_id=loan_id,
        amount_fen=200_000,
        source="counter",
        core_date="2026-04-10",
        core_serial="CT0001",
    )
    assert posted["principal_fen"] + posted["interest_fen"] + posted["suspense_fen"] == 200_000

    quote = await here.ok("get_payoff_quote", loan_id=loan_id)
    outcome = await here.ok("repay", loan_id=loan_id, kind="full", quote=quote["quote"])
    assert (outcome["loan"]["status"], outcome["loan"]["principal_fen_outstanding"]) == ("settled", 0)

    page = await here.ok("list_transactions", loan_id=loan_id, limit=100)
    types = [item["type"] for item in page["items"]]
    assert types == ["Disbursed", "Repaid", "Repaid", "Repaid", "LoanSettled"]
    assert page["items"][1]["facts"]["amount_fen"] == due
    assert sum(item["facts"].get("principal_fen", 0) for item in page["items"]) == 1_200_000
    loans = (await here.ok("list_loans", customer_id=customer_id))["items"]
    assert [(row["loan_id"], row["status"]) for row in loans] == [(loan_id, "settled")]
    (account,) = here.box.core.books.loans["baihe"].values()
    assert account.principal_fen_outstanding == posted["principal_fen"], (
        "the counter books its own, we do not repeat it"
    )


async def test_customer_lines_and_lists(here: Town) -> None:
    customer_id = await registered(here)
    of = {"customer_id": customer_id}
    await here.ok("put_on_white_list", **of, product="miaodai", limit_fen=5_000_000, valid_until="2026-12-31")
    assert "miaodai" in (await here.ok("get_customer", **of))["white_list"]
    await here.ok("take_off_white_list", **of, product="miaodai")
    assert (await here.ok("get_customer", **of))["white_list"] == []
    await here.ok("apply", **of, **APPLICATION)
    (line,) = (await here.ok("get_lines", **of))["lines"]
    assert (line["product"], line["status"], line["available_fen"]) == (PRODUCT, "active", line["limit_fen"])
    await here.ok("freeze_line", **of, product=PRODUCT, reason="court order")
    assert (await here.ok("get_lines", **of))["lines"][0]["status"] == "frozen"
    await here.ok("unfreeze_line", **of, product=PRODUCT)
    await here.ok("withdraw_consent", **of, purpose="tax")
    consents = (await here.ok("get_customer", **of))["consents"]
    assert [consent["purpose"] for consent in consents if not consent["withdrawn"]] == ["bureau"]
    assert (await here.ok("list_products"))["business_date"] == TODAY.isoformat()


async def test_a_disbursement_is_reversed_once(here: Town) -> None:
    loan = await paid_out(here)
    for key in ("reverse-1", "reverse-1", "reverse-2"):
        outcome = await here.ok("reverse_disbursement", key, loan_id=loan["loan_id"], reason="wrong person")
        assert (outcome["state"], outcome["loan"]["status"]) == ("done", "reversed")
    page = await here.ok("list_transactions", loan_id=loan["loan_id"])
    assert [item["type"] for item in page["items"]] == ["Disbursed", "DisbursementReversed"]
    assert (await here.ok("get_lines", customer_id=loan["customer_id"]))["lines"][0]["used_fen"] == 0


async def test_every_command_repeated_gets_its_reply_and_changes_nothing(here: Town) -> None:
    async def twice(operation: str, **fields: Any) -> dict[str, Any]:
        first = await here.ok(operation, f"key-{operation}", **fields)
        again = await here.ok(operation, f"key-{operation}", **fields)
        for body in (first, again):  # the view is of now: an SMS sent meanwhile counts as a change of the process
            body.get("process", {}).pop("version", None)
        assert first == again
        return first

    customer_id = (await twice("register_customer", **person()))["customer_id"]
    of = {"customer_id": customer_id}
    consent = {"purpose": "bureau", "version": "v1", "text_hash": "0" * 64, "valid_until": "2026-12-31"}
    await twice("give_consent", **of, **consent)
    await twice("apply", **of, **APPLICATION)
    contract = {"product": PRODUCT, "amount_fen": 1_200_000, "periods": 12, "use_code": "consumption"}
    loan = (await twice("open_contract", **of, **contract, method="equal_instalment"))["loan"]
    loan_id = loan["loan_id"]
    await twice("sign", loan_id=loan_id, cost_confirmed=True, contract_hash=loan["contract_hash"])
    await twice("draw", loan_id=loan_id)
    await here.move_to(date(2026, 4, 2))
    await twice("repay", loan_id=loan_id, kind="due")
    posted = {"amount_fen": 100, "source": "counter", "core_date": "2026-04-02", "core_serial": "S"}
    await twice("post_repayment", loan_id=loan_id, **posted)
    assert len(here.box.core.books.loans["baihe"]) == 1
    page = await here.ok("list_transactions", loan_id=loan_id)
    assert [item["type"] for item in page["items"]] == ["Disbursed", "Repaid", "Repaid"]

    reply = await here.no("post_repayment", "key-post_repayment", loan_id=loan_id, **{**posted, "amount_fen": 101})
    assert (reply.status, reply.code) == (409, "operation_mismatch")


async def test_an_old_repayment_repeated_tells_its_own_end(here: Town) -> None:
    """Refused for want of money, then another one collected: the first stays refused."""
    loan = await paid_out(here)
    account = person()["account_no"]
    await here.move_to(date(2026, 4, 2))
    here.box.core.deposit("baihe", account, -1_200_000)
    first = await here.no("repay", "repay-1", loan_id=loan["loan_id"], kind="due")
    assert (first.status, first.code) == (422, "debit_insufficient")
    here.box.core.deposit("baihe", account, 1_200_000)
    await here.ok("repay", "repay-2", loan_id=loan["loan_id"], kind="due")
    again = await here.no("repay", "repay-1", loan_id=loan["loan_id"], kind="due")
    assert again.code == "debit_insufficient"


async def test_a_pay_out_of_unknown_outcome_is_processing_and_then_done_once(here: Town) -> None:
    await here.box.set_fault(Fault(system="core", operation="disburse", kind="timeout_after_doing", times=1))
    loan = await contracted(here)
    await here.ok("sign", loan_id=loan["loan_id"], cost_confirmed=True, contract_hash=loan["contract_hash"])
    reply = await here.client.call("draw", {"loan_id": loan["loan_id"]}, key="draw-1", wait_s=0)
    assert (reply.status, reply.body["state"]) == (202, "processing")
    final = await here.client.call("draw", {"loan_id": loan["loan_id"]}, key="draw-1", wait_s=20)
    assert (final.status, final.body["process"]["status"]) == (200, "paid_out")
    assert len(here.box.core.books.loans["baihe"]) == 1


async def test_nothing_of_a_person_is_in_the_logs_or_in_refusals(
    here: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    loan = await paid_out(here)
    secrets = [person()["name"], identity_number(), person()["phone"], person()["account_no"]]
    wrong = {**person(), "identity_number": identity_number()[:-1] + "9", "phone": "13812340000"}
    replies = [
        await here.no("register_customer", **wrong),
        await here.no("register_customer", **person()),
        await here.no("register_customer", **{**person(8), "phone": 13812340000}),
        await here.no("register_customer", **{**person(8), "extra": identity_number()}),
        await here.no("sign", loan_id=loan["loan_id"], cost_confirmed=True, contract_hash="0" * 64),
    ]
    captured = capsys.readouterr()
    for text in (captured.out, captured.err, *(str(reply.body) for reply in replies)):
        assert not [secret for secret in secrets if secret in text]
