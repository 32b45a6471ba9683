"""Live changes between processes by Redis publish and subscribe: best effort, nothing may depend on one arriving.

The console's live stream and the reload of configuration listen here; whoever must not miss a change also looks at
PostgreSQL from time to time.
"""

import asyncio
from collections.abc import AsyncIterator

from redis.exceptions import RedisError

from storage.redis_link import RedisAway, RedisLink

_AGAIN_S = 0.5


class Changes:
    """Topics are plain names; messages are bytes."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def publish(self, topic: str, message: bytes) -> bool:
        """Tell who listens now. False when Redis is away; never raises, never waits long."""
        try:
            await self._link.call(lambda client: client.publish(topic, message))
        except RedisAway:
            return False
        return True

    async def listen(self, topic: str) -> AsyncIterator[bytes]:
        """Messages from now on, for ever: comes back by itself after an outage (what was said meanwhile is lost)."""
        while self._link.client is not None:
            channel = self._link.client.pubsub()
            try:
                await channel.subscribe(topic)
                while True:
                    message = await channel.get_message(ignore_subscribe_messages=True, timeout=_AGAIN_S)
                    if message is not None:
                        yield message["data"]
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(_AGAIN_S)
            finally:
                await channel.aclose()  # type: ignore[no-untyped-call]
