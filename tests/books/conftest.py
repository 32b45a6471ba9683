"""The lived book of each test, on a database of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.books.lived import Lived, lived


@pytest.fixture
async def here(fresh_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Lived]:
    async with lived(await fresh_database()) as running:
        yield running
