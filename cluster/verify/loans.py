"""Invariants 1, 2 and 6 loan by loan: the story told by the events, the postings, and the stored row must agree.

Disbursed - reversed = outstanding + repaid + waived + written off. General ledger = sum of the loans, account by
account, per loan, per bank and so in all; memo accounts with their contra.
"""

from collections import Counter
from collections.abc import AsyncIterator
from operator import add
from typing import Any, Generic, TypeVar

from msgspec import Struct, msgpack

from cluster.verify.accounts import AccountCodes, Group
from cluster.verify.findings import Findings
from cluster.verify.loan_book import KNOWN_WITHOUT_MONEY, end, take
from cluster.verify.loan_ledger import ROLES, balances_of
from cluster.verify.loan_story import LoanStory
from cluster.verify.loan_terms import day_text
from cluster.verify.source import Recorded, Source

LOAN = 2
T = TypeVar("T")


async def balances(source: Source, low: str, high: str) -> AsyncIterator[tuple[str, dict[str, int]]]:
    """(loan, account -> debit less credit) by id, from ``low`` up to below ``high``."""
    sql = """
        SELECT id, account, sum(debit_fen - credit_fen)::bigint FROM posting
        WHERE kind = $1 AND ($2 = '' OR bank = $2) AND id >= $3 AND id < $4
        GROUP BY id, account ORDER BY id"""
    current, accounts = "", dict[str, int]()
    async for id, account, fen in source.rows(sql, LOAN, source.bank, low, high):
        if id != current and current:
            yield current, accounts
            accounts = {}
        current = id
        accounts[account] = fen
    if current:
        yield current, accounts


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


SUMS = ("loans", "disbursed", "reversed", "capitalised", "repaid", "waived", "written_off", *ROLES)
"""Of each bank: loans, then principal in fen, then the ledger by role."""
_SILENT = frozenset(KNOWN_WITHOUT_MONEY)


class Stored(Struct, omit_defaults=True):
    """The figures of a loan's row, out of its state; field by field as the engine names them."""

    principal_fen_outstanding: int = 0
    balance_fen: int = 0
    accrued_fen: int = 0
    allowance_fen: int = 0
    vat_fen_deferred: int = 0
    vat_fen_output: int = 0
    vat_fen_receivable: int = 0
    suspense_fen: int = 0
    principal_fen_repaid: int = 0
    interest_fen_repaid: int = 0
    compound_fen_repaid: int = 0
    penalty_fen_repaid: int = 0
    fee_fen_repaid: int = 0
    principal_fen_waived: int = 0
    interest_fen_waived: int = 0
    compound_fen_waived: int = 0
    penalty_fen_waived: int = 0
    fallen: int = 0
    lapsed: int = 0
    risk_class: int = 1
    non_accrual: bool = False
    closed_to: str = ""


_stored = msgpack.Decoder(Stored)
STORED = Stored.__struct_fields__


class LoanCheck:
    """Loan by loan in the order of their ids; ``totals`` are the banks' sums, for `compare_banks`."""

    def __init__(self, findings: Findings, codes: AccountCodes, balances: AsyncIterator[tuple[str, dict[str, int]]]):
        self._findings, self._codes = findings, codes
        self._balances = Beside(balances)
        self._sums: dict[str, list[int]] = {}

    @property
    def totals(self) -> dict[str, Counter[str]]:
        return {bank: Counter(dict(zip(SUMS, sums, strict=True))) for bank, sums in self._sums.items()}

    async def check(self, events: list[Recorded], row: Any) -> None:
        """``row``: (id, status, principal outstanding, state) as stored, None when there is none."""
        findings, id, bank = self._findings, events[0].id, events[0].bank
        story = _told(findings, events, self._codes)
        told, posted = balances_of(story), await self._balances.at(id) or {}
        _compare_postings(findings, id, told, posted, self._codes.groups(bank))
        compare_row(findings, id, story, row)
        sums = (
            1,
            story.disbursed_fen,
            story.reversed_fen,
            story.capitalised_fen,
            story.repaid_fen[3],
            story.waived_fen[3],
            story.written_off_fen[3],
            *told,
        )
        before = self._sums.get(bank)
        self._sums[bank] = list(sums) if before is None else list(map(add, before, sums))

    async def finish(self) -> list[str]:
        """Ids that have postings and were not checked."""
        await self._balances.at("~")
        return self._balances.skipped


def _told(findings: Findings, events: list[Recorded], codes: AccountCodes) -> LoanStory:
    story = LoanStory(codes.rules(events[0].bank))
    for event in events:
        type = event.type
        if type in _SILENT:
            continue
        try:
            take(story, type, event.fields())
        except (KeyError, TypeError, ValueError, IndexError) as error:
            findings.breach(1, "unreadable event", f"{event.id} v{event.version}", f"{type}: {error!r}")
        if story.faults:
            _note(findings, story, event)
    end(story)
    if story.faults:
        _note(findings, story, events[-1])
    findings.looked(1)
    findings.looked(6)
    return story


