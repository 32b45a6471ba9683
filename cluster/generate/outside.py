"""The outside systems of a generated book: every one answers at once and in full, in this process.

Serial numbers come from a counter with a fixed length, so that each copy of a life can have its own.
"""

from datetime import date
from typing import Any

from actors.codes import Code
from actors.external.outcome import Outcome


class Obliging:
    """`Outside` for `LocalRuntime`. ``today`` is the core's date; debits of the loans in ``penniless`` find no money.

    ``serials``: what it gave out, by the actor that asked (the effect's id begins with it).
    """

    def __init__(self) -> None:
        self.today = date.min
        self.penniless: set[str] = set()
        self.serials: dict[str, list[str]] = {}
        self._given = 0

    async def perform(self, target: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str) -> Outcome:
        if target == "core.debit" and payload["loan_id"] in self.penniless:
            return Outcome(status="refused", code=Code.DEBIT_INSUFFICIENT.word)
        return Outcome(status="done", data=self._data(target, payload, self.serial(effect_id)))

    def serial(self, effect_id: str) -> str:
        self._given += 1
        serial = f"G{self._given:015d}"
        self.serials.setdefault(effect_id.partition("-")[0], []).append(serial)
        return serial

    def _data(self, target: str, payload: dict[str, Any], serial: str) -> dict[str, Any]:
        booked = {"core_date": self.today.isoformat(), "core_serial": serial}
        match target:
            case "core.debit":
                return booked | {"debited_fen": payload["amount_fen"]}
            case "bureau.report":
                return {
                    "report_no": serial,
                    "score": 720,
                    "overdue_now_fen": 0,
                    "months_overdue_max": 0,
                    "inquiries_3m": 1,
                    "unsecured_fen_elsewhere": 0,
                    "monthly_due_fen": 0,
                }
            case "risk.assess":
                return {"fraud": False, "fraud_score": 5, "score": 700, "income_fen_verified": 2_000_000}
            case "ca.sign":
                at = f"{self.today.isoformat()}T10:00:00+08:00"
                return {"certificate_no": serial, "signature": serial, "signed_at": at}
            case "sms.send":
                return {"message_id": serial}
            case _:
                return booked
