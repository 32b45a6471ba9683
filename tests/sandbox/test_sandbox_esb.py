"""The core's and bureau's listeners on real sockets: connections, bad frames, replies, and every fault."""

import asyncio
from typing import Any

import pytest

from sandbox.core import codes
from sandbox.core.audit import breaches
from sandbox.faults import Fault
from sandbox.town import Sandbox

DISBURSE, DEBIT, QUERY, REVERSE, REPORT = (
    "02003000101",
    "02003000102",
    "02003000103",
    "02003000104",
    "03003000201",
)
PAY_OUT = {
    "LOAN_NO": "L1",
    "CUSTOMER_NO": "C1",
    "PRODUCT": "miaodai",
    "AMOUNT": "1000.00",
    "RATE": "0.0600",
    "PERIODS": "12",
    "METHOD": "equal_instalment",
    "ACCOUNT_NO": "6217000000000001",
}
PERSON = {"NAME": "张三", "ID_TYPE": "10", "ID_NO": "110101199003070038", "REASON": "02", "AUTH_VERSION": "v1"}


def ret(reply: Any) -> tuple[str, str]:
    return reply.head["RET_STATUS"], reply.head["RET"][0]["RET_CODE"]


def original(sequence: str) -> dict[str, str]:
    return {"ORIG_CONSUMER_ID": "TEST", "ORIG_SEQ_NO": sequence, "ORIG_TRAN_DATE": ""}


async def test_pay_out_then_query_then_debit_then_reverse(box: Sandbox, connect: Any) -> None:
    box.core.set_date("*", "2026-01-05")
    core = await connect(box.ports.core)
    paid = await core.ask(DISBURSE, "s1", PAY_OUT, GLOBAL_SEQ_NO="G1")
    assert ret(paid) == ("S", "000000")
    assert paid.head["CONSUMER_SEQ_NO"] == "s1"
    assert paid.head["GLOBAL_SEQ_NO"] == "G1"
    assert paid.body == {"DEBITED": "1000.00", "CORE_DATE": "20260105", "CORE_SERIAL": "CB2026010500000001"}
    again = await core.ask(DISBURSE, "s1", PAY_OUT, TRAN_DATE="20260106")
    assert again.body == paid.body
    asked = await core.ask(QUERY, "q1", original("s1"))
    assert asked.body["STATUS"] == "S"
    assert asked.body["CORE_SERIAL"] == "CB2026010500000001"
    body = {"LOAN_NO": "L1", "AMOUNT": "90.50", "PRINCIPAL": "80.00", "INTEREST": "10.50", "PENALTY": "0.00"}
    body |= {"DEBIT_MODE": "F", "ACCOUNT_NO": PAY_OUT["ACCOUNT_NO"], "CUSTOMER_NO": "C1"}
    assert (await core.ask(DEBIT, "s2", body)).body["DEBITED"] == "90.50"
    undo = {"LOAN_NO": "L1", "REVERSAL_SEQ_NO": "s2", "AMOUNT": "90.50", "REASON": "-"}
    assert ret(await core.ask(REVERSE, "s3", undo)) == ("S", "000000")
    assert breaches(box.core.books) == []


async def test_same_number_other_content(box: Sandbox, connect: Any) -> None:
    core = await connect(box.ports.core)
    await core.ask(DISBURSE, "s1", PAY_OUT)
    other = await core.ask(DISBURSE, "s1", PAY_OUT | {"AMOUNT": "2000.00"})
    assert ret(other) == ("F", codes.OTHER_CONTENT)
    assert box.core.account("B1", PAY_OUT["ACCOUNT_NO"]).balance_fen == 100_000  # type: ignore[union-attr]


@pytest.mark.parametrize(("sequence", "status"), [("never", "N"), ("failed", "F"), ("buried", "F"), ("done", "S")])
async def test_query_by_original_number(box: Sandbox, connect: Any, sequence: str, status: str) -> None:
    core = await connect(box.ports.core)
    await core.ask(DISBURSE, "done", PAY_OUT)
    await core.ask(DISBURSE, "failed", PAY_OUT)
    await core.ask(REVERSE, "v", {"LOAN_NO": "L7", "REVERSAL_SEQ_NO": "buried", "AMOUNT": "1.00", "REASON": "-"})
    assert (await core.ask(QUERY, "q", original(sequence))).body["STATUS"] == status


@pytest.mark.parametrize("missing", sorted(PAY_OUT))
async def test_a_missing_field_is_named(box: Sandbox, connect: Any, missing: str) -> None:
    core = await connect(box.ports.core)
    reply = await core.ask(DISBURSE, "s1", {k: v for k, v in PAY_OUT.items() if k != missing})
    assert ret(reply) == ("F", codes.BAD_FIELD)
    assert missing in reply.head["RET"][0]["RET_MSG"]
    assert box.core.books.instructions == {}