def _note(findings: Findings, story: LoanStory, event: Recorded) -> None:
    for invariant, check, detail in story.faults:
        findings.breach(invariant, check, f"{event.id} v{event.version}", detail)
    story.faults.clear()


def _compare_postings(
    findings: Findings, id: str, told: tuple[int, ...], posted: dict[str, int], groups: tuple[Group, ...]
) -> None:
    """Account by account; roles that share an account at the bank are held together."""
    findings.looked(2)
    left = sum(map(abs, posted.values()))
    for name, roles, codes in groups:
        fen = sum([told[role] for role in roles])
        booked = 0
        for code in codes:
            if code in posted:
                booked += posted[code]
                left -= abs(posted[code])
        if booked != fen:
            findings.breach(2, f"{name} of the loan", id, f"events {fen} fen, postings {booked} fen")
    if left:
        findings.breach(2, "account of no role", id, f"{left} fen on {', '.join(sorted(posted))}")


def compare_row(findings: Findings, id: str, story: LoanStory, row: Any) -> None:
    """Typed column and state are what the events say; what is over owes nothing. (No row: invariant 4.)"""
    if row is None:
        return
    _, status, owed, state = row
    detail = f"events {story.outstanding_fen} fen, row {owed} fen ({status})"
    findings.expect(story.outstanding_fen == (owed or 0), 1, "loan's outstanding", id, detail)
    if status in ("settled", "reversed", "written_off") and owed:
        findings.breach(1, "closed but owing", id, detail)
    stored = _stored.decode(state)
    told = (
        story.outstanding_fen,
        story.balance_fen,
        story.accrued_fen,
        story.allowance_fen,
        story.vat_fen_deferred,
        story.vat_fen_output,
        story.vat_fen_receivable,
        story.suspense_fen,
        *story.repaid_fen[::-1],
        story.fee_fen,
        *story.waived_fen[::-1],
        story.fallen,
        story.lapsed,
        story.risk_class,
        story.non_accrual,
        day_text(story.closed_to) if story.closed_to else "",
    )
    if told != tuple([getattr(stored, name) for name in STORED]):
        pairs = zip(STORED, told, [getattr(stored, name) for name in STORED], strict=True)
        wrong = ", ".join(f"{name} {ours}, row {theirs}" for name, ours, theirs in pairs if ours != theirs)
        findings.breach(1, "loan's figures", id, f"events {wrong}")


async def compare_banks(
    source: Source, findings: Findings, totals: dict[str, Counter[str]], codes: AccountCodes
) -> None:
    """Per bank: the events' sums, the rows and the general ledger say the same."""
    sql = """
        SELECT bank, sum(coalesce(principal_fen_outstanding, 0)), count(*) FROM loan
        WHERE $1 = '' OR bank = $1 GROUP BY bank"""
    rows: dict[str, tuple[int, int]] = {row[0]: (int(row[1]), row[2]) for row in await source.all(sql, source.bank)}
    ledger = await _ledger(source)
    for bank in sorted(rows.keys() | totals.keys()):
        told, (stored, count) = totals.get(bank, Counter()), rows.get(bank, (0, 0))
        gone = told["reversed"] + told["repaid"] + told["waived"] + told["written_off"]
        left = told["disbursed"] + told["capitalised"] - gone
        detail = f"events {left}, rows {stored} fen; loans {told['loans']} and {count}"
        findings.expect(left == stored and told["loans"] == count, 1, "bank's outstanding", bank, detail)
        booked = ledger.get(bank, {})
        for name, roles, accounts in codes.groups(bank):
            fen, posted = sum(told[ROLES[role]] for role in roles), sum(booked.get(code, 0) for code in accounts)
            detail = f"{name}: loans {fen}, ledger {posted} fen"
            findings.expect(fen == posted, 2, "general ledger = sum of loans", bank, detail)


async def _ledger(source: Source) -> dict[str, dict[str, int]]:
    """Balances by account of the banks' whole ledger, but for the customers' memo accounts (undrawn lines)."""
    found: dict[str, dict[str, int]] = {}
    sql = """
        SELECT bank, account, sum(debit_fen - credit_fen) FROM posting
        WHERE ($1 = '' OR bank = $1) AND NOT (memo AND kind <> $2) GROUP BY bank, account"""
    async for bank, account, fen in source.rows(sql, source.bank, LOAN):
        found.setdefault(bank, {})[account] = int(fen)
    return found
