"""Connections for reads and for the directory: a small pool whose failures come out as `Unreachable`.

Every call is one autocommitted statement: a client that freezes between two statements can hold no lock. The commit
path has a connection of its own (storage/journal.py).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from storage.contract import BadData, Fenced, StoreError, Unreachable

SESSION = {
    "application_name": "miaodai",
    "jit": "off",
    # A statement prepared while a table is empty would keep its sequential scan when it is full (measured: 20x).
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "timezone": "UTC",
}
FENCED, VERSION = "MD001", "MD002"
"""SQLSTATEs that our functions raise (storage/sql/)."""

CONNECTION_ERRORS = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Database:
    """A pool of ``connections`` at most, opened when needed and given back when idle."""

    def __init__(self, url: str, *, connections: int = 4, timeout_s: float = 10.0) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self._pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=connections,
            max_inactive_connection_lifetime=300,
            command_timeout=timeout_s,
            timeout=timeout_s,
            reset=_keep,
            server_settings={**SESSION, "statement_timeout": str(int(timeout_s * 1000))},
        )
        self._opened = False

    async def open(self) -> "Database":
        """Connect once to see that the server is there. Raises `Unreachable`."""
        async with _mapped():
            await self._pool
            self._opened = True
            await self._pool.fetchval("SELECT 1")
        return self

    async def close(self) -> None:
        if self._opened:
            self._pool.terminate()

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with _mapped():
            return list(await self._pool.fetch(sql, *arguments))

    async def value(self, sql: str, *arguments: Any) -> Any:
        async with _mapped():
            return await self._pool.fetchval(sql, *arguments)


async def _keep(connection: Any) -> None:
    """Instead of the pool's RESET round trip: our statements leave nothing behind in a session."""


@asynccontextmanager
async def _mapped() -> AsyncIterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.DataError, *CONNECTION_ERRORS) as error:
        raise read_error(error) from None  # the server's detail line may hold values of a row


def read_error(error: BaseException) -> StoreError:
    """The `StoreError` for a failed read or directory call; a broken statement (class 42) is a bug and stays itself."""
    state = getattr(error, "sqlstate", None) or ""
    if state == FENCED:
        return Fenced(str(error))
    if state[:2] in ("22", "23"):
        return BadData(getattr(error, "constraint_name", None) or "", state)
    if isinstance(error, asyncpg.PostgresError) and state[:2] == "42":
        raise error
    return Unreachable(f"{type(error).__name__} {state}".strip())
