"""Sending daily vouchers to the core: one number for ever, counted before it is sent, asked about before it is re-sent.

`Core` of actors/external does the asking and the sending (esb.md: query first, the same number again only when the
core never got it). An unknown outcome stays "sent" and is taken up by the next run.
"""

from datetime import date
from typing import Protocol

import asyncpg
from msgspec import Struct

from actors.external.outcome import Outcome
from storage.vouchers import VoucherRow, Vouchers


class CorePosting(Protocol):
    """What sending needs of actors/external/core.py."""

    async def perform(
        self, operation: str, payload: dict[str, object], effect_id: str, attempt: int, bank: str
    ) -> Outcome: ...


class SentReport(Struct, kw_only=True):
    """Numbers by how it went: ``unknown`` ones are tried again by the next run."""

    bank: str
    date: date
    booked: list[str] = []
    refused: list[str] = []
    unknown: list[str] = []

    @property
    def ok(self) -> bool:
        return not self.refused and not self.unknown


async def send_vouchers(url: str, core: CorePosting, bank: str, to: date) -> SentReport:
    """Send every voucher of ``bank`` up to ``to`` whose outcome is not known, oldest first."""
    report = SentReport(bank=bank, date=to)
    connection = await asyncpg.connect(url, timeout=30, command_timeout=60)
    try:
        vouchers = Vouchers(connection)
        for voucher in await vouchers.unsettled(bank, to):
            status = await _send(vouchers, core, voucher)
            {"booked": report.booked, "refused": report.refused}.get(status, report.unknown).append(voucher.number)
    finally:
        await connection.close()
    return report


async def _send(vouchers: Vouchers, core: CorePosting, voucher: VoucherRow) -> str:
    """ "booked", "refused" or "sent" (unknown)."""
    attempt = await vouchers.begin_attempt(voucher.number)
    if attempt is None:
        return "booked"
    payload = {
        "number": voucher.number,
        "loan_id": "",
        "date": voucher.date.isoformat(),
        "product": voucher.product,
        "amount_fen": voucher.amount_fen,
        "lines": [list(line) for line in await vouchers.lines(voucher.number)],
    }
    outcome = await core.perform("voucher", payload, voucher.number, attempt, voucher.bank)
    match outcome.status:
        case "done":
            booked = (date.fromisoformat(outcome.data["core_date"]), outcome.data["core_serial"])
            await vouchers.settle(voucher.number, "booked", "", "", booked)
            return "booked"
        case "refused":
            outside = str(outcome.data.get("outside_code", ""))
            await vouchers.settle(voucher.number, "refused", outcome.code, outside, None)
            return "refused"
        case _:
            return "sent"
