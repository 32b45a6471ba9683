"""Every bad input of design/esb.md on a real socket: its own code or the connection's end, and nobody else notices."""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import pytest
import uvloop
from esb_support import MIB, Consumer, Listening, document, frame, listening, ret_code, until

GOOD = frame(document("GOOD"))
DEEP = b"<service>" + b"<a>" * 400 + b"</a>" * 400 + b"</service>"
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><service>&b;</service>'
XXE = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><service>&x;</service>'

ANSWERED_AND_GOES_ON = {
    "not well-formed": (frame(b"<service><a></service>"), "MD1001"),
    "no XML": (frame(b'{"a": 1}>'), "MD1001"),
    "empty": (frame(b""), "MD1001"),
    "DOCTYPE": (frame(LAUGHS), "MD1007"),
    "external entity": (frame(XXE), "MD1007"),
    "too deep": (frame(DEEP), "MD1008"),
    "wrong charset": (frame("<service>你</service>".encode("gbk")), "MD1009"),
    "wrong declaration": (frame(b'<?xml version="1.0" encoding="GBK"?><service/>'), "MD1009"),
    "another dialect": (frame(b"<SDOROOT><SYS_HEAD/></SDOROOT>"), "MD1001"),
}
ANSWERED_AND_CLOSED = {
    "no length": (b"GET / HTTP/1.1\r\n\r\n", "MD1010"),
    "half a prefix that is none": (b"0000x", "MD1010"),
    "over the limit": (b"99999999" + b"x" * 1000, "MD1006"),
}


@pytest.mark.parametrize("name", ANSWERED_AND_GOES_ON)
async def test_answered_and_the_connection_goes_on(name: str) -> None:
    raw, code = ANSWERED_AND_GOES_ON[name]
    async with listening() as (_, port, _service):
        consumer = await Consumer.connect(port)
        got = await consumer.ask(raw)
        assert got is not None
        assert (ret_code(got), got.header["RET_STATUS"]) == (code, "F")
        assert ret_code(await consumer.ask(GOOD)) == "000000"
        await consumer.close()


@pytest.mark.parametrize("name", ANSWERED_AND_CLOSED)
async def test_answered_and_closed(name: str) -> None:
    raw, code = ANSWERED_AND_CLOSED[name]
    async with listening(frame_bytes_max=100_000) as (listener, port, _service):
        consumer = await Consumer.connect(port)
        assert ret_code(await consumer.ask(raw)) == code
        assert await consumer.frame() is None
        await consumer.close()
        await until(lambda: not listener.open)


