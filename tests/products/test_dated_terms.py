"""Terms on a running system: a change holds for new loans from its date on, by itself; a loan keeps what it signed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from products_support import BANK, BANKS, PRODUCT, TODAY, toml

from actors.address import make_id
from actors.external.outside import Outside
from actors.loan.messages import OpenContract
from actors.loan.state import LoanState
from actors.process.scope import lpr_bp
from cluster.proposals import TermsDesk, from_file
from runtime.banks import BankBook
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from runtime.messages import Answer, Operation
from runtime.registry import KINDS
from runtime.rules import rules_of
from storage.postgres import PostgresStore, open_store
from storage.vault import BankVault

TOMORROW = TODAY + timedelta(days=1)
CHANGE = f"[products.{PRODUCT}]\namount_fen_max = 5_000_000\ngrace_days = 4\n"


class Live:
    """Two hosts on one database, and the desk where terms are changed."""

    def __init__(self, store: PostgresStore, runtime: LocalRuntime) -> None:
        self.store, self.runtime, self.desk = store, runtime, TermsDesk(store)

    async def open_contract(self, number: int, amount_fen: int) -> Answer:
        customer = make_id("customer", number, number)
        command = OpenContract(
            customer_id=customer,
            product=PRODUCT,
            amount_fen=amount_fen,
            periods=12,
            method="equal_instalment",
            use_code="travel",
        )
        operation = Operation("test", f"open-{number}-{amount_fen}-{(await self.today())}")
        body = msgspec.msgpack.encode(command)
        return await self.runtime.ask("loan", make_id("loan", number, number), BANK, body, operation)

    async def grace_days(self, number: int) -> int:
        id = make_id("loan", number, number)
        row = (await self.store.load("loan", [id]))[id]
        return msgspec.msgpack.decode(row.state, type=LoanState).terms.grace_days

    async def today(self) -> date:
        return (await self.desk.head(BANK)).business_date

    async def soon(self, holds: Callable[[Any], bool]) -> None:
        """Until every host sees it by its own polling; nobody refreshes here."""
        for _ in range(500):
            if all(holds(host.banks[BANK]) for host in self.runtime.hosts.values()):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("a host does not see it")


@pytest.fixture
async def live(fresh_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Live]:
    store = await open_store(await fresh_database())
    await TermsDesk(store).first_load(BANKS[BANK], TODAY)
    vault = BankVault(b"k" * 32, BANK)
    runtime = LocalRuntime(
        store,
        store,
        lambda: BankBook(store, rules_of, lambda _: vault),
        KINDS,
        Outside(),  # nothing here asks anyone outside
        RuntimeConfig(wake_poll_ms=50),
        hosts=2,
    )
    await runtime.start()
    yield Live(store, runtime)
    await runtime.stop()
    await store.close()


async def changed(live: Live, folder: Path, text: str, day: date) -> None:
    row = await live.desk.propose(BANK, await live.desk.compare(BANK, day, from_file(toml(folder)(text))), "zhang")
    await live.desk.approve(row.id, "li")


async def test_a_change_holds_from_its_business_date_on_and_only_for_new_loans(live: Live, tmp_path: Path) -> None:
    await changed(live, tmp_path, CHANGE, TOMORROW)
    await asyncio.sleep(0.2)
    assert all(host.banks[BANK].terms == BANKS[BANK] for host in live.runtime.hosts.values())
    assert (await live.open_contract(1, 6_000_000)).code == ""
    assert (await live.open_contract(1001, 5_000_000)).code == ""
    await live.store.set_business_date(BANK, TOMORROW)
    await live.soon(lambda bank: bank.business_date == TOMORROW)
    for host in live.runtime.hosts.values():
        assert host.banks[BANK].terms.products[PRODUCT].amount_fen_max == 5_000_000
    for number in (2, 1002):
        assert (await live.open_contract(number, 6_000_000)).code == "amount_out_of_range"
        assert (await live.open_contract(number, 5_000_000)).code == ""
    assert [await live.grace_days(n) for n in (1, 1001, 2, 1002)] == [0, 0, 4, 4]


async def test_nothing_new_is_drawn_up_for_a_product_off_sale(live: Live, tmp_path: Path) -> None:
    await changed(live, tmp_path, f"[products.{PRODUCT}]\non_sale = false\n", TOMORROW)
    assert (await live.open_contract(1, 5_000_000)).code == ""
    await live.store.set_business_date(BANK, TOMORROW)
    await live.soon(lambda bank: bank.business_date == TOMORROW)
    assert (await live.open_contract(2, 5_000_000)).code == "off_sale"
    assert await live.grace_days(1) == 0


async def test_a_newly_loaded_lpr_reaches_live_hosts_and_prices_from_the_day_after(live: Live) -> None:
    await live.desk.load_lpr(((TODAY, "1Y", Decimal("0.0290")),), "wang")
    await live.soon(lambda bank: bank.terms.lpr[-1] == (TODAY, "1Y", Decimal("0.0290")))
    terms = next(iter(live.runtime.hosts.values())).banks[BANK].terms
    assert [lpr_bp(terms, "1Y", day) for day in (TODAY, TOMORROW)] == [300, 290]
    assert lpr_bp(terms, "5Y", TOMORROW) == 350
