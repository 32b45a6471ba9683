"""Promise: a command that ends later is answered with its end when that comes within the wait, else with 202."""

import asyncio
from typing import Any

import pytest
from rest_support import CUSTOMER, LOAN, Asked, Edge, Entry, entry

from actors.codes import Code
from actors.customer.messages import GetCustomer
from actors.loan.messages import GetLoan, OpenContract, Repay, ReverseDisbursement, Sign
from actors.process.messages import Apply, Draw, GetProcess
from protocols.rest.app import wait_of
from runtime.messages import refusal

CONTRACT = {
    "customer_id": CUSTOMER, "product": "MD01", "amount_fen": 1, "periods": 1, "method": "bullet", "use_code": "home",
}  # fmt: skip
APPLICATION = {"customer_id": CUSTOMER, "product": "MD01", "amount_fen": 1, "periods": 1, "use_code": "home"}
SIGN = {"loan_id": LOAN, "cost_confirmed": True, "contract_hash": "h"}
FULL = {"loan_id": LOAN, "kind": "full", "quote": "q"}


def loan(**seen: Any) -> dict[str, Any]:
    return {"loan_id": LOAN, "customer_id": CUSTOMER, "status": "active", "reason": "", "repayment": "", **seen}


def process(status: str, *reasons: str) -> dict[str, Any]:
    return {"status": status, "reasons": reasons}


@pytest.mark.parametrize(
    ("operation", "fields", "message", "seen", "status", "code"),
    [
        ("open_contract", CONTRACT, OpenContract, loan(status="drafting"), 202, ""),
        ("open_contract", CONTRACT, OpenContract, loan(status="contract"), 201, ""),
        ("open_contract", CONTRACT, OpenContract, loan(status="active"), 201, ""),
        ("open_contract", CONTRACT, OpenContract, loan(status="refused", reason="line_frozen"), 422, "line_frozen"),
        ("sign", SIGN, Sign, loan(status="signing"), 202, ""),
        ("sign", SIGN, Sign, loan(status="signed"), 200, ""),
        ("sign", SIGN, Sign, loan(status="contract", reason=""), 422, "sign_refused"),
        ("repay", FULL, Repay, loan(repayment="in_flight"), 202, ""),
        ("repay", FULL, Repay, loan(repayment="unknown"), 202, ""),
        ("repay", FULL, Repay, loan(repayment="repaid", status="settled"), 201, ""),
        ("repay", FULL, Repay, loan(repayment="failed", reason="debit_insufficient"), 422, "debit_insufficient"),
        (
            "reverse_disbursement",
            {"loan_id": LOAN, "reason": "r"},
            ReverseDisbursement,
            loan(status="reversed"),
            200,
            "",
        ),
        ("draw", {"loan_id": LOAN}, Draw, process("running"), 202, ""),
        ("draw", {"loan_id": LOAN}, Draw, process("paid_out"), 200, ""),
        ("draw", {"loan_id": LOAN}, Draw, process("failed", "over_line"), 422, "over_line"),
        ("draw", {"loan_id": LOAN}, Draw, process("failed"), 422, "disburse_refused"),
        ("apply", APPLICATION, Apply, process("running"), 202, ""),
        ("apply", APPLICATION, Apply, process("approved"), 201, ""),
        ("apply", APPLICATION, Apply, process("refused", "score_low"), 201, ""),
    ],
)
async def test_the_end_of_a_command(
    front: Edge, operation: str, fields: dict[str, Any], message: type, seen: dict[str, Any], status: int, code: str
) -> None:
    front.router.on(message, lambda asked: {f"{asked.kind}_id": asked.id, "status": "begun"})
    facts = loan()  # what a drawdown looks up first
    front.router.on(GetLoan, lambda asked: facts if operation == "draw" else seen)
    front.router.on(GetProcess, seen)
    front.router.on(GetCustomer, {"customer_id": CUSTOMER})  # of nobody's customer nothing is begun
    reply = await front.client.call(operation, fields)
    assert (reply.status, reply.code) == (status, code)
    if not code:
        assert reply.body["state"] == ("processing" if status == 202 else "done")
        kind = "process" if message in (Draw, Apply) else "loan"
        assert reply.body[kind]["status"] == seen["status"]
    waits = [a for a in front.router.asked if a.message.get("until_not") or a.message.get("until_ended")]
    assert len(waits) == 1
    assert waits[0].operation is None


EFFECT = f"{LOAN}-9-0"


@pytest.mark.parametrize(
    ("entries", "status", "code"),
    [
        ([entry(11, "RepaymentFailed", effect_id=EFFECT, code="debit_insufficient")], 422, "debit_insufficient"),
        ([entry(11, "Repaid", effect_id=EFFECT), entry(14, "RepaymentFailed", effect_id="x-13-0", code="c")], 201, ""),
        ([entry(11, "Repaid", effect_id="")], 202, ""),
        ([entry(8, "Repaid", effect_id=EFFECT)], 202, ""),
    ],
)
@pytest.mark.parametrize("last", ["repaid", "failed", "in_flight"])
async def test_a_repeated_repayment_finds_its_own_end(
    front: Edge, entries: list[Entry], status: int, code: str, last: str
) -> None:
    """Whatever became of the loan's other repayments since."""
    front.router.on(Repay, {"loan_id": LOAN, "status": "active", "effect_id": EFFECT})
    front.router.on(GetLoan, loan(repayment=last, reason="debit_refused"))
    front.rows.entries = entries
    reply = await front.client.call("repay", FULL)
    assert (reply.status, reply.code) == (status, code)


