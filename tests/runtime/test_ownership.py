"""One owner at a time: kills, freezes, moves and restarts lose nothing and apply nothing twice."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import msgspec

from runtime.messages import Answer, Ask, NotOwner, Operation
from tests.runtime.account_kind import Add, GetAccount
from tests.runtime.checks import check_actor, count_of
from tests.runtime.world import BANK, Fault, World, new_op, until


async def test_the_stale_one_of_two_owners_is_fenced_and_nothing_of_its_work_remains(world: World) -> None:
    """The commit of the stale owner reaches the server after the new owner's. On a slow machine the stale owner gives
    up first (a commit waits five seconds for its answer) and the server never sees it: true as well, but not what is to
    be shown, so it is staged again."""
    ends = []
    while "fenced" not in ends and len(ends) < 4:
        ends.append(await _stale_commit(world))
    assert ends[-1] == "fenced", ends
    assert set(ends[:-1]) <= {"gone"}, ends


async def _stale_commit(world: World) -> str:
    """How the stale owner's commit ended at the server; whichever way, nothing of it remains."""
    id, op = await world.account(), new_op()
    await world.add(id, 1)
    await world.order(Fault.STALLED, id, "stale work")
    stale = asyncio.create_task(world.ask(id, Add(n=100, note="stale work"), op=op, ttl_ms=4000))
    await world.reached()
    old, new = await world.take_away(id)
    assert old != new
    assert (await world.ok(id, Add(n=10, note="new owner")))["balance"] == 11
    before = len(await world.operations(id))
    end = await world.land()
    # The command itself is not lost: it is decided again where the actor lives now, once.
    answer = await stale
    if not answer.ok:
        answer = await world.persist(id, Add(n=100, note="stale work"), op=op)
    assert answer.result()["balance"] == 111
    assert await count_of(world, id, "stale work") == 1
    assert len(await world.operations(id)) == before + 1
    assert (await check_actor(world, id)).balance == 111
    return end


async def test_a_host_killed_between_commit_and_reply(world: World) -> None:
    id, op = await world.account(), new_op()
    start = (await world.ok(id, GetAccount()))["version"]
    await world.order(Fault.ANSWER_HELD, id, "no reply")
    first = asyncio.create_task(world.ask(id, Add(n=9, note="no reply"), op=op, ttl_ms=15_000))
    await world.reached()
    assert await count_of(world, id, "no reply") == 1
    assert not first.done()
    await world.kill(await world.owner(id))
    again = await world.persist(id, Add(n=9, note="no reply"), op=op)
    assert (again.result()["balance"], again.result()["version"]) == (9, start + 1)
    assert (await first).body == again.body  # the router asked again by itself
    assert (await check_actor(world, id)).balance == 9


async def test_a_host_killed_before_the_commit(world: World) -> None:
    id, op = await world.account(), new_op()
    await world.order(Fault.STALLED, id, "never sent")
    first = asyncio.create_task(world.ask(id, Add(n=9, note="never sent"), op=op, ttl_ms=15_000))
    await world.reached()
    await world.kill(await world.owner(id))
    again = await world.persist(id, Add(n=9, note="never sent"), op=op)
    assert again.result()["balance"] == 9
    assert (await first).body == again.body
    assert (await check_actor(world, id)).balance == 9


async def test_a_frozen_host_that_wakes_after_its_lease(world: World) -> None:
    id = await world.account()
    await world.add(id, 1)
    old, op = await world.owner(id), new_op()
    async with world.frozen(old):
        query = Ask(1, "loan", id, BANK, None, msgspec.msgpack.encode(GetAccount()), 60_000)
        command = Ask(2, "loan", id, BANK, Operation("test", op), msgspec.msgpack.encode(Add(n=1000)), 60_000)
        late = asyncio.create_task(world.deliver_to(old, [query, command]))
        view = await world.ok(id, Add(n=10), ttl_ms=4000)
        # 1011: the next owner was given the sleeper's command too, before this one; what it slept with would be 1001
        assert view["balance"] in (11, 1011)
        assert await world.owner(id) != old or world.dedicated
    for reply in await late:
        assert isinstance(reply, NotOwner) or reply.result()["balance"] > 10, f"a stale host answered {reply}"
    # The command given to the sleeper may be applied once it owns again, but never on the state it slept with.
    for n in range(5):
        assert (await world.add(id, 1))["balance"] in {view["balance"] + 1 + n, 1012 + n}  # once applied, never undone
    assert (await check_actor(world, id)).balance in {view["balance"] + 5, 1016}


