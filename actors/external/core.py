"""Core banking 核心: disburse, debit, reverse, refund, daily vouchers, the query that settles doubt; its ledger, asked.

Money moves here and nowhere else.

The sequence number of an instruction is its effect's id, on the first attempt and on the hundredth. Attempt 0 sends. No
answer is "unknown". A later attempt first asks what became of the number: success and failure end it, processing stays
unknown, and only "not found" sends again, under the same number. Never under a new one (esb.md).
"""

import secrets
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from actors.codes import Code
from actors.external.outcome import Outcome, done, refused, unknown
from actors.external.parts import VaultOf, fen, standard_head, yuan
from actors.external.policy import Envelope, Unanswered
from actors.external.wire import EsbReply, EsbWire, NoAnswer, NotSent

SERVICES = {
    "disburse": ("02003000101", "01"),
    "debit": ("02003000102", "01"),
    "reverse": ("02003000104", "01"),
    "voucher": ("02003000105", "01"),
    "refund": ("02003000107", "01"),
}
QUERY = ("02003000103", "01")
LEDGER = ("02003000106", "01")

REFUSALS: dict[str, dict[str, Code]] = {
    "disburse": {
        "CB1001": Code.DISBURSE_REFUSED,  # account does not exist
        "CB1003": Code.DISBURSE_REFUSED,  # frozen
        "CB1004": Code.DISBURSE_REFUSED,  # closed
        "CB1005": Code.DISBURSE_REFUSED,  # loan account exists under another number
        "CB1007": Code.DISBURSE_REFUSED,  # bad amount
        "CB1008": Code.DISBURSE_REFUSED,  # reversed before it came (tombstone)
        "CB1014": Code.DISBURSE_REFUSED,  # no such legal entity
        "CB2001": Code.DISBURSE_REFUSED,  # bad field
    },
    "debit": {
        "CB1001": Code.DEBIT_REFUSED,
        "CB1002": Code.DEBIT_INSUFFICIENT,
        "CB1003": Code.DEBIT_REFUSED,
        "CB1004": Code.DEBIT_REFUSED,
        "CB1006": Code.DEBIT_REFUSED,  # no loan account
        "CB1007": Code.DEBIT_REFUSED,
        "CB1008": Code.DEBIT_REFUSED,
        "CB1012": Code.DEBIT_REFUSED,  # more principal than outstanding
        "CB1014": Code.DEBIT_REFUSED,
        "CB2001": Code.DEBIT_REFUSED,
    },
    "reverse": {
        "CB1002": Code.OUTSIDE_REFUSED,  # the money is no longer in the account
        "CB1004": Code.OUTSIDE_REFUSED,
        "CB1007": Code.OUTSIDE_REFUSED,
        "CB1010": Code.NOT_SAME_DAY,
        "CB1011": Code.OUTSIDE_REFUSED,  # another amount than the original
        "CB1013": Code.LATER_OPERATIONS,
        "CB1014": Code.OUTSIDE_REFUSED,
        "CB2001": Code.OUTSIDE_REFUSED,
    },
    "refund": {
        "CB1001": Code.REFUND_REFUSED,
        "CB1003": Code.REFUND_REFUSED,
        "CB1004": Code.REFUND_REFUSED,
        "CB1006": Code.REFUND_REFUSED,
        "CB1007": Code.REFUND_REFUSED,
        "CB1008": Code.REFUND_REFUSED,
        "CB1014": Code.REFUND_REFUSED,
        "CB2001": Code.REFUND_REFUSED,
    },
    "voucher": {
        "CB1014": Code.VOUCHER_REFUSED,
        "CB1015": Code.VOUCHER_REFUSED,  # the date is not open for booking there
        "CB1016": Code.VOUCHER_REFUSED,  # does not balance
        "CB1017": Code.VOUCHER_REFUSED,  # no such account
        "CB2001": Code.VOUCHER_REFUSED,
    },
}
"""The core's definite refusals -> our codes. A code not in the table says nothing for sure: unknown, asked by query."""

REFUSED_BY_QUERY = {
    "disburse": Code.DISBURSE_REFUSED,
    "debit": Code.DEBIT_REFUSED,
    "reverse": Code.OUTSIDE_REFUSED,
    "voucher": Code.VOUCHER_REFUSED,
    "refund": Code.REFUND_REFUSED,
}
"""When the query says "failed" with a code not in `REFUSALS`: definite all the same."""

