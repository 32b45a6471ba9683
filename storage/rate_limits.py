"""Rate limits of channels over all gateways: a token bucket in Redis that each gateway draws a handful from.

A handful is a twentieth of a second's tokens, so a channel at its limit costs Redis twenty calls a second and not one a
request. While Redis is away each gateway grants its own share of the rate. Asked by protocols/front.py.
"""

import asyncio
import time
from dataclasses import dataclass, field

from redis.asyncio import Redis

from storage.redis_link import RedisAway, RedisLink, script

_HANDFULS_PER_S = 20
# Fills at `rate` tokens a second up to one second's worth, by Redis' own clock; gives at most `want`.
_TAKE = """
local rate, want = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(kept[1]) or rate
local at = tonumber(kept[2]) or now
tokens = math.min(rate, tokens + math.max(0, now - at) * rate / 1000000)
local given = math.min(want, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - given), 'at', now)
redis.call('PEXPIRE', KEYS[1], 5000)
return given
"""


@dataclass
class _Bucket:
    """One channel here: tokens in hand until ``good_until_s``; nothing is asked of Redis before ``ask_after_s``."""

    tokens: int = 0
    good_until_s: float = 0.0
    ask_after_s: float = 0.0
    share: float = -1.0
    share_at_s: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class RateLimits:
    """`protocols.front.Limiter`. ``gateways``: how many share the rate while Redis is away."""

    def __init__(self, link: RedisLink, gateways: int = 1) -> None:
        self._link = link
        self._gateways = max(1, gateways)
        self._buckets: dict[str, _Bucket] = {}

    async def allow(self, channel: str, rate_per_s: int) -> bool:
        """Whether one more request fits. The overshoot over all gateways is at most a handful for each."""
        bucket = self._buckets.setdefault(channel, _Bucket())
        if self._spend(bucket):
            return True
        async with bucket.turn:
            if self._spend(bucket):
                return True
            now = time.monotonic()
            if now < bucket.ask_after_s:
                return False
            try:
                handful = max(1, rate_per_s // _HANDFULS_PER_S)
                given = await self._link.call(lambda client: self._take(client, channel, rate_per_s, handful))
            except RedisAway:
                return self._local_share(bucket, rate_per_s)
            bucket.tokens, bucket.good_until_s = given, now + 1.0
            if not given:
                bucket.ask_after_s = now + min(0.05, 1 / rate_per_s)
            return self._spend(bucket)

    async def _take(self, client: Redis, channel: str, rate_per_s: int, handful: int) -> int:
        return int(await script(client, _TAKE)(keys=[f"rate:{channel}"], args=[rate_per_s, handful]))

    def _spend(self, bucket: _Bucket) -> bool:
        if bucket.tokens < 1 or time.monotonic() > bucket.good_until_s:
            return False
        bucket.tokens -= 1
        return True

    def _local_share(self, bucket: _Bucket, rate_per_s: int) -> bool:
        now = time.monotonic()
        share_per_s = max(1.0, rate_per_s / self._gateways)
        if bucket.share < 0:
            bucket.share, bucket.share_at_s = share_per_s, now
        bucket.share = min(share_per_s, bucket.share + (now - bucket.share_at_s) * share_per_s)
        bucket.share_at_s = now
        if bucket.share < 1:
            return False
        bucket.share -= 1
        return True
