"""All applicants over both fronts, one host killed in the middle; then same-day reversals, and the money is spent."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any

from cluster.demo.applicants import Applicant
from cluster.demo.desk import Desk
from cluster.demo.story import Outcome, Story
from sandbox.remote import RemoteControl

AT_ONCE = 16
REVERSED_OF = 37
"""Every 37th applicant changes his mind on the day of the pay-out."""


async def tell_all(
    people: list[Applicant],
    desks: dict[str, Desk],
    run: str,
    today: date,
    told: Callable[[int], None],
    half_way: Callable[[], Any],
) -> list[Outcome]:
    """Every story; ``half_way`` is called in a thread while the stories around the middle are under way."""
    room = asyncio.Semaphore(AT_ONCE)
    done = 0
    middle = asyncio.Event()

    async def one(who: Applicant) -> Outcome:
        nonlocal done
        async with room:
            outcome = await Story(desks[who.front], who, run, today).tell()
        done += 1
        told(done)
        if done >= len(people) // 2:
            middle.set()
        return outcome

    async def trouble() -> None:
        await middle.wait()
        await asyncio.to_thread(half_way)

    stories = asyncio.gather(*(one(who) for who in people))
    await asyncio.gather(stories, trouble())
    return list(await stories)


async def reverse_some(outcomes: list[Outcome], desks: dict[str, Desk], run: str) -> int:
    """Undo a few disbursements on their day; how many."""
    chosen = [o for o in outcomes if o.ended == "money" and o.applicant.number % REVERSED_OF == REVERSED_OF // 2]
    for outcome in chosen:
        who = outcome.applicant
        key = f"{run}-{who.number:04d}-reversal"
        heard = await desks[who.front].ask(
            who.bank, "reverse_disbursement", key, loan_id=outcome.loan_id, reason="客户当日撤销"
        )
        outcome.reversed = heard.ok
    return sum(o.reversed for o in chosen)


async def spend(outcomes: list[Outcome], control: RemoteControl) -> None:
    """The borrowed money is spent: accounts are empty until the next salary."""
    gone = [
        {"bank": o.applicant.bank, "account": o.applicant.account_no, "amount_fen": -o.lent_fen}
        for o in outcomes
        if o.ended == "money" and not o.reversed
    ]
    await control.call("POST", "/core/deposits", {"deposits": gone})
