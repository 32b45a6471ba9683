"""Invariant 5: no accepted draw over the line of its moment; memo M1 is what is promised; draws agree with loans."""

from typing import Any

import msgspec

from cluster.verify.accounts import AccountCodes
from cluster.verify.findings import Findings
from cluster.verify.line_book import KNOWN_WITHOUT_LINE, LineBook
from cluster.verify.source import Recorded, Source

CUSTOMER = 1
UNDRAWN = "memo_undrawn_lines"


class CustomerCheck:
    """Customer by customer; ``promised`` is what each bank's lines promise, for `compare_memo`."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source, self._findings = source, findings
        self.promised: dict[str, int] = {}

    async def check(self, events: list[Recorded], state: bytes | None, loans: dict[str, Any]) -> None:
        """``state`` as stored; ``loans``: rows (id, outstanding, status, state) by id, of the same shard at least."""
        book = _told(self._findings, events)
        bank = events[0].bank
        self.promised[bank] = self.promised.get(bank, 0) + book.undrawn_fen
        if book.drawings:
            if away := [loan for loan in book.drawings if loan not in loans]:
                loans = loans | {row[0]: row for row in await self._source.all(_LOANS, away)}
            _compare_loans(self._findings, events[0].id, book, state is not None and bool(_effects(state)), loans)


_LOANS = "SELECT id, coalesce(principal_fen_outstanding, 0), status, state FROM loan WHERE id = ANY($1::text[])"


def _told(findings: Findings, events: list[Recorded]) -> LineBook:
    book = LineBook()
    for event in events:
        seen = len(book.faults)
        try:
            fields = {} if event.type in KNOWN_WITHOUT_LINE else event.fields()
            book.take(event.type, fields, event.business_date)
        except (KeyError, TypeError, ValueError) as error:
            findings.breach(5, "unreadable event", f"{event.id} v{event.version}", f"{event.type}: {error!r}")
        for check, detail in book.faults[seen:]:
            findings.breach(5, check, f"{event.id} v{event.version}", detail)
    findings.looked(5, book.draws)
    return book


def _compare_loans(findings: Findings, customer: str, book: LineBook, busy: bool, loans: dict[str, Any]) -> None:
    """A used draw of a revolving line is what its loan still owes, unless one has something under way to tell the
    other; a draw that does not revolve stays whole until its loan is settled."""
    for loan, drawing in book.drawings.items():
        row = loans.get(loan)
        if row is None:
            findings.breach(8, "draw of no loan", customer, loan)
        elif drawing.status == "used" and not busy and not _effects(row[3]) and _revolves(row[3]):
            detail = f"draw {drawing.amount_fen} fen, loan owes {row[1]} fen ({row[2]})"
            findings.expect(drawing.amount_fen == row[1], 5, "draw and loan differ", loan, detail)


def _effects(state: bytes) -> dict[str, Any]:
    effects: dict[str, Any] = msgspec.msgpack.decode(state).get("effects", {})
    return effects


REVOLVING = 9
"""Position of the flag in a loan's terms (actors/loan/state.py)."""


def _revolves(state: bytes) -> bool:
    return bool(msgspec.msgpack.decode(state)["terms"][REVOLVING])


async def compare_memo(source: Source, findings: Findings, promised: dict[str, int]) -> None:
    codes = await AccountCodes.read(source)
    sql = """SELECT coalesce(sum(debit_fen - credit_fen), 0) FROM posting
        WHERE kind = $1 AND memo AND bank = $2 AND account = ANY($3::text[])"""
    for bank, fen in promised.items():
        booked = int(await source.value(sql, CUSTOMER, bank, list(codes.of(bank, (UNDRAWN,)))))
        findings.expect(booked == fen, 2, "memo undrawn lines", bank, f"lines promise {fen} fen, memo {booked} fen")
