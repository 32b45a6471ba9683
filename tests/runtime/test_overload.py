"""Bounds: mailboxes, credits, memory, deadlines. What is too much is said at once, and nothing is lost by it."""

import asyncio
import time

from tests.runtime.account_kind import Add, GetAccount
from tests.runtime.checks import check_actor, count_of
from tests.runtime.world import Fault, World, new_op, until


async def test_a_full_mailbox_says_overloaded(world: World) -> None:
    id = await world.account()
    neighbour = await world.account(kind="customer", shard=await world.slot_of(id) % 1024)
    before = await world.balance(id)
    await world.order(Fault.HELD, id, "plug")
    running = [asyncio.create_task(world.ask(id, Add(n=1, note="plug")))]
    await world.reached()
    size = world.config.mailbox_max
    operations = [new_op() for _ in range(size + 5)]
    began = time.monotonic()
    running += [asyncio.create_task(world.ask(id, Add(n=1), op=op)) for op in operations]
    done: set[asyncio.Task[object]] = set()
    while len(done) < 6:
        assert time.monotonic() < began + 5
        done = {task for task in running if task.done()}
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    refused = [n for n, task in enumerate(running) if task.done()]
    assert [running[n].result().code for n in refused] == ["overloaded"] * 6
    assert await world.balance(neighbour) == 0
    await world.land()
    answers = await asyncio.gather(*running)
    assert sum(answer.ok for answer in answers) == size
    assert (await check_actor(world, id)).balance == before + size
    again = await asyncio.gather(*(world.persist(id, Add(n=1), op=op) for op in operations))
    assert all(answer.ok for answer in again)
    assert (await check_actor(world, id)).balance == before + size + 6


async def test_credits_of_a_silent_host_run_out_at_the_router(world: World) -> None:
    id = await world.account()
    host = await world.owner(id)
    credit = world.config.credit_messages
    async with world.frozen(host):
        began = time.monotonic()
        waiting = [asyncio.create_task(world.ask(id, GetAccount(), ttl_ms=20_000)) for _ in range(credit)]
        await asyncio.sleep(0.2)
        answer = await world.ask(id, Add(n=1), ttl_ms=20_000)
        assert answer.code == "overloaded"
        assert time.monotonic() - began < 1.2  # at once, not by a time-out
        assert (await world.ask(id, GetAccount(), ttl_ms=300, via=1)).code in ("unavailable", "")
    answers = await asyncio.gather(*waiting)
    assert {answer.code for answer in answers} <= {"", "overloaded"}
    assert sum(answer.ok for answer in answers) >= world.config.mailbox_max
    assert (await world.add(id, 1))["version"] >= 2


async def test_passivation_under_load_loses_nothing(world: World) -> None:
    """Four times as many actors as may live; each is let go and brought back again and again."""
    ids = await asyncio.gather(*(world.account(kind="customer") for _ in range(4 * world.config.live_max)))
    for _ in range(3):
        await asyncio.gather(*(world.persist(id, Add(n=1)) for id in ids))
        await asyncio.sleep(0.15)

    async def few() -> bool:
        return all([(await world.status(host))["live"] <= world.config.live_max for host in await world.shared_hosts()])

    await until(few)
    assert sum([(await world.status(host))["evicted"] for host in await world.shared_hosts()]) > len(ids)
    for id in ids:
        assert await world.balance(id) == 3
        await check_actor(world, id)


async def test_an_actor_with_something_under_way_is_not_let_go(world: World) -> None:
    id = await world.account(kind="customer")
    waiting = asyncio.create_task(world.ask(id, GetAccount(at_least=5), ttl_ms=8000))
    others = [await world.account(kind="customer") for _ in range(3 * world.config.live_max)]
    await asyncio.gather(*(world.balance(each) for each in others))
    await asyncio.sleep(0.3)
    await world.add(id, 5)
    answer = await asyncio.wait_for(waiting, world.soon_s)
    assert answer.result()["balance"] == 5


async def test_a_deadline_that_passes_in_flight_leaves_the_outcome_unknown(world: World) -> None:
    id, op = await world.account(), new_op()
    before = await world.balance(id)
    await world.order(Fault.HELD, id, "too slow")
    task = asyncio.create_task(world.ask(id, Add(n=2, note="too slow"), op=op, ttl_ms=600))
    await world.reached()
    assert (await task).code == "outcome_unknown"
    await world.land()
    answer = await world.persist(id, Add(n=2, note="too slow"), op=op)
    assert answer.result()["balance"] == before + 2
    assert await count_of(world, id, "too slow") == 1


async def test_a_query_that_passes_its_deadline_is_unavailable(world: World) -> None:
    id = await world.account()
    async with world.frozen(await world.owner(id)):
        began = time.monotonic()
        assert (await world.ask(id, GetAccount(), ttl_ms=300)).code == "unavailable"
        assert time.monotonic() - began < 1.0
    assert (await world.ok(id, GetAccount()))["version"] >= 1


async def test_too_many_waiting_queries_say_overloaded(world: World) -> None:
    """Waiting queries are bounded like the mailbox; commands still come through and answer those that wait."""
    id = await world.account()
    before = await world.balance(id)
    size = world.config.mailbox_max
    query = GetAccount(at_least=before + 1)
    tasks = [asyncio.create_task(world.ask(id, query, ttl_ms=8000)) for _ in range(size + 3)]
    first = asyncio.as_completed(tasks, timeout=6)
    assert [(await next(first)).code for _ in range(3)] == ["overloaded"] * 3
    await world.add(id, 1)
    answers = await asyncio.gather(*tasks)
    assert sum(answer.ok for answer in answers) == size
