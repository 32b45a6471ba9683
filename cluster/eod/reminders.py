"""还款提醒: queued by a day's end, sent in permitted hours to whoever has a loan that falls due some days later.

The queue is the step's own row (storage/eod.py): begun by the run of its day, ended when its reminders are asked for. A
reminder whose due date has come is not sent any more. How many days ahead: ``parameters.reminder_days`` of the bank
(absent or 0: none); the hours are a setting.
"""

from datetime import date, datetime, time, timedelta, timezone

import msgspec

from actors.bank import BankTerms
from actors.customer.messages import RemindDue
from cluster.eod.order import Done, Order
from cluster.eod.spread import Spread
from cluster.eod.steps import CHANNEL, SHARDS_AN_ORDER_MAX
from runtime.sweep import Errand
from storage.eod import PostgresEod
from storage.postgres import PostgresStore

STEP = "reminders"
CHINA = timezone(timedelta(hours=8))
Hours = tuple[time, time]
"""From, to (exclusive), in China's time."""


def permitted(now: datetime, hours: Hours) -> bool:
    return hours[0] <= now.astimezone(CHINA).time() < hours[1]


async def reminder_days(store: PostgresStore, bank: str) -> int:
    """How many days before the due date the bank reminds; 0: not at all."""
    for row in await store.all():
        if row.code == bank:
            return msgspec.json.decode(row.terms, type=BankTerms).parameters.get("reminder_days", 0)
    return 0


class Reminders:
    """Sends what is queued."""

    def __init__(self, store: PostgresStore, spread: Spread) -> None:
        self._store = store
        self._eod = PostgresEod(store.database)
        self._spread = spread

    async def send(self, bank: str) -> int:
        """Ask for every queued reminder; customers asked. Twice is harmless: one operation a customer and due date."""
        dates = await self._eod.dates(bank)
        ahead = await reminder_days(self._store, bank)
        if dates is None or not ahead:
            return 0
        sent = 0
        for day in await self._eod.queued(bank, STEP, dates.business_date - timedelta(days=1 + ahead)):
            due = day + timedelta(days=1 + ahead)
            counts = await self._of_day(bank, due) if due >= dates.business_date else {}
            await self._eod.end_step(bank, day, STEP, counts, 0.0)
            sent += counts.get("", 0)
        return sent

    async def _of_day(self, bank: str, due: date) -> dict[str, int]:
        errand = Errand(
            kind="customer",
            bank=bank,
            body=msgspec.msgpack.encode(RemindDue(due=due)),
            channel=CHANNEL,
            prefix="remind",
            suffix=due.isoformat(),
        )
        counts: dict[str, int] = {}

        async def note(_: list[int], done: Done) -> None:
            for code, count in done.codes.items():
                counts[code] = counts.get(code, 0) + count

        order = Order(errand=errand, day=due, selection=STEP)
        await self._spread.over(order, await self._spread.slots(), SHARDS_AN_ORDER_MAX, note)
        return counts
