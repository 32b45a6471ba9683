"""Promise: a wrong message is refused with a stable code and the path of the field, and changes nothing."""

import asyncio
from typing import Any

import msgspec
import pytest
from rest_support import CUSTOMER, LOAN, PROCESS, REPAID, REPAYMENT, Edge, client_of, edge

from actors.loan.messages import GetLoan, PostRepayment

APPLICATION = {"customer_id": CUSTOMER, "product": "MD01", "amount_fen": 1, "periods": 1, "use_code": "home"}


@pytest.mark.parametrize(
    ("operation", "fields", "code", "field"),
    [
        ("post_repayment", {"source": None}, "wrong_type", "source"),
        ("post_repayment", {"amount_fen": "100"}, "wrong_type", "amount_fen"),
        ("post_repayment", {"amount_fen": 1.5}, "wrong_type", "amount_fen"),
        ("post_repayment", {"amount_fen": 10**18}, "wrong_type", "amount_fen"),
        ("post_repayment", {"amount_fen": 10**40}, "wrong_type", "amount_fen"),
        ("post_repayment", {"core_date": "2026-02-30"}, "wrong_type", "core_date"),
        ("post_repayment", {"core_serial": ""}, "wrong_type", "core_serial"),
        ("post_repayment", {"color": "red"}, "unknown_field", "color"),
        ("post_repayment", {"loan_id": CUSTOMER}, "bad_id", "loan_id"),
        ("post_repayment", {"loan_id": LOAN[:-1] + str((int(LOAN[-1]) + 1) % 10)}, "bad_id", "loan_id"),
        ("post_repayment", {"loan_id": "L"}, "bad_id", "loan_id"),
        ("apply", {"facts": {"housing": 3}}, "wrong_type", "facts.housing"),
        ("apply", {"facts": {"hous": "own"}}, "unknown_field", "facts.hous"),
        ("apply", {"facts": []}, "wrong_type", "facts"),
        ("apply", {"customer_id": LOAN}, "bad_id", "customer_id"),
        ("repay", {"loan_id": LOAN, "kind": "some"}, "wrong_type", "kind"),
        ("sign", {"loan_id": LOAN, "cost_confirmed": "yes", "contract_hash": ""}, "wrong_type", "cost_confirmed"),
        ("draw", {"loan_id": LOAN, "amount_fen": 1}, "unknown_field", "amount_fen"),
        ("withdraw_consent", {"customer_id": CUSTOMER, "purpose": "x" * 40}, "wrong_type", "purpose"),
        ("list_loans", {"customer_id": CUSTOMER, "limit": 0}, "wrong_type", "limit"),
        ("list_loans", {"customer_id": CUSTOMER, "limit": "ten"}, "wrong_type", "limit"),
        ("list_loans", {"customer_id": CUSTOMER, "page": 2}, "unknown_field", "page"),
        ("get_loan", {"loan_id": PROCESS}, "bad_id", "loan_id"),
    ],
)
async def test_the_field_is_named(front: Edge, operation: str, fields: dict[str, Any], code: str, field: str) -> None:
    base = {"post_repayment": REPAYMENT, "apply": APPLICATION}.get(operation, {})
    reply = await front.client.call(operation, {**base, **fields})
    assert (reply.status, reply.code, reply.body["facts"]["field"]) == (400, code, field)
    assert front.router.asked == []


@pytest.mark.parametrize("missing", ["amount_fen", "source", "core_date", "core_serial"])
async def test_a_missing_field_is_named(front: Edge, missing: str) -> None:
    reply = await front.client.call("post_repayment", {k: v for k, v in REPAYMENT.items() if k != missing})
    assert (reply.code, reply.body["facts"]["field"]) == ("missing_field", missing)


_WHOLE = msgspec.json.encode({name: value for name, value in REPAYMENT.items() if name != "loan_id"})


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", _WHOLE + b"x", _WHOLE[:-1], b'{"source":"\\ud800"}', b"{'a':1}"],
)
async def test_what_is_not_json_is_malformed(front: Edge, body: bytes) -> None:
    reply, _ = await front.client.send(
        "POST", f"/v1/loans/{LOAN}/posted-repayments", body, {"Idempotency-Key": "k-malformed"}
    )
    assert (reply.status, reply.code) == (400, "malformed")


async def test_what_is_not_utf_8_has_the_wrong_charset(front: Edge) -> None:
    target, body = f"/v1/loans/{LOAN}/posted-repayments", b'{"source":"\xff"}'
    reply, _ = await front.client.send("POST", target, body, {"Idempotency-Key": "k-charset"})
    assert (reply.status, reply.code) == (400, "wrong_charset")


async def test_a_wrong_value_is_never_repeated(front: Edge) -> None:
    canary = "CANARY-13800138000"
    reply = await front.client.call("repay", {"loan_id": LOAN, "kind": canary})
    assert canary not in str(reply.body)


async def test_a_query_with_a_body_or_a_parameter_twice_is_refused(front: Edge) -> None:
    front.router.on(GetLoan, {"loan_id": LOAN})
    reply, _ = await front.client.send("GET", f"/v1/loans/{LOAN}", b'{"a":1}', {})
    assert reply.code == "unknown_field"
    reply, _ = await front.client.send("GET", f"/v1/loans/{LOAN}/transactions?limit=1&limit=2", b"", {})
    assert (reply.code, reply.body["facts"]["field"]) == ("wrong_type", "limit")


async def test_over_the_size_limit_and_still_healthy() -> None:
    async with edge(body_bytes_max=2_000) as front:
        front.router.on(PostRepayment, REPAID)
        client = client_of(front.url, front.session)
        reply = await client.call("post_repayment", {**REPAYMENT, "core_serial": "x" * 3_000})
        assert (reply.status, reply.code) == (413, "body_too_large")
        assert (await client.call("post_repayment", REPAYMENT)).status == 201


async def test_a_body_that_does_not_come_ends_in_time() -> None:
    async with edge(body_timeout_s=0.2) as front:
        host, port = front.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
        assert head.startswith(b"HTTP/1.1 400")
        writer.close()


async def test_unknown_paths_and_methods_are_problems(front: Edge) -> None:
    reply, _ = await front.client.send("GET", "/v1/nothing", b"", {})
    assert (reply.status, reply.code, reply.body["type"]) == (
        404,
        "unknown_service",
        "urn:miaodai:problem:unknown_service",
    )
    reply, _ = await front.client.send("PATCH", f"/v1/loans/{LOAN}", b"", {})
    assert (reply.status, reply.code, reply.body["facts"]["allowed"]) == (405, "method_not_allowed", ["GET"])
