"""A commit whose outcome is not known: a new incarnation first, then everything is read and decided again, once."""

import asyncio

import pytest

from tests.runtime.account_kind import Add, GetAccount, Refuse
from tests.runtime.checks import check_actor, count_of
from tests.runtime.world import Fault, World, new_op


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.ANSWER_LOST])
async def test_an_unknown_outcome_is_found_out(world: World, fault: Fault) -> None:
    id, op = await world.account(), new_op()
    await world.add(id, 1)
    incarnation = (await world.status(await world.owner(id)))["incarnation"]
    await world.order(fault, id, "unknown")
    answers = await asyncio.gather(
        world.ask(id, Add(n=10, note="unknown"), op=op), world.ask(id, Add(n=100)), world.ask(id, Refuse())
    )
    assert [answer.code for answer in answers] == ["", "", "bad_amount"]
    assert answers[0].result()["balance"] in (11, 111)  # those behind it are decided again, maybe before it
    assert (await world.ask(id, Add(n=10, note="unknown"), op=op, via=1)).body == answers[0].body
    assert await count_of(world, id, "unknown") == 1
    assert (await check_actor(world, id)).balance == 111
    assert (await world.status(await world.owner(id)))["incarnation"] > incarnation


async def test_the_old_backend_begins_after_the_reload(world: World) -> None:
    """Not begun when the connection broke: the new incarnation fences it for ever."""
    id, op = await world.account(), new_op()
    await world.order(Fault.LATE, id, "late one")
    answer = await world.ask(id, Add(n=10, note="late one"), op=op)
    assert answer.ok, answer
    assert (await world.add(id, 1))["balance"] == 11
    assert await world.land() == "fenced"
    assert await count_of(world, id, "late one") == 1
    assert (await check_actor(world, id)).balance == 11
    assert (await world.ask(id, Add(n=10, note="late one"), op=op)).body == answer.body


async def test_the_old_backend_commits_after_the_reload_began(world: World) -> None:
    """Begun and holding the fence: the new incarnation waits it out, and the reload sees what it wrote."""
    id, op = await world.account(), new_op()
    start = (await world.ok(id, GetAccount()))["version"]
    await world.order(Fault.CUT, id, "cut one")
    task = asyncio.create_task(world.ask(id, Add(n=10, note="cut one"), op=op, ttl_ms=20_000))
    await world.reached()
    behind = asyncio.create_task(world.ask(id, Add(n=1), ttl_ms=20_000))
    await asyncio.sleep(0.4)
    assert not task.done()
    assert not behind.done()
    assert await count_of(world, id, "cut one") == 0
    assert await world.land() == ""
    answer = await task
    assert answer.result()["balance"] == 10
    assert answer.result()["version"] == start + 1
    assert (await behind).result()["balance"] == 11
    assert await count_of(world, id, "cut one") == 1
    assert (await check_actor(world, id)).balance == 11


async def test_neighbours_in_the_lost_batch_are_answered_too(world: World) -> None:
    ids = [await world.account(kind="customer", shard=200 + n) for n in range(4)] + [await world.account()]
    await world.order(Fault.ANSWER_LOST, ids[-1], "with me")
    answers = await asyncio.gather(
        *(world.ask(id, Add(n=k, note="with me"), via=k % 2) for k, id in enumerate(ids) for _ in range(2))
    )
    assert all(answer.ok for answer in answers)
    for k, id in enumerate(ids):
        assert await count_of(world, id, "with me") == 2
        assert (await check_actor(world, id)).balance == 2 * k


async def test_followers_of_a_lost_command_get_its_reply(world: World) -> None:
    id, op = await world.account(), new_op()
    await world.order(Fault.ANSWER_HELD, id, "followed")
    tasks = [asyncio.create_task(world.ask(id, Add(n=10, note="followed"), op=op, ttl_ms=20_000))]
    await world.reached()
    tasks += [
        asyncio.create_task(world.ask(id, Add(n=10, note="followed"), op=op, ttl_ms=20_000, via=n % 2))
        for n in range(3)
    ]
    other = asyncio.create_task(world.ask(id, Add(n=11, note="followed"), op=op, ttl_ms=20_000))
    await asyncio.sleep(0.1)
    await world.land(lose=True)
    answers = await asyncio.wait_for(asyncio.gather(*tasks), world.soon_s)
    assert answers[0].ok
    assert len({answer.body for answer in answers}) == 1
    assert (await other).code == "operation_mismatch"
    assert (await check_actor(world, id)).balance == 10


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.ANSWER_LOST])
async def test_several_unknown_outcomes_in_a_row(world: World, fault: Fault) -> None:
    id, op = await world.account(), new_op()
    before = await world.balance(id)
    await world.order(fault, id, "again", times=3)
    answer = await world.ask(id, Add(n=10, note="again"), op=op, ttl_ms=15_000)
    assert answer.ok, answer
    assert (await world.ask(id, Add(n=10, note="again"), op=op)).body == answer.body
    assert await count_of(world, id, "again") == 1
    assert (await check_actor(world, id)).balance == before + 10
