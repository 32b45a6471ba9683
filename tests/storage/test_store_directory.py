"""The contract of the directory of owners, on PostgreSQL and in memory: one owner at a time, under leases."""

import asyncio

import pytest
from storage_batches import batch, event, loan, operation
from storage_stores import AnyStore, held_commit

from storage.contract import Fenced


async def born(store: AnyStore) -> int:
    incarnation = await store.register("h1", 60_000)
    await store.commit(batch(incarnation, operation("born"), event(1, 1), loan(0, 1, wake=5)))
    return incarnation


async def test_nobody_owns_the_shards_at_first(store: AnyStore) -> None:
    assert await store.shards() == dict.fromkeys(range(1024), ("", 0))
    assert await store.hosts() == []
    assert await store.dedicated() == {}


async def test_a_lease_is_renewed_and_runs_out_by_the_stores_clock(store: AnyStore) -> None:
    incarnation = await store.register("h1", 400)
    assert 0 < (await store.hosts())[0].lease_left_ms <= 400
    await asyncio.sleep(0.45)
    assert (await store.hosts())[0].lease_left_ms <= 0
    assert await store.renew("h1", incarnation, 60_000)
    assert 50_000 < (await store.hosts())[0].lease_left_ms <= 60_000
    assert (await store.hosts())[0][:2] == ("h1", incarnation)
    assert not await store.renew("h1", incarnation - 1, 60_000)
    assert not await store.renew("h2", incarnation, 60_000)


async def test_register_keeps_the_shards_under_new_epochs(store: AnyStore) -> None:
    first = await store.register("h1", 60_000)
    assert await store.assign([(5, "", 0, "h1"), (6, "", 0, "h1")]) == [5, 6]
    second = await store.register("h1", 60_000, dedicated=True)
    assert second > first
    assert await store.owned("h1") == {5: 2, 6: 2}
    assert await store.assign([(5, "h1", 1, "h2")]) == []  # the stale process of the same name gives nothing away
    assert [h.dedicated for h in await store.hosts()] == [True]
    assert not await store.renew("h1", first, 60_000)


async def test_of_two_owners_the_stale_one_leaves_nothing(store: AnyStore) -> None:
    stale = await born(store)
    fresh = await store.register("h1", 60_000)
    await store.commit(batch(fresh, operation("fresh"), event(2, 2), loan(1, 2)))
    with pytest.raises(Fenced):
        await store.commit(batch(stale, operation("stale"), event(3, 3), loan(2, 3)))
    assert [e.version for e in await store.events("loan", "L1", 0, 10)] == [1, 2]
    await store.leave("h1", stale)  # no effect either
    assert await store.renew("h1", fresh, 60_000)


@pytest.mark.parametrize("how", ["register", "fence", "leave"])
async def test_a_change_of_incarnation_waits_out_the_commit_in_flight(store: AnyStore, how: str) -> None:
    incarnation = await born(store)
    async with held_commit(store, batch(incarnation, operation("o"), event(2, 2), loan(1, 2))) as commit:
        change: asyncio.Task[object]
        if how == "register":
            change = asyncio.create_task(store.register("h1", 60_000))
        elif how == "fence":
            change = asyncio.create_task(store.fence("h1", incarnation))
        else:
            change = asyncio.create_task(store.leave("h1", incarnation))
        assert await store.renew("h1", incarnation, 60_000)  # a heartbeat does not wait
        await asyncio.sleep(0.1)
        assert not change.done()
        assert not commit.done()
    await change
    assert commit.result() is None
    assert (await store.load("loan", ["L1"]))["L1"].version == 2
    with pytest.raises(Fenced):
        await store.commit(batch(incarnation, operation("late")))


async def test_fence_takes_the_host_out_once(store: AnyStore) -> None:
    incarnation = await store.register("h1", 60_000)
    assert not await store.fence("h1", incarnation, expired_only=True)
    assert not await store.fence("h1", incarnation + 7)
    assert not await store.fence("stranger", incarnation)
    assert await store.fence("h1", incarnation)
    assert not await store.fence("h1", incarnation)
    assert not await store.renew("h1", incarnation, 60_000)
    row = (await store.hosts())[0]
    assert row.incarnation != incarnation
    assert row.lease_left_ms < 0


