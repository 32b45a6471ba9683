"""Promise: who cannot prove who they are, or may not, gets the same code on both fronts, and nothing is done."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from protocols.esb.message import CHINA
from tests.e2e.borrower import CONSENT, Borrower
from tests.e2e.fronts import Heard
from tests.e2e.live import BANK, OTHER_BANK, Live
from tests.e2e.people import person
from tests.e2e.wire import Signed, Socket, burst, esb_request

LATE_S = 301
"""One second over what may lie between a message's time and ours."""


@pytest.fixture(autouse=True)
async def nothing_changes(live: Live, settled_in: Borrower, stranger: Borrower) -> AsyncIterator[None]:
    before = await live.quiet()
    yield
    assert await live.trace() == before


def _consent(live: Live, settled_in: Borrower) -> Signed:
    body = msgspec.json.encode({"purpose": "face", **CONSENT})
    return Signed(live, "POST", f"/v1/customers/{settled_in.customer_id}/consents", body, key=person().phone)


def _esb_consent(live: Live, settled_in: Borrower, channel: str = "counter", **header: Any) -> bytes:
    fields = {name.upper(): value for name, value in {"purpose": "face", **CONSENT}.items()}
    body = {"CUSTOMER_ID": settled_in.customer_id, **fields}
    return esb_request(live, "MDCU0002", "01", body, channel=channel, **header)


async def _on_socket(live: Live, raw: bytes) -> str:
    socket = await Socket.to(live)
    word = await socket.word(raw)
    await socket.close()
    return word


async def test_unknown_channel(live: Live, settled_in: Borrower) -> None:
    request = _consent(live, settled_in)
    request.channel = "nobody"
    assert await request.word() == "unauthenticated"
    raw = _esb_consent(live, settled_in, "open-esb", CONSUMER_ID="nobody")
    assert await _on_socket(live, raw) == "unauthenticated"


async def test_a_channel_of_the_other_front(live: Live, settled_in: Borrower) -> None:
    request = _consent(live, settled_in)
    request.channel, request.secret = "counter", live.secret("counter")
    assert await request.word() == "unauthenticated"
    raw = _esb_consent(live, settled_in, "mobile")
    assert await _on_socket(live, raw) == "unauthenticated"


async def test_no_credential_at_all(live: Live, settled_in: Borrower) -> None:
    assert await _consent(live, settled_in).word({"X-Bank": BANK}) == "unauthenticated"
    raw = _esb_consent(live, settled_in, "open-esb", CONSUMER_ID="counter")
    assert await _on_socket(live, raw) == "unauthenticated"


async def test_wrong_key(live: Live, settled_in: Borrower) -> None:
    request = _consent(live, settled_in)
    request.secret = b"not the channel's secret"
    assert await request.word() == "bad_signature"
    raw = _esb_consent(live, settled_in, "narrow-esb", CONSUMER_ID="counter")  # signed with the other's key
    assert await _on_socket(live, raw) == "bad_signature"


async def test_changed_after_signing(live: Live, settled_in: Borrower) -> None:
    request = _consent(live, settled_in)
    changed = request.body.replace(b"face", b"bank")
    assert changed != request.body
    assert await request.word(body=changed) == "bad_signature"
    for name, value in (("X-Bank", OTHER_BANK), ("Idempotency-Key", "other"), ("X-Nonce", "other")):
        assert await request.word(request.headers() | {name: value}) == "bad_signature"
    raw = _esb_consent(live, settled_in)
    changed = raw.replace(b"face", b"bank")
    assert changed != raw
    assert await _on_socket(live, changed) == "bad_signature"


@pytest.mark.parametrize("seconds", [-LATE_S, LATE_S], ids=["old", "from the future"])
async def test_stale(live: Live, settled_in: Borrower, seconds: int) -> None:
    request = _consent(live, settled_in)
    request.timestamp = str(int(request.timestamp) + seconds * 1000)
    assert await request.word() == "stale_message"
    then = datetime.now(CHINA) + timedelta(seconds=seconds)
    raw = _esb_consent(live, settled_in, TRAN_DATE=f"{then:%Y%m%d}", TRAN_TIMESTAMP=f"{then:%H%M%S}000")
    assert await _on_socket(live, raw) == "stale_message"


async def test_a_nonce_is_taken_once(live: Live, settled_in: Borrower) -> None:
    """Also that of a request which then was refused; not that of one whose signature was wrong."""
    request = Signed(live, "GET", f"/v1/loans/{settled_in.loan_id}")
    assert await request.word(request.headers() | {"X-Signature": "00" * 32}) == "bad_signature"
    assert await request.word() == ""
    assert await request.word() == "replayed_message"
    refused = Signed(live, "POST", f"/v1/customers/{settled_in.customer_id}/lines/miaodai/unfreeze", key="never")
    assert await refused.word() == "line_status"
    assert await refused.word() == "replayed_message"


async def test_what_the_channel_may_not(live: Live, settled_in: Borrower, front_name: str) -> None:
    narrow = live.front(front_name, "narrow")
    assert not (await narrow.ask("get_customer", customer_id=settled_in.customer_id)).code
    assert await narrow.ask("get_loan", loan_id=settled_in.loan_id) == Heard("operation_forbidden", {})
    assert (await narrow.ask("draw", loan_id=settled_in.contract_id)).code == "operation_forbidden"


async def test_another_bank_than_the_channels(live: Live, stranger: Borrower, front_name: str) -> None:
    narrow = live.front(front_name, "narrow", OTHER_BANK)
    heard = await narrow.ask("get_customer", customer_id=stranger.customer_id)
    assert heard == Heard("bank_forbidden", {})
    assert (await narrow.ask("register_customer", **person()._asdict())).code == "bank_forbidden"


async def test_no_bank_named(live: Live, settled_in: Borrower, front_name: str) -> None:
    heard = await live.front(front_name, bank="").ask("get_loan", loan_id=settled_in.loan_id)
    assert heard.code == "missing_field"


async def test_a_bank_that_does_not_exist(live: Live, settled_in: Borrower, front_name: str) -> None:
    front = live.front(front_name, bank="nowhere")
    assert (await front.ask("get_loan", loan_id=settled_in.loan_id)).code == "not_found"
    assert (await front.ask("list_products")).code == "not_found"
    assert (await front.ask("register_customer", **person()._asdict())).code == "not_found"


async def test_bearer_token(live: Live, settled_in: Borrower) -> None:
    teller = live.rest("teller")
    assert (await teller.ask("get_loan", loan_id=settled_in.loan_id)).body["status"] == "active"
    loan = f"/v1/loans/{settled_in.loan_id}"
    for authorization in ("Bearer nobody", "Basic dGVsbGVyOng=", "Bearer"):
        headers = {"Authorization": authorization, "X-Bank": BANK}
        assert await Signed(live, "GET", loan).word(headers) == "unauthenticated"


async def test_over_the_rate(live: Live, settled_in: Borrower, front_name: str) -> None:
    """Two a second: of twenty at once some pass, most are told to slow down; another channel does not notice."""
    slow, other = live.front(front_name, "slow"), live.front(front_name)
    heard = await burst([slow], settled_in.loan_id)
    assert "rate_limited" in heard
    assert "" in heard
    assert not (await other.ask("get_loan", loan_id=settled_in.loan_id)).code
    await asyncio.sleep(1.1)
    assert not (await slow.ask("get_loan", loan_id=settled_in.loan_id)).code
