"""Risk, CA and SMS on real sockets: what they answer, once per request id, and every fault."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.faults import Fault
from sandbox.risk import Assess, Assessment, drawn_assessment
from sandbox.town import Sandbox

HASH = hashlib.sha256("借款合同".encode()).hexdigest()
SIGN = {"bank": "B1", "name": "张三", "identity": "110101199003070038", "contract_hash": HASH}
ASSESS = {"bank": "B1", "identity": "110101199003070038", "phone": "13900000000", "product": "p", "amount_fen": 100}
SMS = {"bank": "B1", "phone": "13900000000", "template": "paid_out", "params": {"amount": "1000.00"}}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as session:
        yield session


async def post(http: aiohttp.ClientSession, port: int, path: str, request_id: str, body: Any) -> tuple[int, Any]:
    headers = {"X-Request-Id": request_id} if request_id else {}
    async with http.post(f"http://127.0.0.1:{port}{path}", json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_the_ca_signs_really_and_once(box: Sandbox, http: aiohttp.ClientSession) -> None:
    status, signed = await post(http, box.ports.ca, "/v1/sign", "e1", SIGN)
    assert (status, signed) == await post(http, box.ports.ca, "/v1/sign", "e1", SIGN)
    point = bytes.fromhex(box.ca.certificates[signed["certificate_no"]].public_key)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    key.verify(base64.b64decode(signed["signature"]), bytes.fromhex(HASH), ec.ECDSA(Prehashed(SHA256())))
    assert len(box.ca.certificates) == 1
    assert box.received("ca") == [{"instruction": "e1", "operation": "sign", "bank": "B1", "received": 2, "applied": 1}]


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"contract_hash": "00" * 32}, False),
        ({"certificate_no": "EC0"}, False),
        ({"signature": "AA=="}, False),
    ],
)
async def test_the_ca_verifies(box: Sandbox, http: aiohttp.ClientSession, change: dict[str, str], valid: bool) -> None:
    _, signed = await post(http, box.ports.ca, "/v1/sign", "e1", SIGN)
    asked = {"certificate_no": signed["certificate_no"], "contract_hash": HASH, "signature": signed["signature"]}
    assert await post(http, box.ports.ca, "/v1/verify", "v1", asked | change) == (200, {"valid": valid})


@pytest.mark.parametrize(
    ("request_id", "change", "status"),
    [
        ("", {}, 400),
        ("e", {"contract_hash": "zz"}, 400),
        ("e", {"contract_hash": "00"}, 422),
        ("e", {"identity": "1"}, 422),
    ],
)
async def test_the_ca_refuses(
    box: Sandbox, http: aiohttp.ClientSession, request_id: str, change: dict[str, str], status: int
) -> None:
    assert (await post(http, box.ports.ca, "/v1/sign", request_id, SIGN | change))[0] == status
    assert box.ca.certificates == {}


@pytest.mark.parametrize(
    ("system", "path", "body"), [("ca", "/v1/sign", SIGN), ("risk", "/v1/assess", ASSESS), ("sms", "/v1/send", SMS)]
)
async def test_same_id_other_content_and_unknown_path(
    box: Sandbox, http: aiohttp.ClientSession, system: str, path: str, body: dict[str, Any]
) -> None:
    port = getattr(box.ports, system)
    assert (await post(http, port, path, "e1", body))[0] == 200
    assert (await post(http, port, path, "e1", body | {"bank": "B2"}))[0] == 409
    assert (await post(http, port, path, "e2", {"bank": "B2"}))[0] == 400
    assert (await post(http, port, "/v1/other", "e3", body))[0] == 404


async def test_risk_is_the_same_for_the_same_person_and_as_preset(box: Sandbox, http: aiohttp.ClientSession) -> None:
    first = await post(http, box.ports.risk, "/v1/assess", "e1", ASSESS)
    assert first == await post(http, box.ports.risk, "/v1/assess", "e2", ASSESS)
    box.risk.presets["*"] = Assessment(fraud=True, fraud_score=99)
    assert (await post(http, box.ports.risk, "/v1/assess", "e3", ASSESS))[1]["fraud"] is True


def test_risk_draws_a_plausible_population() -> None:
    facts = {"monthly_income_fen": 1_000_000, "employment_years": 3}
    drawn = [
        drawn_assessment(Assess(bank="B", identity=f"{n:018d}", phone="", product="p", amount_fen=1, facts=facts))
        for n in range(2_000)
    ]
    assert 0.01 < sum(one.fraud for one in drawn) / 2_000 < 0.06
    assert all(850_000 <= one.income_fen_verified <= 1_000_000 for one in drawn)
    assert min(one.score for one in drawn) >= 560
    assert max(one.score for one in drawn) <= 850


async def test_sms_stores_what_it_sent_once(box: Sandbox, http: aiohttp.ClientSession) -> None:
    for _ in range(2):
        assert await post(http, box.ports.sms, "/v1/send", "e1", SMS) == (200, {"message_id": "SMS000000000001"})
    assert [(m.phone, m.params) for m in box.sms.sent] == [("13900000000", {"amount": "1000.00"})]


# -- faults ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["timeout_after_doing", "lose_before_doing"])
async def test_no_answer(box: Sandbox, http: aiohttp.ClientSession, kind: Any) -> None:
    await box.set_fault(Fault(system="sms", kind=kind, times=1))
    with pytest.raises(TimeoutError):
        await post(http, box.ports.sms, "/v1/send", "e1", SMS)
    assert len(box.sms.sent) == (1 if kind == "timeout_after_doing" else 0)
    assert (await post(http, box.ports.sms, "/v1/send", "e1", SMS))[0] == 200
    assert len(box.sms.sent) == 1


async def test_slow_duplicate_refused_unsure_garbled(box: Sandbox, http: aiohttp.ClientSession) -> None:
    port = box.ports.sms
    await box.set_fault(Fault(system="sms", kind="delay", delay_ms=100, times=1))
    begun = asyncio.get_running_loop().time()
    assert (await post(http, port, "/v1/send", "e1", SMS))[0] == 200
    assert asyncio.get_running_loop().time() - begun >= 0.1
    await box.set_fault(Fault(system="sms", kind="duplicate", times=1))
    assert (await post(http, port, "/v1/send", "e2", SMS))[0] == 200
    assert [row["received"] for row in box.received("sms")] == [1, 2]
    assert len(box.sms.sent) == 2
    await box.set_fault(Fault(system="sms", kind="refuse", code="blocked", times=1))
    assert await post(http, port, "/v1/send", "e3", SMS) == (422, {"code": "blocked"})
    await box.set_fault(Fault(system="sms", kind="unsure", times=1))
    assert (await post(http, port, "/v1/send", "e4", SMS))[0] == 503
    await box.set_fault(Fault(system="sms", kind="garble", times=1))
    with pytest.raises(ValueError, match="Unterminated"):
        await post(http, port, "/v1/send", "e5", SMS)
    assert len(box.sms.sent) == 4


async def test_down_and_back(box: Sandbox, http: aiohttp.ClientSession) -> None:
    await box.set_fault(Fault(system="sms", kind="down", times=1))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await post(http, box.ports.sms, "/v1/send", "e1", SMS)
    assert (await post(http, box.ports.sms, "/v1/send", "e1", SMS))[0] == 200
    await box.set_fault(Fault(system="sms", kind="down"))
    with pytest.raises(aiohttp.ClientError):
        await post(http, box.ports.sms, "/v1/send", "e2", SMS)
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(http, box.ports.sms, "/v1/send", "e2", SMS)
    await box.clear_faults()
    assert (await post(http, box.ports.sms, "/v1/send", "e2", SMS))[0] == 200
