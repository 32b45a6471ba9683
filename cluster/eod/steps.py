"""The steps of a bank's day's end, as a table in the order of the lending rules; each may be run twice.

"Accrue, reprice, bill, grace, overdue, penalty, compound, non-accrual, classes, provisions" are one step here: they are
one decision of each loan (actors/loan/close.py), which keeps that order. The date moves before it, so that online
traffic goes on; what is booked is dated by the day it closes (docs/adr/0008).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from actors.codes import Code
from actors.customer.messages import ExpireLines
from actors.loan.messages import CloseDay, CollectDue
from actors.turn import Command
from cluster.books.close import close_books
from cluster.books.files import daily_sheet_csv, write
from cluster.books.sheets import daily_sheet
from cluster.eod.order import Done, Order
from cluster.eod.spread import Spread
from runtime.sweep import Errand
from storage.eod import PostgresEod, StepRow
from storage.postgres import PostgresStore

CHANNEL = "day"
LOANS_AN_ORDER = 2_500
"""About so many loans go to a host with one order: half a second of its work, which is what progress moves by."""
SHARDS_AN_ORDER_MAX = 256
ONE_DAY = timedelta(days=1)
POLL_S = 0.2
TALLY = "now "
"""Before a status in a step's counts: how many have it after their close."""
AGAIN = frozenset(
    code.word
    for code in (
        Code.REPAYMENT_IN_FLIGHT,
        Code.LOAN_STATUS,
        Code.OVERLOADED,
        Code.UNAVAILABLE,
        Code.EXPIRED,
        Code.OUTCOME_UNKNOWN,
    )
)
"""Answers that may be another soon: asked again until the run's patience ends, then set aside."""


class Watcher(Protocol):
    """Whoever shows the run's progress."""

    def step_begins(self, bank: str, day: date, step: "Step", total: int) -> None: ...
    def step_moves(self, shards: int, shards_total: int, actors: int) -> None: ...
    def step_ends(self, seconds: float) -> None: ...


class Clock:
    """Wall time in laps, so that a step taken up again keeps the seconds of its earlier part."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self) -> float:
        """Seconds since the last lap."""
        last, self._last = self._last, time.monotonic()
        return self._last - last


class Day(NamedTuple):
    """One day's run of one bank, as the steps need it. ``planned``: counted when the run began (storage/eod.py)."""

    bank: str
    date: date
    month_end: bool
    planned: dict[str, int]
    store: PostgresStore
    eod: PostgresEod
    spread: Spread
    watcher: Watcher
    settle_s: float
    clock: "Clock"
    url: str
    files: str

    def errand(self, kind: str, command: Command, prefix: str = "", tally: str = "") -> Errand:
        """With ``prefix`` an operation of its own for each actor and day, without it none at all."""
        body = msgspec.msgpack.encode(command)
        if not prefix:
            return Errand(kind=kind, bank=self.bank, body=body, tally=tally)
        return Errand(
            kind=kind, bank=self.bank, body=body, channel=CHANNEL, prefix=prefix, suffix=self.date.isoformat()
        )


class Step(NamedTuple):
    """``run`` does it; what it returns is added to the step's counts in the report."""

    name: str
    zh: str
    run: Callable[[Day, StepRow], Awaitable[dict[str, int]]]


