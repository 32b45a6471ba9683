"""A command that is decided by its actor's whole journal sees all of it, whatever is in flight, and in its turn."""

import asyncio

import pytest

from tests.runtime.account_kind import Add, GetAccount, Open, Undo
from tests.runtime.checks import check_actor, count_of
from tests.runtime.world import Fault, World, new_op


async def test_it_sees_the_journal(world: World) -> None:
    id = await world.account()
    for n in (1, 10, 100):
        await world.add(id, n)
    assert (await world.ok(id, Undo()))["balance"] == 11
    assert (await world.ok(id, Undo()))["balance"] == 1
    await world.add(id, 1000)
    assert (await world.ok(id, Undo()))["balance"] == 1
    assert (await world.ok(id, Undo()))["balance"] == 0
    assert (await world.ask(id, Undo())).code == "nothing_to_reverse"
    await check_actor(world, id)


async def test_a_longer_journal_than_one_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.history.PAGE", 3)  # in the twin; the other worlds' hosts are other processes
    id = await world.account()
    for n in range(1, 12):
        await world.add(id, n)
    assert (await world.ok(id, Undo()))["balance"] == 55
    await check_actor(world, id)


async def test_while_a_turn_is_not_committed_and_others_come(world: World) -> None:
    """It waits for the flush; what came after it is decided after it."""
    id = await world.account()
    await world.add(id, 5)
    mark = new_op()
    await world.order(Fault.HELD, id, mark)
    running = asyncio.create_task(world.ask(id, Add(n=100, note=mark), ttl_ms=20_000))
    await world.reached()
    undoing = asyncio.create_task(world.ask(id, Undo(note="undone"), ttl_ms=20_000))
    await asyncio.sleep(0.05)
    behind = asyncio.create_task(world.ask(id, Add(n=7), ttl_ms=20_000))
    await asyncio.sleep(0.05)
    assert not undoing.done()
    assert not behind.done()
    assert (await world.ask(id, GetAccount())).result()["balance"] == 5
    await world.land()
    for task in (running, undoing, behind):
        assert (await task).ok, await task
    assert await world.balance(id) == 12
    assert await count_of(world, id, "undone") == 1
    await check_actor(world, id)


async def test_many_at_once_run_one_after_the_other(world: World) -> None:
    id = await world.account()
    for n in range(1, 5):
        await world.add(id, n)
    answers = await asyncio.gather(
        *(world.persist(id, message) for message in (Undo(), Add(n=50), Undo(), Undo(), Add(n=60), Undo(), Undo()))
    )
    assert all(answer.ok for answer in answers), answers
    state = await check_actor(world, id)
    assert state.balance >= 0
    balance = state.balance
    while balance:
        balance = (await world.ok(id, Undo()))["balance"]
    assert (await world.ask(id, Undo())).code == "nothing_to_reverse"
    await check_actor(world, id)


async def test_after_the_actor_has_moved(world: World) -> None:
    """Another host has never seen this actor: it loads the row and reads the journal."""
    id = await world.account(kind="customer")
    await world.add(id, 3)
    await world.add(id, 4)
    await world.move(id)
    assert (await world.ok(id, Undo()))["balance"] == 3
    await check_actor(world, id)


async def test_after_passivation(world: World) -> None:
    """More actors than may live: this one has been let go and comes to life by this very command."""
    id = await world.account(kind="customer", shard=300)
    await world.add(id, 3)
    for n in range(world.config.live_max * 3):
        await world.account(kind="customer", shard=300 + n % 2)
    await asyncio.sleep(0.3)
    assert (await world.ok(id, Undo()))["balance"] == 0
    await check_actor(world, id)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.ANSWER_LOST])
async def test_its_own_commit_has_an_unknown_outcome(world: World, fault: Fault) -> None:
    id, op, mark = await world.account(), new_op(), new_op()
    await world.add(id, 1)
    await world.add(id, 10)
    await world.order(fault, id, mark)
    answer = await world.persist(id, Undo(note=mark), op=op, seconds=30)
    assert answer.result()["balance"] == 1
    assert (await world.persist(id, Undo(note=mark), op=op)).body == answer.body
    assert await count_of(world, id, mark) == 1
    assert (await check_actor(world, id)).balance == 1


async def test_a_missing_actor_and_another_banks(world: World) -> None:
    id = world.new_id("customer")
    assert (await world.ask(id, Undo())).code == "not_found"
    await world.ok(id, Open())
    assert (await world.ask(id, Undo(), bank="B002")).code == "not_found"
    assert (await world.ask(id, Undo())).code == "nothing_to_reverse"
