"""One listening front per test."""

from collections.abc import AsyncIterator

import pytest
from rest_support import Edge, edge


@pytest.fixture
async def front() -> AsyncIterator[Edge]:
    async with edge() as running:
        yield running
