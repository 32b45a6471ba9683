"""Moving the business date, and the part of the day's run that the main job needs: collect what is due, close the day.

`DayRun.advance` sets the date, waits until every host has seen it, then asks the loans that the index names (and no
others) to collect what is due. Idempotent: operations are named by (loan, date), so a second run does nothing.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import ray
from msgspec import Struct

from actors.loan.messages import CloseDay, CollectDue
from actors.turn import Command
from storage.postgres import PostgresStore

CHANNEL = "day"
PAGE = 500
Progress = Callable[[str, int], None]


class DayReport(Struct, kw_only=True):
    """What one bank's run did: loans asked, and answers by code ("" is success)."""

    bank: str
    date: date
    collected: int = 0
    closed: int = 0
    codes: dict[str, int] = {}


class DayRun:
    """Runs against a live deployment: its database, its hosts' handles and one gateway's handle."""

    def __init__(self, store: PostgresStore, hosts: Callable[[], list[Any]], gateway: Any) -> None:
        self._store = store
        self._hosts = hosts
        self._gateway = gateway

    async def set_date(self, bank: str, day: date) -> None:
        """Advance the business date and wait until every living host has it. Raises storage.banks.DateGoesBack."""
        epoch = await self._store.set_business_date(bank, day)
        for host in self._hosts():
            try:
                while await host.refresh_banks.remote() < epoch:
                    pass
            except ray.exceptions.RayActorError:
                continue  # a dead host has no old date; its successor reads the new one

    async def collect(self, bank: str, day: date, progress: Progress = lambda _s, _n: None) -> DayReport:
        """Ask every loan with something due up to ``day`` to start its auto-debit."""
        report = DayReport(bank=bank, date=day)
        report.collected = await self._each(bank, day, lambda: CollectDue(date=day), "collect", report, progress)
        return report

    async def close(self, bank: str, day: date, progress: Progress = lambda _s, _n: None) -> DayReport:
        """Close ``day`` for every loan with something due up to it: what stays unpaid becomes overdue."""
        report = DayReport(bank=bank, date=day)
        report.closed = await self._each(bank, day, lambda: CloseDay(date=day), "close", report, progress)
        return report

    async def _each(
        self,
        bank: str,
        day: date,
        command: Callable[[], Command],
        step: str,
        report: DayReport,
        progress: Progress,
    ) -> int:
        after: tuple[date, str] | None = None
        done = 0
        while True:
            loans = await self._store.loans_due(bank, day, after, PAGE)
            if not loans:
                return done
            body = msgspec.msgpack.encode(command())
            wanted = [("loan", loan.id, bank, body, CHANNEL, f"{step}/{loan.id}/{day}") for loan in loans]
            raw = await self._gateway.ask_many.remote(msgspec.msgpack.encode(wanted), 60_000)
            for code, _ in msgspec.msgpack.decode(raw):
                report.codes[code] = report.codes.get(code, 0) + 1
            done += len(loans)
            progress(step, done)
            last = loans[-1]
            assert last.next_due is not None
            after = (last.next_due, last.id)
