"""The day's end by the clock: what `miaodai up` runs beside its servers, in a thread with a loop of its own.

The clock only says when to begin; which day is closed follows from the bank's business date. A time that passed while
nothing ran is made up for at the start, missed days in order.
"""

import asyncio
import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import structlog

from cluster.eod.hands import Hands
from cluster.eod.reminders import CHINA, permitted
from cluster.eod.run import EodRun, Options
from cluster.failures import Failure
from cluster.settings import EodSettings
from storage.contract import StoreError
from storage.eod import PostgresEod
from storage.postgres import open_store

log = structlog.get_logger(__name__)
LOOK_S = 20.0
NOON = time(12)


def day_to_close(now: datetime, at: time) -> date:
    """The day that the last passing of ``at`` has closed: its own, or the one before for a time before noon."""
    local = now.astimezone(CHINA)
    passed = local.date() if local.time() >= at else local.date() - timedelta(days=1)
    return passed if at >= NOON else passed - timedelta(days=1)


def table_of(settings: EodSettings) -> dict[str, time]:
    """Bank -> time of day."""
    words = (word.partition("=") for word in settings.times)
    return {bank: time.fromisoformat(at) for bank, _, at in words}


class Timetable:
    """Runs the banks whose time has come, one after the other; and sends reminders in their hours."""

    def __init__(
        self, url: str, hands: Callable[[], Hands], settings: EodSettings, files: str, look_s: float = LOOK_S
    ) -> None:
        self._url = url
        self._hands = hands
        self._settings = settings
        self._look_s = look_s
        self._options = Options(settle_s=settings.settle_s, files=files)
        self._hours = (time.fromisoformat(settings.remind_from), time.fromisoformat(settings.remind_to))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timetable", daemon=True)

    def start(self) -> "Timetable":
        """Nothing to do without a timetable."""
        if self._settings.times:
            self._thread.start()
        return self

    def stop(self) -> None:
        """Whatever is under way goes on in the hosts; the next start takes it up."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self.once(datetime.now(CHINA)))
            except (Failure, StoreError, OSError) as error:
                log.warning("the day's end could not run, tries again", error=f"{type(error).__name__}: {error}")
            except Exception as error:
                log.error("the timetable failed, tries again", error=f"{type(error).__name__}: {error}")
            self._stopping.wait(self._look_s)

    async def once(self, now: datetime) -> list[str]:
        """Run what is due at ``now``; "bank date" of each day closed."""
        closed = []
        store = await open_store(self._url, timeout_s=60)
        try:
            runs = EodRun(store, self._url, self._hands(), self._options)
            eod = PostgresEod(store.database)
            for bank, at in table_of(self._settings).items():
                to = day_to_close(now, at)
                dates = await eod.dates(bank)
                if dates is None:
                    raise Failure(f"eod.times: 没有该法人 no such bank: {bank}")
                begun = await eod.unfinished(bank)
                if dates.business_date <= to or begun is not None:
                    for report in await runs.run(bank, to if begun is None else max(to, begun), to):
                        log.info("day closed", **{k: v for k, v in report.items() if k not in ("steps", "set_aside")})
                        closed.append(f"{bank} {report['date']}")
                if permitted(now, self._hours):
                    await runs.remind(bank)
        finally:
            await store.close()
        return closed
