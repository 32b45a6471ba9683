"""Big-data risk 大数据风控 over HTTP: anti-fraud, score, verified income."""

from typing import Any

from actors.codes import Code
from actors.external.http import ask, whole
from actors.external.outcome import Outcome, done
from actors.external.parts import VaultOf
from actors.external.policy import Envelope
from actors.external.wire import HttpWire


class Risk:
    """The stateless actor in front of it."""

    system = "risk"
    operations = ("assess",)

    def __init__(self, wire: HttpWire, envelope: Envelope, vault_of: VaultOf) -> None:
        self._wire = wire
        self.envelope = envelope
        self._vault_of = vault_of

    async def perform(
        self, operation: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str
    ) -> Outcome:
        vault, owner = self._vault_of(bank), payload["customer_id"]
        body = {
            "bank": bank,
            "identity": vault.unseal(owner, payload["identity_sealed"]),
            "phone": vault.unseal(owner, payload["phone_sealed"]),
            "product": payload["product"],
            "amount_fen": payload["amount_fen"],
            "facts": payload["facts"],
        }
        return await ask(self._wire, self.envelope, "/v1/assess", effect_id, body, _read, Code.OUTSIDE_REFUSED)


def _read(answer: dict[str, Any]) -> Outcome:
    if not isinstance(answer["fraud"], bool):
        raise TypeError(answer["fraud"])
    return done(
        fraud=answer["fraud"],
        fraud_score=whole(answer["fraud_score"]),
        score=whole(answer["score"]),
        income_fen_verified=whole(answer["income_fen_verified"]),
    )