async def test_wait_0_looks_once_and_does_not_wait(front: Edge) -> None:
    front.router.on(Sign, {"loan_id": LOAN, "status": "signing"})
    front.router.on(GetLoan, loan(status="signing"))
    reply = await front.client.call("sign", SIGN, wait_s=0)
    assert reply.status == 202
    assert all("until_not" not in asked.message for asked in front.router.asked)


async def test_the_wait_asked_for_is_the_query_s_deadline(front: Edge) -> None:
    front.router.on(Sign, {"loan_id": LOAN, "status": "signing"})
    front.router.on(GetLoan, loan(status="signed"))
    await front.client.call("sign", SIGN, wait_s=7)
    assert 7_000 <= front.router.asked[-1].ttl_ms < 8_000


@pytest.mark.parametrize("code", [Code.EXPIRED, Code.UNAVAILABLE])
async def test_a_wait_that_ran_out_is_processing_not_an_error(front: Edge, code: Code) -> None:
    def look(asked: Asked) -> Any:
        return refusal(0, code) if asked.message.get("until_not") else loan(status="signing")

    front.router.on(Sign, {"loan_id": LOAN, "status": "signing"})
    front.router.on(GetLoan, look)
    assert (await front.client.call("sign", SIGN)).status == 202


async def test_a_refused_command_is_not_followed(front: Edge) -> None:
    front.router.on(Sign, lambda _: refusal(0, Code.CONTRACT_CHANGED, {"contract_hash": "x"}))
    reply = await front.client.call("sign", SIGN)
    assert (reply.status, reply.code, reply.body["facts"]) == (409, "contract_changed", {"contract_hash": "x"})
    assert len(front.router.asked) == 1


async def test_a_drawdown_takes_the_customer_from_the_loan(front: Edge) -> None:
    front.router.on(GetLoan, loan())
    front.router.on(Draw, {"process_id": "p", "status": "running"})
    front.router.on(GetProcess, process("paid_out"))
    await front.client.call("draw", {"loan_id": LOAN})
    (draw,) = (asked for asked in front.router.asked if asked.message["type"] == "Draw")
    assert draw.message == {"type": "Draw", "loan_id": LOAN, "customer_id": CUSTOMER}


async def test_a_drawdown_of_a_loan_elsewhere_is_not_found(front: Edge) -> None:
    reply = await front.client.call("draw", {"loan_id": LOAN})
    assert (reply.status, reply.code) == (404, "not_found")
    assert [asked.message["type"] for asked in front.router.asked] == ["GetLoan"]


async def test_a_word_from_outside_is_an_outside_refusal(front: Edge) -> None:
    front.router.on(GetLoan, loan())
    front.router.on(Draw, {"process_id": "p", "status": "running"})
    front.router.on(GetProcess, process("failed", "E0042"))
    reply = await front.client.call("draw", {"loan_id": LOAN})
    assert (reply.status, reply.code, reply.body["facts"]["outside_code"]) == (422, "outside_refused", "E0042")


async def test_the_result_of_an_application_waits_only_when_asked_to(front: Edge) -> None:
    front.router.on(GetProcess, process("running"))
    fields = {"process_id": "P" + LOAN[1:]}
    assert (await front.client.call("get_application", fields)).body["state"] == "processing"
    assert "until_ended" not in front.router.asked[0].message
    await front.client.call("get_application", fields, wait_s=1)
    assert front.router.asked[1].message["until_ended"] is True


async def test_a_router_that_breaks_leaves_a_command_unknown_and_a_query_internal(front: Edge) -> None:
    def broken(_: Asked) -> Any:
        raise RuntimeError("13800138000")

    front.router.on(Sign, broken)
    front.router.on(GetLoan, broken)
    reply = await front.client.call("sign", SIGN)
    assert (reply.status, reply.code) == (504, "outcome_unknown")
    reply = await front.client.call("get_loan", {"loan_id": LOAN})
    assert (reply.status, reply.code) == (500, "internal")
    assert "13800138000" not in str(reply.body)


async def test_a_slow_answer_does_not_hold_up_others(front: Edge) -> None:
    gate = asyncio.Event()

    async def slow(_: Asked) -> Any:
        await gate.wait()
        return refusal(0, Code.CONTRACT_CHANGED)

    front.router.on(Sign, slow)
    front.router.on(GetLoan, loan())
    waiting = asyncio.create_task(front.client.call("sign", SIGN))
    assert (await front.client.call("get_loan", {"loan_id": LOAN})).status == 200
    gate.set()
    assert (await waiting).status == 409


@pytest.mark.parametrize(
    ("prefer", "wait_ms"),
    [
        ("", None),
        ("respond-async", None),
        ("wait=3", 3000),
        ("respond-async, wait=10", 10_000),
        ("Wait = 999999999", 30_000),
    ],
)
def test_prefer(prefer: str, wait_ms: int | None) -> None:
    assert wait_of(prefer) == wait_ms


async def test_a_bad_prefer_is_refused(front: Edge) -> None:
    reply, _ = await front.client.send("GET", f"/v1/loans/{LOAN}", b"", {"Prefer": "wait=soon"})
    assert (reply.code, reply.body["facts"]["field"]) == ("wrong_type", "Prefer")
