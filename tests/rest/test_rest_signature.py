"""Promise: only who holds a channel's credential is heard, once per nonce, within the time window."""

from typing import Any

import pytest
from rest_support import BANK, LOAN, OTHER_SECRET, SECRET, TOKEN, Edge, client_of, now_ms

from actors.loan.messages import GetLoan
from protocols.credentials import WINDOW_MS, signature

TARGET = f"/v1/loans/{LOAN}"


def headers_of(**changes: Any) -> dict[str, str]:
    """A rightly signed GET of the loan, then changed; ``secret`` and ``signed_*`` change what is signed."""
    secret = changes.pop("secret", SECRET)
    signed_target = changes.pop("signed_target", TARGET)
    body = changes.pop("signed_body", b"")
    timestamp = str(changes.pop("timestamp", now_ms() + changes.pop("off_by_ms", 0)))
    nonce = changes.pop("nonce", f"n{now_ms()}{len(changes)}")
    channel = changes.pop("channel", "mobile")
    sign = signature(secret, "GET", signed_target, channel, BANK, timestamp, nonce, "", body)
    headers = {
        "X-Channel": channel, "X-Bank": BANK, "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": sign,
    }  # fmt: skip
    headers.update(changes)
    return {name: value for name, value in headers.items() if value}


async def get(front: Edge, headers: dict[str, str], target: str = TARGET) -> tuple[int, str]:
    async with front.session.get(front.url + target, headers=headers) as response:
        body = await response.json()
        return response.status, body.get("code", "")


@pytest.fixture(autouse=True)
def a_loan(front: Edge) -> None:
    front.router.on(GetLoan, {"loan_id": LOAN})


async def test_a_right_signature_is_heard(front: Edge) -> None:
    assert await get(front, headers_of()) == (200, "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"X-Signature": ""}, "unauthenticated"),
        ({"X-Signature": "0" * 64}, "bad_signature"),
        ({"X-Signature": "ü"}, "bad_signature"),
        ({"X-Channel": ""}, "unauthenticated"),
        ({"X-Channel": "nobody"}, "unauthenticated"),
        ({"X-Channel": "counter"}, "bad_signature"),
        ({"X-Channel": "socket"}, "unauthenticated"),
        ({"X-Channel": "office"}, "unauthenticated"),
        ({"X-Bank": "B002"}, "bad_signature"),
        ({"X-Nonce": "another"}, "bad_signature"),
        ({"X-Nonce": ""}, "unauthenticated"),
        ({"X-Timestamp": "1"}, "bad_signature"),
        ({"nonce": "n" * 65}, "unauthenticated"),
        ({"secret": OTHER_SECRET}, "bad_signature"),
        ({"signed_target": TARGET + "?x=1"}, "bad_signature"),
        ({"signed_body": b"{}"}, "bad_signature"),
        ({"timestamp": "soon"}, "stale_message"),
        ({"off_by_ms": -WINDOW_MS - 60_000}, "stale_message"),
        ({"off_by_ms": WINDOW_MS + 60_000}, "stale_message"),
    ],
)
async def test_a_wrong_credential_is_refused_and_nothing_is_asked(
    front: Edge, changes: dict[str, Any], code: str
) -> None:
    assert await get(front, headers_of(**changes)) == (401, code)
    assert front.router.asked == []


async def test_a_nonce_is_taken_once_per_channel(front: Edge) -> None:
    assert await get(front, headers_of(nonce="once")) == (200, "")
    assert await get(front, headers_of(nonce="once")) == (401, "replayed_message")
    other = headers_of(nonce="once", channel="counter", secret=OTHER_SECRET)
    assert await get(front, other) == (200, "")


async def test_a_forged_message_does_not_use_up_the_nonce(front: Edge) -> None:
    assert await get(front, headers_of(nonce="mine", secret=b"guess")) == (401, "bad_signature")
    assert await get(front, headers_of(nonce="mine")) == (200, "")


async def test_the_idempotency_key_is_signed(front: Edge) -> None:
    client = client_of(front.url, front.session)
    target = f"/v1/loans/{LOAN}/drawdown"
    headers = client.credential("POST", target, b"", "key-1") | {"Idempotency-Key": "key-2"}
    async with front.session.post(front.url + target, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (401, "bad_signature")


async def test_a_bearer_token_is_heard(front: Edge) -> None:
    assert await get(front, {"Authorization": f"Bearer {TOKEN}", "X-Bank": BANK}) == (200, "")


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer", "Basic abc", f"Token {TOKEN}"])
async def test_another_token_or_scheme_is_not(front: Edge, value: str) -> None:
    assert await get(front, {"Authorization": value, "X-Bank": BANK}) == (401, "unauthenticated")
