"""The asking side: matched replies, and the difference between unknown and definitely not sent."""

import asyncio
import socket

import pytest
from esb_support import listening, until

from protocols.esb.client import EsbClient, EsbRefusedConnection, EsbTimeout
from protocols.esb.dialects import CD
from protocols.esb.framing import ASCII8, Frame, pack


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


@pytest.mark.parametrize("long", [True, False])
async def test_many_calls_at_once_each_get_their_own_reply(long: bool) -> None:
    async with listening() as (listener, port, _):
        client = EsbClient("127.0.0.1", port, long=long, connections=2)
        replies = await asyncio.gather(*[client.call("ECHO", "01", {}, {"N": str(n)}) for n in range(100)])
        assert [reply.body["N"] for reply in replies] == [str(n) for n in range(100)]
        assert listener.counts.connections == (2 if long else 100)
        await client.close()
        await until(lambda: not listener.open)


async def test_replies_out_of_order() -> None:
    async with listening() as (_, port, service):
        client = EsbClient("127.0.0.1", port)
        slow = asyncio.create_task(client.call("ECHO", "01", {"CONSUMER_SEQ_NO": "S"}, {"DO": "wait"}))
        await until(lambda: service.at_once == 1)
        assert (await client.call("ECHO", "01", {}, {"N": "1"})).body == {"N": "1"}
        service.release.set()
        assert (await slow).header["CONSUMER_SEQ_NO"] == "S"
        await client.close()


async def test_the_same_number_twice_at_once() -> None:
    async with listening() as (_, port, _service):
        client = EsbClient("127.0.0.1", port)
        both = await asyncio.gather(*[client.call("ECHO", "01", {"CONSUMER_SEQ_NO": "S"}, {"N": "1"}) for _ in "12"])
        assert [reply.body for reply in both] == [{"N": "1"}] * 2
        await client.close()


async def test_no_reply_in_time_is_unknown_and_the_connection_goes_on() -> None:
    async with listening() as (listener, port, service):
        client = EsbClient("127.0.0.1", port)
        with pytest.raises(EsbTimeout):
            await client.call("ECHO", "01", {"CONSUMER_SEQ_NO": "S"}, {"DO": "wait"}, timeout_s=0.1)
        service.release.set()  # the late reply must not be taken for another's
        assert (await client.call("ECHO", "01", {}, {"N": "2"})).body == {"N": "2"}
        assert listener.counts.connections == 1
        await client.close()


async def test_a_connection_lost_after_sending_is_unknown() -> None:
    async with listening() as (listener, port, service):
        client = EsbClient("127.0.0.1", port)
        call = asyncio.create_task(client.call("ECHO", "01", {}, {"DO": "wait"}))
        await until(lambda: service.at_once == 1)
        for connection in list(listener.open):
            connection.abort()
        with pytest.raises(EsbTimeout):
            await call
        service.release.set()
        assert (await client.call("ECHO", "01", {}, {"N": "1"})).ok, "a new connection is made"
        await client.close()


@pytest.mark.parametrize("long", [True, False])
async def test_nobody_listening_is_definite(long: bool) -> None:
    client = EsbClient("127.0.0.1", free_port(), long=long)
    with pytest.raises(EsbRefusedConnection):
        await client.call("ECHO", "01", {}, {})


async def test_no_room_in_time_is_definite() -> None:
    async with listening() as (_, port, service):
        client = EsbClient("127.0.0.1", port, in_flight_max=1)
        first = asyncio.create_task(client.call("ECHO", "01", {}, {"DO": "wait"}))
        await until(lambda: service.at_once == 1)
        with pytest.raises(EsbRefusedConnection):
            await client.call("ECHO", "01", {}, {}, timeout_s=0.1)
        assert len(service.seen) == 1
        service.release.set()
        await first
        await client.close()


class Speaks(asyncio.Protocol):
    """Another side that answers anything with the same bytes."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._raw)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.1 400 Bad Request\r\n", pack(ASCII8, Frame(b"<html>")), pack(ASCII8, Frame(b"<a>&b;</a>"))]
)
async def test_an_unreadable_reply_is_unknown(raw: bytes) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Speaks(raw), "127.0.0.1", 0)
    client = EsbClient("127.0.0.1", server.sockets[0].getsockname()[1])
    with pytest.raises(EsbTimeout):
        await client.call("ECHO", "01", {}, {}, timeout_s=2)
    await client.close()
    server.close()


@pytest.mark.parametrize(
    ("head", "ok"),
    [
        ("<data name='RET_STATUS'><field>S</field></data>", True),
        ("<data name='RET_STATUS'><field>F</field></data>", False),
        ("{0}000000{1}", True),
        ("{0}00000000{1}", True),
        ("{0}S000A000{1}", True),
        ("{0}E1{1}", False),
        ("<data name='RET_STATUS'><field>F</field></data>{0}000000{1}", False),
        ("", False),
    ],
)
async def test_success_is_the_status_first_then_the_codes(head: str, ok: bool) -> None:
    returns = (
        "<data name='RET_LIST'><array><struct><data name='RET_CODE'><field>",
        "</field></data></struct></array></data>",
    )
    struct = f"<struct>{head.format(*returns)}</struct>"
    raw = f"<service><sys-header><data name='SYS_HEAD'>{struct}</data></sys-header></service>"
    server = await asyncio.get_running_loop().create_server(
        lambda: Speaks(pack(ASCII8, Frame(raw.encode()))), "127.0.0.1", 0
    )
    client = EsbClient("127.0.0.1", server.sockets[0].getsockname()[1], CD)
    assert (await client.call("ECHO", "01", {}, {}, timeout_s=2)).ok is ok
    await client.close()
    server.close()
