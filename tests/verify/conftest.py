"""One played demo for all tests of the checker; each gets a copy of its database to tamper with."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from storage.embedded import Embedded
from tests.verify.house import House, play, sandbox

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def house(fresh_database: Callable[[], Awaitable[str]]) -> AsyncIterator[House]:
    async with sandbox() as box:
        yield await play(await fresh_database(), box, people=40, months=2)


@pytest.fixture
async def copy(house: House, embedded: Embedded) -> str:
    """URL of a copy of the played database."""
    name = f"verify_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(embedded.database_url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {house.url.rpartition('/')[2]}")
    finally:
        await connection.close()
    return f"{house.url.rpartition('/')[0]}/{name}"
