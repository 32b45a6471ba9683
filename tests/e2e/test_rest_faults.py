"""Promise: a message that REST cannot read gets the code that the ESB would give, and the next one is served."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from tests.e2e.borrower import Borrower
from tests.e2e.live import BODY_BYTES_MAX, Live
from tests.e2e.wire import Signed

PERSON = b'{"name": "%s", "identity_number": "1", "phone": "1", "account_no": "1"}'
BODIES = {
    "not JSON": (b"<service/>", "malformed"),
    "cut off": (PERSON[:-1], "malformed"),
    "nothing": (b"", "malformed"),
    "an array": (b"[]", "wrong_type"),
    "GBK": (PERSON % "你好".encode("gbk"), "wrong_charset"),
    "over the limit": (PERSON % (b"x" * BODY_BYTES_MAX), "body_too_large"),
    "deep": (b'{"name": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", "wrong_type"),
    "half a surrogate pair": (PERSON % b"\\ud800", "malformed"),
    "a NUL": (PERSON % b"a\\u0000b", "bad_name"),
    "a name twice": (b'{"name": "a", ' + PERSON[1:], "bad_name"),
    "a number of 400 digits": (PERSON[:-1] % b"x" + b', "salary": 1' + b"0" * 400 + b"}", "unknown_field"),
}
TARGETS = {
    "no such path": ("GET", "/v1/yachts", "unknown_service"),
    "another method": ("PATCH", "/v1/customers", "method_not_allowed"),
    "parameter twice": ("GET", "/v1/customers/{customer_id}/loans?limit=1&limit=2", "wrong_type"),
    "parameter too large": ("GET", "/v1/customers/{customer_id}/loans?limit=1" + "0" * 300, "wrong_type"),
    "a NUL in the cursor": ("GET", "/v1/customers/{customer_id}/loans?after=%00", "wrong_type"),
    "a cursor that is none": ("GET", "/v1/loans/{loan_id}/transactions?after=-1", "wrong_type"),
    "an id in other letters": ("GET", "/v1/loans/" + quote("Ｌ0123456789012345678"), "bad_id"),
    "an id with a NUL": ("GET", "/v1/loans/L000000000000000000%00", "bad_id"),
    "a path in a path": ("GET", "/v1/loans/" + quote("../customers", safe=""), "bad_id"),
}


@pytest.fixture(autouse=True)
async def nothing_changes(live: Live, settled_in: Borrower) -> AsyncIterator[None]:
    before = await live.quiet()
    yield
    assert await live.trace() == before
    assert await Signed(live, "GET", f"/v1/loans/{settled_in.loan_id}").word() == ""


@pytest.mark.parametrize("name", BODIES)
async def test_a_bad_body(live: Live, name: str) -> None:
    body, code = BODIES[name]
    assert await Signed(live, "POST", "/v1/customers", body, key=f"bad {name}").word() == code


@pytest.mark.parametrize("name", TARGETS)
async def test_a_bad_target(live: Live, settled_in: Borrower, name: str) -> None:
    method, target, code = TARGETS[name]
    target = target.format(customer_id=settled_in.customer_id, loan_id=settled_in.loan_id)
    assert await Signed(live, method, target).word() == code


async def test_two_idempotency_keys(live: Live) -> None:
    """Which of them is meant cannot be known."""
    request = Signed(live, "POST", "/v1/customers", PERSON % b"x", key="one")
    headers = [*request.headers().items(), ("Idempotency-Key", "two")]
    assert await request.word(headers) in ("wrong_type", "bad_signature")
