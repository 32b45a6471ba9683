"""Credit bureau 征信: one report under a consent. One request number gets one report, so asking again is safe."""

from typing import Any

from actors.codes import Code
from actors.external.outcome import Outcome, done, refused, unknown
from actors.external.parts import VaultOf, fen, standard_head
from actors.external.policy import Envelope, Unanswered
from actors.external.wire import EsbWire, NoAnswer, NotSent

REPORT = ("03003000201", "01")
_TECHNICAL = frozenset({"CB9001", "CB9002"})  # busy, still processing


class Bureau:
    """The stateless actor in front of the bureau."""

    system = "bureau"
    operations = ("report",)

    def __init__(self, wire: EsbWire, envelope: Envelope, vault_of: VaultOf, consumer: str = "MIAODAI") -> None:
        self._wire = wire
        self.envelope = envelope
        self._vault_of = vault_of
        self._consumer = consumer

    async def perform(
        self, operation: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str
    ) -> Outcome:
        vault, owner = self._vault_of(bank), payload["customer_id"]
        head = standard_head(self._consumer, effect_id, effect_id, bank)
        body = {
            "NAME": vault.unseal(owner, payload["name_sealed"]),
            "ID_TYPE": "10",
            "ID_NO": vault.unseal(owner, payload["identity_sealed"]),
            "REASON": payload["reason"],
            "AUTH_VERSION": payload["consent_version"],
        }

        async def send(timeout_s: float) -> Outcome:
            reply = await self._wire.call(*REPORT, head, body, timeout_s)
            if reply.ok:
                return _report(reply.body)
            if reply.code in _TECHNICAL:
                raise NotSent(reply.code)
            return refused(Code.OUTSIDE_REFUSED, reply.code)

        try:
            return await self.envelope.call(send, repeat=True)
        except Unanswered as doubt:
            return unknown(doubt.code)


def _report(body: dict[str, Any]) -> Outcome:
    try:
        return done(
            report_no=str(body["REPORT_NO"]),
            score=int(body["SCORE"]),
            overdue_now_fen=fen(body["OVERDUE_NOW"]),
            months_overdue_max=int(body["MONTHS_OVERDUE_MAX"]),
            inquiries_3m=int(body["INQUIRIES_3M"]),
            unsecured_fen_elsewhere=fen(body["UNSECURED_ELSEWHERE"]),
            monthly_due_fen=fen(body["MONTHLY_DUE"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NoAnswer("unreadable report") from error
