"""Big-data risk 大数据风控 over HTTP: ``POST /v1/assess`` gives fraud, scores and verified income.

Deterministic: from the identity number's hash and the declared facts, or as preset.
"""

from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from sandbox.once import Once, OtherContent


class Assess(Struct, kw_only=True):
    """The request; ``facts`` as the applicant declared them, money in fen."""

    bank: str
    identity: str
    phone: str
    product: str
    amount_fen: int
    facts: dict[str, Any] = {}


class Assessment(Struct, kw_only=True, forbid_unknown_fields=True):
    """``fraud_score`` 0..99 (97 and more is fraud), ``score`` 300..850 (higher is better), income a month."""

    fraud: bool = False
    fraud_score: int = 5
    score: int = 680
    income_fen_verified: int = 1_000_000


class Risk:
    """`presets`: identity number (or "*" for everybody else) -> `Assessment`."""

    system = "risk"

    def __init__(self) -> None:
        self.once = Once()
        self.presets: dict[str, Assessment] = {}

    def operation(self, path: str) -> str:
        return "assess" if path == "/v1/assess" else ""

    def answer(self, operation: str, request_id: str, body: bytes, refuse: str) -> tuple[int, object]:
        if refuse:
            return 422, {"code": refuse}
        try:
            request = msgspec.json.decode(body, type=Assess)
            return 200, self.once.answer(request_id, operation, request.bank, body, lambda: self._assess(request))
        except msgspec.DecodeError as error:
            return 400, {"code": "bad_request", "detail": str(error)}
        except OtherContent:
            return 409, {"code": "other_content"}

    def _assess(self, request: Assess) -> dict[str, Any]:
        preset = self.presets.get(request.identity) or self.presets.get("*")
        return msgspec.structs.asdict(preset or drawn_assessment(request))


def drawn_assessment(request: Assess) -> Assessment:
    """3 of 100 are fraud. Score: 560..760 by the hash, moved by income, employment, bands and other loans. Verified
    income: 85 to 100 % of the declared one, else 4,000 to 14,000 yuan a month by the hash."""
    h = sha256(f"risk|{request.identity}".encode()).digest()
    facts = request.facts
    declared = _whole(facts, "monthly_income_fen")
    income = declared * (85 + h[2] % 16) // 100 if declared > 0 else (40 + h[3] % 101) * 10_000
    fraud_score = h[0] * 100 // 256
    score = 560 + h[1] * 200 // 255
    score += min(40, 5 * _whole(facts, "employment_years"))
    score += 8 * _whole(facts, "checking_band") + 6 * _whole(facts, "savings_band")
    score -= 15 * max(0, _whole(facts, "existing_loans") - 1)
    return Assessment(
        fraud=fraud_score >= 97,
        fraud_score=fraud_score,
        score=max(300, min(850, score)),
        income_fen_verified=income // 100 * 100,
    )


def _whole(facts: dict[str, Any], name: str) -> int:
    value = facts.get(name, 0)
    return value if isinstance(value, int) else 0
