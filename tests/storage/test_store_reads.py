"""Lists for the fronts, paged by key and limited to one bank; and the table of banks. On both stores."""

import json
from datetime import date, timedelta

import pytest
from storage_batches import DAY, batch, event, loan, operation, process
from storage_stores import AnyStore

from storage.banks import DateGoesBack


async def book(store: AnyStore) -> None:
    """Ten loans at bank 3301 for two customers, one loan at bank 3302, five events of L03."""
    incarnation = await store.register("h1", 60_000)
    rows = []
    for n in range(10):
        due = None if n == 9 else DAY + timedelta(days=n // 2)
        status = "settled" if n == 9 else "active"
        rows.append(loan(0, 1, id=f"L{n:02}", columns=(f"C{n % 2}", "miaodai", status, n * 100, due, None)))
    other = loan(0, 1, id="L99", columns=("C0", "tax", "active", 1, DAY, None))._replace(bank="3302")
    events = [event(n, n, id="L03", type="Repaid" if n % 2 else "DayClosed") for n in range(1, 6)]
    await store.commit(
        batch(incarnation, operation("o"), *rows, other, *events, process(0, 1, id="P2"), process(0, 1, id="P1"))
    )


async def test_loans_of_a_customer_by_pages(store: AnyStore) -> None:
    await book(store)
    first = await store.loans_of_customer("3301", "C0", "", 3)
    assert [n.id for n in first] == ["L00", "L02", "L04"]
    assert [n.id for n in await store.loans_of_customer("3301", "C0", "L04", 3)] == ["L06", "L08"]
    assert first[1] == ("L02", "3301", 1, "C0", "miaodai", "active", 200, DAY + timedelta(days=1), None)


async def test_no_list_shows_another_banks_loan(store: AnyStore) -> None:
    await book(store)
    assert [n.id for n in await store.loans_of_customer("3302", "C0", "", 10)] == ["L99"]
    assert [n.id for n in await store.loans_of_bank("3302", "", 10)] == ["L99"]
    assert [n.id for n in await store.loans_due("3302", date(2030, 1, 1), None, 10)] == ["L99"]
    assert await store.transactions("3302", "L03", 0, 10) == []
    assert await store.processes_of_customer("3302", "C1", "", 10) == []


async def test_loans_of_a_bank_by_product_and_status(store: AnyStore) -> None:
    await book(store)
    assert len(await store.loans_of_bank("3301", "", 100)) == 10
    assert [n.id for n in await store.loans_of_bank("3301", "L07", 100, product="miaodai", status="active")] == ["L08"]
    assert await store.loans_of_bank("3301", "", 100, product="tax") == []


async def test_what_the_days_run_has_to_do(store: AnyStore) -> None:
    await book(store)
    to = DAY + timedelta(days=1)
    first = await store.loans_due("3301", to, None, 3)
    assert [n.id for n in first] == ["L00", "L01", "L02"]
    assert first[-1].next_due is not None
    assert [n.id for n in await store.loans_due("3301", to, (first[-1].next_due, "L02"), 3)] == ["L03"]


async def test_transactions_of_a_loan_by_pages(store: AnyStore) -> None:
    await book(store)
    assert [e.version for e in await store.transactions("3301", "L03", 0, 2)] == [1, 2]
    assert [e.version for e in await store.transactions("3301", "L03", 2, 10)] == [3, 4, 5]
    assert [e.version for e in await store.transactions("3301", "L03", 1, 10, ["Repaid"])] == [3, 5]


async def test_processes_of_a_customer(store: AnyStore) -> None:
    await book(store)
    found = await store.processes_of_customer("3301", "C1", "", 10)
    assert found == [(id, "3301", 1, "C1", None, "drawdown", "running") for id in ("P1", "P2")]
    assert [p.id for p in await store.processes_of_customer("3301", "C1", "P1", 10)] == ["P2"]


async def test_a_bank_is_loaded_once_and_its_terms_change_by_versions(store: AnyStore) -> None:
    terms = json.dumps({"name": "秒贷银行", "rate": "0.0360"}, ensure_ascii=False).encode()
    assert await store.put("3301", terms, DAY) == 1
    assert await store.put("3301", b"{}", DAY + timedelta(days=9)) == 1
    assert await store.put("3300", b"[1,  2]", DAY) == 1
    assert await store.all() == [("3300", 1, b"[1,  2]", DAY, 1), ("3301", 1, terms, DAY, 1)]
    assert await store.heads() == [("3300", 1, DAY, 1, None), ("3301", 1, DAY, 1, None)]
    assert await store.terms_of("3301", 1) == terms
    assert await store.terms_of("3301", 3) is None
    assert not await store.add_terms("3301", 2, [(DAY, b"{}")])
    assert not await store.add_terms("9999", 0, [(DAY, b"{}")])
    assert len(await store.versions("3301")) == 1


async def test_in_force_is_the_latest_version_that_the_business_date_has_reached(store: AnyStore) -> None:
    def on(days: int) -> date:
        return DAY + timedelta(days=days)

    await store.put("3301", b"[1]", DAY)
    assert await store.add_terms("3301", 1, [(on(5), b"[2]")])
    assert await store.add_terms("3301", 2, [(on(3), b"[3]"), (on(5), b"[4]")])
    assert [(v.version, v.valid_from) for v in await store.versions("3301")] == [
        (1, DAY),
        (2, on(5)),
        (3, on(3)),
        (4, on(5)),
    ]
    in_force = []
    for days in (0, 2, 3, 4, 5, 9):
        await store.set_business_date("3301", on(days))
        (row,) = await store.all()
        (head,) = await store.heads()
        assert head.version == row.version
        in_force.append((row.version, row.terms))
    assert in_force == [(1, b"[1]"), (1, b"[1]"), (3, b"[3]"), (3, b"[3]"), (4, b"[4]"), (4, b"[4]")]


async def test_a_business_date_only_advances(store: AnyStore) -> None:
    await store.put("3301", b"{}", DAY)
    assert await store.set_business_date("3301", DAY + timedelta(days=1)) == 2
    assert await store.set_business_date("3301", DAY + timedelta(days=1)) == 2
    with pytest.raises(DateGoesBack):
        await store.set_business_date("3301", DAY)
    with pytest.raises(KeyError):
        await store.set_business_date("9999", DAY)
    assert (await store.all())[0].business_date == DAY + timedelta(days=1)
