"""What runs by the clock: which day a time of day closes, days made up for, reminders in their hours and once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from cluster.eod.hands import LocalHands
from cluster.eod.reminders import CHINA, permitted
from cluster.eod.timetable import Timetable, day_to_close
from cluster.failures import Failure
from cluster.settings import EodSettings
from tests.conftest import FreshDatabase
from tests.eod.eod_house import BANK, DUE, House, house

LOANS = 40
START = DUE - timedelta(days=4)
"""Three days before the due date falls on the day after this one: its reminders are queued by its close."""


@pytest.fixture
async def home(fresh_database: FreshDatabase) -> AsyncIterator[House]:
    async with house(await fresh_database(), LOANS, START) as opened:
        yield opened


def timetable(home: House, folder: Path, *times: str) -> Timetable:
    hands = LocalHands(lambda: home.runtime.hosts, home.eod)
    return Timetable(home.url, lambda: hands, EodSettings(times=times, settle_s=0), str(folder))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), CHINA)


@pytest.mark.parametrize(
    ("hour", "of_day", "closes"),
    [(23, "22:30", 0), (22, "22:30", -1), (0, "22:30", -1), (1, "00:30", -1), (0, "00:30", -2), (23, "00:30", -1)],
)
def test_the_day_that_a_time_of_day_closes(hour: int, of_day: str, closes: int) -> None:
    assert day_to_close(at(START, hour), time.fromisoformat(of_day)) == START + timedelta(days=closes)


def test_reminders_leave_in_their_hours_only() -> None:
    hours = (time(8), time(21))
    assert [hour for hour in range(24) if permitted(at(START, hour), hours)] == list(range(8, 21))


async def test_the_time_comes_and_a_missed_day_is_made_up_for(home: House, tmp_path: Path) -> None:
    clock = timetable(home, tmp_path, f"{BANK}=22:30")
    assert await clock.once(at(START, 22)) == []
    assert await clock.once(at(START, 22, 30)) == [f"{BANK} {START}"]
    assert await clock.once(at(START, 22, 31)) == []
    later = START + timedelta(days=2)
    assert await clock.once(at(later, 23)) == [f"{BANK} {START + timedelta(days=n)}" for n in (1, 2)]
    sheets = sorted(path.name for path in (tmp_path / BANK).iterdir())
    assert sheets == [f"{START + timedelta(days=n)}-daily-sheet.csv" for n in range(3)]


async def test_an_unknown_bank_in_the_timetable_is_said(home: House, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="nobody"):
        await timetable(home, tmp_path, "nobody=22:30").once(at(START, 23))


async def test_reminders_wait_for_the_morning_and_are_sent_once(home: House, tmp_path: Path) -> None:
    clock = timetable(home, tmp_path, f"{BANK}=22:30")
    await clock.once(at(START, 22, 30))
    assert home.core.messages == []
    morning = START + timedelta(days=1)
    for hour in (7, 8, 9):
        await clock.once(at(morning, hour))
    for _ in range(200):
        if not await home.value("SELECT count(*) FROM customer WHERE wake_at > 0"):
            break
        await asyncio.sleep(0.02)
    told = [message["customer_id"] for message in home.core.messages]
    assert sorted(told) == sorted(loan.customer_id for loan in home.loans)
    assert home.core.messages[0]["template"] == "due_soon"
    assert home.core.messages[0]["params"]["due_date"] == DUE.isoformat()
    await home.check()
