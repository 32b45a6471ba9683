"""Promise: the document says what the front does, the pages need nothing from outside, health tells the truth."""

import re

import jsonschema
import pytest
from rest_support import LOAN, REPAID, REPAYMENT, Edge
from schemathesis.specs.openapi.definitions import OPENAPI_31

from actors.codes import Code
from actors.loan.messages import PostRepayment
from protocols.operations import OPERATIONS


async def test_the_document_is_openapi_3_1_and_lists_every_operation(front: Edge) -> None:
    async with front.session.get(front.url + "/openapi.json") as response:
        document = await response.json()
        assert response.content_type == "application/json"
    jsonschema.Draft202012Validator(OPENAPI_31).validate(document)
    for component in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(component)
    listed = {(method, path) for path, item in document["paths"].items() for method in item}
    assert listed == {(row.method.lower(), row.path) for row in OPERATIONS}
    assert {code["code"] for code in document["x-codes"]} == {code.word for code in Code}
    text = str(document)
    named = set(re.findall(r"#/components/(\w+)/(\w+)", text))
    assert all(name in document["components"][part] for part, name in named)


async def test_commands_document_their_key(front: Edge) -> None:
    async with front.session.get(front.url + "/openapi.json") as response:
        document = await response.json()
    for row in OPERATIONS:
        operation = document["paths"][row.path][row.method.lower()]
        required = {p["name"] for p in operation["parameters"] if p["required"]}
        assert ("Idempotency-Key" in required) is row.command
        assert "X-Bank" in required
        assert set(row.path_fields) <= required


async def test_the_readable_page_needs_nothing_from_outside(front: Edge) -> None:
    async with front.session.get(front.url + "/docs") as response:
        page = await response.text()
        assert (response.status, response.content_type, response.charset) == (200, "text/html", "utf-8")
    assert not re.search(r"(src|href)\s*=|https?://|@import|url\(", page.replace("link.href = ", ""))
    assert '<html lang="zh-CN">' in page


async def test_health_is_not_readiness(front: Edge) -> None:
    async with front.session.get(front.url + "/healthz") as response:
        assert response.status == 200
    async with front.session.get(front.url + "/readyz") as response:
        assert response.status == 200
    front.ready[0] = "database"
    async with front.session.get(front.url + "/readyz") as response:
        body = await response.json()
        assert (response.status, body["code"], body["facts"]["missing"]) == (503, "unavailable", "database")
    async with front.session.get(front.url + "/healthz") as response:
        assert response.status == 200


async def test_requests_are_counted_by_operation_and_code(front: Edge) -> None:
    front.router.on(PostRepayment, REPAID)
    await front.client.call("post_repayment", REPAYMENT)
    await front.client.call("post_repayment", {**REPAYMENT, "amount_fen": "x"})
    async with front.session.get(front.url + "/metrics") as response:
        text = await response.text()
    for code in ("ok", "wrong_type"):
        assert f'miaodai_requests_total{{code="{code}",front="rest",operation="post_repayment"}} 1.0' in text
    assert 'miaodai_request_seconds_count{front="rest",operation="post_repayment"} 2.0' in text
    assert 'miaodai_in_flight{front="rest"} 0.0' in text
    assert LOAN not in text


async def test_every_reply_is_json(front: Edge) -> None:
    front.router.on(PostRepayment, REPAID)
    target, key = f"/v1/loans/{LOAN}/posted-repayments", {"Idempotency-Key": "k-json"}
    async with front.session.post(front.url + target, headers=key) as response:
        assert (response.status, response.content_type) == (401, "application/problem+json")
        assert "Bearer" in response.headers["WWW-Authenticate"]
        problem = await response.json()
    assert problem["title_zh"] == Code.UNAUTHENTICATED.zh
    assert (problem["status"], problem["number"]) == (401, 2001)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/healthz", "/metrics"])
async def test_pages_take_get_only(front: Edge, path: str) -> None:
    async with front.session.post(front.url + path) as response:
        assert (response.status, (await response.json())["code"]) == (405, "method_not_allowed")
        assert "GET" in response.headers["Allow"]
