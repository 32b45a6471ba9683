"""Connections that behave: long and short, pipelined, half-closed, in pieces, drained."""

import asyncio

import pytest
from esb_support import Consumer, document, frame, listening, ret_code, until

from protocols.esb.framing import FRAMINGS, Frame, pack


async def test_a_request_is_answered_with_its_numbers() -> None:
    async with listening() as (listener, port, _):
        consumer = await Consumer.connect(port)
        got = await consumer.ask(frame(document("N1", GLOBAL_SEQ_NO="G1", TRAN_DATE="20261124")))
        assert got is not None
        assert got.fields == [("TEXT", "你好")]
        header = got.header
        assert (header["RET_STATUS"], header["CONSUMER_SEQ_NO"], header["GLOBAL_SEQ_NO"]) == ("S", "N1", "G1")
        assert (header["TRAN_DATE"], header["PROVIDER_SEQ_NO"]) == ("20261124", "MD1")
        await consumer.close()
        await until(lambda: not listener.open)
        assert (listener.counts.frames_in, listener.counts.frames_out, listener.in_flight) == (1, 1, 0)


async def test_several_in_flight_on_one_connection_are_answered_as_they_are_ready() -> None:
    async with listening() as (_, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(frame(document("SLOW", {"DO": "wait"})) + b"".join(frame(document(f"N{i}")) for i in range(20)))
        quick = [await consumer.reply() for _ in range(20)]
        assert [m.header["CONSUMER_SEQ_NO"] for m in quick if m] == [f"N{i}" for i in range(20)]
        service.release.set()
        last = await consumer.reply()
        assert last is not None
        assert last.header["CONSUMER_SEQ_NO"] == "SLOW"
        await consumer.close()


async def test_in_flight_is_bounded_and_the_rest_waits() -> None:
    async with listening(in_flight_max_per_connection=4) as (listener, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(b"".join(frame(document(f"N{i}", {"DO": "wait"})) for i in range(50)))
        await until(lambda: service.at_once == 4)
        await asyncio.sleep(0.05)
        assert len(service.seen) == 4
        service.release.set()
        got = {m.header["CONSUMER_SEQ_NO"] for m in [await consumer.reply() for _ in range(50)] if m}
        assert got == {f"N{i}" for i in range(50)}
        assert service.at_once_max == 4
        assert listener.in_flight == 0
        await consumer.close()


async def test_over_all_connections_too_many_in_flight_is_overloaded() -> None:
    async with listening(in_flight_max=2) as (_, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(b"".join(frame(document(f"N{i}", {"DO": "wait"})) for i in range(3)))
        got = await consumer.reply()
        assert got is not None
        assert (ret_code(got), got.header["CONSUMER_SEQ_NO"]) == ("MD3002", "N2")
        service.release.set()
        assert {ret_code(await consumer.reply()) for _ in range(2)} == {"000000"}
        await consumer.close()


async def test_half_close_still_gets_its_replies_then_the_end() -> None:
    async with listening() as (listener, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(b"".join(frame(document(f"N{i}", {"DO": "wait"})) for i in range(3)))
        consumer.writer.write_eof()
        await until(lambda: service.at_once == 3)
        await asyncio.sleep(0.05)
        service.release.set()
        assert [ret_code(await consumer.reply()) for _ in range(4)] == ["000000"] * 3 + ["closed"]
        await until(lambda: not listener.open)
        await consumer.close()


async def test_a_frame_may_come_byte_by_byte() -> None:
    async with listening() as (_, port, _service):
        consumer = await Consumer.connect(port)
        for byte in frame(document("N1")) + frame(document("N2"))[:40]:
            consumer.send(bytes([byte]))
            await asyncio.sleep(0)
        assert ret_code(await consumer.reply()) == "000000"
        assert ret_code(await consumer.ask(frame(document("N2"))[40:])) == "000000"
        await consumer.close()


@pytest.mark.parametrize("name", [n for n in FRAMINGS if n != "digits4"] + ["digits4"])
async def test_every_framing_on_the_socket(name: str) -> None:
    framing = FRAMINGS[name]
    async with listening(framing=name, node="MD0001") as (_, port, _service):
        consumer = await Consumer.connect(port, framing)
        consumer.send(pack(framing, Frame(document("N1"), "M" * 24, "N1")))
        got = await consumer.frame()
        assert got is not None
        assert b"000000" in got.body
        assert got.node == ("MD0001" if framing.secured else "")
        await consumer.close()


async def test_gb18030_both_ways() -> None:
    async with listening(charset="gb18030") as (_, port, _service):
        consumer = await Consumer.connect(port)
        raw = document("N1", {"NAME": "镕𠮷"}).decode().replace("UTF-8", "GB18030").encode("gb18030")
        consumer.send(frame(raw))
        got = await consumer.frame()
        assert got is not None
        assert "镕𠮷" in got.body.decode("gb18030")
        assert b'encoding="GB18030"' in got.body
        await consumer.close()


async def test_a_reply_too_long_for_the_prefix_becomes_an_error_that_fits() -> None:
    async with listening(framing="digits4") as (_, port, _service):
        consumer = await Consumer.connect(port, FRAMINGS["digits4"])
        got = await consumer.ask(frame(document("N1", {"DO": "longer"}), FRAMINGS["digits4"]))
        assert got is not None
        assert (ret_code(got), got.header["CONSUMER_SEQ_NO"]) == ("MD1006", "N1")
        await consumer.close()


async def test_a_service_that_raises_or_sleeps() -> None:
    async with listening(handle_timeout_s=0.05) as (listener, port, _service):
        consumer = await Consumer.connect(port)
        assert ret_code(await consumer.ask(frame(document("N1", {"DO": "raise"})))) == "MD3006"
        assert ret_code(await consumer.ask(frame(document("N2", {"DO": "wait"})))) == "MD3004"
        assert ret_code(await consumer.ask(frame(document("N3")))) == "000000"
        assert listener.counts.errors == {"internal": 1, "outcome_unknown": 1}
        await consumer.close()


async def test_drain_answers_what_is_in_flight_and_takes_nothing_new() -> None:
    async with listening() as (listener, port, service):
        idle, busy = await Consumer.connect(port), await Consumer.connect(port)
        busy.send(frame(document("N1", {"DO": "wait"})))
        await until(lambda: service.at_once == 1)
        stopping = asyncio.create_task(listener.stop(grace_s=5))
        assert await idle.frame() is None
        await idle.close()
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, by the system's choice
            await Consumer.connect(port)
        busy.send(frame(document("N2")))
        await asyncio.sleep(0.05)
        service.release.set()
        assert [ret_code(await busy.reply()) for _ in range(2)] == ["000000", "closed"]
        await busy.close()
        await stopping
        assert service.seen == ["N1"]


async def test_drain_ends_when_the_grace_does() -> None:
    async with listening() as (listener, port, service):
        consumer = await Consumer.connect(port)
        consumer.send(frame(document("N1", {"DO": "wait"})))
        await until(lambda: service.at_once == 1)
        began = asyncio.get_running_loop().time()
        await listener.stop(grace_s=0.1)
        assert asyncio.get_running_loop().time() - began < 2
        assert not listener.tasks
        assert listener.in_flight == 0
        await consumer.close()


async def test_connections_over_the_limit_are_told() -> None:
    async with listening(connections_max=2) as (listener, port, _service):
        both = [await Consumer.connect(port) for _ in range(2)]
        assert ret_code(await both[1].ask(frame(document("N1")))) == "000000"
        third = await Consumer.connect(port)
        assert ret_code(await third.reply()) == "MD3002"
        assert await third.frame() is None
        await both[0].close()
        await third.close()
        await until(lambda: len(listener.open) == 1)
        fourth = await Consumer.connect(port)
        assert ret_code(await fourth.ask(frame(document("N2")))) == "000000"
        for consumer in (both[1], fourth):
            await consumer.close()


async def test_idle_connections_are_closed() -> None:
    async with listening(idle_timeout_s=0.2) as (listener, port, _service):
        consumer = await Consumer.connect(port)
        for n in range(3):
            await asyncio.sleep(0.1)
            assert ret_code(await consumer.ask(frame(document(f"N{n}")))) == "000000"
        assert await consumer.frame() is None
        await consumer.close()
        await until(lambda: not listener.open)
