"""Promise: one behaviour behind two fronts: every operation has the same effect and the same codes by REST and ESB."""

from typing import NamedTuple

import pytest

from protocols.operations import OPERATIONS
from tests.e2e.live import BANK, Live
from tests.e2e.story import STORY, Known, Step, Told, tell

FRONTS = ("rest", "esb")


class Tellings(NamedTuple):
    told: dict[str, list[Told]]
    known: dict[str, Known]


@pytest.fixture(scope="session")
async def tellings(live: Live) -> Tellings:
    """The story told twice, by two persons."""

    async def pay_in(step: Step, known: Known) -> None:
        """Money for the payoff comes just before it: the partial debit before found nothing."""
        if step.key == "f":
            deposit = {"bank": BANK, "account": known["account_no"], "amount_fen": 5_000_000}
            await live.control.call("POST", "/core/deposit", deposit)
        elif step.operation == "repay" and step.key == "p":
            balance = await live.control.call("GET", "/core/balance", bank=BANK, account=known["account_no"])
            deposit = {"bank": BANK, "account": known["account_no"], "amount_fen": -balance["balance_fen"]}
            await live.control.call("POST", "/core/deposit", deposit)

    told, known = {}, {}
    for name in FRONTS:
        told[name], known[name] = await tell(live.front(name), pay_in)
    await live.quiet()
    return Tellings(told, known)


def test_the_story_has_every_operation_of_the_table() -> None:
    assert {step.operation for step in STORY if not step.code} == {row.name for row in OPERATIONS}


@pytest.mark.parametrize("number", range(len(STORY)), ids=[f"{n:02d}-{s.operation}" for n, s in enumerate(STORY)])
async def test_same_code_and_same_view(tellings: Tellings, number: int) -> None:
    rest, esb = (tellings.told[name][number] for name in FRONTS)
    assert rest.code == esb.code == STORY[number].code
    assert rest.view == esb.view


FOLLOWS = frozenset({
    "EffectSettled", "AccountChanged", "LineRestored", "LineEnded", "DrawsBlocked", "DrawsUnblocked",
})  # fmt: skip
"""What other actors and systems bring about in their own time, perhaps after the next command."""


async def _histories(live: Live, known: Known) -> list[tuple[list[str], list[str]]]:
    """The events of the person and, oldest first, of all loans and processes of theirs: those that follow a command in
    their order, all others sorted.

    Doubts left out: a slow moment of the machine is no difference of the fronts.
    """
    rows = await live.pool.fetch(
        "SELECT id FROM journal WHERE version = 1 AND id IN (SELECT $1"
        " UNION SELECT id FROM loan WHERE customer_id = $1 UNION SELECT id FROM process WHERE customer_id = $1)"
        " ORDER BY seq",
        known["customer_id"],
    )
    found = [[type for type in await live.events(row[0]) if type != "EffectDoubted"] for row in rows]
    return [([t for t in types if t not in FOLLOWS], sorted(t for t in types if t in FOLLOWS)) for types in found]


async def test_same_events_in_the_journal(live: Live, tellings: Tellings) -> None:
    rest, esb = [await _histories(live, tellings.known[name]) for name in FRONTS]
    assert len(rest) == 1 + 4 + 2 + 4, "the person, four contracts, two applications and four drawdowns"
    assert rest == esb


async def test_same_postings(live: Live, tellings: Tellings) -> None:
    booked = [
        [
            tuple(row)
            for row in await live.pool.fetch(
                "SELECT account, debit_fen, credit_fen, memo, count(*) FROM posting WHERE id IN"
                " (SELECT $1 UNION SELECT id FROM loan WHERE customer_id = $1)"
                " GROUP BY account, debit_fen, credit_fen, memo ORDER BY account, debit_fen, credit_fen",
                tellings.known[name]["customer_id"],
            )
        ]
        for name in FRONTS
    ]
    assert booked[0]
    assert booked[0] == booked[1]


async def test_same_instructions_to_the_core(live: Live, tellings: Tellings) -> None:
    rows = await live.control.call("GET", "/received", system="core")
    asked = [
        [
            (row["operation"], row["amount_fen"], row["moved_fen"], row["status"], row["code"], row["applied"])
            for row in rows
            if row["loan_id"] in tellings.known[name]["loans"]
        ]
        for name in FRONTS
    ]
    assert [row[0] for row in asked[0]] == ["disburse", "debit", "debit", "disburse", "reverse", "disburse", "refund"]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("operation", ["list_loans", "list_transactions"])
async def test_pages_are_the_whole_in_order(live: Live, tellings: Tellings, front_name: str, operation: str) -> None:
    known, front = tellings.known[front_name], live.front(front_name)
    of = {"customer_id": known["customer_id"]} if operation == "list_loans" else {"loan_id": known["loans"][0]}
    whole = (await front.ask(operation, **of, limit=100)).body
    assert not whole["next"]
    items, after = [], {}
    for _ in whole["items"]:
        page = (await front.ask(operation, **of, limit=1, **after)).body
        assert len(page["items"]) == 1
        items += page["items"]
        after = {"after": page["next"]}
    assert not after["after"]
    assert len(items) > 2
    assert items == list(whole["items"])
