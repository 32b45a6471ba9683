"""An operation id means one thing for ever: applied once, answered the same, refused for other content."""

import asyncio

from tests.runtime.account_kind import Add, GetAccount, Open, Refuse
from tests.runtime.checks import check_actor, count_of
from tests.runtime.world import BANK, OTHER_BANK, Fault, World, new_op


async def test_same_id_same_content_is_applied_once_and_answered_the_same(world: World) -> None:
    id, op = await world.account(kind="customer"), new_op()
    answers = [await world.ask(id, Add(n=7), op=op, via=n % 2) for n in range(4)]
    assert answers[0].ok
    assert {answer.body for answer in answers} == {answers[0].body}
    assert (await check_actor(world, id)).balance == 7


async def test_the_stored_reply_survives_passivation_and_later_commands(world: World) -> None:
    id, op = await world.account(kind="customer"), new_op()
    first = await world.ask(id, Add(n=7), op=op)
    for _ in range(6):  # more than the replies an activation remembers
        await world.add(id, 1)
    others = [await world.account(kind="customer") for _ in range(world.config.live_max + 2)]
    await asyncio.gather(*(world.balance(each) for each in others))
    await asyncio.sleep(0.25)
    again = await world.ask(id, Add(n=7), op=op, via=1)
    assert again.body == first.body
    assert (await check_actor(world, id)).balance == 13


async def test_same_id_other_content_is_a_mismatch(world: World) -> None:
    id, op = await world.account(kind="customer"), new_op()
    first = await world.ask(id, Add(n=7), op=op)
    other = await world.ask(id, Add(n=8), op=op)
    far = await world.ask(id, Refuse(), op=op, via=1)
    assert (other.code, far.code) == ("operation_mismatch", "operation_mismatch")
    assert (await world.ask(id, Add(n=7), op=op)).body == first.body
    assert (await check_actor(world, id)).balance == 7


async def test_same_id_at_another_bank_or_channel_is_another_operation(world: World) -> None:
    id, op = await world.account(kind="customer"), new_op()
    await world.ask(id, Add(n=7), op=op)
    elsewhere = world.new_id("customer")
    assert (await world.ask(elsewhere, Open(), op=op, bank=OTHER_BANK)).ok
    assert (await world.ask(elsewhere, GetAccount(), bank=OTHER_BANK)).ok
    assert (await world.ask(elsewhere, GetAccount(), bank=BANK)).code == "not_found"


async def test_a_duplicate_in_flight_waits_and_gets_the_same_reply(world: World) -> None:
    id, op = await world.account(), new_op()
    await world.order(Fault.HELD, id, "in flight")
    tasks = [asyncio.create_task(world.ask(id, Add(n=3, note="in flight"), op=op))]
    await world.reached()
    tasks += [asyncio.create_task(world.ask(id, Add(n=3, note="in flight"), op=op, via=n % 2)) for n in range(4)]
    other = asyncio.create_task(world.ask(id, Add(n=4, note="in flight"), op=op, via=1))
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in [*tasks, other])
    await world.land()
    bodies = {(await task).body for task in tasks}
    assert len(bodies) == 1
    assert (await other).code == "operation_mismatch"
    assert (await check_actor(world, id)).balance == 3


async def test_one_id_sent_to_two_actors_is_applied_to_one(world: World) -> None:
    for n in range(4):
        shards = [7 + n, 500 + n] if n % 2 else [7 + n, 7 + n]
        ids = [await world.account(kind="customer", shard=shard) for shard in shards]
        op = new_op()
        answers = await asyncio.gather(*(world.ask(id, Add(n=5), op=op, via=k) for k, id in enumerate(ids)))
        assert sorted(answer.code for answer in answers) == ["", "operation_mismatch"]
        winner = ids[[answer.code for answer in answers].index("")]
        for id in ids:
            assert (await check_actor(world, id)).balance == (5 if id == winner else 0)


async def test_commands_behind_a_duplicate_are_decided_again(world: World) -> None:
    """A batch that holds a duplicate of another host's operation: the rest of the actor's turns stay right."""
    first, second, op = await world.account(kind="customer"), await world.account(), new_op()
    assert (await world.ask(first, Add(n=5), op=op)).ok
    tasks = [world.ask(second, Add(n=1)) for _ in range(3)]
    tasks += [world.ask(second, Add(n=5), op=op)]
    tasks += [world.ask(second, Add(n=1)) for _ in range(3)]
    answers = await asyncio.gather(*tasks)
    assert [answer.code for answer in answers] == ["", "", "", "operation_mismatch", "", "", ""]
    assert (await check_actor(world, second)).balance == 6
    assert sorted(answer.result()["balance"] for answer in answers if answer.ok) == [1, 2, 3, 4, 5, 6]


async def test_a_duplicate_storm(world: World) -> None:
    id = await world.account()
    operations = [new_op() for _ in range(3)]
    marks = dict(zip(operations, ("one", "two", "three"), strict=True))
    asked = [(op, n % 2) for op in operations for n in range(6)]
    answers = await asyncio.gather(*(world.persist(id, Add(n=1, note=marks[op]), op=op) for op, _ in asked))
    by_op = {op: {a.body for (o, _), a in zip(asked, answers, strict=True) if o == op} for op in operations}
    assert all(len(bodies) == 1 for bodies in by_op.values()), by_op
    for mark in marks.values():
        assert await count_of(world, id, mark) == 1
    assert (await check_actor(world, id)).balance == 3
