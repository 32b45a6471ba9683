"""Servers and databases for every test: real PostgreSQL and Redis, once a session; a fresh database takes no time."""

import itertools
import os
from collections.abc import Awaitable, Callable, Iterator

import asyncpg
import pytest
from hypothesis import settings

from storage.embedded import Embedded, start_embedded
from storage.migrate import migrate

settings.register_profile("shared-machine", deadline=None)  # time is measured by benchmarks, never by a test
settings.load_profile("shared-machine")
FreshDatabase = Callable[[], Awaitable[str]]
_TEMPLATE = "miaodai_template"


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """Servers of this test session alone; gone at its end."""
    servers = start_embedded()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
async def fresh_database(embedded: Embedded) -> FreshDatabase:
    """A function that makes another migrated, empty database and returns its URL (a copy of a template: 30 ms)."""
    admin_url = embedded.database_url
    base = admin_url.rpartition("/")[0]
    numbers = itertools.count(1)

    async def run(sql: str) -> None:
        connection = await asyncpg.connect(admin_url)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    await run(f"CREATE DATABASE {_TEMPLATE}")
    await migrate(f"{base}/{_TEMPLATE}")

    async def fresh() -> str:
        name = f"test_{os.getpid()}_{next(numbers)}"
        await run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return f"{base}/{name}"

    return fresh


@pytest.fixture(scope="session")
async def database_url(fresh_database: FreshDatabase) -> str:
    """One migrated database for the whole session; a test that needs an empty one calls `fresh_database`."""
    return await fresh_database()


@pytest.fixture(scope="session")
def redis_url(embedded: Embedded) -> str:
    return embedded.redis_url
