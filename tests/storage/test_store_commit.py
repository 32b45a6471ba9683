"""The contract of `commit`, on PostgreSQL and on the twin in memory: all or nothing, in the order of checks."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from storage_batches import LOAN_COLUMNS, batch, customer, digest, event, loan, operation, posting, process
from storage_stores import AnyStore

from storage.contract import BadData, DuplicateOperations, Fenced, Wake


async def born(store: AnyStore) -> int:
    """A host with loan L1 at version 1."""
    incarnation = await store.register("h1", 60_000)
    await store.commit(batch(incarnation, operation("born"), event(1, 1, op="born"), loan(0, 1)))
    return incarnation


async def untouched(store: AnyStore) -> None:
    """Only what `born` wrote is there."""
    assert (await store.load("loan", ["L1", "L2"])).keys() == {"L1"}
    assert (await store.load("loan", ["L1"]))["L1"].version == 1
    assert [e.version for e in await store.events("loan", "L1", 0, 10)] == [1]
    assert await store.chain_heads([7]) == {7: (1, digest("7 1") * 2)}
    assert (await store.find_operations([digest("born"), digest("new")])).keys() == {digest("born")}


async def test_everything_of_a_batch_can_be_read_back(store: AnyStore) -> None:
    incarnation = await store.register("h1", 60_000)
    written = batch(
        incarnation,
        operation("b", reply=b"\x00\xff"),
        operation("a"),
        event(2, 2),
        event(1, 1),
        posting(2, 1, debit_fen=5),
        posting(2, 2, credit_fen=5),
        loan(0, 2, wake=500),
        customer(0, 1),
        process(0, 1, wake=400),
    )
    await store.commit(written)
    row = (await store.load("loan", ["L1"]))["L1"]
    assert row == ("loan", "L1", "3301", 7, 2, b"state 2", 500)
    assert await store.events("loan", "L1", 0, 10) == [event(1, 1), event(2, 2)]
    assert await store.events("loan", "L1", 1, 10) == [event(2, 2)]
    assert await store.find_operations([digest("b")]) == {digest("b"): operation("b", reply=b"\x00\xff")}
    assert await store.chain_heads([7, 8]) == {7: (2, event(2, 2).hash), 8: (0, b"")}
    assert await store.due_wakes([7], 1000, 10) == [("process", "P1"), ("loan", "L1")]
    assert (await store.load("customer", ["C1", "C2"])).keys() == {"C1"}


async def test_rows_are_updated_by_expected_version(store: AnyStore) -> None:
    incarnation = await born(store)
    await store.commit(batch(incarnation, loan(1, 3)))
    assert (await store.load("loan", ["L1"]))["L1"].version == 3


async def test_new_and_known_rows_go_in_one_batch(store: AnyStore) -> None:
    incarnation = await born(store)
    await store.commit(batch(incarnation, loan(0, 1, id="L3"), loan(1, 2), loan(0, 1, id="L0")))
    assert {r.id: r.version for r in (await store.load("loan", ["L0", "L1", "L3"])).values()} == {
        "L0": 1,
        "L1": 2,
        "L3": 1,
    }


async def test_a_stale_incarnation_is_fenced_and_writes_nothing(store: AnyStore) -> None:
    incarnation = await born(store)
    assert await store.register("h1", 60_000) != incarnation
    with pytest.raises(Fenced):
        await store.commit(batch(incarnation, operation("new"), event(2, 2), loan(1, 2), loan(0, 1, id="L2")))
    await untouched(store)


async def test_a_host_that_never_registered_is_fenced(store: AnyStore) -> None:
    with pytest.raises(Fenced):
        await store.commit(batch(1, operation("new"), host="stranger"))


async def test_an_empty_batch_still_meets_the_fence(store: AnyStore) -> None:
    incarnation = await store.register("h1", 60_000)
    await store.commit(batch(incarnation))
    with pytest.raises(Fenced):
        await store.commit(batch(incarnation + 1000))


async def test_duplicates_are_named_and_nothing_is_written(store: AnyStore) -> None:
    incarnation = await born(store)
    with pytest.raises(DuplicateOperations) as caught:
        await store.commit(batch(incarnation, operation("new"), operation("born"), event(2, 2), loan(1, 2)))
    assert caught.value.hashes == [digest("born")]
    await untouched(store)


async def test_one_operation_twice_in_a_batch_is_a_duplicate(store: AnyStore) -> None:
    incarnation = await born(store)
    with pytest.raises(DuplicateOperations) as caught:
        await store.commit(batch(incarnation, operation("new"), operation("new")))
    assert caught.value.hashes == [digest("new")]
    await untouched(store)


@dataclass
class Bad:
    constraint: str
    rows: tuple[Any, ...]
    detail: str = ""


BAD = {
    "row that exists already": Bad("loan_pkey", (loan(0, 1),)),
    "stale version": Bad("version", (loan(5, 6),), "L1"),
    "row that does not exist": Bad("version", (loan(1, 2, id="L2"),), "L2"),
    "stale version among good ones": Bad("version", (loan(0, 1, id="L2"), loan(2, 3)), "L1"),
    "stored version is already the new one": Bad("version", (loan(9, 1),), "L1"),
    "event's version again": Bad("journal_pkey", (event(2, 1),)),
    "event's place in the chain again": Bad("journal_shard_seq", (event(1, 2),)),
    "NUL in an id": Bad("", (loan(0, 1, id="L\0"),)),
    "NUL in a column": Bad("", (loan(1, 2, columns=("C\0", *LOAN_COLUMNS[1:])),)),
    "number over 64 bits": Bad("", (loan(1, 2, columns=(*LOAN_COLUMNS[:3], 2**63, None, None)),)),
    "float for money": Bad("", (loan(1, 2, columns=(*LOAN_COLUMNS[:3], 1.5, None, None)),)),
    "text for a date": Bad("", (loan(1, 2, columns=(*LOAN_COLUMNS[:4], "soon", None)),)),
    "a number for a text": Bad("", (loan(1, 2, columns=(1, *LOAN_COLUMNS[1:])),)),
    "no state": Bad("", (loan(1, 2)._replace(state=None),)),  # type: ignore[arg-type]
    "wake of nobody": Bad("version", (Wake("loan", "L2", 5),), "L2"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_data_is_refused_whole(store: AnyStore, name: str) -> None:
    incarnation = await born(store)
    bad = BAD[name]
    with pytest.raises(BadData) as caught:
        await store.commit(batch(incarnation, operation("new"), posting(2, 1, debit_fen=1), *bad.rows))
    assert caught.value.constraint == bad.constraint
    assert bad.detail in str(caught.value)
    await untouched(store)
    await store.commit(batch(incarnation, operation("new"), event(2, 2), loan(1, 2)))  # and the store goes on


async def test_one_identity_registers_once_at_a_bank(store: AnyStore) -> None:
    incarnation = await store.register("h1", 60_000)
    await store.commit(batch(incarnation, customer(0, 1)))
    with pytest.raises(BadData) as caught:
        await store.commit(batch(incarnation, customer(0, 1, id="C2")))
    assert caught.value.constraint == "customer_identity"
    with pytest.raises(BadData):
        await store.commit(
            batch(incarnation, customer(0, 1, id="C3", identity=b"j"), customer(0, 1, id="C4", identity=b"j"))
        )
    elsewhere = customer(0, 1, id="C2")._replace(bank="3302")
    await store.commit(batch(incarnation, elsewhere, customer(1, 2)))
    await store.commit(batch(incarnation, customer(2, 3, identity=b"k" * 32)))
    await store.commit(batch(incarnation, customer(0, 1, id="C5")))
    assert await store.customer_by_identity("3301", b"i" * 32) == "C5"
    assert await store.customer_by_identity("3301", b"k" * 32) == "C1"
    assert await store.customer_by_identity("3303", b"k" * 32) is None


async def test_the_fence_is_checked_first_then_operations_then_rows(store: AnyStore) -> None:
    incarnation = await born(store)
    broken = (operation("born"), event(1, 1), loan(7, 8))
    with pytest.raises(Fenced):
        await store.commit(batch(incarnation + 99, *broken))
    with pytest.raises(DuplicateOperations):
        await store.commit(batch(incarnation, *broken))
    with pytest.raises(BadData, match="journal"):
        await store.commit(batch(incarnation, *broken[1:]))


async def test_wakes_are_set_moved_and_cleared(store: AnyStore) -> None:
    incarnation = await store.register("h1", 60_000)
    rows = [loan(0, 1, id=f"L{n}", shard=n % 2, wake=1000 - n) for n in range(6)]
    await store.commit(batch(incarnation, *rows, process(0, 1, shard=1), Wake("process", "P1", 10)))
    assert await store.due_wakes([0], 2000, 10) == [("loan", "L4"), ("loan", "L2"), ("loan", "L0")]
    assert await store.due_wakes([0, 1], 2000, 3) == [("process", "P1"), ("loan", "L5"), ("loan", "L4")]
    assert await store.due_wakes([0, 1], 996, 10) == [("process", "P1"), ("loan", "L5"), ("loan", "L4")]
    await store.commit(batch(incarnation, Wake("loan", "L5", 0), Wake("process", "P1", 5000)))
    assert await store.due_wakes([1], 2000, 10) == [("loan", "L3"), ("loan", "L1")]
    assert (await store.load("process", ["P1"]))["P1"].wake_at_ms == 5000
    assert (await store.load("process", ["P1"]))["P1"].version == 1


TEXTS = ('"', "\\", '\\"', "{}", "a,b", "NULL", "", " ", "null", "秒贷", "line\nbreak\ttab", "'", "😀", "\\x41")


async def test_any_text_survives(store: AnyStore) -> None:
    incarnation = await store.register("h1", 60_000)
    rows = [loan(0, 1, id=f"L{n}", columns=(text, text, None, None, None, None)) for n, text in enumerate(TEXTS)]
    await store.commit(batch(incarnation, *rows, loan(0, 1, id="Z", columns=(None, "x", None, None, None, None))))
    found = {n.id: n for n in await store.loans_of_bank("3301", "", 100)}
    for n, text in enumerate(TEXTS):
        assert (found[f"L{n}"].customer_id, found[f"L{n}"].product) == (text, text)
    assert found["Z"].customer_id is None


async def test_two_commits_at_once_both_land(store: AnyStore) -> None:
    incarnation = await born(store)
    await asyncio.gather(*(store.commit(batch(incarnation, operation(f"o{n}"), event(n + 2, n + 2))) for n in range(5)))
    assert (await store.chain_heads([7]))[7][0] == 6
