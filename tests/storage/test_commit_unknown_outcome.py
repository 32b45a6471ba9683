"""Commits whose end nobody knows: lost answers, servers that vanish or write late, on both stores where both can."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from storage_batches import batch, event, loan, operation

from storage.contract import UnknownOutcome, Unreachable
from storage.embedded import Embedded, start_embedded
from storage.faults import Fault
from storage.memory import MemoryStore
from storage.migrate import migrate
from storage.postgres import PostgresStore, open_store


async def born(store: MemoryStore | PostgresStore) -> int:
    incarnation = await store.register("h1", 60_000)
    await store.commit(batch(incarnation, operation("born"), event(1, 1), loan(0, 1)))
    return incarnation


async def version(store: MemoryStore | PostgresStore) -> int:
    return (await store.load("loan", ["L1"]))["L1"].version


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Embedded]:
    """Servers that these tests may stop and kill."""
    servers = start_embedded(redis=False)
    yield servers
    servers.stop()


@pytest.mark.parametrize(("fault", "expected"), [(Fault.LOST, 1), (Fault.ANSWER_LOST, 2)])
async def test_an_ordered_fault_hits_one_commit(fault: Fault, expected: int) -> None:
    store = MemoryStore()
    incarnation = await born(store)
    store.faults.order(fault)
    with pytest.raises(UnknownOutcome):
        await store.commit(batch(incarnation, loan(1, 2)))
    assert await version(store) == expected
    await store.commit(batch(incarnation, loan(expected, expected + 1)))


async def test_a_late_commit_lands_when_nobody_fenced_it() -> None:
    store = MemoryStore()
    incarnation = await born(store)
    store.faults.order(Fault.LATE)
    with pytest.raises(UnknownOutcome):
        await store.commit(batch(incarnation, loan(1, 2)))
    assert await version(store) == 1  # an immediate reload reads the state before
    await store.faults.land()
    assert await version(store) == 2
    assert store.faults.landed == [""]


async def test_a_late_commit_is_fenced_by_a_new_incarnation() -> None:
    store = MemoryStore()
    incarnation = await born(store)
    store.faults.order(Fault.LATE)
    with pytest.raises(UnknownOutcome):
        await store.commit(batch(incarnation, loan(1, 2)))
    await store.register("h1", 60_000)
    await store.faults.land()
    assert store.faults.landed == ["Fenced"]
    assert await version(store) == 1


async def test_a_cut_commit_is_waited_for_by_register() -> None:
    store = MemoryStore()
    incarnation = await born(store)
    store.faults.order(Fault.CUT)
    with pytest.raises(UnknownOutcome):
        await store.commit(batch(incarnation, loan(1, 2)))
    registering = asyncio.create_task(store.register("h1", 60_000))
    await asyncio.sleep(0.05)
    assert not registering.done()
    await store.faults.release()
    await registering
    assert await version(store) == 2


async def test_an_unreachable_store_says_so() -> None:
    store = MemoryStore()
    incarnation = await born(store)
    store.faults.unreachable = True
    with pytest.raises(UnknownOutcome):
        await store.commit(batch(incarnation))
    for call in (store.load("loan", []), store.renew("h1", incarnation, 1), store.shards(), store.all()):
        with pytest.raises(Unreachable):
            await call
    store.faults.unreachable = False
    await store.commit(batch(incarnation))


async def test_a_server_that_goes_on_without_its_client_is_waited_for(postgres: PostgresStore) -> None:
    """The client's connection is cut in the middle; the old backend commits after the reload began."""
    incarnation = await born(postgres)
    blocker = await asyncpg.connect(postgres.database.url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("SELECT 1 FROM loan WHERE id = 'L1' FOR UPDATE")
    commit = asyncio.create_task(postgres.commit(batch(incarnation, event(2, 2), loan(1, 2))))
    await asyncio.sleep(0.2)
    await postgres.cut_commits()
    with pytest.raises(UnknownOutcome):
        await commit
    registering = asyncio.create_task(postgres.register("h1", 60_000))
    await asyncio.sleep(0.2)
    assert not registering.done()
    assert await version(postgres) == 1
    await transaction.rollback()
    await blocker.close()
    fresh = await registering
    assert await version(postgres) == 2
    await postgres.commit(batch(fresh, event(3, 3), loan(2, 3)))


async def test_a_commit_over_its_time_limit_is_unknown(postgres: PostgresStore) -> None:
    incarnation = await born(postgres)
    hasty = await open_store(postgres.database.url, timeout_s=0.3)
    blocker = await asyncpg.connect(postgres.database.url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("SELECT 1 FROM loan WHERE id = 'L1' FOR UPDATE")
    with pytest.raises(UnknownOutcome):
        await hasty.commit(batch(incarnation, loan(1, 2)))
    await transaction.rollback()
    await blocker.close()
    incarnation = await postgres.register("h1", 60_000)  # waits out, or fences, what the server may still be doing
    now = await version(postgres)
    await hasty.commit(batch(incarnation, loan(now, now + 1)))
    await hasty.close()


async def test_a_cancelled_commit_leaves_a_usable_store(postgres: PostgresStore) -> None:
    incarnation = await born(postgres)
    task = asyncio.create_task(postgres.commit(batch(incarnation, loan(1, 2))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    incarnation = await postgres.register("h1", 60_000)
    now = await version(postgres)
    await postgres.commit(batch(incarnation, loan(now, now + 1)))


@pytest.mark.parametrize("crash", [False, True])
async def test_postgres_restarted_under_commits(own_servers: Embedded, crash: bool) -> None:
    """What was acknowledged is there afterwards; the store connects again by itself."""
    await migrate(own_servers.database_url)
    store = await open_store(own_servers.database_url)
    host = f"h{crash}"
    incarnation = await store.register(host, 60_000)
    acknowledged, unknown = [], []
    under_way = asyncio.Event()

    async def work() -> None:
        for n in range(10_000):
            name = f"{crash} {n}"
            try:
                await store.commit(batch(incarnation, operation(name), host=host))
                acknowledged.append(operation(name).op_hash)
                if len(acknowledged) == 20:
                    under_way.set()
            except UnknownOutcome:
                unknown.append(operation(name).op_hash)
                return

    working = asyncio.create_task(work())
    await asyncio.wait_for(under_way.wait(), 60)
    await asyncio.to_thread(own_servers.restart_postgres, crash=crash)
    await working
    assert len(unknown) == 1
    for _ in range(20):
        try:
            incarnation = await store.register(host, 60_000)
            break
        except Unreachable:
            await asyncio.sleep(0.05)
    found = await store.find_operations(acknowledged)
    assert len(found) == len(acknowledged)
    await store.commit(batch(incarnation, operation(f"{crash} after"), host=host))
    await store.close()


async def test_reads_of_a_stopped_server_are_unreachable(own_servers: Embedded) -> None:
    await migrate(own_servers.database_url)
    store = await open_store(own_servers.database_url, timeout_s=1.0)
    incarnation = await store.register("h9", 60_000)
    own_servers.stop_postgres()
    with pytest.raises(Unreachable):
        await store.load("loan", ["L1"])
    with pytest.raises(Unreachable):
        await store.renew("h9", incarnation, 1000)
    with pytest.raises(UnknownOutcome):
        await store.commit(batch(incarnation, host="h9"))
    with pytest.raises(Unreachable):
        await open_store(own_servers.database_url, timeout_s=1.0)
    own_servers.start_postgres()
    await store.close()
