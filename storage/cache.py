"""All that Redis does for us, in one object for cluster/ to make: nonces, rate limits, live changes.

Redis may vanish at any moment: slower, never wrong.
"""

from storage.changes import Changes
from storage.nonces import Nonces
from storage.pool import Database
from storage.rate_limits import RateLimits
from storage.redis_link import RedisLink


class Cache:
    """``redis_url`` "" runs on the fallbacks alone; ``gateways`` is how many processes share the rate limits."""

    def __init__(self, redis_url: str, database: Database, *, gateways: int = 1) -> None:
        self.link = RedisLink(redis_url)
        self.nonces = Nonces(self.link, database)
        self.limiter = RateLimits(self.link, gateways)
        self.changes = Changes(self.link)

    async def close(self) -> None:
        await self.link.close()
