"""Promise: a command needs an operation id, and the id alone decides which actor it reaches and what it is."""

import pytest
from rest_support import CUSTOMER, LOAN, REPAID, REPAYMENT, SECRET, Edge

from actors.address import parse_id, shard_of
from actors.codes import Code
from actors.customer.messages import GetCustomer, RegisterCustomer
from actors.loan.messages import OpenContract, PostRepayment
from protocols.operations import OPERATIONS
from protocols.rest.client import ChannelClient
from runtime.messages import refusal

PERSON = {
    "name": "张三",
    "identity_number": "110101199003074514",
    "phone": "13800138000",
    "account_no": "6222020000000000",
}


@pytest.mark.parametrize("row", [row for row in OPERATIONS if row.command], ids=lambda row: row.name)
async def test_a_command_without_a_key_is_refused(front: Edge, row) -> None:  # type: ignore[no-untyped-def]
    path = row.path
    for name, id in (("customer_id", CUSTOMER), ("loan_id", LOAN), ("product", "MD01"), ("purpose", "bureau")):
        path = path.replace(f"{{{name}}}", id)
    reply, _ = await front.client.send(row.method, path, b"", {})
    assert (reply.status, reply.code) == (400, "missing_operation_id")
    assert front.router.asked == []


@pytest.mark.parametrize(
    ("key", "code"),
    [("", "missing_operation_id"), ('""', "missing_operation_id"), ("x" * 129, "wrong_type"), ("k\ty", "wrong_type")],
)
async def test_a_bad_key_is_refused(front: Edge, key: str, code: str) -> None:
    reply, _ = await front.client.send("POST", f"/v1/loans/{LOAN}/drawdown", b"", {"Idempotency-Key": key})
    assert (reply.status, reply.code) == (400, code)


async def test_quoted_and_bare_keys_are_the_same(front: Edge) -> None:
    front.router.on(PostRepayment, REPAID)
    await front.client.call("post_repayment", REPAYMENT, key='"key-1"')
    await front.client.call("post_repayment", REPAYMENT, key="key-1")
    assert [asked.operation and asked.operation.id for asked in front.router.asked] == ["key-1", "key-1"]


async def test_a_new_customer_has_the_id_of_the_operation(front: Edge) -> None:
    front.router.on(RegisterCustomer, lambda asked: {"customer_id": asked.id})
    first = await front.client.call("register_customer", PERSON, key="reg-1")
    again = await front.client.call("register_customer", PERSON, key="reg-1")
    other = await front.client.call("register_customer", PERSON, key="reg-2")
    assert first == again != other
    assert parse_id(first.body["customer_id"]).kind == "customer"
    assert front.router.asked[0].message["bank"] == "B001"


async def test_a_new_loan_lies_beside_its_customer(front: Edge) -> None:
    front.router.on(OpenContract, lambda _: refusal(0, Code.UNKNOWN_PRODUCT))
    front.router.on(GetCustomer, {"customer_id": CUSTOMER})
    fields = {
        "customer_id": CUSTOMER, "product": "X", "amount_fen": 1, "periods": 1, "method": "bullet", "use_code": "home",
    }  # fmt: skip
    reply = await front.client.call("open_contract", fields, key="open-1")
    assert (reply.status, reply.code) == (422, "unknown_product")
    _, asked = front.router.asked
    assert parse_id(asked.id).kind == "loan"
    assert shard_of(asked.id) == shard_of(CUSTOMER)


async def test_same_key_other_content_is_the_runtime_s_word(front: Edge) -> None:
    front.router.on(PostRepayment, lambda _: refusal(0, Code.OPERATION_MISMATCH))
    reply = await front.client.call("post_repayment", REPAYMENT)
    assert (reply.status, reply.code, reply.body["number"]) == (409, "operation_mismatch", 3001)


@pytest.mark.parametrize(
    ("code", "status"), [(Code.OVERLOADED, 429), (Code.UNAVAILABLE, 503), (Code.OUTCOME_UNKNOWN, 504)]
)
async def test_the_client_repeats_with_the_same_key(front: Edge, code: Code, status: int) -> None:
    front.router.on(PostRepayment, lambda _: refusal(0, code))
    first = await front.client.call("post_repayment", REPAYMENT)
    assert (first.status, first.code) == (status, code.word)
    front.router.asked.clear()
    answers = iter([refusal(0, code), REPAID])
    front.router.on(PostRepayment, lambda _: next(answers))
    client = ChannelClient(front.url, "mobile", "B001", secret=SECRET, session=front.session)
    reply = await client.call("post_repayment", REPAYMENT)
    assert reply.status == 201
    ids = [asked.operation and asked.operation.id for asked in front.router.asked]
    assert len(ids) == 2
    assert ids[0] == ids[1]
