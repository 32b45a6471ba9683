"""A sweep's bulk read may be older than what its host has done meanwhile: such a row is never brought to life."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import msgspec
import pytest

from actors.loan.messages import CloseDay, PostRepayment
from runtime.host import Host
from runtime.sweep import Errand, Swept
from storage.contract import LoadedRow
from tests.conftest import FreshDatabase
from tests.eod.eod_house import BANK, DUE, House, house

EVE = DUE - timedelta(days=1)


@pytest.fixture
async def home(fresh_database: FreshDatabase) -> AsyncIterator[House]:
    async with house(await fresh_database(), 3, DUE, hosts=1) as opened:
        yield opened


def the_host(home: House) -> Host:
    [host] = home.runtime.hosts.values()
    return host


async def swept(home: House, meanwhile: Callable[[str], Awaitable[None]]) -> Swept:
    """Close the eve for the first loan; ``meanwhile`` happens between its row's reading and its use."""
    id = home.loans[0].id

    async def read() -> list[LoadedRow]:
        rows = await home.eod.rows_of("loan", [id])
        await meanwhile(id)
        return rows

    errand = Errand(kind="loan", bank=BANK, body=msgspec.msgpack.encode(CloseDay(date=EVE)))
    return await the_host(home).sweeper.run(errand, read)


async def test_a_row_read_for_a_sleeping_actor_wakes_it_and_it_sleeps_again(home: House) -> None:
    async def nothing(_: str) -> None:
        return None

    found = await swept(home, nothing)
    assert (found.codes, found.left, found.away) == ({"": 1}, [], [])
    assert the_host(home).sweeper.cold == 1
    assert home.loans[0].id not in the_host(home).acts
    await home.check()


async def test_an_actor_that_wrote_and_went_to_sleep_meanwhile_is_read_anew(home: House) -> None:
    async def pay_and_sleep(id: str) -> None:
        paid = PostRepayment(amount_fen=100, source="counter", core_date=DUE, core_serial="m")
        assert (await home.ask(id, paid, "m")).ok
        the_host(home).forget(id)

    found = await swept(home, pay_and_sleep)
    assert found.codes == {"": 1}
    assert the_host(home).sweeper.cold == 0
    assert await home.value("SELECT count(*) FROM journal WHERE id = $1 AND type = 'DayClosed'", home.loans[0].id) == 1
    await home.check()


async def test_another_sweep_that_ends_meanwhile_takes_nothing_from_this_one(home: House) -> None:
    async def other_ends_then_pay_and_sleep(id: str) -> None:
        async def none() -> list[LoadedRow]:
            return []

        await the_host(home).sweeper.run(Errand(kind="loan", bank=BANK, body=b""), none)
        paid = PostRepayment(amount_fen=100, source="counter", core_date=DUE, core_serial="m")
        assert (await home.ask(id, paid, "m")).ok
        the_host(home).forget(id)

    found = await swept(home, other_ends_then_pay_and_sleep)
    assert found.codes == {"": 1}
    assert the_host(home).sweeper.cold == 0
    await home.check()


async def test_a_new_incarnation_meanwhile_makes_the_read_worthless(home: House) -> None:
    async def start_over(_: str) -> None:
        await the_host(home).lease.start_over()

    found = await swept(home, start_over)
    assert found.codes == {"": 1}
    assert the_host(home).sweeper.cold == 0
    await home.check()


async def test_slots_of_others_are_said_to_be_away(home: House) -> None:
    async def lose_all(_: str) -> None:
        host = the_host(home)
        host.moving.evict_slots(set(host.lease.slots))
        host.lease.gave_away(list(host.lease.slots))

    found = await swept(home, lose_all)
    assert (found.codes, found.away) == ({}, [home.loans[0].id])
