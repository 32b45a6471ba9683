"""Promise: every fault of design/esb.md on the real listener gets its code, others on the port notice nothing."""

import asyncio
from collections.abc import AsyncIterator

import psutil
import pytest

from tests.e2e.borrower import Borrower
from tests.e2e.fronts import Esb
from tests.e2e.live import BODY_BYTES_MAX, READ_TIMEOUT_MS, Live
from tests.e2e.wire import Socket, esb_request, framed

DEEP = b"<service>" + b"<a>" * 400 + b"</a>" * 400 + b"</service>"
LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + n, *[97 + n] * 4) for n in range(12))
    + b"]><service>&m;</service>"
)
XXE = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><service>&x;</service>'
MESSAGES = {
    "not well-formed": (b"<service><sys-header></service>", "malformed"),
    "no XML": (b'{"service": 1}>', "malformed"),
    "nothing": (b"", "malformed"),
    "DOCTYPE": (b"<!DOCTYPE service><service/>", "xml_forbidden"),
    "billion laughs": (LAUGHS, "xml_forbidden"),
    "external entity": (XXE, "xml_forbidden"),
    "undeclared entity": (b"<service>&x;</service>", "xml_forbidden"),
    "too deep": (DEEP, "xml_too_deep"),
    "GBK in UTF-8": ("<service>你</service>".encode("gbk"), "wrong_charset"),
    "declared GBK": (b'<?xml version="1.0" encoding="GBK"?><service/>', "wrong_charset"),
}
BROKEN_FRAMES = {
    "no length": (b"GET / HTTP/1.1\r\n\r\n", "bad_frame"),
    "negative length": (b"-0000012<service/>", "bad_frame"),
    "over the limit": (b"%08d" % (BODY_BYTES_MAX + 1), "body_too_large"),
    "far over the limit": (b"99999999" + b"<" * 1000, "body_too_large"),
}


@pytest.fixture
async def bystander(live: Live, settled_in: Borrower) -> AsyncIterator[Esb]:
    """Another consumer on a connection of its own, served all the while; at the end nothing has changed."""
    other, before = live.esb(), await live.quiet()

    async def ask_on() -> int:
        served = 0
        while True:
            heard = await other.ask("get_loan", loan_id=settled_in.loan_id)
            assert heard.body["status"] == "active"
            served += 1
            await asyncio.sleep(0.01)

    asking = asyncio.create_task(ask_on())
    link = other.client._links
    yield other
    assert not asking.done(), asking
    asking.cancel()
    assert other.client._links is link
    assert await live.trace() == before
    assert (await other.ask("get_loan", loan_id=settled_in.loan_id)).body["status"] == "active"


def _good(live: Live, settled_in: Borrower, **header: str) -> bytes:
    return esb_request(live, "MDLN0004", "01", {"LOAN_ID": settled_in.loan_id}, **header)


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_bad_message_is_answered_and_the_connection_goes_on(
    live: Live, settled_in: Borrower, bystander: Esb, name: str
) -> None:
    document, code = MESSAGES[name]
    socket = await Socket.to(live)
    assert await socket.word(framed(document)) == code
    assert await socket.word(_good(live, settled_in)) == ""
    await socket.close()


@pytest.mark.parametrize("name", BROKEN_FRAMES)
async def test_a_broken_frame_is_answered_and_the_connection_ends(live: Live, bystander: Esb, name: str) -> None:
    raw, code = BROKEN_FRAMES[name]
    socket = await Socket.to(live)
    assert await socket.word(raw) == code
    assert await socket.word() == "closed"
    await socket.close()


async def test_a_length_too_long_is_waited_for_no_longer_than_the_read_timeout(
    live: Live, settled_in: Borrower, bystander: Esb
) -> None:
    document = _good(live, settled_in)[8:]
    socket, begun = await Socket.to(live), asyncio.get_running_loop().time()
    assert await socket.word(b"%08d" % (len(document) + 10) + document) == "frame_timeout"
    waited_ms = (asyncio.get_running_loop().time() - begun) * 1000
    assert READ_TIMEOUT_MS * 0.9 < waited_ms < READ_TIMEOUT_MS + 3_000
    assert await socket.word() == "closed"
    await socket.close()


async def test_of_a_length_too_short_the_rest_is_not_taken_for_a_frame(
    live: Live, settled_in: Borrower, bystander: Esb
) -> None:
    document = _good(live, settled_in)[8:]
    socket = await Socket.to(live)
    assert await socket.word(b"%08d" % (len(document) - 20) + document) == "malformed"
    assert await socket.word() == "frame_desync"
    assert await socket.word() == "closed"
    await socket.close()