async def _sweep(day: Day, row: StepRow, order: Order, planned: int) -> None:
    """``order`` to every slot that the step has not done yet, each group's end noted as it comes."""
    slots = await day.spread.slots()
    done = set(row.shards)
    todo = [slot for slot in slots if slot not in done]
    size = min(max(1, LOANS_AN_ORDER * len(slots) // max(1, planned)), SHARDS_AN_ORDER_MAX)
    actors = sum(count for code, count in row.counts.items() if not code.startswith(TALLY))
    day.watcher.step_moves(len(done), len(slots), actors)

    async def note(finished: list[int], answer: Done) -> None:
        nonlocal actors
        left = [(left.id, left.code, left.reason) for left in answer.left if row.step == "close"]
        counts = answer.codes | {TALLY + value: count for value, count in answer.tally.items()}
        await day.eod.mark(day.bank, day.date, row.step, finished, counts, day.clock.lap(), left)
        done.update(finished)
        actors += sum(answer.codes.values())
        day.watcher.step_moves(len(done), len(slots), actors)

    await day.spread.over(order, todo, size, note)


async def _collect(day: Day, row: StepRow) -> dict[str, int]:
    """最后一次扣款: the day's debit of every loan with something due; then a while for the core's answers.

    Only while the day is the business date. A loan with a debit under way, or asked today already, is left as it is.
    """
    dates = await day.eod.dates(day.bank)
    if dates is None or dates.business_date != day.date:
        return {}
    errand = day.errand("loan", CollectDue(date=day.date), "collect")
    await _sweep(day, row, Order(errand=errand, day=day.date, selection="due"), day.planned["due"])
    return {"in_flight": await _settled(day)}


async def _settled(day: Day) -> int:
    """Waits while debits of the day are under way; how many still are when patience ends."""
    end = time.monotonic() + day.settle_s
    while True:
        in_flight = await day.eod.in_flight(day.bank, day.date)
        if not in_flight or time.monotonic() > end:
            return in_flight
        await asyncio.sleep(POLL_S)


async def _roll(day: Day, row: StepRow) -> dict[str, int]:
    """日切: the business date moves to the next day; every host has committed what it decided on the old one."""
    dates = await day.eod.dates(day.bank)
    assert dates is not None
    epoch = dates.date_epoch
    if dates.business_date <= day.date:
        epoch = await day.store.set_business_date(day.bank, day.date + ONE_DAY)
    await day.spread.rolled(day.bank, epoch)
    return {}


async def _close(day: Day, row: StepRow) -> dict[str, int]:
    """逐笔日终: each loan with something to do closes the day; at a month's end every living one.

    Who cannot is asked again for a while (its auto-debit may end), then set aside with the reason; those set aside on
    earlier days are asked too.
    """
    errand = day.errand("loan", CloseDay(date=day.date), tally="status")
    selection = "all_to_close" if day.month_end else "to_close"
    await _sweep(day, row, Order(errand=errand, day=day.date, selection=selection), day.planned["touched"])
    end = time.monotonic() + day.settle_s
    earlier = {item.id for item in await day.eod.set_aside(day.bank, step="close") if item.date < day.date}
    if earlier:
        await day.spread.to(Order(errand=errand, day=day.date), sorted(earlier))
    while True:
        aside = await day.eod.set_aside(day.bank, day=day.date, step="close")
        again = [item.id for item in aside if item.code in AGAIN]
        if again:
            await _once_more(day, Order(errand=errand, day=day.date), again)
        if not again or time.monotonic() > end:
            break
        await asyncio.sleep(POLL_S)
    await day.eod.resolve_closed(day.bank)
    return {"set_aside": len(await day.eod.set_aside(day.bank, day=day.date, step="close"))}


async def _once_more(day: Day, order: Order, ids: list[str]) -> None:
    answer = await day.spread.to(order, ids)
    left = {left.id: left for left in answer.left}
    done = [id for id in ids if id not in left and id not in answer.away_ids]
    await day.eod.resolve(day.bank, day.date, "close", done)
    changed = [(left.id, left.code, left.reason) for left in left.values()]
    counts = {TALLY + value: count for value, count in answer.tally.items()} | ({"": len(done)} if done else {})
    await day.eod.mark(day.bank, day.date, "close", [], counts, 0.0, changed)


async def _seal(day: Day, row: StepRow) -> dict[str, int]:
    """封账: nothing is booked on the day any more; every host has committed what it decided before it knew."""
    await day.spread.rolled(day.bank, await day.eod.close_books(day.bank, day.date))
    return {}


async def _books(day: Day, row: StepRow) -> dict[str, int]:
    """总分核对: totals by account, trial balance, sub-ledger against general ledger, daily vouchers' drafts.

    What does not agree opens a difference that needs an owner (cluster/books); it does not stop the day's end.
    """
    report = await close_books(day.url, day.bank, day.date)
    return {
        "accounts": report.accounts,
        "lines": report.lines,
        "vouchers": len(report.vouchers),
        "unbalanced_fen": abs(report.trial_fen) + abs(report.memo_fen),
        "disagreements": sum(not one.agrees for one in report.agreements),
    }


async def _files(day: Day, row: StepRow) -> dict[str, int]:
    """文件: the daily sheet (日计表) of the closed day, as people open it in a spreadsheet."""
    if not day.files:
        return {}
    folder = Path(day.files) / day.bank
    folder.mkdir(parents=True, exist_ok=True)
    sheet = await daily_sheet(day.url, day.bank, day.date)
    write(folder / f"{day.date}-daily-sheet.csv", daily_sheet_csv(sheet), bom=True)
    return {"files": 1}


async def _lines(day: Day, row: StepRow) -> dict[str, int]:
    """额度到期: lines whose last day was this one leave the books. (Quotes are pinned to their date and end by it.)"""
    errand = day.errand("customer", ExpireLines(date=day.date))
    await _sweep(day, row, Order(errand=errand, day=day.date, selection="lines"), 0)
    return {}


STEPS: tuple[Step, ...] = (
    Step("collect", "末次扣款", _collect),
    Step("roll", "日切", _roll),
    Step("close", "逐笔日终", _close),
    Step("seal", "封账", _seal),
    Step("lines", "额度到期", _lines),
    Step("books", "总分核对", _books),
    Step("files", "文件", _files),
)