async def test_a_frozen_host_commits_nothing_when_it_wakes(world: World) -> None:
    """Frozen with a commit on the wire: the new owner's first commit fences it."""
    id, op = await world.account(), new_op()
    await world.order(Fault.STALLED, id, "asleep")
    first = asyncio.create_task(world.ask(id, Add(n=100, note="asleep"), op=op, ttl_ms=20_000))
    await world.reached()
    old = await world.owner(id)
    async with world.frozen(old):
        if world.dedicated:  # else it takes as long as a silent process is borne
            await world.take_away(id)
        view = await world.ok(id, Add(n=1), ttl_ms=4000)
    assert await world.land() in ("fenced", "gone")
    answer = await first
    assert answer.ok
    assert answer.result()["balance"] in (100, 101)
    assert view["balance"] in (1, 101)
    assert await count_of(world, id, "asleep") == 1
    assert (await check_actor(world, id)).balance == 101


async def test_a_moved_actor_is_found_by_every_router(world: World) -> None:
    id = await world.account()
    await world.add(id, 1)
    assert (await world.ask(id, GetAccount(), via=1)).ok
    old, new = await world.move(id)
    ask = Ask(5, "loan", id, BANK, None, msgspec.msgpack.encode(GetAccount()), 5000)
    assert [type(reply) for reply in await world.deliver_to(old, [ask])] == [NotOwner]
    for via in (0, 1):
        answer = await world.ask(id, Add(n=1), via=via)
        assert answer.ok, answer
    assert await world.owner(id) == new
    assert (await check_actor(world, id)).balance == 3


async def test_a_shard_moved_while_a_commit_is_in_flight(world: World) -> None:
    id = await world.account()
    await world.order(Fault.HELD, id, "held move")
    running = asyncio.create_task(world.ask(id, Add(n=5, note="held move")))
    await world.reached()
    moving = asyncio.create_task(world.move(id))
    await asyncio.sleep(0.1)
    assert not moving.done()  # the owner flushes first
    behind = asyncio.create_task(world.ask(id, Add(n=1)))
    await asyncio.sleep(0.05)
    await world.land()
    assert (await running).result()["balance"] == 5
    await moving
    assert (await behind).result()["balance"] == 6
    assert (await check_actor(world, id)).balance == 6


async def _load(world: World, ids: list[str], each: int, pause: float = 0.0) -> list[tuple[str, int, Answer]]:
    """Every account gets ``each`` adds of 1, 2, 4... one after the other, both routers in turn."""

    async def one(id: str, start: int) -> list[tuple[str, int, Answer]]:
        found = []
        for n in range(each):
            answer = await world.persist(id, Add(n=1, note=f"load {n}"), ttl_ms=2500)
            found.append((id, n, answer))
            await asyncio.sleep(pause)
        return found

    return list(itertools.chain(*await asyncio.gather(*(one(id, k) for k, id in enumerate(ids)))))


async def _under_load(world: World, trouble: Callable[[list[str]], Awaitable[None]], each: int, pause: float) -> None:
    ids = [await world.account(kind="customer", shard=100 + n) for n in range(5)] + [await world.account()]
    start = {id: await world.balance(id) for id in ids}
    load = asyncio.create_task(_load(world, ids, each, pause))
    await asyncio.sleep(0.05)
    try:
        await trouble(ids)
    except BaseException:
        load.cancel()
        raise
    for id, n, answer in await load:
        assert answer.ok, (id, n, answer)
    for id in ids:
        state = await check_actor(world, id)
        assert state.balance - start[id] == each
        for n in range(each):
            assert await count_of(world, id, f"load {n}") == 1


async def test_shards_moved_under_load(world: World) -> None:
    async def trouble(ids: list[str]) -> None:
        for n in range(8):
            await world.move(ids[n % len(ids)])
            await asyncio.sleep(0.02)

    await _under_load(world, trouble, each=25, pause=0.005)


async def test_hosts_killed_under_load(world: World) -> None:
    async def trouble(ids: list[str]) -> None:
        for id in (ids[0], ids[-1]):
            await world.kill(await world.owner(id))
            await until(lambda id=id: world.owner(id))  # type: ignore[misc]
            await asyncio.sleep(0.3)

    await _under_load(world, trouble, each=20, pause=0.02)


async def test_the_database_restarted_under_load(world: World) -> None:
    async def trouble(ids: list[str]) -> None:
        await world.restart_database()

    await _under_load(world, trouble, each=20, pause=0.02)


async def test_what_waits_for_a_frozen_host_goes_to_the_next_owner(world: World) -> None:
    """Also what its senders could not send any more: nothing waits for the sleeper to wake."""
    id = await world.account()
    async with world.frozen(await world.owner(id)):
        tasks = []
        for _ in range(8):
            tasks.append(asyncio.create_task(world.ask(id, Add(n=1), ttl_ms=20_000)))
            await asyncio.sleep(0.02)
        if world.dedicated:
            await world.take_away(id)
        answers = await asyncio.wait_for(asyncio.gather(*tasks), 12)
        assert all(answer.ok for answer in answers)
    assert (await check_actor(world, id)).balance == 8
