"""Changing terms by two persons, and publishing LPR, on a database: what ``miaodai product`` and ``miaodai lpr`` do.

What a change means is cluster/terms_change.py; here versions are read, the result written behind exactly those, and
once more when someone else was quicker. Running hosts take a new version up by themselves when its date has come.
"""

import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from actors.bank import BankTerms
from actors.codes import Code
from cluster import lpr
from cluster.bank_checks import BadBankConfig
from cluster.bank_config import overlaid
from cluster.terms_change import (
    Dated,
    Difference,
    Proposed,
    TermsRefused,
    changed,
    differences,
    in_force,
    outcome,
    points,
)
from storage.banks import BankHead
from storage.postgres import PostgresStore
from storage.proposals import Added, ProposalRow, Proposals

TRIES = 5
STAFF_MAX = 64
_JSON = msgspec.json.Encoder(order="deterministic")


class Decided(NamedTuple):
    """``again``: it had been decided so before, nothing was done now."""

    proposal: ProposalRow
    again: bool


def staff(id: str) -> str:
    """A staff id as kept; TWO_PERSONS for none, since nobody is no person."""
    found = unicodedata.normalize("NFKC", id).strip()
    if not found or len(found) > STAFF_MAX or not found.isprintable():
        raise TermsRefused(Code.TWO_PERSONS, "缺少工号 a staff id is missing")
    return found


