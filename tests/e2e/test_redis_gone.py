"""Promise: Redis may vanish at any moment: slower, never wrong; and when it is back nothing has been forgotten."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.e2e.borrower import Borrower, borrower
from tests.e2e.live import Live, until
from tests.e2e.wire import Signed, burst


@pytest.fixture(scope="module")
async def without_redis(live: Live, settled_in: Borrower) -> AsyncIterator[Live]:
    """Killed with SIGKILL in the middle of somebody's story, which goes on."""
    embedded = live.deployment.embedded
    assert embedded is not None
    of = await (await Borrower(live.rest()).join()).get_line()
    await asyncio.to_thread(embedded.kill_redis)
    await (await of.sign()).draw()
    yield live
    if not embedded.redis_pid:
        await asyncio.to_thread(embedded.start_redis)


async def _loan(live: Live, settled_in: Borrower) -> Signed:
    return Signed(live, "GET", f"/v1/loans/{settled_in.loan_id}")


async def test_everything_goes_on(without_redis: Live, front_name: str) -> None:
    of = await borrower(without_redis.front(front_name), active=True, contract=True)
    assert (await of.loan())["status"] == "active"


async def test_nonces_are_still_taken_once_by_all_gateways(without_redis: Live, settled_in: Borrower) -> None:
    request = await _loan(without_redis, settled_in)
    assert await request.word(gateway=0) == ""
    for gateway in (0, 1):
        assert await request.word(gateway=gateway) == "replayed_message"
    at_once = await _loan(without_redis, settled_in)
    words = await asyncio.gather(*(at_once.word(gateway=n % 2) for n in range(8)))
    assert sorted(words) == ["", *["replayed_message"] * 7]


async def test_rates_are_still_limited(without_redis: Live, settled_in: Borrower, front_name: str) -> None:
    """Each gateway grants its share: two gateways, two a second in all."""
    slow = [without_redis.front(front_name, "slow", gateway=n) for n in (0, 1)]
    await burst(slow, settled_in.loan_id)
    await asyncio.sleep(1.5)
    assert not (await slow[0].ask("get_loan", loan_id=settled_in.loan_id)).code


async def test_redis_back(without_redis: Live, settled_in: Borrower) -> None:
    """It is used again by itself; what was taken while it was away stays taken."""
    live, embedded = without_redis, without_redis.deployment.embedded
    assert embedded is not None
    taken = await _loan(live, settled_in)
    assert await taken.word() == ""
    await asyncio.to_thread(embedded.start_redis)
    redis = Redis.from_url(embedded.redis_url)

    async def used() -> bool:
        assert await (await _loan(live, settled_in)).word() == ""
        return bool([key async for key in redis.scan_iter("nonce:mobile:*")])

    await until(used)
    await redis.aclose()
    for gateway in (0, 1):
        assert await taken.word(gateway=gateway) == "replayed_message"
