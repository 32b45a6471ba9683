"""Invariants 1, 2 and 6 loan by loan: the story told by the events, the postings, and the stored row must agree.

Disbursed - reversed = outstanding + repaid (waived and written off come with events that do not exist yet: the fold
calls an event it does not know a breach). General ledger = sum of the loans, per loan, per bank and so in all.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from cluster.verify.accounts import AccountCodes
from cluster.verify.findings import Findings
from cluster.verify.loan_book import ROLES, LoanBook
from cluster.verify.source import Recorded, Source

LOAN = 2
T = TypeVar("T")


async def _balances(source: Source) -> AsyncIterator[tuple[str, dict[str, int]]]:
    """(loan, account -> debit less credit) in the order of ids, memo lines left out."""
    sql = """
        SELECT id, account, sum(debit_fen - credit_fen) FROM posting
        WHERE kind = $1 AND NOT memo AND ($2 = '' OR bank = $2) GROUP BY id, account ORDER BY id"""
    current, accounts = "", dict[str, int]()
    async for id, account, fen in source.rows(sql, LOAN, source.bank):
        if id != current and current:
            yield current, accounts
            accounts = {}
        current = id
        accounts[account] = int(fen)
    if current:
        yield current, accounts


async def _rows(source: Source) -> AsyncIterator[tuple[str, Any]]:
    sql = "SELECT id, status, principal_fen_outstanding FROM loan WHERE $1 = '' OR bank = $1 ORDER BY id"
    async for row in source.rows(sql, source.bank):
        yield row[0], row


class Beside(Generic[T]):
    """Walks another ordered stream beside the loans: `at` gives what it holds for an id, `skipped` what had no loan."""

    def __init__(self, stream: AsyncIterator[tuple[str, T]]) -> None:
        self._stream = stream
        self._head: tuple[str, T] | None = None
        self._begun = False
        self.skipped: list[str] = []

    async def _next(self) -> None:
        self._head = await anext(self._stream, None)

    async def at(self, id: str) -> T | None:
        if not self._begun:
            self._begun = True
            await self._next()
        while self._head is not None and self._head[0] < id:
            self.skipped.append(self._head[0])
            await self._next()
        if self._head is None or self._head[0] != id:
            return None
        value = self._head[1]
        await self._next()
        return value


async def check_loans(source: Source, findings: Findings) -> None:
    codes = await AccountCodes.read(source)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    balances, rows = Beside(_balances(source)), Beside(_rows(source))
    async for events in source.events_by_actor(LOAN):
        id, bank = events[0].id, events[0].bank
        book = _told(findings, events)
        _compare_postings(findings, id, book, await balances.at(id) or {}, bank, codes)
        _compare_row(findings, id, book, await rows.at(id))
        totals[bank].update(_sums(book))
    await balances.at("~")
    for id in balances.skipped:
        findings.breach(2, "postings without a loan", id, "no event of this loan")
    await _compare_banks(source, findings, totals, codes)


def _told(findings: Findings, events: list[Recorded]) -> LoanBook:
    book = LoanBook()
    for event in events:
        seen = len(book.faults)
        try:
            book.take(event.type, event.fields())
        except (KeyError, TypeError, ValueError, IndexError) as error:
            findings.breach(1, "unreadable event", f"{event.id} v{event.version}", f"{event.type}: {error!r}")
        for invariant, check, detail in book.faults[seen:]:
            findings.breach(invariant, check, f"{event.id} v{event.version}", detail)
    findings.looked(1)
    findings.looked(6)
    return book


def _sums(book: LoanBook) -> dict[str, int]:
    return {
        "outstanding": book.outstanding_fen,
        "disbursed": book.disbursed_fen,
        "reversed": book.reversed_fen,
        "repaid": book.repaid_fen[2],
        "on_its_way": book.on_its_way_fen,
        "loans": 1,
    }


def _compare_postings(
    findings: Findings, id: str, book: LoanBook, posted: dict[str, int], bank: str, codes: AccountCodes
) -> None:
    for name, fen in book.balances.items():
        booked = sum(posted.get(code, 0) for code in codes.of(bank, ROLES[name]))
        findings.expect(booked == fen, 2, f"{name} of the loan", id, f"events {fen} fen, postings {booked} fen")


def _compare_row(findings: Findings, id: str, book: LoanBook, row: Any) -> None:
    """The typed column is what the events say; what is settled or reversed owes nothing. (No row: invariant 4.)"""
    if row is None:
        return
    _, status, stored = row
    detail = f"events {book.outstanding_fen} fen, row {stored} fen ({status})"
    findings.expect(book.outstanding_fen == (stored or 0), 1, "loan's outstanding", id, detail)
    if status in ("settled", "reversed") and stored:
        findings.breach(1, "closed but owing", id, detail)


async def _compare_banks(
    source: Source, findings: Findings, totals: dict[str, Counter[str]], codes: AccountCodes
) -> None:
    """Per bank: the events' sums, the rows and the general ledger say the same."""
    sql = """
        SELECT bank, sum(coalesce(principal_fen_outstanding, 0)), count(*) FROM loan
        WHERE $1 = '' OR bank = $1 GROUP BY bank"""
    rows: dict[str, tuple[int, int]] = {row[0]: (int(row[1]), row[2]) for row in await source.all(sql, source.bank)}
    for bank in sorted(rows.keys() | totals.keys()):
        told, (stored, count) = totals[bank], rows.get(bank, (0, 0))
        booked = await _booked(source, bank, codes.of(bank, ROLES["principal"])) - told["on_its_way"]
        left = told["disbursed"] - told["reversed"] - told["repaid"]
        detail = f"events {left}, rows {stored}, ledger {booked} fen; loans {told['loans']} and {count}"
        findings.expect(left == stored and told["loans"] == count, 1, "bank's outstanding", bank, detail)
        findings.expect(booked == left, 2, "general ledger = sum of loans", bank, detail)


async def _booked(source: Source, bank: str, accounts: set[str]) -> int:
    sql = "SELECT coalesce(sum(debit_fen - credit_fen), 0) FROM posting WHERE bank = $1 AND account = ANY($2::text[])"
    return int(await source.value(sql, bank, list(accounts)))