async def test_a_slow_sender_is_cut_off(live: Live, settled_in: Borrower, bystander: Esb) -> None:
    """A byte now and then does not keep a connection for ever."""
    socket, raw = await Socket.to(live), _good(live, settled_in)
    answer = asyncio.create_task(socket.word())
    for n in range(len(raw)):
        if answer.done():
            break
        socket.send(raw[n : n + 1])
        await asyncio.sleep(0.02)
    assert await answer == "frame_timeout"
    assert await socket.word() == "closed"
    await socket.close()


@pytest.mark.parametrize(
    ("service", "scene", "code"),
    [("MDXX9999", "01", "unknown_service"), ("MDLN0004", "77", "unknown_service"), ("", "", "unknown_service")],
)
async def test_unknown_service(live: Live, bystander: Esb, service: str, scene: str, code: str) -> None:
    socket = await Socket.to(live)
    assert await socket.word(esb_request(live, service, scene, {})) == code
    await socket.close()


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"PERIODS": "12"}, "missing_field", "AMOUNT_AMT"),
        ({"AMOUNT_AMT": "10000.00", "PERIODS": "x"}, "wrong_type", "PERIODS"),
        ({"AMOUNT_AMT": "10,000", "PERIODS": "12"}, "wrong_type", "AMOUNT_AMT"),
        ({"AMOUNT_AMT": "1.00", "PERIODS": "12", "FACTS": {"DEPENDANTS": "two"}}, "wrong_type", "FACTS.DEPENDANTS"),
    ],
)
async def test_a_missing_or_ill_typed_field_is_named(
    live: Live, settled_in: Borrower, bystander: Esb, body: dict[str, str], code: str, path: str
) -> None:
    whole = {"CUSTOMER_ID": settled_in.customer_id, "PRODUCT": "miaodai", "USE_CODE": "travel", **body}
    socket = await Socket.to(live)
    socket.send(esb_request(live, "MDAP0001", "01", whole))
    message = await socket.reply()
    assert message is not None
    assert message.header["RET_STATUS"] == "F"
    assert message.returns[0].code == {"missing_field": "MD1002", "wrong_type": "MD1004"}[code]
    assert path in message.returns[0].text
    assert message.fields.text("FIELD") == path
    await socket.close()


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"TRAN_DATE": ""}, "missing_field"),
        ({"TRAN_TIMESTAMP": ""}, "missing_field"),
        ({"TRAN_DATE": "2026-13-45"}, "wrong_type"),
        ({"TRAN_TIMESTAMP": "noon"}, "wrong_type"),
        ({"TRAN_DATE": "20200101"}, "stale_message"),
        ({"CONSUMER_ID": ""}, "unauthenticated"),
        ({"LEGAL_ENTITY": ""}, "missing_field"),
    ],
    ids=lambda value: str(value),
)
async def test_bad_header(live: Live, settled_in: Borrower, bystander: Esb, header: dict[str, str], code: str) -> None:
    socket = await Socket.to(live)
    assert await socket.word(_good(live, settled_in, **header)) == code
    assert await socket.word(_good(live, settled_in)) == ""
    await socket.close()


async def test_a_flood_of_bad_connections_takes_no_memory(live: Live, settled_in: Borrower, bystander: Esb) -> None:
    """Frames announced and never sent, and half-sent ones: refused or timed out, the gateway stays as it was."""
    pid = (await live.deployment.gateways["gateway-1"].status.remote())["pid"]
    gateway = psutil.Process(pid)
    before = gateway.memory_info().rss

    async def one(n: int) -> str:
        socket = await Socket.to(live)
        raw = b"%08d" % BODY_BYTES_MAX + b"<" * (BODY_BYTES_MAX // 2) if n % 2 else b"90000000" + b"x" * 4096
        word = await socket.word(raw)
        await socket.close()
        return word

    words = await asyncio.gather(*(one(n) for n in range(120)))
    assert set(words) == {"frame_timeout", "body_too_large"}
    assert gateway.memory_info().rss - before < 24_000_000


async def test_several_requests_at_once_and_half_close(live: Live, settled_in: Borrower) -> None:
    """Long connections with several outstanding; short ones that end their side and still get the answer."""
    front = live.esb()
    heard = await asyncio.gather(*(front.ask("get_loan", loan_id=settled_in.loan_id) for _ in range(30)))
    assert {each.body["loan_id"] for each in heard} == {settled_in.loan_id}
    socket = await Socket.to(live)
    socket.send(_good(live, settled_in))
    socket._writer.write_eof()
    assert await socket.word() == ""
    assert await socket.word() == "closed"
    await socket.close()
