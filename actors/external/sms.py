"""SMS 短信平台 over HTTP: one message by template; the platform fills it in."""

from typing import Any

from actors.codes import Code
from actors.external.http import ask, text
from actors.external.outcome import Outcome, done
from actors.external.parts import VaultOf
from actors.external.policy import Envelope
from actors.external.wire import HttpWire


class Sms:
    """The stateless actor in front of it."""

    system = "sms"
    operations = ("send",)

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
            "phone": vault.unseal(owner, payload["phone_sealed"]),
            "template": payload["template"],
            "params": payload["params"],
        }
        return await ask(self._wire, self.envelope, "/v1/send", effect_id, body, _read, Code.OUTSIDE_REFUSED)


def _read(answer: dict[str, Any]) -> Outcome:
    return done(message_id=text(answer["message_id"]))
