"""The way to Redis that never makes anybody wait for it: short time limits and a circuit breaker.

After a failure nothing is sent for a moment and callers take their fallback at once; then a single call tries again,
and when it succeeds everybody goes by Redis again. Under nonces.py, rate_limits.py and changes.py.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

Answer = TypeVar("Answer")
TIMEOUT_S = 0.2
CONNECTIONS = 16
REST_S = 0.5
_FAILURES = (RedisError, OSError, TimeoutError)


class RedisAway(Exception):
    """Redis did not answer now, or did not a moment ago: use the fallback."""


class RedisLink:
    """``url`` "" means that there is no Redis: every call is `RedisAway`.

    ``last_failure_s`` (monotonic) tells for how long what Redis knows may be incomplete.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S, rest_s: float = REST_S) -> None:
        self._rest_s = rest_s
        self._timeout_s = timeout_s
        self.last_failure_s = float("-inf")
        self._shut_until_s = 0.0
        self._trying = False
        self.client: Redis | None = None
        if url:
            # RESP2 and no retries: the client's own patience would undo ours.
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=timeout_s,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                client_name="miaodai",
            )
            self.client = Redis.from_pool(pool)

    @property
    def up(self) -> bool:
        """Whether the next call would go to Redis (not whether it will succeed)."""
        return self.client is not None and (not self._shut_until_s or time.monotonic() >= self._shut_until_s)

    async def call(self, ask: Callable[[Redis], Awaitable[Answer]]) -> Answer:
        """Run ``ask`` on the client. Raises `RedisAway`, within ``timeout_s`` and mostly at once."""
        client = self._enter()
        probing = self._trying
        try:
            answer = await asyncio.wait_for(ask(client), 2 * self._timeout_s)
        except _FAILURES as error:
            self._failed()
            raise RedisAway(type(error).__name__) from error
        finally:
            if probing:
                self._trying = False
        self._shut_until_s = 0.0
        return answer

    async def close(self) -> None:
        if self.client is not None:
            await self.client.aclose()

    def _enter(self) -> Redis:
        if self.client is None:
            raise RedisAway("none configured")
        if self._shut_until_s:
            if self._trying or time.monotonic() < self._shut_until_s:
                raise RedisAway("shut")
            self._trying = True  # this call tries for all
        return self.client

    def _failed(self) -> None:
        self.last_failure_s = time.monotonic()
        self._shut_until_s = self.last_failure_s + self._rest_s


def script(client: Redis, text: str) -> Any:
    """A Lua script that is sent by its digest and loaded again by itself after Redis was restarted."""
    return client.register_script(text)
