"""The two stores that the contract suite runs on, and a database without our schema."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from storage_stores import AnyStore

from storage.embedded import Embedded
from storage.memory import MemoryStore
from storage.postgres import PostgresStore, open_store

_numbers = itertools.count(1)


@pytest.fixture
async def postgres(fresh_database: Callable[[], Awaitable[str]]) -> AsyncIterator[PostgresStore]:
    store = await open_store(await fresh_database())
    yield store
    await store.close()


@pytest.fixture(params=["memory", "postgres"])
async def store(
    request: pytest.FixtureRequest, fresh_database: Callable[[], Awaitable[str]]
) -> AsyncIterator[AnyStore]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        opened = await open_store(await fresh_database())
        yield opened
        await opened.close()


@pytest.fixture
async def empty_database(embedded: Embedded) -> str:
    """A database without our schema."""
    name = f"empty_{next(_numbers)}"
    connection = await asyncpg.connect(embedded.database_url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"{embedded.database_url.rpartition('/')[0]}/{name}"
