"""The day's end of one bank: days in order, steps in order, each taken up where it stopped; then a report.

Called by `miaodai eod` (cluster/cli_eod.py) and the timetable of `miaodai up` (cluster/eod/timetable.py).
"""

import calendar
import time
from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from actors.codes import Code
from cluster.eod.hands import Hands
from cluster.eod.reminders import STEP as REMINDERS
from cluster.eod.reminders import Reminders, reminder_days
from cluster.eod.spread import Spread
from cluster.eod.steps import STEPS, TALLY, Clock, Day, Step, Watcher
from cluster.failures import Failure
from storage.eod import PostgresEod, RunRow, RunsAlready, StepRow, only_run
from storage.postgres import PostgresStore

ONE_DAY = timedelta(days=1)


class EodRefused(Failure):
    """A run that may not be: ``code`` says why; nothing was changed."""

    def __init__(self, code: Code, what: str) -> None:
        super().__init__(f"{code.zh} {code.en} ({code.word}): {what}")
        self.code = code


class Options(Struct, frozen=True, kw_only=True):
    """``settle_s``: how long debits under way are waited for. ``full``: every living loan, as at a month's end.

    ``skip``: steps not to do (the last auto-debit, where the core collects by itself). ``files``: the folder that gets
    each day's sheet, as files/BANK/DATE-daily-sheet.csv; none without it.
    """

    settle_s: float = 30.0
    full: bool = False
    skip: tuple[str, ...] = ()
    files: str = ""


class Unwatched:
    """Shows nothing."""

    def step_begins(self, bank: str, day: date, step: Step, total: int) -> None:
        return None

    def step_moves(self, shards: int, shards_total: int, actors: int) -> None:
        return None

    def step_ends(self, seconds: float) -> None:
        return None


class EodRun:
    """Runs days of banks against a live deployment: its database and the hands on its hosts."""

    def __init__(
        self,
        store: PostgresStore,
        url: str,
        hands: Hands,
        options: Options | None = None,
        watcher: Watcher | None = None,
        steps: tuple[Step, ...] = STEPS,
    ) -> None:
        self._store = store
        self._url = url
        self._eod = PostgresEod(store.database)
        self._spread = Spread(store, hands)
        self._options = options or Options()
        self._watcher = watcher or Unwatched()
        self._steps = steps

    async def days(self, bank: str, to: date | None, today: date) -> list[date]:
        """The days that a run to ``to`` closes, in order; none when all are closed already.

        ``to`` None is the day of a run that has not ended, else the business date. A day may be closed when it is open,
        which is the business date and those before it, or when it has come by the calendar (``today``): days that were
        missed are then opened and closed in turn. Raises `EodRefused`.
        """
        dates = await self._eod.dates(bank)
        if dates is None:
            raise EodRefused(Code.NOT_FOUND, bank)
        last = dates.closed_to or dates.business_date - ONE_DAY
        begun = await self._eod.unfinished(bank)
        if to is None:
            to = begun or dates.business_date
            if begun is None and to > today:
                raise EodRefused(Code.DATE_NOT_OPEN, f"{bank} {to}, 今天 today {today}")
        if to > max(dates.business_date, today):
            raise EodRefused(Code.DATE_NOT_OPEN, f"{bank} {to}, 营业日期 business date {dates.business_date}")
        if to < last or (to == last and dates.closed_to is None):
            raise EodRefused(Code.DATE_CLOSED, f"{bank} {to}, 已关账至 closed to {last}")
        first = min(begun or last + ONE_DAY, last + ONE_DAY)
        return [first + n * ONE_DAY for n in range((to - first).days + 1)]

    async def plan(self, bank: str, days: list[date]) -> list[dict[str, Any]]:
        """What each day would have to do as the loans stand now; changes nothing."""
        found = []
        for day in days:
            month_end = self._full(day)
            planned = await self._eod.plan(bank, day, month_end)
            found.append({"bank": bank, "date": day.isoformat(), "month_end": month_end, **planned})
        return found

    async def remind(self, bank: str) -> int:
        """Send the reminders that are queued; customers asked. Whoever calls it minds the hours."""
        return await Reminders(self._store, self._spread).send(bank)

    async def run(self, bank: str, to: date | None, today: date) -> list[dict[str, Any]]:
        """Close every day up to ``to``; the days' reports. Raises `EodRefused`, `Stuck`, `StoreError`."""
        try:
            async with only_run(self._url, bank):
                return [await self._day(bank, day) for day in await self.days(bank, to, today)]
        except RunsAlready:
            raise EodRefused(Code.EOD_RUNNING, bank) from None

    def _full(self, day: date) -> bool:
        return self._options.full or day.day == calendar.monthrange(day.year, day.month)[1]

    async def _day(self, bank: str, date: date) -> dict[str, Any]:
        month_end = self._full(date)
        run = await self._eod.begin(bank, date, month_end, await self._eod.plan(bank, date, month_end))
        if run.ended:
            return run.report
        await self._eod.resolve_closed(bank)
        day = Day(
            bank=bank,
            date=date,
            month_end=run.month_end,
            planned=run.planned,
            store=self._store,
            eod=self._eod,
            spread=self._spread,
            watcher=self._watcher,
            settle_s=self._options.settle_s,
            clock=Clock(),
            url=self._url,
            files=self._options.files,
        )
        for step in self._steps:
            if step.name not in self._options.skip:
                await self._step(day, step)
        if await reminder_days(self._store, bank):
            await self._eod.step(bank, date, REMINDERS)  # queued: sent in permitted hours
        report = await self._report(run)
        await self._eod.end(bank, date, report)
        return report

    async def _step(self, day: Day, step: Step) -> None:
        row = await self._eod.step(day.bank, day.date, step.name)
        if row.ended:
            return
        total = day.planned["touched"] if step.name == "close" else 0
        self._watcher.step_begins(day.bank, day.date, step, total)
        day.clock.lap()
        begun = time.monotonic()
        counts = await step.run(day, row)
        await self._eod.end_step(day.bank, day.date, step.name, counts, day.clock.lap())
        self._watcher.step_ends(time.monotonic() - begun)

    async def _overdue(self, run: RunRow, close: StepRow | None) -> int:
        """Loans overdue after the close: as they answered, or counted anew when an answer may have been lost."""
        if run.starts > 1 or self._spread.lost or close is None:
            return await self._eod.overdue(run.bank, run.date)
        return close.counts.get(f"{TALLY}overdue", 0)

    async def _report(self, run: RunRow) -> dict[str, Any]:
        steps = await self._eod.steps(run.bank, run.date)
        aside = await self._eod.set_aside(run.bank, day=run.date)
        close = steps.get("close")
        closed = close.counts.get("", 0) if close else 0
        return {
            "bank": run.bank,
            "date": run.date.isoformat(),
            "month_end": run.month_end,
            "starts": run.starts,
            "touched": run.planned["touched"],
            "billed": run.planned["billed"],
            "overdue_before": run.planned["overdue"],
            "overdue": await self._overdue(run, close),
            "closed": closed,
            "set_aside": [{"id": item.id, "code": item.code, "reason": item.reason} for item in aside],
            "seconds": round(sum(row.seconds for row in steps.values()), 3),
            "loans_per_s": round(closed / close.seconds, 1) if close and close.seconds else 0.0,
            "steps": {
                name: {"seconds": round(row.seconds, 3), **{code or "ok": n for code, n in row.counts.items()}}
                for name, row in steps.items()
            },
        }
