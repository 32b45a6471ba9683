"""A turn that raises, and a row that the database cannot hold: the actor bears it, its neighbours do not notice."""

import asyncio

import pytest

from actors.turn import Command
from tests.runtime.account_kind import Add, BadRow, GetAccount, Open, Raise, RaiseInEvolve, TakeIdentity
from tests.runtime.checks import check_actor, check_chain
from tests.runtime.world import World, new_op


@pytest.mark.parametrize("bug", [Raise(), RaiseInEvolve()], ids=["decide", "evolve"])
async def test_a_turn_that_raises_quarantines_its_actor_alone(world: World, bug: Command) -> None:
    id, op = await world.account(), new_op()
    neighbours = [await world.account(kind="customer", shard=9) for _ in range(3)]
    await world.add(id, 3)
    together = [world.ask(id, bug, op=op), *(world.ask(each, Add(n=1)) for each in neighbours)]
    broken, *fine = await asyncio.gather(*together)
    assert broken.code == "quarantined"
    assert all(answer.ok for answer in fine)
    assert (await world.ask(id, Add(n=1))).code == "quarantined"
    assert (await world.ask(id, GetAccount())).code == "quarantined"
    host = await world.owner(id)
    reason = (await world.status(host))["quarantined"][id]
    assert type(bug).__name__ in reason
    assert "Error" in reason
    assert "account_kind.py:" in reason
    assert await world.lift(host, id)
    assert id not in (await world.status(host))["quarantined"]
    assert (await world.add(id, 4))["balance"] == 7
    assert (await check_actor(world, id)).balance == 7


async def test_a_quarantine_does_not_touch_turns_decided_before_it(world: World) -> None:
    id = await world.account()
    answers = await asyncio.gather(world.ask(id, Add(n=1)), world.ask(id, Add(n=2)), world.ask(id, Raise()))
    assert [answer.code for answer in answers] == ["", "", "quarantined"]
    assert await world.lift(await world.owner(id), id)
    assert not await world.lift(await world.owner(id), id)
    assert await world.balance(id) == 3


@pytest.mark.parametrize("how", ["overflow", "nul"])
async def test_a_batch_with_one_bad_row(world: World, how: str) -> None:
    """Others in the batch succeed, the culprit's command gets its error, the culprit's other commands are kept."""
    culprit = await world.account(shard=11)
    others = [await world.account(kind="customer", shard=11 + n % 2) for n in range(5)]
    asked = [world.ask(others[0], Add(n=1)), world.ask(culprit, Add(n=2)), world.ask(culprit, BadRow(how=how))]
    asked += [world.ask(culprit, Add(n=4)), *(world.ask(each, Add(n=1)) for each in others[1:])]
    answers = await asyncio.gather(*asked)
    codes = [answer.code for answer in answers]
    assert codes == ["", "", "internal", "", "", "", "", ""]
    assert "constraint" in answers[2].result()
    for each in others:
        assert (await check_actor(world, each)).balance == 1
    assert (await check_actor(world, culprit)).balance == 6
    assert (await world.add(culprit, 1))["balance"] == 7


async def test_a_bad_row_that_decide_can_avoid_is_decided_again_with_the_reason(world: World) -> None:
    id, op = await world.account(), new_op()
    answer = await world.ask(id, BadRow(yields=True), op=op)
    assert (answer.code, answer.result()) == ("bad_amount", {"conflict": "data"})
    assert (await world.ask(id, BadRow(yields=True), op=op, via=1)).body == answer.body
    assert (await world.add(id, 1))["balance"] == 1


async def test_two_registrations_of_one_identity(world: World) -> None:
    """The unique (bank, identity) settles them: exactly one comes into being, the other is refused for good."""
    identity = new_op()
    for shards in ([20, 20], [21, 600]):
        mine = f"{identity}-{shards[1]}"
        ids = [world.new_id("customer", shard) for shard in shards]
        ops = [new_op(), new_op()]
        answers = await asyncio.gather(
            *(world.ask(id, Open(identity=mine), op=op, via=n) for n, (id, op) in enumerate(zip(ids, ops, strict=True)))
        )
        assert sorted(answer.code for answer in answers) == ["", "identity_taken"]
        loser = [answer.code for answer in answers].index("identity_taken")
        assert (await world.ask(ids[loser], Open(identity=mine), op=ops[loser])).code == "identity_taken"
        assert (await world.ask(ids[loser], GetAccount())).code == "not_found"
        assert (await check_actor(world, ids[1 - loser])).identity == mine.encode()


async def test_a_kind_that_does_not_heed_a_constraint_gets_an_error_and_lives(world: World) -> None:
    identity = new_op()
    holder, stubborn = world.new_id("customer", 30), await world.account(kind="customer", shard=30)
    await world.ok(holder, Open(identity=identity))
    answers = await asyncio.gather(
        world.ask(stubborn, Add(n=1)),
        world.ask(stubborn, TakeIdentity(identity=identity, heed=False)),
        world.ask(stubborn, Add(n=1)),
        world.ask(holder, Add(n=1)),
    )
    assert [answer.code for answer in answers] == ["", "internal", "", ""]
    assert answers[1].result() == {"constraint": "customer_identity"}
    assert (await check_actor(world, stubborn)).balance == 2
    assert (await world.ask(stubborn, TakeIdentity(identity=identity))).code == "identity_taken"
    await check_chain(world, 30)
