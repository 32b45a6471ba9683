"""Twelve months of due dates: the business date moves, salaries come in or do not, the core collects, days close.

On a due date everybody who pays on time has the money in the account; those who pay late get it some days after, and
the next collection takes it with the penalty. In some months people prepay a part or pay off by a quote.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from typing import Any

from cluster.day import DayRun
from cluster.demo.applicants import Applicant
from cluster.demo.desk import Desk, Heard
from cluster.demo.story import DUE_DAYS, Outcome
from sandbox.remote import RemoteControl
from storage.contract import StoreError
from storage.postgres import PostgresStore

DAYS_LATE = 8
AT_ONCE = 32
DAYS_UNTIL_STOP = 290
"""Some stop paying in the last months: they are overdue at the end, but not yet for ninety days."""
PREPAY_MONTH, PAYOFF_MONTH = 3, 5
SETTLE_S = 30.0
Say = Callable[[str], None]


def collection_dates(start: date, months: int) -> list[date]:
    """Every due date of the demo's loans and the day the late ones pay, in order."""
    days = set()
    for month in range(1, months + 1):
        year, index = divmod(start.month - 1 + month, 12)
        for due_day in DUE_DAYS:
            due = date(start.year + year, index + 1, due_day or start.day)
            days |= {due, due + timedelta(days=DAYS_LATE)}
    return sorted(days)


class Year:
    """Runs the months for the loans of the outcomes."""

    def __init__(
        self,
        outcomes: list[Outcome],
        desks: dict[str, Desk],
        days: DayRun,
        store: PostgresStore,
        control: RemoteControl,
        run: str,
    ) -> None:
        self._by_loan = {o.loan_id: o for o in outcomes if o.ended == "money" and not o.reversed}
        self._banks = sorted({o.applicant.bank for o in outcomes})
        self._desks, self._days, self._store, self._control, self._run = desks, days, store, control, run
        self._room = asyncio.Semaphore(AT_ONCE)
        self._codes: dict[str, int] = {}
        self._start = date.min

    async def pass_months(self, start: date, months: int, say: Say) -> dict[str, int]:
        """Codes heard at collections and prepayments, counted; "" is success."""
        before = self._start = start
        for day in collection_dates(start, months):
            say(str(day))
            await self._step(before, day)
            before = day
            month = (day.year - start.year) * 12 + day.month - start.month
            if day.day == (start + timedelta(days=DAYS_LATE)).day:
                await self._early(day, month)
        await self._gather(self._days.close(bank, before) for bank in self._banks)
        await self.quiet()
        return self._codes

    async def _step(self, before: date, day: date) -> None:
        """Close the day before, open the new one on both books, let money come in, collect."""
        await self._gather(self._days.close(bank, day - timedelta(days=1)) for bank in self._banks)
        await self.quiet()
        await self._control.call("POST", "/core/date", {"bank": "*", "date": day.isoformat()})
        await self._gather(self._days.set_date(bank, day) for bank in self._banks)
        await self._salaries(day)
        for report in await self._gather(self._days.collect(bank, day) for bank in self._banks):
            for code, count in report.codes.items():
                self._codes[code] = self._codes.get(code, 0) + count
        await self.quiet()

    async def _gather(self, jobs: Any) -> list[Any]:
        return list(await asyncio.gather(*jobs))

    async def quiet(self) -> None:
        """Until nothing is under way outside any actor (its wake-up time is unset), at most for a while."""
        sql = "SELECT (SELECT count(*) FROM loan WHERE wake_at > 0) + (SELECT count(*) FROM process WHERE wake_at > 0)"
        end = asyncio.get_running_loop().time() + SETTLE_S
        while asyncio.get_running_loop().time() < end:
            try:
                if not await self._store.database.value(sql):
                    return
            except StoreError:
                pass  # the database is away for a moment: ask again
            await asyncio.sleep(0.02)

    async def _salaries(self, day: date) -> None:
        """Money for whoever pays today: exactly what is due and a little more, for the penalty of late ones."""
        due = [
            loan.id
            for bank in self._banks
            for loan in await self._store.loans_due(bank, day, None, 10_000)
            if loan.id in self._by_loan
        ]
        deposits = [d for d in await self._gather(self._deposit(id, day) for id in due) if d]
        if deposits:
            await self._control.call("POST", "/core/deposits", {"deposits": deposits})

    async def _deposit(self, loan_id: str, day: date) -> dict[str, Any] | None:
        outcome = self._by_loan[loan_id]
        schedule = await self._ask(outcome, "get_schedule", loan_id=loan_id)
        open_rows = [row for row in schedule.body["instalments"] if row["status"] != "paid"]
        rows = [row for row in open_rows if date.fromisoformat(str(row["due_date"])) <= day]
        if not rows:
            return None
        oldest = date.fromisoformat(str(rows[0]["due_date"]))
        behaviour = outcome.applicant.behaviour
        if behaviour == "stops" and day > self._start + timedelta(days=DAYS_UNTIL_STOP):
            return None
        if behaviour == "late" and oldest == day and rows[0]["no"] % 2 == 1:
            return None
        owed = sum(row["principal_fen"] + row["interest_fen"] + row["penalty_fen"] - row["paid_fen"] for row in rows)
        return {
            "bank": outcome.applicant.bank,
            "account": outcome.applicant.account_no,
            "amount_fen": owed * 102 // 100,
        }

    async def _ask(self, outcome: Outcome, operation: str, key: str = "", **fields: Any) -> Heard:
        async with self._room:
            return await self._desks[outcome.applicant.front].ask(outcome.applicant.bank, operation, key, **fields)

    async def _early(self, day: date, month: int) -> None:
        """Prepayments and payoffs of the month, some days after the due date."""
        jobs: list[Coroutine[Any, Any, None]] = []
        for loan_id, outcome in self._by_loan.items():
            if month == PREPAY_MONTH and outcome.applicant.behaviour == "early_partial":
                jobs.append(self._prepay(loan_id, outcome, day))
            if month == PAYOFF_MONTH and outcome.applicant.behaviour == "early_full":
                jobs.append(self._pay_off(loan_id, outcome, day))
        await asyncio.gather(*jobs)
        await self.quiet()

    async def _prepay(self, loan_id: str, outcome: Outcome, day: date) -> None:
        loan = (await self._ask(outcome, "get_loan", loan_id=loan_id)).body
        if loan["status"] != "active":
            return
        amount_fen = max(loan["principal_fen_outstanding"] * 4 // 10 // 10_000, 1) * 10_000
        await self._fund(outcome.applicant, amount_fen)
        await self._repay(outcome, f"{loan_id}-{day}-partial", loan_id, kind="partial", amount_fen=amount_fen)

    async def _pay_off(self, loan_id: str, outcome: Outcome, day: date) -> None:
        quote = await self._ask(outcome, "get_payoff_quote", loan_id=loan_id)
        if not quote.ok:
            return
        await self._fund(outcome.applicant, quote.body["total_fen"])
        await self._repay(outcome, f"{loan_id}-{day}-full", loan_id, kind="full", quote=quote.body["quote"])

    async def _repay(self, outcome: Outcome, step: str, loan_id: str, **fields: Any) -> None:
        heard = await self._ask(outcome, "repay", f"{self._run}-{step}", loan_id=loan_id, **fields)
        self._codes[heard.code] = self._codes.get(heard.code, 0) + 1

    async def _fund(self, who: Applicant, amount_fen: int) -> None:
        deposit = {"bank": who.bank, "account": who.account_no, "amount_fen": amount_fen}
        await self._control.call("POST", "/core/deposit", deposit)