_BUSY = "CB9001"
_SPLIT = ("PENALTY", "COMPOUND", "INTEREST", "PRINCIPAL")
"""A core that calculates itself tells its split in these; what it held as surplus is the rest."""


class LedgerRow(NamedTuple):
    """An account of the core's ledger on a date, in fen; opening and closing are debit less credit."""

    account: str
    opening_fen: int
    debit_fen: int
    credit_fen: int
    closing_fen: int


class Core:
    """The stateless actor in front of the core. ``consumer``: our system id there."""

    system = "core"
    operations = tuple(SERVICES)

    def __init__(self, wire: EsbWire, envelope: Envelope, vault_of: VaultOf, consumer: str = "MIAODAI") -> None:
        self._wire = wire
        self.envelope = envelope
        self._vault_of = vault_of
        self._consumer = consumer

    async def perform(
        self, operation: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str
    ) -> Outcome:
        """One attempt at an instruction; at most one query and one sending."""
        try:
            if attempt > 0:
                known = await self._asked(operation, payload, effect_id, bank)
                if known is not None:
                    return known
            return await self._sent(operation, payload, effect_id, bank)
        except Unanswered as doubt:
            return unknown(doubt.code)

    async def _sent(self, operation: str, payload: dict[str, Any], effect_id: str, bank: str) -> Outcome:
        service, scene = SERVICES[operation]
        head = standard_head(self._consumer, effect_id, effect_id, bank)
        body = _BODIES[operation](payload, self._account(payload, bank))

        async def send(timeout_s: float) -> Outcome:
            reply = await self._wire.call(service, scene, head, body, timeout_s)
            if reply.ok:
                return _done(operation, reply.body)
            if reply.code == _BUSY:
                raise NotSent(reply.code)
            code = REFUSALS[operation].get(reply.code)
            return refused(code, reply.code) if code else unknown()

        return await self.envelope.call(send, repeat=False)

    async def _asked(self, operation: str, payload: dict[str, Any], effect_id: str, bank: str) -> Outcome | None:
        """What became of the number; None when the core never got it."""
        head = standard_head(self._consumer, f"{effect_id}Q{secrets.token_hex(4)}", effect_id, bank)
        body = {"ORIG_CONSUMER_ID": self._consumer, "ORIG_SEQ_NO": effect_id, "ORIG_TRAN_DATE": ""}

        async def send(timeout_s: float) -> Outcome | None:
            reply = await self._wire.call(*QUERY, head, body, timeout_s)
            if not reply.ok:
                raise NoAnswer(reply.code)
            return _resolved(operation, payload, reply)

        return await self.envelope.call(send, repeat=True)

    async def ledger(self, bank: str, on: date) -> list[LedgerRow]:
        """The core's general ledger as far as we caused it, by account, at the end of ``on``. Raises `Unanswered`."""
        number = f"G{secrets.token_hex(8)}"
        head = standard_head(self._consumer, number, number, bank)

        async def send(timeout_s: float) -> list[LedgerRow]:
            reply = await self._wire.call(*LEDGER, head, {"LEDGER_DATE": f"{on:%Y%m%d}"}, timeout_s)
            if not reply.ok:
                raise NoAnswer(reply.code)
            try:
                return [_ledger_row(row) for row in reply.body.get("ROWS") or ()]
            except (KeyError, TypeError, ValueError) as error:
                raise NoAnswer("unreadable ledger") from error

        return await self.envelope.call(send, repeat=True)

    def _account(self, payload: dict[str, Any], bank: str) -> str:
        sealed = payload.get("account_sealed")
        return self._vault_of(bank).unseal(payload["customer_id"], sealed) if sealed else ""


def _done(operation: str, body: dict[str, Any]) -> Outcome:
    """The booking as the core tells it; `NoAnswer` when it tells it so that it cannot be read."""
    try:
        date, serial = body["CORE_DATE"], body["CORE_SERIAL"]
        booked: dict[str, Any] = {"core_date": f"{date[:4]}-{date[4:6]}-{date[6:]}", "core_serial": serial}
        if len(date) != 8 or not date.isdigit():
            raise ValueError(date)
        if operation == "debit":
            booked["debited_fen"] = fen(body["DEBITED"])
            if body.get("SPLIT_BY") == "CORE":
                booked["split"] = [fen(body[item]) for item in _SPLIT]
    except (KeyError, TypeError, ValueError) as error:
        raise NoAnswer("unreadable booking") from error
    return done(**booked)


