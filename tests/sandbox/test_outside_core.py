"""Money towards the core: one number for ever, doubt settled by query, paid once whatever goes wrong."""

import asyncio
from typing import Any

import pytest

from actors.external.core import REFUSALS, REFUSED_BY_QUERY, SERVICES
from actors.external.outcome import Outcome
from actors.external.outside import UnknownTarget
from protocols.outside.connect import ConnectedOutside
from protocols.outside.esb import EsbTcpWire
from sandbox.core import codes
from sandbox.core.audit import breaches
from sandbox.faults import Fault
from sandbox.town import Sandbox

CUSTOMER = "C00010000000000000011"
EFFECT = "L0001000000000000001-3-0"
ACCOUNT = "6217000000000001"


@pytest.fixture
def pay_out(vault: Any) -> dict[str, Any]:
    return {
        "bank": "B1",
        "loan_id": "L1",
        "customer_id": CUSTOMER,
        "product": "miaodai",
        "amount_fen": 100_000,
        "annual_rate": "0.0600",
        "periods": 12,
        "method": "equal_instalment",
        "account_sealed": vault.seal(CUSTOMER, ACCOUNT),
    }


@pytest.fixture
def debit(vault: Any) -> dict[str, Any]:
    return {
        "bank": "B1",
        "loan_id": "L1",
        "customer_id": CUSTOMER,
        "amount_fen": 9_050,
        "partial": False,
        "principal_fen": 8_000,
        "interest_fen": 1_050,
        "penalty_fen": 0,
        "account_sealed": vault.seal(CUSTOMER, ACCOUNT),
        "business_date": "2026-01-05",
    }


async def disburse(outside: ConnectedOutside, payload: dict[str, Any], attempt: int, effect: str = EFFECT) -> Outcome:
    return await outside.perform("core.disburse", payload, effect, attempt, "B1")


@pytest.fixture
def refund(vault: Any) -> dict[str, Any]:
    return {
        "bank": "B1",
        "loan_id": "L1",
        "customer_id": CUSTOMER,
        "amount_fen": 77,
        "account_sealed": vault.seal(CUSTOMER, ACCOUNT),
        "business_date": "2026-01-05",
    }


def balance(box: Sandbox) -> int:
    held = box.core.account("B1", ACCOUNT)
    return held.balance_fen if held else 0


def times(box: Sandbox) -> list[tuple[str, int, int]]:
    return [(row["instruction"], row["received"], row["applied"]) for row in box.received("core")]  # type: ignore[misc]


async def test_paid_out_with_the_cores_date_and_serial(box: Sandbox, outside: ConnectedOutside, pay_out: Any) -> None:
    box.core.set_date("*", "2026-01-05")
    paid = await disburse(outside, pay_out, 0)
    assert paid == Outcome("done", "", {"core_date": "2026-01-05", "core_serial": "CB2026010500000001"})
    assert balance(box) == 100_000
    assert times(box) == [(EFFECT, 1, 1)]


@pytest.mark.parametrize("kind", ["timeout_after_doing", "garble", "unsure"])
async def test_done_but_not_told_is_unknown_then_found_by_query_and_paid_once(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any, kind: Any
) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind=kind, times=1))
    assert (await disburse(outside, pay_out, 0)).status == "unknown"
    box.core.set_date("*", "2031-01-01")
    found = await disburse(outside, pay_out, 1)
    assert found.status == "done"
    assert found.data["core_serial"].startswith("CB")
    assert found.data["core_date"] != "2031-01-01"
    assert times(box) == [(EFFECT, 1, 1)]
    assert balance(box) == 100_000


async def test_lost_before_doing_is_sent_again_under_the_same_number(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any
) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="lose_before_doing", times=1))
    assert (await disburse(outside, pay_out, 0)).status == "unknown"
    assert (await disburse(outside, pay_out, 1)).status == "done"
    assert times(box) == [(EFFECT, 1, 1)]


