"""The worlds of the conformance suite as fixtures: each test with a ``world`` runs on all three."""

import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import ray
from ray._raylet import AuthenticationTokenLoader, Config

from storage.embedded import Embedded

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # Ray's workers import tests.runtime.account_kind by this name
    sys.path.insert(0, str(ROOT))

from tests.runtime.cluster_world import ClusterWorld  # noqa: E402 (needs the path above)
from tests.runtime.twin_world import TwinWorld  # noqa: E402
from tests.runtime.world import CONFIG, World  # noqa: E402

FreshDatabase = Callable[[], Awaitable[str]]


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """One Ray for the session, with tokens, without dashboard; another test's, if it is up."""
    if ray.is_initialized():
        yield
        return
    if ray.is_initialized():  # another test of this session has started it
        yield
        return
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ.setdefault("RAY_worker_niceness", "0")
    Config.initialize("")  # Ray read its settings when it was imported, maybe by another test's module
    AuthenticationTokenLoader.instance().reset_cache()
    ray.init(
        address="local",
        num_cpus=1,  # our actors ask for none; Ray starts as many idle workers as it has CPUs
        include_dashboard=False,
        object_store_memory=100_000_000,
        log_to_driver=False,
        configure_logging=False,
    )
    yield
    ray.shutdown()


@pytest.fixture
async def twin() -> AsyncIterator[TwinWorld]:
    world = await TwinWorld().start()
    yield world
    await world.stop()


@pytest.fixture(scope="session")
async def shared_session(
    ray_cluster: None, embedded: Embedded, fresh_database: FreshDatabase
) -> AsyncIterator[ClusterWorld]:
    world = await ClusterWorld("shared", embedded, await fresh_database()).start()
    yield world
    await world.stop()


@pytest.fixture(scope="session")
async def dedicated_session(
    ray_cluster: None, embedded: Embedded, fresh_database: FreshDatabase
) -> AsyncIterator[ClusterWorld]:
    config = msgspec.structs.replace(CONFIG, dedicated=("kind:loan",))
    world = await ClusterWorld("dedicated", embedded, await fresh_database(), config).start()
    yield world
    await world.stop()


@pytest.fixture
async def shared(shared_session: ClusterWorld) -> ClusterWorld:
    await shared_session.settle()
    return shared_session


@pytest.fixture
async def dedicated(dedicated_session: ClusterWorld) -> ClusterWorld:
    await dedicated_session.settle()
    return dedicated_session


@pytest.fixture(params=["twin", "shared", "dedicated"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found