async def test_fence_of_an_expired_lease(store: AnyStore) -> None:
    incarnation = await store.register("h1", 20)
    await asyncio.sleep(0.05)
    assert await store.fence("h1", incarnation, expired_only=True)


async def test_assign_compares_owner_and_epoch(store: AnyStore) -> None:
    moves = [(9, "", 0, "h2"), (3, "", 0, "h1"), (4, "", 1, "h1"), (5, "h9", 0, "h1"), (5000, "", 0, "h1")]
    assert await store.assign(moves) == [3, 9]
    assert await store.assign(moves) == []
    assert await store.assign([]) == []
    assert await store.assign([(3, "h1", 1, "h2")]) == [3]
    assert await store.assign([(3, "h1", 1, "h3")]) == []
    assert (await store.shards())[3] == ("h2", 2)
    assert await store.owned("h2") == {3: 2, 9: 1}


async def test_of_many_assigning_at_once_one_wins_each_shard(store: AnyStore) -> None:
    async def take(host: str) -> list[int]:
        return await store.assign([(shard, "", 0, host) for shard in range(100)])

    taken = await asyncio.gather(*(take(f"h{n}") for n in range(4)))
    assert sorted(shard for part in taken for shard in part) == list(range(100))


async def test_leave_gives_the_shards_back(store: AnyStore) -> None:
    incarnation = await store.register("h1", 60_000)
    await store.assign([(1, "", 0, "h1"), (2, "", 0, "h2")])
    await store.leave("h1", incarnation)
    assert await store.hosts() == []
    assert await store.owned("h1") == {}
    shards = await store.shards()
    assert (shards[1], shards[2]) == (("", 2), ("h2", 1))
    assert await store.register("h1", 60_000) > incarnation  # an incarnation never comes again


async def test_placement_is_held_by_one(store: AnyStore) -> None:
    held = await asyncio.gather(*(store.hold_placement(f"h{n}", 600) for n in range(4)))
    assert sum(held) == 1
    holder = f"h{held.index(True)}"
    assert await store.hold_placement(holder, 600)
    assert not await store.hold_placement("other", 600)
    await asyncio.sleep(0.65)
    assert await store.hold_placement("other", 60_000)
    assert not await store.hold_placement(holder, 600)


async def test_dedicate_moves_the_row_to_a_slot_of_its_own(store: AnyStore) -> None:
    incarnation = await born(store)
    slot = await store.dedicate("h1", incarnation, "loan", "L1", 2)
    assert slot == 1024
    assert await store.dedicate("h1", incarnation, "loan", "L1", 2) == slot
    assert await store.dedicate("h1", incarnation, "customer", "C9", 2) == 1025  # not born yet: its row will go there
    assert await store.dedicate("h1", incarnation, "loan", "L2", 2) == 0
    assert await store.dedicated() == {("loan", "L1"): 1024, ("customer", "C9"): 1025}
    assert (await store.load("loan", ["L1"]))["L1"].shard == slot
    assert (await store.load("loan", ["L1"]))["L1"].version == 1
    assert await store.due_wakes([7], 10, 10) == []
    assert await store.due_wakes([slot], 10, 10) == [("loan", "L1")]
    assert (await store.shards())[slot] == ("", 0)
    with pytest.raises(Fenced):
        await store.dedicate("h1", incarnation + 1, "loan", "L3", 9)


async def test_a_dedicated_slot_has_a_chain_of_its_own(store: AnyStore) -> None:
    incarnation = await born(store)
    slot = await store.dedicate("h1", incarnation, "loan", "L1", 1)
    await store.commit(batch(incarnation, operation("o"), event(1, 2, shard=slot), loan(1, 2, shard=slot)))
    heads = await store.chain_heads([7, slot])
    assert (heads[7][0], heads[slot][0]) == (1, 1)
    assert [e.shard for e in await store.events("loan", "L1", 0, 10)] == [7, slot]
