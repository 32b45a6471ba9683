"""The one live deployment of these tests, and their order: what looks at everything that happened comes last."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # Ray's workers import tests.e2e.asker by this name
    sys.path.insert(0, str(ROOT))

from tests.e2e.borrower import Borrower, borrower  # noqa: E402 (needs the path above)
from tests.e2e.live import OTHER_BANK, Live  # noqa: E402

HERE = Path(__file__).parent
LAST = ("test_personal_data", "test_books", "test_stop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`LAST` after all others of this folder, in that order; other folders stay where they are."""
    ours = [n for n, item in enumerate(items) if HERE in item.path.parents]
    in_order = sorted(
        (items[n] for n in ours), key=lambda item: LAST.index(item.path.stem) if item.path.stem in LAST else -1
    )
    for n, item in zip(ours, in_order, strict=True):
        items[n] = item


@pytest.fixture(scope="session")
def running() -> Iterator[Live]:
    """Started and stopped outside of any event loop, in the main thread, as Ray likes it."""
    whole = Live()
    try:
        whole.deployment.start()
        yield whole
    finally:
        whole.stop()


@pytest.fixture(scope="session")
async def live(running: Live) -> AsyncIterator[Live]:
    yield await running.open()
    await running.close()


@pytest.fixture(params=["rest", "esb"])
def front_name(request: pytest.FixtureRequest) -> str:
    """Tests with this run once by each front."""
    return str(request.param)


@pytest.fixture(scope="session")
async def settled_in(live: Live) -> Borrower:
    """A borrower of our bank with an active loan and a contract not yet signed; nothing pending."""
    return await borrower(live.rest(), active=True, contract=True)


@pytest.fixture(scope="session")
async def stranger(live: Live) -> Borrower:
    """The same at another bank."""
    return await borrower(live.rest(bank=OTHER_BANK), active=True, contract=True)
