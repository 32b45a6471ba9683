"""Redis may vanish at any moment: slower, never wrong. Each test kills or freezes a Redis of its own."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from storage.cache import Cache
from storage.contract import Unreachable
from storage.embedded import Embedded, start_embedded
from storage.pool import Database
from storage.redis_link import REST_S, TIMEOUT_S, RedisAway


@pytest.fixture(scope="module")
def servers() -> Iterator[Embedded]:
    started = start_embedded()
    yield started
    started.stop()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database(database_url).open()
    yield opened
    await opened.close()


@pytest.fixture
async def cache(servers: Embedded, database: Database) -> AsyncIterator[Cache]:
    if not servers.redis_pid:
        servers.start_redis()
    made = Cache(servers.redis_url, database)
    yield made
    await made.close()


async def until_back(cache: Cache) -> None:
    for _ in range(100):
        await asyncio.sleep(REST_S / 5)
        if await cache.changes.publish("ping", b""):
            return
    raise AssertionError("the link did not come back")


async def allowed(cache: Cache, channel: str, rate_per_s: int, seconds: float) -> tuple[int, float]:
    """How many requests pass when far too many come, and in how many seconds."""
    count, begun = 0, time.monotonic()
    while time.monotonic() < begun + seconds:
        count += sum(await asyncio.gather(*(cache.limiter.allow(channel, rate_per_s) for _ in range(10))))
        await asyncio.sleep(0.002)
    return count, time.monotonic() - begun


async def test_a_nonce_is_taken_once(cache: Cache) -> None:
    assert not await cache.nonces.seen("app", "n1", 60)
    assert await cache.nonces.seen("app", "n1", 60)
    assert not await cache.nonces.seen("other", "n1", 60)
    found = await asyncio.gather(*(cache.nonces.seen("app", "n2", 60) for _ in range(50)))
    assert sorted(found) == [False] + [True] * 49


async def test_a_nonce_is_taken_once_over_all_gateways(cache: Cache, servers: Embedded, database: Database) -> None:
    other = Cache(servers.redis_url, database)
    found = await asyncio.gather(*(c.nonces.seen("app", f"g{n}", 60) for n in range(200) for c in (cache, other)))
    assert sum(found) == 200
    await other.close()


async def test_nonces_go_on_without_redis_and_hold_after_its_return(cache: Cache, servers: Embedded) -> None:
    assert not await cache.nonces.seen("app", "before", 60)
    servers.kill_redis()
    assert not await cache.nonces.seen("app", "during", 60)
    assert await cache.nonces.seen("app", "during", 60)
    found = await asyncio.gather(*(cache.nonces.seen("app", f"d{n % 100}", 60) for n in range(200)))
    assert sum(found) == 100
    servers.start_redis()
    await until_back(cache)
    assert await cache.nonces.seen("app", "during", 60)  # only PostgreSQL knew it
    assert not await cache.nonces.seen("app", "after", 60)
    assert await cache.nonces.seen("app", "after", 60)


async def test_an_expired_nonce_may_come_again(cache: Cache, servers: Embedded) -> None:
    assert not await cache.nonces.seen("app", "short", 1)
    servers.kill_redis()
    assert not await cache.nonces.seen("app", "short too", 1)
    await asyncio.sleep(1.1)
    assert not await cache.nonces.seen("app", "short too", 1)
    servers.start_redis()
    await until_back(cache)
    assert not await cache.nonces.seen("app", "short", 1)


async def test_nothing_but_both_away_fails(servers: Embedded) -> None:
    database = Database("postgresql://nobody:x@127.0.0.1:1/none", timeout_s=1.0)
    cache = Cache("redis://127.0.0.1:1/0", database)
    with pytest.raises(Unreachable):
        await database.open()
    with pytest.raises(Unreachable):
        await cache.nonces.seen("app", "n", 60)
    await cache.close()
    await database.close()


async def test_the_rate_holds_over_two_gateways(cache: Cache, servers: Embedded, database: Database) -> None:
    other = Cache(servers.redis_url, database)
    first, second = await asyncio.gather(allowed(cache, "pair", 100, 1.5), allowed(other, "pair", 100, 1.5))
    count, elapsed_s = first[0] + second[0], max(first[1], second[1])
    at_most = 100 + 100 * elapsed_s + 2 * 5  # one second's worth at once, then 100 a second, and a handful each
    assert at_most * 0.6 <= count <= at_most
    assert await other.limiter.allow("alone", 1)
    assert not await other.limiter.allow("alone", 1)
    await other.close()


async def test_without_redis_each_gateway_grants_its_share(servers: Embedded, database: Database) -> None:
    cache = Cache("", database, gateways=4)
    count, elapsed_s = await allowed(cache, "shared", 100, 1.0)
    assert (25 + 25 * elapsed_s) * 0.8 <= count <= 25 + 25 * elapsed_s + 1
    assert await cache.limiter.allow("slow", 1)
    assert not await cache.limiter.allow("slow", 1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dead_redis_adds_no_latency(cache: Cache, servers: Embedded, how: signal.Signals) -> None:
    assert await cache.limiter.allow("quick", 1000)
    pid = servers.redis_pid
    if how is signal.SIGKILL:
        servers.kill_redis()
    else:
        os.kill(pid, how)
    try:
        assert not await cache.changes.publish("t", b"finds out")
        assert not cache.link.up
        with pytest.raises(RedisAway):
            await cache.link.call(lambda client: client.ping())
        took_s = []
        for n in range(30):
            begun = time.monotonic()
            await cache.nonces.seen("app", f"{how} {n}", 60)
            await cache.limiter.allow("quick", 1000)
            took_s.append(time.monotonic() - begun)
        assert statistics.median(took_s) < TIMEOUT_S / 4  # and not the time limit of each call
    finally:
        if how is signal.SIGKILL:
            servers.start_redis()
        else:
            os.kill(pid, signal.SIGCONT)
    await until_back(cache)
    assert cache.link.up


async def test_after_a_rest_one_call_tries_for_all(cache: Cache, servers: Embedded) -> None:
    os.kill(servers.redis_pid, signal.SIGSTOP)
    try:
        assert not await cache.changes.publish("t", b"")
        await asyncio.sleep(REST_S * 1.1)
        tasks = [asyncio.create_task(cache.changes.publish("t", b"")) for _ in range(50)]
        done, trying = await asyncio.wait(tasks, timeout=TIMEOUT_S / 4)
        assert (len(done), len(trying)) == (49, 1)
        assert await asyncio.gather(*tasks) == [False] * 50
    finally:
        os.kill(servers.redis_pid, signal.SIGCONT)


async def test_changes_reach_listeners_and_listeners_outlive_redis(cache: Cache, servers: Embedded) -> None:
    heard: list[bytes] = []

    async def listen() -> None:
        async for message in cache.changes.listen("banks"):
            heard.append(message)

    listening = asyncio.create_task(listen())
    try:
        await tell_until(cache, heard, b"first")
        servers.kill_redis()
        assert not await cache.changes.publish("banks", b"lost")
        servers.start_redis()
        await tell_until(cache, heard, b"second")
        assert b"lost" not in heard
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def tell_until(cache: Cache, heard: list[bytes], message: bytes) -> None:
    for _ in range(100):
        await cache.changes.publish("banks", message)
        await asyncio.sleep(0.05)
        if message in heard:
            return
    raise AssertionError(f"{message!r} was never heard")
