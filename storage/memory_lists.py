"""Banks and the fronts' lists in memory: the twin of banks.py and queries.py, under storage/memory.py."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from storage.banks import BankHead, BankRow, DateGoesBack, TermsVersion
from storage.contract import JournalRow, LoadedRow
from storage.memory_directory import MemoryDirectory, monotonic_ms
from storage.queries import LoanSummary, ProcessSummary


class MemoryLists(MemoryDirectory):
    """`Banks` and `Queries`; what the lists read is written by `MemoryStore`."""

    def __init__(self, clock_ms: Callable[[], int] = monotonic_ms) -> None:
        super().__init__(clock_ms)
        self._journal: dict[tuple[str, str], list[JournalRow]] = {}
        self._columns: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._identities: dict[tuple[str, bytes], str] = {}
        self._dates: dict[str, tuple[date, int]] = {}
        self._terms: dict[str, list[tuple[TermsVersion, bytes]]] = {}

    async def put(self, code: str, terms_json: bytes, business_date: date) -> int:
        self._reachable()
        if code not in self._dates:
            self._dates[code] = (business_date, 1)
            self._terms[code] = []
            await self.add_terms(code, 0, [(business_date, terms_json)])
        return len(self._terms[code])

    async def add_terms(self, code: str, after: int, changes: list[tuple[date, bytes]]) -> bool:
        self._reachable()
        kept = self._terms.get(code)
        if kept is None or len(kept) != after:
            return False
        for day, terms_json in changes:
            kept.append((TermsVersion(len(kept) + 1, day, "loaded", 0, datetime.now(UTC)), terms_json))
        return True

    async def heads(self) -> list[BankHead]:
        return [BankHead(r.code, r.version, r.business_date, r.date_epoch) for r in await self.all()]

    async def all(self) -> list[BankRow]:
        self._reachable()
        found = []
        for code, (day, epoch) in sorted(self._dates.items()):
            version, terms = [(v.version, terms) for v, terms in self._terms[code] if v.valid_from <= day][-1]
            found.append(BankRow(code, version, terms, day, epoch))
        return found

    async def terms_of(self, code: str, version: int) -> bytes | None:
        self._reachable()
        return next((terms for v, terms in self._terms.get(code, []) if v.version == version), None)

    async def versions(self, code: str) -> list[TermsVersion]:
        self._reachable()
        return [v for v, _ in self._terms.get(code, [])]

    async def set_business_date(self, code: str, business_date: date) -> int:
        self._reachable()
        day, epoch = self._dates[code]
        if business_date < day:
            raise DateGoesBack(f"{code}: {business_date}")
        epoch += business_date > day
        self._dates[code] = (business_date, epoch)
        return epoch

    async def transactions(
        self, bank: str, loan_id: str, after_version: int, limit: int, types: list[str] | None = None
    ) -> list[JournalRow]:
        self._reachable()
        events = self._journal.get(("loan", loan_id), [])
        kept = [e for e in events if e.version > after_version and e.bank == bank and (not types or e.type in types)]
        return kept[:limit]

    async def loans_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> list[LoanSummary]:
        return [n for n in self._loans(bank) if n.customer_id == customer_id and n.id > after][:limit]

    async def loans_of_bank(
        self, bank: str, after: str, limit: int, *, product: str = "", status: str = ""
    ) -> list[LoanSummary]:
        found = [n for n in self._loans(bank) if n.id > after and product in ("", n.product)]
        return [n for n in found if status in ("", n.status)][:limit]

    async def loans_due(self, bank: str, to: date, after: tuple[date, str] | None, limit: int) -> list[LoanSummary]:
        due = sorted((n.next_due, n.id, n) for n in self._loans(bank) if n.next_due is not None and n.next_due <= to)
        return [n for day, id, n in due if after is None or (day, id) > after][:limit]

    async def processes_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> list[ProcessSummary]:
        self._reachable()
        found = [ProcessSummary(r.id, r.bank, r.version, *self._columns["process", r.id]) for r in self._of("process")]
        return [p for p in found if p.bank == bank and p.customer_id == customer_id and p.id > after][:limit]

    async def customer_by_identity(self, bank: str, identity_index: bytes) -> str | None:
        self._reachable()
        return self._identities.get((bank, identity_index))

    def _loans(self, bank: str) -> list[LoanSummary]:
        self._reachable()
        return [
            LoanSummary(r.id, r.bank, r.version, *self._columns["loan", r.id])
            for r in self._of("loan")
            if r.bank == bank
        ]

    def _of(self, kind: str) -> list[LoadedRow]:
        return sorted((r for r in self._rows.values() if r.kind == kind), key=lambda r: r.id)