@pytest.mark.parametrize("shape", [{"X": "1"}, [{"X": "1"}], ""])
@pytest.mark.parametrize("name", sorted(PAY_OUT))
async def test_a_field_of_another_shape_is_refused(box: Sandbox, connect: Any, name: str, shape: Any) -> None:
    core = await connect(box.ports.core)
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT | {name: shape})) == ("F", codes.BAD_FIELD)


async def test_odd_heads_and_allocations_are_refused(box: Sandbox, connect: Any) -> None:
    core = await connect(box.ports.core)
    odd: Any = {"SERVICE_CODE": {"X": "1"}}
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT, **odd)) == ("F", codes.UNKNOWN_SERVICE)
    body = {"LOAN_NO": "L1", "AMOUNT": "1.00", "PRINCIPAL": "1.00", "INTEREST": "0.00", "PENALTY": "0.00"}
    body |= {"DEBIT_MODE": "P", "ACCOUNT_NO": "A1", "ALLOCATION": "x"}
    assert ret(await core.ask(DEBIT, "s2", body)) == ("F", codes.BAD_FIELD)


async def test_many_requests_at_once_on_one_connection(box: Sandbox, connect: Any) -> None:
    core = await connect(box.ports.core)
    for n in range(200):
        core.send(DISBURSE, f"s{n}", PAY_OUT | {"LOAN_NO": f"L{n}"})
    replies = {(await core.receive()).head["CONSUMER_SEQ_NO"] for _ in range(200)}
    assert replies == {f"s{n}" for n in range(200)}


async def test_a_slow_request_does_not_hold_up_the_next(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="delay", delay_ms=150, times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "slow", PAY_OUT)
    core.send(DISBURSE, "quick", PAY_OUT | {"LOAN_NO": "L2"})
    assert [(await core.receive()).head["CONSUMER_SEQ_NO"] for _ in range(2)] == ["quick", "slow"]


async def test_a_short_connection_half_closed_is_answered_and_closed(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="delay", delay_ms=50))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    core.writer.write_eof()
    assert ret(await core.receive()) == ("S", "000000")
    assert await asyncio.wait_for(core.reader.read(), 5) == b""


@pytest.mark.parametrize(
    "raw", [b"<service>", b"<a/>", b'<!DOCTYPE x [<!ENTITY e "x">]><service>&e;</service>', b"", b"\xff\xfe"]
)
async def test_a_bad_message_gets_an_error_and_the_connection_lives(box: Sandbox, connect: Any, raw: bytes) -> None:
    core = await connect(box.ports.core)
    core.send_raw(raw)
    assert ret(await core.receive()) == ("F", codes.BAD_MESSAGE)
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT)) == ("S", "000000")


@pytest.mark.parametrize("raw", [b"abcdefgh<service/>", b"99999999<service/>", b"-0000010"])
async def test_a_bad_prefix_closes_only_its_own_connection(box: Sandbox, connect: Any, raw: bytes) -> None:
    bad, good = await connect(box.ports.core), await connect(box.ports.core)
    bad.writer.write(raw)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await bad.receive()
    assert ret(await good.ask(DISBURSE, "s1", PAY_OUT)) == ("S", "000000")


async def test_a_frame_in_pieces(box: Sandbox, connect: Any) -> None:
    core = await connect(box.ports.core)
    raw = b"".join(p for p in [b"00000010", b"<service/>"])
    for byte in raw:
        core.writer.write(bytes([byte]))
        await core.writer.drain()
        await asyncio.sleep(0)
    assert ret(await core.receive()) == ("F", codes.UNKNOWN_SERVICE)


# -- faults ------------------------------------------------------------------------------------------------------------


async def test_processing_while_delayed_and_once_after(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="delay", delay_ms=200, times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    assert (await core.ask(QUERY, "q1", original("s1"))).body["STATUS"] == "P"
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT)) == ("F", codes.PROCESSING)
    assert ret(await core.receive()) == ("S", "000000")
    assert [(row["received"], row["applied"]) for row in box.received("core")] == [(2, 1)]


async def test_timeout_after_doing(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="timeout_after_doing", times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    reply = await core.ask(QUERY, "q1", original("s1"))
    assert reply.head["CONSUMER_SEQ_NO"] == "q1"
    assert reply.body["STATUS"] == "S"


async def test_lose_before_doing(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="lose_before_doing", times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    assert (await core.ask(QUERY, "q1", original("s1"))).body["STATUS"] == "N"
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT)) == ("S", "000000")


