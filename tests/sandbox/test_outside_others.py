"""Bureau, risk, CA and SMS through their actors: the data the rules get, tries under one id, down is unknown."""

import asyncio
import hashlib
from typing import Any

import pytest

from actors.external.outcome import Outcome
from protocols.outside.connect import ConnectedOutside
from sandbox.bureau import Report
from sandbox.ca import VerifyRequest
from sandbox.faults import Fault
from sandbox.risk import Assessment
from sandbox.town import Sandbox

CUSTOMER = "C00010000000000000011"
IDENTITY = "110101199003070038"
HASH = hashlib.sha256("合同".encode()).hexdigest()


@pytest.fixture
def payloads(vault: Any) -> dict[str, dict[str, Any]]:
    base = {"bank": "B1", "customer_id": CUSTOMER}
    name, identity, phone = (vault.seal(CUSTOMER, text) for text in ("张三", IDENTITY, "13900000000"))
    return {
        "bureau.report": {
            **base,
            "name_sealed": name,
            "identity_sealed": identity,
            "consent_version": "v1",
            "reason": "02",
        },
        "risk.assess": {
            **base,
            "identity_sealed": identity,
            "phone_sealed": phone,
            "product": "miaodai",
            "amount_fen": 100_000,
            "facts": {"monthly_income_fen": 1_000_000},
        },
        "ca.sign": {
            **base,
            "loan_id": "L1",
            "name_sealed": name,
            "identity_sealed": identity,
            "contract_hash": HASH,
        },
        "sms.send": {**base, "phone_sealed": phone, "template": "paid_out", "params": {"amount": "1000.00"}},
    }


TARGETS = ["bureau.report", "risk.assess", "ca.sign", "sms.send"]


async def test_what_each_gives(box: Sandbox, outside: ConnectedOutside, payloads: Any) -> None:
    box.bureau.presets["*"] = Report(score=700, unsecured_fen_elsewhere=123_456, monthly_due_fen=7_890)
    box.risk.presets["*"] = Assessment(score=650, income_fen_verified=900_000)
    report = await outside.perform("bureau.report", payloads["bureau.report"], "P-1-0", 0, "B1")
    assert report.status == "done"
    assert report.data.pop("report_no")
    assert report.data == {
        "score": 700,
        "overdue_now_fen": 0,
        "months_overdue_max": 0,
        "inquiries_3m": 1,
        "unsecured_fen_elsewhere": 123_456,
        "monthly_due_fen": 7_890,
    }
    risk = await outside.perform("risk.assess", payloads["risk.assess"], "P-2-0", 0, "B1")
    assert risk.data == {"fraud": False, "fraud_score": 5, "score": 650, "income_fen_verified": 900_000}
    signed = (await outside.perform("ca.sign", payloads["ca.sign"], "L-1-0", 0, "B1")).data
    assert box.ca.verify(
        VerifyRequest(certificate_no=signed["certificate_no"], contract_hash=HASH, signature=signed["signature"])
    )
    sent = await outside.perform("sms.send", payloads["sms.send"], "P-3-0", 0, "B1")
    assert sent == Outcome("done", "", {"message_id": "SMS000000000001"})
    assert [(m.phone, m.bank) for m in box.sms.sent] == [("13900000000", "B1")]


@pytest.mark.parametrize("target", TARGETS)
async def test_the_same_effect_again_gives_the_same_and_is_done_once(
    box: Sandbox, outside: ConnectedOutside, payloads: Any, target: str
) -> None:
    first = await outside.perform(target, payloads[target], "P-1-0", 0, "B1")
    assert await outside.perform(target, payloads[target], "P-1-0", 3, "B1") == first
    (row,) = box.received(target.partition(".")[0])
    assert (row["instruction"], row["received"], row["applied"]) == ("P-1-0", 2, 1)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", ["timeout_after_doing", "lose_before_doing", "garble", "unsure", "duplicate", "down"])
async def test_one_bad_try_is_made_good_within_the_limit(
    box: Sandbox, outside: ConnectedOutside, payloads: Any, target: str, kind: Any
) -> None:
    system = target.partition(".")[0]
    await box.set_fault(Fault(system=system, kind=kind, times=1))
    assert (await outside.perform(target, payloads[target], "P-1-0", 0, "B1")).status == "done"
    assert [row["applied"] for row in box.received(system)] == [1]


@pytest.mark.parametrize("target", TARGETS)
async def test_down_is_unknown_and_good_again_afterwards(
    box: Sandbox, outside: ConnectedOutside, payloads: Any, target: str
) -> None:
    system = target.partition(".")[0]
    await box.set_fault(Fault(system=system, kind="down"))
    assert (await outside.perform(target, payloads[target], "P-1-0", 0, "B1")).status == "unknown"
    await box.clear_faults()
    await asyncio.sleep(0.25)
    assert (await outside.perform(target, payloads[target], "P-1-0", 1, "B1")).status == "done"


@pytest.mark.parametrize("target", TARGETS)
async def test_silent_for_good_is_unknown(box: Sandbox, outside: ConnectedOutside, payloads: Any, target: str) -> None:
    await box.set_fault(Fault(system=target.partition(".")[0], kind="lose_before_doing"))
    assert (await outside.perform(target, payloads[target], "P-1-0", 0, "B1")).status == "unknown"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("bureau.report", "outside_refused"),
        ("risk.assess", "outside_refused"),
        ("ca.sign", "sign_refused"),
        ("sms.send", "outside_refused"),
    ],
)
async def test_refusals(box: Sandbox, outside: ConnectedOutside, payloads: Any, target: str, code: str) -> None:
    await box.set_fault(Fault(system=target.partition(".")[0], kind="refuse", code="X1"))
    refused = await outside.perform(target, payloads[target], "P-1-0", 0, "B1")
    assert refused == Outcome("refused", code, {"outside_code": "X1"})


async def test_slow_risk_does_not_touch_the_core(box: Sandbox, outside: ConnectedOutside, payloads: Any) -> None:
    await box.set_fault(Fault(system="risk", kind="lose_before_doing"))
    waiting = asyncio.gather(
        *[outside.perform("risk.assess", payloads["risk.assess"], f"P-{n}-0", 0, "B1") for n in range(300)]
    )
    await asyncio.sleep(0.05)
    sent = await asyncio.wait_for(outside.perform("sms.send", payloads["sms.send"], "P-1-1", 0, "B1"), 2)
    assert sent.status == "done"
    assert {outcome.status for outcome in await waiting} == {"unknown"}
