"""Invariant 5: no accepted draw over the line of its moment; memo M1 is what is promised; draws agree with loans."""

from typing import Any

import msgspec

from cluster.verify.accounts import AccountCodes
from cluster.verify.findings import Findings
from cluster.verify.line_book import LineBook
from cluster.verify.source import Recorded, Source

CUSTOMER = 1
CHUNK = 200
UNDRAWN = "memo_undrawn_lines"


async def check_lines(source: Source, findings: Findings) -> None:
    promised: dict[str, int] = {}
    chunk: dict[str, LineBook] = {}
    async for events in source.events_by_actor(CUSTOMER):
        book = _told(findings, events)
        promised[events[0].bank] = promised.get(events[0].bank, 0) + book.undrawn_fen
        if book.drawings:
            chunk[events[0].id] = book
        if len(chunk) == CHUNK:
            await _compare_loans(source, findings, chunk)
            chunk = {}
    await _compare_loans(source, findings, chunk)
    await _compare_memo(source, findings, promised)


def _told(findings: Findings, events: list[Recorded]) -> LineBook:
    book = LineBook()
    for event in events:
        seen = len(book.faults)
        try:
            book.take(event.type, event.fields(), event.business_date)
        except (KeyError, TypeError, ValueError) as error:
            findings.breach(5, "unreadable event", f"{event.id} v{event.version}", f"{event.type}: {error!r}")
        for check, detail in book.faults[seen:]:
            findings.breach(5, check, f"{event.id} v{event.version}", detail)
    findings.looked(5, book.draws)
    return book


async def _compare_loans(source: Source, findings: Findings, books: dict[str, LineBook]) -> None:
    """A used draw of a revolving line is what its loan still owes, unless one has something under way to tell the
    other; a draw that does not revolve stays whole until its loan is settled."""
    loans = [loan for book in books.values() for loan in book.drawings]
    sql = "SELECT id, coalesce(principal_fen_outstanding, 0), status, state FROM loan WHERE id = ANY($1::text[])"
    found = {row[0]: row for row in await source.all(sql, loans)}
    states = await source.all("SELECT id, state FROM customer WHERE id = ANY($1::text[])", list(books))
    busy = {id for id, state in states if _effects(state)}
    for customer, book in books.items():
        for loan, drawing in book.drawings.items():
            row = found.get(loan)
            if row is None:
                findings.breach(8, "draw of no loan", customer, loan)
            elif drawing.status == "used" and customer not in busy and not _effects(row[3]) and _revolves(row[3]):
                detail = f"draw {drawing.amount_fen} fen, loan owes {row[1]} fen ({row[2]})"
                findings.expect(drawing.amount_fen == row[1], 5, "draw and loan differ", loan, detail)


def _effects(state: bytes) -> dict[str, Any]:
    effects: dict[str, Any] = msgspec.msgpack.decode(state).get("effects", {})
    return effects


REVOLVING = 9
"""Position of the flag in a loan's terms (actors/loan/state.py)."""


def _revolves(state: bytes) -> bool:
    return bool(msgspec.msgpack.decode(state)["terms"][REVOLVING])


async def _compare_memo(source: Source, findings: Findings, promised: dict[str, int]) -> None:
    codes = await AccountCodes.read(source)
    sql = """SELECT coalesce(sum(debit_fen - credit_fen), 0) FROM posting
        WHERE kind = $1 AND memo AND bank = $2 AND account = ANY($3::text[])"""
    for bank, fen in promised.items():
        booked = int(await source.value(sql, CUSTOMER, bank, list(codes.of(bank, (UNDRAWN,)))))
        findings.expect(booked == fen, 2, "memo undrawn lines", bank, f"lines promise {fen} fen, memo {booked} fen")
