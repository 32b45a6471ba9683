"""CA 电子签名 over HTTP: an event certificate and a signature over the contract's hash."""

from typing import Any

from actors.codes import Code
from actors.external.http import ask, text
from actors.external.outcome import Outcome, done
from actors.external.parts import VaultOf
from actors.external.policy import Envelope
from actors.external.wire import HttpWire


class Ca:
    """The stateless actor in front of it."""

    system = "ca"
    operations = ("sign",)

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
            "name": vault.unseal(owner, payload["name_sealed"]),
            "identity": vault.unseal(owner, payload["identity_sealed"]),
            "contract_hash": payload["contract_hash"],
        }
        return await ask(self._wire, self.envelope, "/v1/sign", effect_id, body, _read, Code.SIGN_REFUSED)


def _read(answer: dict[str, Any]) -> Outcome:
    return done(
        certificate_no=text(answer["certificate_no"]),
        signature=text(answer["signature"]),
        signed_at=text(answer["signed_at"]),
    )
