"""One applicant's way to the money: register, consents, white list, apply, contract, sign, draw, proof of use.

The bank's own work (the white list) and the person's go over the same desk. Every command has an id of its own, made
from the applicant's number, so a second telling of the story changes nothing.
"""

import asyncio
import hashlib
import time
from datetime import date
from typing import Any

from msgspec import Struct

from cluster.demo.applicants import Applicant
from cluster.demo.desk import Desk, Heard

DUE_DAYS = (0, 15, 25)
CONSENT_TEXT = "本人同意贵行查询本人征信信息。"
PATIENCE_S = 60.0


class Outcome(Struct):
    """How far it came. ``ended``: money, refused (with the code), or stopped (something that should not happen)."""

    applicant: Applicant
    customer_id: str = ""
    application_key: str = ""
    loan_id: str = ""
    lent_fen: int = 0
    ended: str = "stopped"
    code: str = ""
    reversed: bool = False


class Stopped(Exception):
    """A step was refused; its code."""


class Story:
    """Tells one applicant's story over one desk."""

    def __init__(self, desk: Desk, applicant: Applicant, run: str, today: date) -> None:
        self._desk, self._run, self._today = desk, run, today
        self.applicant = applicant
        self.outcome = Outcome(applicant)

    def _key(self, step: str) -> str:
        return f"{self._run}-{self.applicant.number:04d}-{step}"

    async def _do(self, operation: str, step: str, **fields: Any) -> dict[str, Any]:
        heard = await self._desk.ask(self.applicant.bank, operation, self._key(step), **fields)
        return self._body(heard)

    def _body(self, heard: Heard) -> dict[str, Any]:
        if not heard.ok:
            self.outcome.code = heard.code
            raise Stopped(heard.code)
        return heard.body

    async def tell(self) -> Outcome:
        """Never raises for a refusal: the outcome says where it ended."""
        try:
            await self._register()
            limit_fen = await self._apply()
            if limit_fen:
                await self._borrow(limit_fen)
        except Stopped as stopped:
            self.outcome.ended, self.outcome.code = "refused", str(stopped)
        return self.outcome

    async def _register(self) -> None:
        who = self.applicant
        registered = await self._do(
            "register_customer",
            "register",
            name=who.name,
            identity_number=who.identity_number,
            phone=who.phone,
            account_no=who.account_no,
        )
        self.outcome.customer_id = registered["customer_id"]
        text_hash = hashlib.sha256(CONSENT_TEXT.encode()).hexdigest()
        for purpose in ("bureau", "contact"):
            await self._do(
                "give_consent",
                f"consent-{purpose}",
                customer_id=self.outcome.customer_id,
                purpose=purpose,
                version="2026-01",
                text_hash=text_hash,
                valid_until=self._today.replace(year=self._today.year + 2),
            )
        if who.white_listed_fen:
            await self._do(
                "put_on_white_list",
                "white-list",
                customer_id=self.outcome.customer_id,
                product=who.product,
                limit_fen=who.white_listed_fen,
                valid_until=self._today.replace(year=self._today.year + 1),
                batch="2026-01",
            )

    async def _apply(self) -> int:
        """The line that was granted, 0 when the application was refused."""
        who = self.applicant
        self.outcome.application_key = self._key("apply")
        answer = await self._do(
            "apply",
            "apply",
            customer_id=self.outcome.customer_id,
            product=who.product,
            amount_fen=who.amount_fen,
            periods=who.periods,
            use_code=who.use_code,
            facts=who.facts,
        )
        answer = await self._ended("get_application", answer, process_id=answer["process_id"])
        process = answer["process"]
        if process["status"] != "approved":
            reasons = process["reasons"]
            self.outcome.ended, self.outcome.code = "refused", reasons[0] if reasons else process["status"]
            return 0
        return int(process["limit_fen"])

    async def _borrow(self, limit_fen: int) -> None:
        who = self.applicant
        amount_fen = min(who.amount_fen, limit_fen)
        opened = await self._do(
            "open_contract",
            "contract",
            customer_id=self.outcome.customer_id,
            product=who.product,
            amount_fen=amount_fen,
            periods=who.periods,
            method=who.method,
            due_day=DUE_DAYS[who.number % len(DUE_DAYS)],
            use_code=who.use_code,
        )
        loan_id = self.outcome.loan_id = opened["loan_id"]
        await self._ended("get_loan", opened, loan_id=loan_id)
        contract = self._body(await self._desk.ask(who.bank, "get_contract", loan_id=loan_id))
        signed = await self._do(
            "sign", "sign", loan_id=loan_id, cost_confirmed=True, contract_hash=contract["contract_hash"]
        )
        await self._ended("get_loan", signed, loan_id=loan_id)
        drawn = await self._do("draw", "draw", loan_id=loan_id)
        drawn = await self._ended("get_process", drawn, process_id=drawn["process_id"])
        status = drawn["process"]["status"]
        if status != "paid_out":
            raise Stopped(next(iter(drawn["process"]["reasons"]), status))
        self.outcome.lent_fen, self.outcome.ended = amount_fen, "money"
        if who.number % 3 == 0:
            proof = hashlib.sha256(f"invoice {who.number}".encode()).hexdigest()
            await self._do(
                "upload_proof", "proof", loan_id=loan_id, document_hash=proof, amount_fen=amount_fen, kind="invoice"
            )

    async def _ended(self, query: str, answer: dict[str, Any], **of: str) -> dict[str, Any]:
        """The reply once its ``state`` is done: most are at once, the others are asked again by ``query``."""
        deadline = time.monotonic() + PATIENCE_S
        while answer.get("state") == "processing" and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            seen = self._body(await self._desk.ask(self.applicant.bank, query, **of))
            answer = self._as_outcome(query, seen)
        return answer

    @staticmethod
    def _as_outcome(query: str, seen: dict[str, Any]) -> dict[str, Any]:
        """A plain view as the outcome that its command would have given."""
        if query == "get_process":
            return {"process": seen, "state": "processing" if seen["status"] == "running" else "done"}
        if query == "get_loan":
            busy = seen["status"] in ("drafting", "signing", "reversing", "disbursing") or seen["repayment"] in (
                "in_flight",
                "unknown",
            )
            return {"loan": seen, "loan_id": seen["loan_id"], "state": "processing" if busy else "done"}
        return seen