async def test_length_too_short_the_rest_is_not_the_next_frame() -> None:
    raw = document("N1")
    async with listening() as (_, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(b"%08d" % (len(raw) - 30) + raw + GOOD)
        assert [ret_code(await consumer.reply()) for _ in range(3)] == ["MD1001", "MD1014", "closed"]
        assert service.seen == []
        await consumer.close()


async def test_length_too_short_where_the_rest_looks_like_a_frame() -> None:
    inner = b"00000009<forged/>"
    raw = b"<service>" + inner + b"</service>"
    async with listening() as (_, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(b"%08d" % len(b"<service>00000009<forged/") + raw)
        assert [ret_code(await consumer.reply()) for _ in range(3)] == ["MD1001", "MD1014", "closed"]
        assert service.seen == []
        await consumer.close()


async def test_length_too_long_swallows_the_next_prefix() -> None:
    raw = document("N1")
    async with listening() as (_, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(b"%08d" % (len(raw) + 3) + raw + GOOD)
        assert [ret_code(await consumer.reply()) for _ in range(3)] == ["MD1001", "MD1014", "closed"]
        assert service.seen == []
        await consumer.close()


async def test_length_too_long_waits_no_longer_than_the_timeout() -> None:
    raw = document("N1")
    async with listening(frame_timeout_s=0.2) as (_, port, _service):
        consumer = await Consumer.connect(port)
        consumer.send(b"%08d" % (len(raw) + 10) + raw)
        assert [ret_code(await consumer.reply()) for _ in range(2)] == ["MD1011", "closed"]
        await consumer.close()


async def test_length_too_long_and_half_closed() -> None:
    async with listening() as (_, port, _service):
        consumer = await Consumer.connect(port)
        consumer.send(b"00009999<service/>")
        consumer.writer.write_eof()
        assert [ret_code(await consumer.reply()) for _ in range(2)] == ["MD1010", "closed"]
        await consumer.close()


async def test_a_lost_boundary_leaves_what_is_in_flight_its_replies() -> None:
    async with listening() as (_, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(frame(document("N1", {"DO": "wait"})) + b"garbage!")
        assert ret_code(await consumer.reply()) == "MD1014"
        service.release.set()
        assert [ret_code(await consumer.reply()) for _ in range(2)] == ["000000", "closed"]
        await consumer.close()


async def test_a_slow_sender_is_cut_off_however_steadily_it_drips() -> None:
    async with listening(frame_timeout_s=0.3) as (_, port, _service):
        slow, other = await Consumer.connect(port), await Consumer.connect(port)

        async def drip() -> None:
            for byte in GOOD:
                slow.send(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        began = asyncio.get_running_loop().time()
        assert ret_code(await other.ask(GOOD)) == "000000"
        assert ret_code(await slow.reply()) == "MD1011"
        assert asyncio.get_running_loop().time() - began < 1.5
        dripping.cancel()
        for consumer in (slow, other):
            await consumer.close()


async def test_a_consumer_that_does_not_read_is_cut_off_and_holds_little() -> None:
    """200 KB a reply, never read: at most what one connection may have in flight is ever written."""
    async with listening(write_timeout_s=0.5, in_flight_max_per_connection=8) as (listener, port, service):
        consumer, other = await Consumer.connect(port), await Consumer.connect(port)
        consumer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        consumer.send(b"".join(frame(document(f"N{i}", {"DO": "much"})) for i in range(400)))
        await until(lambda: len(service.seen) >= 8)
        assert ret_code(await other.ask(GOOD)) == "000000"
        await until(lambda: len(listener.open) == 1)
        assert listener.counts.bytes_out < 16 * MIB
        assert ret_code(await other.ask(GOOD)) == "000000"
        consumer.writer.transport.abort()
        await other.close()


async def test_consumers_that_go_away_in_the_middle() -> None:
    """Reset: gone at once, its replies are dropped. Closed: looks like a half-close, so it is still answered."""
    async with listening() as (listener, port, service):
        for n in range(20):
            consumer = await Consumer.connect(port)
            consumer.send(frame(document(f"N{n}", {"DO": "wait"})) + b"0000")
            await until(lambda n=n: len(service.seen) == n + 1)
            if n % 2:
                linger = struct.pack("ii", 1, 0)
                consumer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            consumer.writer.transport.abort()
        await until(lambda: len(listener.open) == 10)
        service.release.set()
        await until(lambda: not listener.open and listener.in_flight == 0)
        assert listener.held_bytes == 0
        assert listener.counts.replies_dropped >= 10


async def test_unfinished_frames_of_all_together_are_bounded() -> None:
    async with listening(held_bytes_max=2 * MIB, frame_bytes_max=2 * MIB) as (listener, port, _service):
        consumers = [await Consumer.connect(port) for _ in range(6)]
        for consumer in consumers:
            consumer.send(b"%08d" % (1 * MIB) + b"<" * (MIB - 100))
        await until(lambda: listener.counts.errors["overloaded"] >= 3)
        assert listener.held_bytes <= 4 * MIB
        for consumer in consumers:
            await consumer.close()
        await until(lambda: not listener.open)
        assert listener.held_bytes == 0


async def _storm(port: int, rounds: int) -> None:
    """Everything bad at once, from many connections."""
    bad = [raw for raw, _ in (*ANSWERED_AND_GOES_ON.values(), *ANSWERED_AND_CLOSED.values())]
    bad += [GOOD[:-30], GOOD + b"junk", b"%08d" % 900_000 + b"x" * 300_000, frame(b"<a>" + b"<b/>" * 39_000 + b"</a>")]

    async def one(raw: bytes) -> None:
        consumer = await Consumer.connect(port)
        try:
            consumer.send(raw)
            consumer.writer.write_eof()
            while await consumer.frame() is not None:
                pass
        except ConnectionError:
            pass
        finally:
            consumer.writer.transport.abort()

    for _ in range(rounds):
        await asyncio.gather(*[one(raw) for raw in bad])


async def _storm_beside_a_good_consumer(up: Listening) -> None:
    listener, port, _ = up
    good = await Consumer.connect(port)
    process = psutil.Process(os.getpid())
    await _storm(port, 3)
    before = process.memory_info().rss
    storming = asyncio.create_task(_storm(port, 25))
    asked = 0
    while not storming.done():
        assert ret_code(await good.ask(GOOD)) == "000000"
        asked += 1
        await asyncio.sleep(0.002)
    await storming
    assert asked > 20
    assert process.memory_info().rss - before < 24 * MIB
    await until(lambda: len(listener.open) == 1)
    assert (listener.in_flight, listener.held_bytes) == (0, 0)
    await good.close()


async def test_a_storm_of_bad_input_leaves_others_and_memory_alone() -> None:
    async with listening() as up:
        await _storm_beside_a_good_consumer(up)


def _on_uvloop(main: Callable[[], Awaitable[Any]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())  # type: ignore[arg-type]


async def test_the_same_on_uvloop() -> None:
    async def main() -> None:
        async with listening() as up:
            await _storm_beside_a_good_consumer(up)
        await test_a_consumer_that_does_not_read_is_cut_off_and_holds_little()
        await test_length_too_short_the_rest_is_not_the_next_frame()
        await test_a_slow_sender_is_cut_off_however_steadily_it_drips()

    await asyncio.to_thread(_on_uvloop, main)


async def test_personal_data_of_a_request_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    async with listening() as (_, port, _service):
        consumer = await Consumer.connect(port)
        assert ret_code(await consumer.ask(frame(document("N1", {"DO": "raise"})))) == "MD3006"
        await consumer.close()
    out, err = capfd.readouterr()
    assert "RuntimeError" in out + err
    assert "110101199003070011" not in out + err
