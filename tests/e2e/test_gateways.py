"""Promise: any gateway serves anybody: retries through another one find the same, nonces and rates are shared."""

import asyncio

import pytest

from tests.e2e.borrower import Borrower
from tests.e2e.live import Live
from tests.e2e.people import person
from tests.e2e.wire import Signed, burst


async def test_a_registration_retried_through_another_gateway_reaches_the_same_customer(
    live: Live, front_name: str
) -> None:
    who = person()
    first = await live.front(front_name, gateway=0).ask("register_customer", who.phone, **who._asdict())
    second = await live.front(front_name, gateway=1).ask("register_customer", who.phone, **who._asdict())
    assert not first.code
    assert first == second


async def test_registrations_at_once_through_both(live: Live, front_name: str) -> None:
    """One key: one customer, told to both. Two keys for one person: one of them is told the identity is taken."""
    who = person()
    fronts = [live.front(front_name, gateway=n % 2) for n in range(4)]
    same = await asyncio.gather(
        *(each.ask("register_customer", f"same-{who.phone}", **who._asdict()) for each in fronts)
    )
    assert len({each.body["customer_id"] for each in same}) == 1
    rival = person()
    told = await asyncio.gather(
        *(each.ask("register_customer", f"{n}-{rival.phone}", **rival._asdict()) for n, each in enumerate(fronts))
    )
    assert sorted(each.code for each in told) == ["", *["identity_taken"] * 3]


async def test_a_story_that_changes_gateways(live: Live, front_name: str) -> None:
    of = Borrower(live.front(front_name, gateway=0))
    other = live.front(front_name, gateway=1)
    await of.join()
    of.front = other
    await of.get_line()
    of.front = live.front("esb" if front_name == "rest" else "rest", gateway=0)
    await of.sign()
    of.front = other
    await of.draw()
    assert (await of.loan())["status"] == "active"


@pytest.mark.parametrize("path", ["/v1/products"])
async def test_a_request_is_not_replayed_at_another_gateway(live: Live, path: str) -> None:
    request = Signed(live, "GET", path)
    assert await request.word(gateway=0) == ""
    assert await request.word(gateway=1) == "replayed_message"
    assert await request.word(gateway=0) == "replayed_message"


async def test_the_rate_is_shared(live: Live, settled_in: Borrower, front_name: str) -> None:
    await asyncio.sleep(1.1)  # a full second's allowance
    fronts = [live.front(front_name, "slow", gateway=n) for n in (0, 1)]
    assert "" in await burst(fronts, settled_in.loan_id)