async def test_still_processing_stays_unknown_and_is_not_sent_again(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any
) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="delay", delay_ms=600, times=1))
    assert (await disburse(outside, pay_out, 0)).status == "unknown"
    assert (await disburse(outside, pay_out, 1)).status == "unknown"
    assert times(box) == [(EFFECT, 1, 0)]
    await asyncio.sleep(0.5)
    assert (await disburse(outside, pay_out, 2)).status == "done"
    assert times(box) == [(EFFECT, 1, 1)]


async def test_down_then_up(box: Sandbox, outside: ConnectedOutside, pay_out: Any) -> None:
    await box.set_fault(Fault(system="core", kind="down"))
    assert await disburse(outside, pay_out, 0) == Outcome("unknown", "outside_down")
    await box.clear_faults()
    await asyncio.sleep(0.25)
    assert (await disburse(outside, pay_out, 1)).status == "done"
    assert times(box) == [(EFFECT, 1, 1)]


async def test_the_query_itself_may_fail_and_then_nothing_is_sent(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any
) -> None:
    for kind in ("lose_before_doing", "garble", "unsure"):
        await box.set_fault(Fault(system="core", operation="query", kind=kind))  # type: ignore[arg-type]
        assert (await disburse(outside, pay_out, 1)).status == "unknown"
        await box.clear_faults()
        assert times(box) == []
        await asyncio.sleep(0.25)


async def test_duplicates_and_concurrent_attempts_pay_once(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any
) -> None:
    await box.set_fault(Fault(system="core", kind="duplicate"))
    outcomes = await asyncio.gather(*[disburse(outside, pay_out, n % 3) for n in range(12)])
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert len({outcome.data["core_serial"] for outcome in outcomes}) == 1
    assert balance(box) == 100_000
    assert breaches(box.core.books) == []


async def test_busy_is_tried_again_within_the_attempt(box: Sandbox, outside: ConnectedOutside, pay_out: Any) -> None:
    await box.set_fault(Fault(system="core", kind="refuse", code=codes.BUSY, times=1))
    assert (await disburse(outside, pay_out, 0)).status == "done"


@pytest.mark.parametrize("code", sorted(REFUSALS["disburse"]))
async def test_definite_refusals_at_once_and_by_query(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any, code: str
) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="refuse", code=code, times=1))
    refused = Outcome("refused", "disburse_refused", {"outside_code": code})
    assert await disburse(outside, pay_out, 0) == refused
    assert await disburse(outside, pay_out, 1) == refused
    assert balance(box) == 0


async def test_a_code_nobody_knows_is_unknown_until_the_query_says_failed(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any
) -> None:
    await box.set_fault(Fault(system="core", operation="disburse", kind="refuse", code="CB7777", times=1))
    assert (await disburse(outside, pay_out, 0)).status == "unknown"
    assert await disburse(outside, pay_out, 1) == Outcome("refused", "disburse_refused", {"outside_code": "CB7777"})


async def test_a_number_that_stands_for_something_else_is_never_claimed(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any
) -> None:
    await disburse(outside, pay_out, 0)
    other = pay_out | {"amount_fen": 200_000}
    assert (await disburse(outside, other, 0)).status == "unknown"
    assert await disburse(outside, other, 1) == Outcome("unknown", "operation_mismatch")
    assert balance(box) == 100_000


async def test_a_debit_full_partial_insufficient_frozen(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any, debit: Any
) -> None:
    await disburse(outside, pay_out, 0)
    full = await outside.perform("core.debit", debit, "L-4-0", 0, "B1")
    assert (full.status, full.data["debited_fen"]) == ("done", 9_050)
    box.core.deposit("B1", ACCOUNT, -(100_000 - 9_050 - 3_000))
    short = await outside.perform("core.debit", debit, "L-5-0", 0, "B1")
    assert short == Outcome("refused", "debit_insufficient", {"outside_code": "CB1002"})
    part = await outside.perform("core.debit", debit | {"partial": True}, "L-6-0", 0, "B1")
    assert (part.status, part.data["debited_fen"]) == ("done", 3_000)
    assert await outside.perform("core.debit", debit | {"partial": True}, "L-6-0", 1, "B1") == part
    box.core.deposit("B1", ACCOUNT, 50_000)
    box.core.mark("B1", ACCOUNT, frozen=True)
    frozen = await outside.perform("core.debit", debit, "L-7-0", 0, "B1")
    assert frozen == Outcome("refused", "debit_refused", {"outside_code": "CB1003"})
    assert breaches(box.core.books) == []