async def test_duplicate_delivery_is_applied_once_and_answered_twice(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="duplicate", times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    first, second = await core.receive(), await core.receive()
    assert first == second
    assert [(row["received"], row["applied"]) for row in box.received("core")] == [(2, 1)]


async def test_a_duplicate_delayed_too(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="duplicate", times=1))
    await box.set_fault(Fault(system="core", kind="delay", delay_ms=20, times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    assert ret(await core.receive()) == ret(await core.receive()) == ("S", "000000")
    assert box.received("core")[0]["applied"] == 1


async def test_refused_by_order_is_definite_and_found_by_query(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="refuse", code=codes.CLOSED, times=1))
    core = await connect(box.ports.core)
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT)) == ("F", codes.CLOSED)
    asked = await core.ask(QUERY, "q1", original("s1"))
    assert (asked.body["STATUS"], asked.body["ORIG_RET_CODE"]) == ("F", codes.CLOSED)


async def test_busy_says_nothing_about_the_number(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="refuse", code=codes.BUSY, times=1))
    core = await connect(box.ports.core)
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT)) == ("F", codes.BUSY)
    assert (await core.ask(QUERY, "q1", original("s1"))).body["STATUS"] == "N"


async def test_unsure_does_it_and_says_processing(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="unsure", times=1))
    core = await connect(box.ports.core)
    assert ret(await core.ask(DISBURSE, "s1", PAY_OUT)) == ("F", codes.PROCESSING)
    assert (await core.ask(QUERY, "q1", original("s1"))).body["STATUS"] == "S"


async def test_garbled_reply(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", kind="garble", times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    with pytest.raises(ValueError, match="not well-formed"):
        await core.receive()


async def test_down_refuses_connections_and_comes_back_on_the_same_port(box: Sandbox, connect: Any) -> None:
    core = await connect(box.ports.core)
    await box.set_fault(Fault(system="core", kind="down"))
    await box.set_fault(Fault(system="core", kind="down"))
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await core.receive()
    with pytest.raises(ConnectionRefusedError):
        await connect(box.ports.core)
    await box.clear_faults("core")
    assert ret(await (await connect(box.ports.core)).ask(DISBURSE, "s1", PAY_OUT)) == ("S", "000000")


async def test_down_for_one_message_closes_its_connection(box: Sandbox, connect: Any) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="down", times=1))
    core = await connect(box.ports.core)
    core.send(DISBURSE, "s1", PAY_OUT)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await core.receive()
    assert box.received("core") == []


async def test_probability_repeats_with_its_seed(box: Sandbox) -> None:
    def strikes(seed: int) -> list[bool]:
        box.faults.clear()
        box.faults.add(Fault(system="core", kind="lose_before_doing", probability=0.3, seed=seed))
        return [box.faults.draw("core", "debit").lose for _ in range(200)]

    assert strikes(7) == strikes(7) != strikes(8)
    assert 30 < sum(strikes(7)) < 90


# -- bureau ------------------------------------------------------------------------------------------------------------


async def test_the_bureau_gives_the_same_person_the_same_report(box: Sandbox, connect: Any) -> None:
    bureau = await connect(box.ports.bureau)
    first = (await bureau.ask(REPORT, "b1", PERSON)).body
    again = (await bureau.ask(REPORT, "b1", PERSON)).body
    later = (await bureau.ask(REPORT, "b2", PERSON)).body
    assert first == again
    assert later["REPORT_NO"] != first["REPORT_NO"]
    for name in ("SCORE", "UNSECURED_ELSEWHERE", "MONTHLY_DUE", "INQUIRIES_3M"):
        assert later[name] == first[name]
    assert [(r["instruction"], r["received"], r["applied"]) for r in box.received("bureau")] == [
        ("b1", 2, 1),
        ("b2", 1, 1),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AUTH_VERSION": ""}, "BR1002"),
        ({"REASON": "99"}, "BR1002"),
        ({"ID_NO": "1"}, "BR1001"),
        ({"NAME": ""}, "BR1001"),
    ],
)
async def test_the_bureau_refuses(box: Sandbox, connect: Any, change: dict[str, str], code: str) -> None:
    bureau = await connect(box.ports.bureau)
    assert ret(await bureau.ask(REPORT, "b1", PERSON | change)) == ("F", code)


async def test_the_bureau_refuses_a_number_with_other_content(box: Sandbox, connect: Any) -> None:
    bureau = await connect(box.ports.bureau)
    await bureau.ask(REPORT, "b1", PERSON)
    assert ret(await bureau.ask(REPORT, "b1", PERSON | {"NAME": "李四"})) == ("F", codes.OTHER_CONTENT)
