"""Promise: with bureau, risk, CA or SMS down, slow or repeating themselves, a process waits and then goes on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.borrower import FACTS, WANTED, Borrower
from tests.e2e.live import Live, until

FAULTS: dict[str, dict[str, Any]] = {
    "slow": {"kind": "delay", "delay_ms": 250},
    "repeating": {"kind": "duplicate"},
    "silent once": {"kind": "timeout_after_doing", "times": 2},
    "garbled once": {"kind": "garble", "times": 1},
}


@pytest.fixture(autouse=True)
async def well_again(live: Live) -> AsyncIterator[None]:
    yield
    await live.calm()
    await live.quiet()


async def _received(live: Live, system: str) -> dict[str, dict[str, Any]]:
    return {row["instruction"]: row for row in await live.control.call("GET", "/received", system=system)}


async def _apply(of: Borrower) -> dict[str, Any]:
    """Repeated under one id, it also tells how the application stands."""
    return await of.ask("apply", f"apply-{of.customer_id}", wait_s=0, customer_id=of.customer_id, **WANTED, facts=FACTS)


async def _approved(of: Borrower) -> dict[str, Any]:
    async def ended() -> bool:
        return (await _apply(of))["state"] == "done"

    await until(ended)
    process: dict[str, Any] = (await _apply(of))["process"]
    assert process["status"] == "approved", process
    return process


async def _asked_once(live: Live, system: str, before: dict[str, Any]) -> None:
    new = {number: row for number, row in (await _received(live, system)).items() if number not in before}
    assert len(new) == 1
    assert all(row["applied"] == 1 for row in new.values())


@pytest.mark.parametrize("system", ["bureau", "risk"])
async def test_an_application_waits_for(live: Live, front_name: str, system: str) -> None:
    of = await Borrower(live.front(front_name)).join()
    before = await _received(live, system)
    await live.fault(system, "down")
    assert (await _apply(of))["state"] == "processing"
    at = {"bureau": "bureau", "risk": "risk"}[system]

    async def stands_there() -> bool:
        seen = (await _apply(of))["process"]
        return seen["status"] == "running" and at in seen["at"]

    await until(stands_there)
    await live.calm()
    await _approved(of)
    await _asked_once(live, system, before)


@pytest.mark.parametrize("system", ["bureau", "risk"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_an_application_bears(live: Live, front_name: str, system: str, fault: str) -> None:
    of = await Borrower(live.front(front_name)).join()
    before = await _received(live, system)
    await live.fault(system, **FAULTS[fault])
    await _approved(of)
    await live.quiet()
    await _asked_once(live, system, before)


async def test_a_signature_waits_for_the_ca(live: Live, front_name: str) -> None:
    of = await (await Borrower(live.front(front_name)).join()).get_line()
    of.loan_id = await of.open_contract()
    contract = await of.ask("get_contract", loan_id=of.loan_id)
    signing = {"loan_id": of.loan_id, "cost_confirmed": True, "contract_hash": contract["contract_hash"]}
    before = await _received(live, "ca")
    await live.fault("ca", "down")
    signed = await of.ask("sign", f"sign-{of.loan_id}", wait_s=1, **signing)
    assert (signed["state"], signed["loan"]["status"]) == ("processing", "signing")
    assert (await of.front.ask("draw", loan_id=of.loan_id)).code == "loan_status"
    await live.calm()

    async def done() -> bool:
        return (await of.ask("sign", f"sign-{of.loan_id}", wait_s=0, **signing))["state"] == "done"

    await until(done)
    assert (await of.loan())["certificate_no"]
    await live.quiet()
    await _asked_once(live, "ca", before)


async def test_a_refused_signature_may_be_tried_again(live: Live, front_name: str) -> None:
    of = await (await Borrower(live.front(front_name)).join()).get_line()
    of.loan_id = await of.open_contract()
    contract = await of.ask("get_contract", loan_id=of.loan_id)
    signing = {"loan_id": of.loan_id, "cost_confirmed": True, "contract_hash": contract["contract_hash"]}
    await live.fault("ca", "refuse", code="identity_not_verified", times=1)
    assert (await of.front.ask("sign", **signing)).code == "sign_refused"
    assert (await of.loan())["status"] == "contract"
    assert (await of.ask("sign", **signing))["loan"]["status"] == "signed"


async def test_money_does_not_wait_for_a_message(live: Live, front_name: str) -> None:
    """SMS down: the line is granted all the same, and the person is told once it is back, once."""
    of = await Borrower(live.front(front_name)).join()
    await live.fault("sms", "down")
    await _approved(of)
    assert not await live.control.call("GET", "/sms/sent", phone=of.person.phone)
    await live.calm()

    async def told() -> bool:
        return bool(await live.control.call("GET", "/sms/sent", phone=of.person.phone))

    await until(told)
    await live.quiet()
    (message,) = await live.control.call("GET", "/sms/sent", phone=of.person.phone)
    assert message["template"] == "approved"


@pytest.mark.parametrize(
    ("system", "preset", "reason"),
    [
        ("bureau", {"report": {"overdue_now_fen": 100_000, "months_overdue_max": 4}}, "bureau_bad"),
        ("risk", {"assessment": {"fraud": True, "fraud_score": 99}}, "fraud"),
    ],
)
async def test_what_they_say_decides(
    live: Live, front_name: str, system: str, preset: dict[str, Any], reason: str
) -> None:
    of = await Borrower(live.front(front_name)).join()
    body = {"identity": of.person.identity_number, **preset}
    await live.control.call("POST", f"/{system}/preset", body)
    process = (await of.ask("apply", customer_id=of.customer_id, **WANTED, facts=FACTS))["process"]
    assert (process["status"], list(process["reasons"])) == ("refused", [reason])
    assert not (await of.ask("get_lines", customer_id=of.customer_id))["lines"]
    again = (await of.ask("apply", customer_id=of.customer_id, **WANTED, facts=FACTS))["process"]
    assert list(again["reasons"]) == ["cooling_off"]