async def test_a_partial_debit_is_booked_as_allocated(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any, debit: Any
) -> None:
    await disburse(outside, pay_out, 0)
    box.core.deposit("B1", ACCOUNT, -95_000)
    allocation = [["interest", 525], ["principal", 4_000], ["interest", 525], ["principal", 4_000]]
    part = await outside.perform("core.debit", debit | {"partial": True, "allocation": allocation}, "L-4-0", 0, "B1")
    assert part.data["debited_fen"] == 5_000
    assert box.core.books.ledger.trial_balance()["B1"]["1132.01"] == -(525 + 475)


async def test_a_debit_without_answer_is_taken_once(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any, debit: Any
) -> None:
    await disburse(outside, pay_out, 0)
    await box.set_fault(Fault(system="core", operation="debit", kind="timeout_after_doing", times=1))
    assert (await outside.perform("core.debit", debit, "L-4-0", 0, "B1")).status == "unknown"
    assert (await outside.perform("core.debit", debit, "L-4-0", 1, "B1")).data["debited_fen"] == 9_050
    assert balance(box) == 100_000 - 9_050


async def test_a_surplus_is_paid_back_once(box: Sandbox, outside: ConnectedOutside, pay_out: Any, refund: Any) -> None:
    box.core.set_date("*", "2026-01-05")
    await disburse(outside, pay_out, 0)
    await box.set_fault(Fault(system="core", operation="refund", kind="timeout_after_doing", times=1))
    assert (await outside.perform("core.refund", refund, "L-4-0", 0, "B1")).status == "unknown"
    found = await outside.perform("core.refund", refund, "L-4-0", 1, "B1")
    assert found == Outcome("done", "", {"core_date": "2026-01-05", "core_serial": "CB2026010500000002"})
    assert balance(box) == 100_077
    assert box.core.books.ledger.trial_balance()["B1"]["2241"] == 77
    assert breaches(box.core.books) == []
    later = await outside.perform("core.reverse", reversal(EFFECT), "L-9-0", 0, "B1")
    assert (later.status, later.code) == ("refused", "later_operations")


async def test_a_refund_refused(box: Sandbox, outside: ConnectedOutside, pay_out: Any, refund: Any) -> None:
    stranger = await outside.perform("core.refund", refund, "L-4-0", 0, "B1")
    assert stranger == Outcome("refused", "refund_refused", {"outside_code": "CB1006"})
    await disburse(outside, pay_out, 0)
    box.core.mark("B1", ACCOUNT, closed=True)
    closed = await outside.perform("core.refund", refund, "L-5-0", 0, "B1")
    assert closed == Outcome("refused", "refund_refused", {"outside_code": "CB1004"})
    assert await outside.perform("core.refund", refund, "L-5-0", 1, "B1") == closed


async def test_a_thin_core_pays_back_from_clearing(
    box: Sandbox, outside: ConnectedOutside, pay_out: Any, refund: Any
) -> None:
    box.core.set_mode("B1", "gl_summary")
    await disburse(outside, pay_out, 0)
    assert (await outside.perform("core.refund", refund, "L-4-0", 0, "B1")).status == "done"
    assert box.core.books.ledger.trial_balance()["B1"] == {"3001": 100_077, "2011": -100_077}


def reversal(original: str, amount_fen: int = 100_000) -> dict[str, Any]:
    return {"bank": "B1", "loan_id": "L1", "original_effect": original, "amount_fen": amount_fen, "reason": "误放"}