def _resolved(operation: str, payload: dict[str, Any], reply: EsbReply) -> Outcome | None:
    body = reply.body
    match body.get("STATUS"):
        case "N":
            return None
        case "S" if _is_ours(payload, body):
            return _done(operation, body)
        case "S":
            return unknown(Code.OPERATION_MISMATCH)
        case "F":
            outside_code = str(body.get("ORIG_RET_CODE", ""))
            code = REFUSALS[operation].get(outside_code, REFUSED_BY_QUERY[operation])
            return refused(code, outside_code)
        case _:
            return unknown()


def _is_ours(payload: dict[str, Any], body: dict[str, Any]) -> bool:
    """The number must stand for the same loan and sum there: else a person looks, and we claim nothing."""
    return body.get("LOAN_NO", "") == payload["loan_id"] and body.get("AMOUNT") == yuan(payload["amount_fen"])


def _ledger_row(row: dict[str, Any]) -> LedgerRow:
    return LedgerRow(row["ACCOUNT"], *(fen(row[name]) for name in ("OPENING", "DEBIT", "CREDIT", "CLOSING")))


def _disburse(payload: dict[str, Any], account: str) -> dict[str, Any]:
    return {
        "LOAN_NO": payload["loan_id"],
        "CUSTOMER_NO": payload["customer_id"],
        "PRODUCT": payload["product"],
        "AMOUNT": yuan(payload["amount_fen"]),
        "RATE": str(payload["annual_rate"]),
        "PERIODS": str(payload["periods"]),
        "METHOD": payload["method"],
        "ACCOUNT_NO": account,
    }


def _debit(payload: dict[str, Any], account: str) -> dict[str, Any]:
    """``payload["allocation"]``, if given: [[principal|interest|penalty|compound|fee, fen], ...] in the order in which
    a partial debit is to be booked, instalment by instalment; without it: fee, penalty, compound, interest, principal.
    ``compound_fen`` and ``fee_fen`` go along when there are any."""
    body: dict[str, Any] = {
        "LOAN_NO": payload["loan_id"],
        "CUSTOMER_NO": payload["customer_id"],
        "AMOUNT": yuan(payload["amount_fen"]),
        "DEBIT_MODE": "P" if payload["partial"] else "F",
        "PRINCIPAL": yuan(payload["principal_fen"]),
        "INTEREST": yuan(payload["interest_fen"]),
        "PENALTY": yuan(payload["penalty_fen"]),
        "ACCOUNT_NO": account,
        "BUSINESS_DATE": str(payload["business_date"]).replace("-", ""),
    }
    for item in ("compound", "fee"):
        if payload.get(f"{item}_fen"):
            body[item.upper()] = yuan(payload[f"{item}_fen"])
    allocation = [{"ITEM": item.upper(), "AMOUNT": yuan(part)} for item, part in payload.get("allocation", ())]
    return body | {"ALLOCATION": allocation} if allocation else body


def _reverse(payload: dict[str, Any], account: str) -> dict[str, Any]:
    return {
        "LOAN_NO": payload["loan_id"],
        "REVERSAL_SEQ_NO": payload["original_effect"],
        "AMOUNT": yuan(payload["amount_fen"]),
        "REASON": payload["reason"] or "-",
    }


def _refund(payload: dict[str, Any], account: str) -> dict[str, Any]:
    return {
        "LOAN_NO": payload["loan_id"],
        "CUSTOMER_NO": payload["customer_id"],
        "AMOUNT": yuan(payload["amount_fen"]),
        "ACCOUNT_NO": account,
        "BUSINESS_DATE": str(payload["business_date"]).replace("-", ""),
    }


def _voucher(payload: dict[str, Any], account: str) -> dict[str, Any]:
    """``payload["lines"]``: [[core account, debit fen, credit fen], ...]; the total is of the debits."""
    return {
        "VOUCHER_NO": payload["number"],
        "BOOK_DATE": str(payload["date"]).replace("-", ""),
        "PRODUCT": payload["product"],
        "AMOUNT": yuan(payload["amount_fen"]),
        "LINES": [
            {"ACCOUNT": code, "DEBIT": yuan(debit), "CREDIT": yuan(credit)} for code, debit, credit in payload["lines"]
        ],
    }


_BODIES: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "disburse": _disburse,
    "debit": _debit,
    "reverse": _reverse,
    "voucher": _voucher,
    "refund": _refund,
}
