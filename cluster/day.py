"""Moving the business date and collecting what is due, apart from a day's end: what the demo's year is made of.

The day's end itself is cluster/eod/; here are its parts for a caller that moves the date by leaps of its own.
"""

from collections.abc import Callable
from datetime import date

import msgspec
from msgspec import Struct

from actors.loan.messages import CloseDay, CollectDue
from actors.turn import Command
from cluster.eod.hands import Hands
from cluster.eod.order import Done, Order
from cluster.eod.spread import Spread
from cluster.eod.steps import CHANNEL, SHARDS_AN_ORDER_MAX
from runtime.sweep import Errand
from storage.postgres import PostgresStore

Progress = Callable[[str, int], None]


class DayReport(Struct, kw_only=True):
    """What one bank's run did: loans asked, and answers by code ("" is success)."""

    bank: str
    date: date
    collected: int = 0
    closed: int = 0
    codes: dict[str, int] = {}


class DayRun:
    """Runs against a live deployment: its database and the hands on its hosts."""

    def __init__(self, store: PostgresStore, hands: Hands) -> None:
        self._store = store
        self._spread = Spread(store, hands)

    async def set_date(self, bank: str, day: date) -> None:
        """Advance the business date and wait until every host has it. Raises storage.banks.DateGoesBack."""
        await self._spread.rolled(bank, await self._store.set_business_date(bank, day))

    async def collect(self, bank: str, day: date, progress: Progress = lambda _s, _n: None) -> DayReport:
        """Ask every loan with something due up to ``day`` to start its auto-debit."""
        report = DayReport(bank=bank, date=day)
        report.collected = await self._each(CollectDue(date=day), "due", "collect", report, progress)
        return report

    async def close(self, bank: str, day: date, progress: Progress = lambda _s, _n: None) -> DayReport:
        """Close ``day`` for every loan with something to do for it: what stays unpaid becomes overdue."""
        report = DayReport(bank=bank, date=day)
        report.closed = await self._each(CloseDay(date=day), "to_close", "close", report, progress)
        return report

    async def _each(self, command: Command, selection: str, step: str, report: DayReport, progress: Progress) -> int:
        body = msgspec.msgpack.encode(command)
        errand = Errand(kind="loan", bank=report.bank, body=body)
        if step == "collect":
            day = report.date.isoformat()
            errand = Errand(kind="loan", bank=report.bank, body=body, channel=CHANNEL, prefix=step, suffix=day)

        async def note(_: list[int], done: Done) -> None:
            for code, count in done.codes.items():
                report.codes[code] = report.codes.get(code, 0) + count
            progress(step, sum(report.codes.values()))

        order = Order(errand=errand, day=report.date, selection=selection)
        await self._spread.over(order, await self._spread.slots(), SHARDS_AN_ORDER_MAX, note)
        return sum(report.codes.values())