async def test_reversals(box: Sandbox, outside: ConnectedOutside, pay_out: Any) -> None:
    box.core.set_date("*", "2026-01-05")
    await disburse(outside, pay_out, 0)
    await box.set_fault(Fault(system="core", operation="reverse", kind="timeout_after_doing", times=1))
    assert (await outside.perform("core.reverse", reversal(EFFECT), "L-9-0", 0, "B1")).status == "unknown"
    found = await outside.perform("core.reverse", reversal(EFFECT), "L-9-0", 1, "B1")
    assert found == Outcome("done", "", {"core_date": "2026-01-05", "core_serial": "CB2026010500000002"})
    assert (await outside.perform("core.reverse", reversal(EFFECT), "L-9-1", 0, "B1")).status == "done"
    assert balance(box) == 0
    early = await outside.perform("core.reverse", reversal("L2-1-0"), "L2-9-0", 0, "B1")
    assert early.status == "done"
    late = await disburse(outside, pay_out | {"loan_id": "L2"}, 0, "L2-1-0")
    assert late == Outcome("refused", "disburse_refused", {"outside_code": "CB1008"})
    assert await disburse(outside, pay_out | {"loan_id": "L2"}, 1, "L2-1-0") == late


async def test_reversals_refused(box: Sandbox, outside: ConnectedOutside, pay_out: Any, debit: Any) -> None:
    box.core.set_date("*", "2026-01-05")
    await disburse(outside, pay_out, 0)
    await outside.perform("core.debit", debit, "L-4-0", 0, "B1")
    later = await outside.perform("core.reverse", reversal(EFFECT), "L-9-0", 0, "B1")
    assert (later.status, later.code) == ("refused", "later_operations")
    box.core.set_date("*", "2026-01-06")
    stale = await outside.perform("core.reverse", reversal("L-4-0", 9_050), "L-9-1", 0, "B1")
    assert (stale.status, stale.code) == ("refused", "not_same_day")


async def test_random_trouble_never_pays_twice(box: Sandbox, outside: ConnectedOutside, pay_out: Any) -> None:
    for n, kind in enumerate(("lose_before_doing", "timeout_after_doing", "duplicate", "unsure")):
        await box.set_fault(Fault(system="core", kind=kind, probability=0.2, seed=n))  # type: ignore[arg-type]

    async def until_definite(n: int) -> Outcome:
        for attempt in range(60):
            outcome = await disburse(outside, pay_out | {"loan_id": f"L{n}"}, attempt, f"L{n}-3-0")
            if outcome.status != "unknown":
                return outcome
            await asyncio.sleep(0.05)
        raise AssertionError("never definite")

    outcomes = await asyncio.gather(*[until_definite(n) for n in range(30)])
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert {applied for _, _, applied in times(box)} == {1}
    assert balance(box) == 30 * 100_000
    assert breaches(box.core.books) == []


async def test_breaker_and_metrics(box: Sandbox, outside: ConnectedOutside, pay_out: Any) -> None:
    await box.set_fault(Fault(system="core", kind="down"))
    for n in range(4):
        await disburse(outside, pay_out, 0, f"L-{n}-0")
    metrics = {one.system: one for one in outside.metrics()}
    assert (metrics["core"].breaker, metrics["core"].outcomes["unknown"]) == ("open", 4)
    assert metrics["core"].counters.breaker_rejected > 0
    assert metrics["bureau"].breaker == "closed"
    await box.clear_faults()
    assert (await disburse(outside, pay_out, 1)).status == "unknown"
    await asyncio.sleep(0.25)
    assert (await disburse(outside, pay_out, 1)).status == "done"
    assert outside.metrics()[0].breaker == "closed"


async def test_short_connections(box: Sandbox) -> None:
    wire = EsbTcpWire("127.0.0.1", box.ports.core, long=False)
    body = {"ORIG_CONSUMER_ID": "MIAODAI", "ORIG_SEQ_NO": "x"}
    for n in range(3):
        reply = await wire.call("02003000103", "01", {"CONSUMER_SEQ_NO": f"q{n}"}, body, 1.0)
        assert (reply.ok, reply.body) == (True, {"STATUS": "N"})
    await wire.close()


@pytest.mark.parametrize("target", ["core", "core.query", "nobody.send", ""])
async def test_an_unknown_target_is_a_bug(outside: ConnectedOutside, target: str) -> None:
    with pytest.raises(UnknownTarget):
        await outside.perform(target, {}, EFFECT, 0, "B1")


def test_the_tables_cover_every_operation() -> None:
    assert set(SERVICES) == set(REFUSALS) == set(REFUSED_BY_QUERY)
    known = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
    assert {code for table in REFUSALS.values() for code in table} <= known