def same_person(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


class TermsDesk:
    """Proposals, decisions and LPR of one database."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.proposals = Proposals(store.database)

    # -- reading ---------------------------------------------------------------------------------------------------

    async def head(self, bank: str) -> BankHead:
        for head in await self.store.heads():
            if head.code == bank:
                return head
        raise TermsRefused(Code.NOT_FOUND, f"没有该法人 no such bank: {bank}")

    async def versions(self, bank: str, day: date) -> list[Dated]:
        """Those that matter from ``day`` on: in force on it, or on a later date."""
        known = [Dated(v.version, v.valid_from, _NONE) for v in await self.store.versions(bank)]
        wanted = {in_force(known, point).version for point in points(known, day)}
        return [v._replace(terms=await self.terms(bank, v.version)) for v in known if v.version in wanted]

    async def terms(self, bank: str, version: int) -> BankTerms:
        raw = await self.store.terms_of(bank, version)
        if raw is None:
            raise TermsRefused(Code.NOT_FOUND, f"没有该版本 no such version: {bank} {version}")
        return msgspec.json.decode(raw, type=BankTerms)

    async def terms_on(self, bank: str, day: date) -> Dated:
        """What is in force on ``day`` as far as approved by now."""
        return in_force(await self.versions(bank, day), day)

    async def proposal(self, id: int) -> ProposalRow:
        row = await self.proposals.one(id)
        if row is None:
            raise TermsRefused(Code.NOT_FOUND, f"没有该变更申请 no such proposal: {id}")
        return row

    # -- changing --------------------------------------------------------------------------------------------------

    async def compare(
        self, bank: str, valid_from: date, make: Callable[[BankTerms], BankTerms], supersedes: bool = False
    ) -> Proposed:
        """What would be proposed, all checks done: ``make`` gives the terms wanted, of those in force on the date."""
        head = await self.head(bank)
        _refuse_date(valid_from, head)
        versions = await self.versions(bank, valid_from)
        now = in_force(versions, valid_from).terms
        proposed = Proposed(valid_from, *changed(now, make(now)), supersedes)
        if not proposed.change:
            raise TermsRefused(Code.NO_CHANGE, f"{bank} {valid_from}")
        outcome(versions, proposed)
        return proposed

    async def propose(self, bank: str, proposed: Proposed, maker: str, note: str = "") -> ProposalRow:
        """Keep it, pending. The same content pending already: that one, and no second."""
        maker = staff(maker)
        last = await self.store.versions(bank)
        id = await self.proposals.make(
            bank,
            last[-1].version,
            proposed.valid_from,
            proposed.supersedes,
            _JSON.encode(proposed.base),
            _JSON.encode(proposed.change),
            note,
            maker,
        )
        return await self.proposal(id)

    async def approve(self, id: int, checker: str) -> Decided:
        """Make it so from its date on. TWO_PERSONS, PROPOSAL_STATUS, BAD_VALID_FROM, and what `outcome` refuses."""
        checker = staff(checker)
        for _ in range(TRIES):
            row = await self.proposal(id)
            if same_person(row.maker, checker):
                raise TermsRefused(Code.TWO_PERSONS, f"{checker}")
            if row.status == "approved":
                return Decided(row, True)
            _refuse_closed(row)
            _refuse_date(row.valid_from, await self.head(row.bank))
            last = (await self.store.versions(row.bank))[-1].version
            made = outcome(await self.versions(row.bank, row.valid_from), proposed_of(row))
            if not await self.proposals.approve(id, checker, _added(row.bank, last, made)):
                return Decided(await self.proposal(id), False)
        raise TermsRefused(Code.OVERLOADED, f"{id}")

    async def reject(self, id: int, checker: str, reason: str) -> Decided:
        """By anybody but its maker, who withdraws instead."""
        checker = staff(checker)
        row = await self.proposal(id)
        if same_person(row.maker, checker):
            raise TermsRefused(Code.TWO_PERSONS, f"{checker}: 经办人可撤回 the maker may withdraw it")
        return await self._close(row, "rejected", checker, reason)

    async def withdraw(self, id: int, maker: str, reason: str) -> Decided:
        """By its maker only."""
        row = await self.proposal(id)
        if not same_person(row.maker, staff(maker)):
            raise TermsRefused(Code.OPERATION_FORBIDDEN, f"经办人是{row.maker} the maker is {row.maker}")
        return await self._close(row, "withdrawn", "", reason)

    async def _close(self, row: ProposalRow, status: str, checker: str, reason: str) -> Decided:
        if row.status == status:
            return Decided(row, True)
        _refuse_closed(row)
        if not await self.proposals.close(row.id, status, checker, reason):
            _refuse_closed(await self.proposal(row.id))
        return Decided(await self.proposal(row.id), False)

    # -- LPR -------------------------------------------------------------------------------------------------------

    async def known_lpr(self) -> tuple[lpr.Row, ...]:
        """The series as the banks have it, and what was loaded by file."""
        known = {(row.published, row.tenor, row.rate) for row in await self.proposals.lpr()}
        for head in await self.store.heads():
            known |= set((await self.terms(head.code, head.version)).lpr)
        return tuple(sorted(known))

    async def load_lpr(self, read: tuple[lpr.Row, ...], by: str, dry_run: bool = False) -> tuple[lpr.Row, ...]:
        """The rows that are new, now in force at every bank from its business date on. LPR_CONFLICT changes nothing."""
        by = staff(by)
        for _ in range(TRIES):
            known = await self.known_lpr()
            try:
                new = lpr.news(known, read)
            except lpr.LprConflict as conflict:
                raise TermsRefused(Code.LPR_CONFLICT, str(conflict)) from None
            if dry_run:
                return new
            added = [a for head in await self.store.heads() for a in await self._with_lpr(head, lpr.joined(known, new))]
            if not (new or added) or await self.proposals.load_lpr(list(new), by, added):
                return new
        raise TermsRefused(Code.OVERLOADED, "lpr")

    async def _with_lpr(self, head: BankHead, series: tuple[lpr.Row, ...]) -> list[Added]:
        """Versions of a bank that carry the series: for today, and for each later date with terms of its own."""
        last = (await self.store.versions(head.code))[-1].version
        versions = await self.versions(head.code, head.business_date)
        made = []
        for day in points(versions, head.business_date):
            terms = in_force(versions, day).terms
            made.append((day, msgspec.structs.replace(terms, lpr=series)))
        if all(in_force(versions, day).terms.lpr == series for day, _ in made):
            return []
        return _added(head.code, last, made)

    # -- banks from files ------------------------------------------------------------------------------------------

    async def first_load(self, terms: BankTerms, day: date) -> bool:
        """Load a new bank, with the LPR that was loaded by file; False, and nothing done, for one that is there."""
        if any(head.code == terms.code for head in await self.store.heads()):
            return False
        loaded = [(row.published, row.tenor, row.rate) for row in await self.proposals.lpr()]
        rates = {row[:2]: row[2] for row in terms.lpr}
        for row in loaded:
            if rates.get(row[:2], row[2]) != row[2]:
                raise TermsRefused(Code.LPR_CONFLICT, f"{row[0]} {row[1]}")
        terms = msgspec.structs.replace(terms, lpr=lpr.joined(terms.lpr, loaded))
        await self.store.put(terms.code, msgspec.json.encode(terms), day)
        return True


def from_file(file: Path) -> Callable[[BankTerms], BankTerms]:
    """A proposal's content from a file of the form of bank.toml; BAD_TERMS for what it may not state."""

    def make(now: BankTerms) -> BankTerms:
        try:
            return overlaid(now, file)
        except BadBankConfig as error:
            raise TermsRefused(Code.BAD_TERMS, str(error)) from None

    return make


def as_loaded(wanted: BankTerms) -> Callable[[BankTerms], BankTerms]:
    """A proposal's content from the bank's whole configuration; LPR stays, and products that it does not have."""

    def make(now: BankTerms) -> BankTerms:
        products = now.products | wanted.products
        return msgspec.structs.replace(wanted, products=products, lpr=now.lpr, version=now.version)

    return make


def proposed_of(row: ProposalRow) -> Proposed:
    base, change = msgspec.json.decode(row.base), msgspec.json.decode(row.change)
    return Proposed(row.valid_from, base, change, row.supersedes)


def differences_of(row: ProposalRow) -> list[Difference]:
    proposed = proposed_of(row)
    return differences(proposed.base, proposed.change)


_NONE = BankTerms(code="", name_zh="", name_en="", province="")


def _added(bank: str, last: int, made: list[tuple[date, BankTerms]]) -> list[Added]:
    return [Added(bank, last + n, day, msgspec.json.encode(terms)) for n, (day, terms) in enumerate(made, 1)]


def _refuse_date(valid_from: date, head: BankHead) -> None:
    if valid_from <= head.business_date:
        raise TermsRefused(
            Code.BAD_VALID_FROM, f"{valid_from}，营业日期 the business date is {head.business_date} ({head.code})"
        )


def _refuse_closed(row: ProposalRow) -> None:
    if row.status != "pending":
        who = row.checker or row.maker
        raise TermsRefused(Code.PROPOSAL_STATUS, f"{row.id}: {row.status} ({who}, {row.decided_at:%Y-%m-%d %H:%M})")
