"""Promise: after all that happened here every invariant holds, against the outside systems' own books too; run late."""

import pytest
from aiohttp import ClientSession

from cluster.verify.findings import INVARIANTS
from cluster.verify.run import Report, verify
from tests.e2e.borrower import Borrower
from tests.e2e.fronts import ACKNOWLEDGED
from tests.e2e.live import Live


@pytest.fixture(scope="module")
async def report(live: Live, settled_in: Borrower, stranger: Borrower) -> Report:
    await live.calm()
    await live.quiet()
    control = f"http://127.0.0.1:{live.deployment.sandbox_ports['control']}"
    return await verify(live.deployment.database_url, control=control, acknowledged=ACKNOWLEDGED)


@pytest.mark.parametrize("number", INVARIANTS)
def test_invariant(report: Report, number: int) -> None:
    (line,) = [line for line in report.lines if line.invariant == number]
    assert line.broken == 0, report.sample
    assert line.examined > 0


def test_nothing_is_in_transit(report: Report) -> None:
    assert report.ok, report.sample
    assert report.facts["in_transit"] == 0


@pytest.mark.parametrize("gateway", [0, 1])
async def test_every_gateway_is_well(live: Live, gateway: int) -> None:
    async with ClientSession() as session:
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            async with session.get(live.deployment.rest_urls[gateway] + path) as reply:
                assert reply.status == 200


async def test_no_actor_is_quarantined(live: Live) -> None:
    for status in live.deployment.status().values():
        assert status["quarantined"] == {}
        assert status["alive"]
