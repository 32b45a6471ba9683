"""Banks and the fronts' lists in memory: the twin of banks.py and queries.py, under storage/memory.py."""

from collections.abc import Callable
from datetime import date
from typing import Any

from storage.banks import BankRow, DateGoesBack
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
        self._banks: dict[str, BankRow] = {}
        self._terms: dict[tuple[str, int], bytes] = {}

    async def put(self, code: str, terms_json: bytes, business_date: date) -> int:
        self._reachable()
        now = self._banks.get(code)
        if now is None:
            now = BankRow(code, 1, terms_json, business_date, 1)
        elif now.terms != terms_json:
            now = now._replace(version=now.version + 1, terms=terms_json)
        self._banks[code] = now
        self._terms[code, now.version] = now.terms
        return now.version

    async def all(self) -> list[BankRow]:
        self._reachable()
        return [self._banks[code] for code in sorted(self._banks)]

    async def terms_of(self, code: str, version: int) -> bytes | None:
        self._reachable()
        return self._terms.get((code, version))

    async def set_business_date(self, code: str, business_date: date) -> int:
        self._reachable()
        now = self._banks[code]
        if business_date < now.business_date:
            raise DateGoesBack(f"{code}: {business_date}")
        epoch = now.date_epoch + (business_date > now.business_date)
        self._banks[code] = now._replace(business_date=business_date, date_epoch=epoch)
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
