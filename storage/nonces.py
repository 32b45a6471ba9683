"""Nonces of signed requests: each is taken once, over all gateways (protocols/credentials.py asks here).

Redis keeps them while it is there; an unlogged table of PostgreSQL does while it is not, and is asked as well after
Redis' return for as long as a nonce from the outage may still be valid. A nonce that only a dead Redis knew can be
replayed within its signature's time window, and then meets the stored reply of its operation id.

All requests that come while one call is on its way go together in the next: one script for a hundred costs about as
much as one for one.
"""

import asyncio
import secrets
import time
from typing import NamedTuple

from redis.asyncio import Redis

from storage.contract import StoreError
from storage.pool import Database
from storage.redis_link import RedisAway, RedisLink, script

_BATCH_MAX = 500
_PURGE_SHARE = 100  # one write in so many also removes what has expired
# Takes each key; answers a text with 1 for a fresh one and 0 for one that was there.
_TAKE = """
local fresh = {}
for i, key in ipairs(KEYS) do
    fresh[i] = redis.call('SET', key, '', 'NX', 'EX', ARGV[i]) and '1' or '0'
end
return table.concat(fresh)
"""


class _Asked(NamedTuple):
    key: str
    ttl_s: int
    seen: "asyncio.Future[bool]"


class Nonces:
    """`protocols.credentials.NonceStore`. Raises `Unreachable` only when both Redis and PostgreSQL are away."""

    def __init__(self, link: RedisLink, database: Database) -> None:
        self._link = link
        self._database = database
        self._longest_ttl_s = 0
        self._waiting: list[_Asked] = []
        self._sender: asyncio.Task[None] | None = None

    async def seen(self, channel: str, nonce: str, ttl_s: int) -> bool:
        """Write the nonce down for ``ttl_s`` seconds; True when it was there already."""
        self._longest_ttl_s = max(self._longest_ttl_s, ttl_s)
        asked = _Asked(f"nonce:{channel}:{nonce}", ttl_s, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return await asked.seen

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH_MAX], self._waiting[_BATCH_MAX:]
                await self._answer(batch)
        finally:
            self._sender = None

    async def _answer(self, batch: list[_Asked]) -> None:
        try:
            fresh = await self._take(batch)
        except StoreError as error:
            for asked in batch:
                if not asked.seen.done():
                    asked.seen.set_exception(error)
            return
        for asked in batch:
            if not asked.seen.done():
                asked.seen.set_result(asked.key not in fresh)
            fresh.discard(asked.key)  # the same nonce twice in one batch: only the first is fresh

    async def _take(self, batch: list[_Asked]) -> set[str]:
        """The keys that are fresh."""
        ttl_s = {asked.key: asked.ttl_s for asked in batch}
        try:
            keys = await self._link.call(lambda client: _take_all(client, ttl_s))
        except RedisAway:
            return await self._insert(ttl_s)
        if keys and time.monotonic() < self._link.last_failure_s + self._longest_ttl_s:
            keys -= await self._stored(keys)
        return keys

    async def _insert(self, ttl_s: dict[str, int]) -> set[str]:
        if secrets.randbelow(_PURGE_SHARE) == 0:
            await self._database.value("DELETE FROM nonce WHERE expires_at < now()")
        keys = sorted(ttl_s)
        rows = await self._database.rows(
            "INSERT INTO nonce AS n (nonce, expires_at)"
            " SELECT k, now() + t * interval '1 second' FROM unnest($1::bytea[], $2::float8[]) AS u (k, t)"
            " ON CONFLICT (nonce) DO UPDATE SET expires_at = excluded.expires_at WHERE n.expires_at < now()"
            " RETURNING nonce",
            [key.encode() for key in keys],
            [float(ttl_s[key]) for key in keys],
        )
        return {row[0].decode() for row in rows}

    async def _stored(self, keys: set[str]) -> set[str]:
        rows = await self._database.rows(
            "SELECT nonce FROM nonce WHERE nonce = ANY($1) AND expires_at > now()", [key.encode() for key in keys]
        )
        return {row[0].decode() for row in rows}


async def _take_all(client: Redis, ttl_s: dict[str, int]) -> set[str]:
    marks: bytes = await script(client, _TAKE)(keys=list(ttl_s), args=list(ttl_s.values()))
    return {key for key, mark in zip(ttl_s, marks.decode(), strict=True) if mark == "1"}
