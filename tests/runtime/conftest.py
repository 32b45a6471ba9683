"""The worlds of the conformance suite as fixtures: each test named `test_*(world)` runs on all three."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # Ray's workers import tests.runtime.account_kind by this name
    sys.path.insert(0, str(ROOT))

from tests.runtime.twin_world import TwinWorld  # noqa: E402 (needs the path above)
from tests.runtime.world import World  # noqa: E402


@pytest.fixture
async def twin() -> AsyncIterator[TwinWorld]:
    world = await TwinWorld().start()
    yield world
    await world.stop()


@pytest.fixture(params=["twin"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found
