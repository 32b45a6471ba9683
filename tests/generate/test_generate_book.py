"""`miaodai generate`: every life verifies when copied, shares come out as asked, the same seed gives the same book."""

import multiprocessing
import os
import signal
from array import array
from collections.abc import Awaitable, Callable
from datetime import date
from hashlib import sha256

import asyncpg
import msgspec
import pytest

from actors.address import make_id, parse_id
from actors.bank import BankTerms
from actors.customer import identity
from actors.loan.contract import text_of
from cluster.bank_config import load_banks
from cluster.failures import Failure
from cluster.generate.book import prepare_banks, write
from cluster.generate.generate import Order, generate, plans_of
from cluster.generate.persons import person
from cluster.generate.slots import digits_of_id
from cluster.generate.stage import Stage
from cluster.generate.template import Template
from cluster.verify.run import verify
from runtime.kinds import Codecs
from runtime.registry import KINDS
from storage.vault import BankVault

FreshDatabase = Callable[[], Awaitable[str]]
KEY = b"generate" * 4
ON = date(2026, 7, 15)
FIRST = date(2024, 1, 1)


def banks(*codes: str) -> list[BankTerms]:
    return [terms for terms in load_banks() if terms.code in codes]


async def rows(url: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def contents(url: str) -> str:
    """A digest of everything the book says."""
    whole = []
    for table, order in (
        ("journal", "shard, seq"),
        ("operation", "op_hash"),
        ("posting", "kind, id, version, line"),
        ("customer", "id"),
        ("loan", "id"),
        ("process", "id"),
    ):
        left_out = "at_ms" if table == "journal" else "at"
        sql = f"SELECT md5(string_agg(md5((to_jsonb(t) - '{left_out}')::text), '' ORDER BY {order})) FROM {table} t"
        whole.append((await rows(url, sql))[0][0])
    return sha256("".join(whole).encode()).hexdigest()


@pytest.fixture(scope="module")
async def lived() -> tuple[list[BankTerms], list[Template]]:
    """Every life of two banks, one of them a long history."""
    there = banks("baihe", "longtan")
    plans, _ = plans_of(Order(loans=1, on=ON, history=90), there)
    return there, await Stage(there, KEY).live(plans, ON)


@pytest.fixture(scope="module")
async def every_life(fresh_database: FreshDatabase, lived: tuple[list[BankTerms], list[Template]]) -> str:
    """A book with every life three times."""
    there, templates = lived
    url = await fresh_database()
    await prepare_banks(url, there, FIRST, ON)
    written = await write(url, KEY, there, templates, array("H", list(range(len(templates))) * 3))
    assert written.customers == 3 * len(templates)
    return url


async def test_every_life_verifies(every_life: str) -> None:
    report = await verify(every_life)
    assert report.ok, report.sample
    assert report.facts["effects_open"] == 0


async def test_lives_are_as_planned(lived: tuple[list[BankTerms], list[Template]]) -> None:
    """Of each kind there is one at least, and a due or overdue life has exactly one such loan."""
    kinds = {t.name.rpartition("/")[2].partition("-")[0]: t for t in lived[1]}
    assert set(kinds) >= {"current", "due", "overdue", "settled", "prepays", "pays_off", "single", "history"}
    for t in lived[1]:
        kind = t.name.rpartition("/")[2].partition("-")[0]
        assert (t.counts.due, t.counts.overdue) == (kind == "due", kind == "overdue"), t.name
    assert max(row.version for row in kinds["history"].rows) >= 90
    settled = msgspec.msgpack.decode(next(r for r in kinds["settled"].rows if r.kind == "loan").state)
    assert settled["status"] == "settled"


async def test_copies_are_people_of_their_own(every_life: str) -> None:
    """Ids with their check digits on their shards; seals that open to a well-formed person whom the index finds."""
    found = await rows(every_life, "SELECT id, bank, shard, identity_index, state FROM customer")
    assert len({row["identity_index"] for row in found}) == len(found)
    vault = {code: BankVault(KEY, code) for code in ("baihe", "longtan")}
    for row in found:
        assert parse_id(row["id"]).kind == "customer"
        assert int(row["id"][1:5]) == row["shard"]
        state = msgspec.msgpack.decode(row["state"])
        seals = vault[row["bank"]]
        number = seals.unseal(row["id"], state["identity_sealed"])
        assert identity.birth_date(number, ON).isoformat() == state["birth_date"]
        assert seals.blind(number) == row["identity_index"] == state["identity_index"]
        assert state["identity_masked"] == identity.mask_identity(number)
        assert state["phone_masked"] == identity.mask_phone(seals.unseal(row["id"], state["phone_sealed"]))
        assert state["account_masked"] == identity.mask_account(seals.unseal(row["id"], state["account_sealed"]))
        assert state["name_masked"] == identity.mask_name(seals.unseal(row["id"], state["name_sealed"]))


async def test_nothing_of_a_template_is_left(every_life: str, lived: tuple[list[BankTerms], list[Template]]) -> None:
    """No id, serial or sealed text of the lives themselves is stored: every copy has its own."""
    found = await rows(every_life, "SELECT body FROM journal UNION ALL SELECT reply FROM operation")
    stored = b"".join(row[0] for row in found)
    for t in lived[1]:
        theirs = [*(id[1:].encode() for id in t.ids), *t.secrets.sealed, *(s.encode() for s in t.secrets.serials)]
        assert not [raw for raw in theirs if raw in stored], t.name


async def test_contracts_bear_the_hash_of_their_own_text(every_life: str) -> None:
    """A copy's contract names the copy's ids, and its hash is of that text."""
    state_of = Codecs(KINDS["loan"]).state.decode
    found = await rows(every_life, "SELECT id, state FROM loan")
    for row in found:
        state = state_of(row["state"])
        assert sha256(text_of(row["id"], state).encode()).hexdigest() == state.contract.hash


async def test_shares_and_size_come_out_as_asked(fresh_database: FreshDatabase) -> None:
    url = await fresh_database()
    order = Order(loans=400, on=ON, due_share=0.05, overdue_share=0.03, history=60, history_share=0.01, seed=3)
    steps: dict[str, int] = {}
    there = banks("baihe")
    written = await generate(url, KEY, order, there, progress=lambda step, done, _: steps.update({step: done}))
    assert (written.loans, written.due, written.overdue) == (400, 20, 12)
    assert set(steps) >= {"live", "copy", "ready", "committed"}
    (held,) = await rows(
        url,
        "SELECT count(*), count(*) FILTER (WHERE next_due = '2026-07-15'), count(*) FILTER (WHERE status = 'overdue'),"
        " count(*) FILTER (WHERE version >= 60) FROM loan",
    )
    assert tuple(held)[:3] == (400, 20, 12)
    assert held[3] >= 4
    assert (await verify(url)).ok
    names = {row[0] for row in await rows(url, "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")}
    fresh = await rows(await fresh_database(), "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
    assert names == {row[0] for row in fresh}, "every index is back after the load"


async def test_the_same_seed_gives_the_same_book(
    fresh_database: FreshDatabase, lived: tuple[list[BankTerms], list[Template]]
) -> None:
    there, templates = lived
    copies = array("H", [n % 20 for n in range(40)])
    digests = []
    for seed in (5, 5, 6):
        url = await fresh_database()
        await prepare_banks(url, there, FIRST, ON)
        await write(url, KEY, there, templates, copies, seed=seed)
        digests.append(await contents(url))
    assert digests[0] == digests[1] != digests[2]


async def test_append_goes_on_where_the_chains_end(
    fresh_database: FreshDatabase, lived: tuple[list[BankTerms], list[Template]]
) -> None:
    url, (there, templates) = await fresh_database(), lived
    await prepare_banks(url, there, FIRST, ON)
    copies = array("H", [n % 20 for n in range(40)])
    first = await write(url, KEY, there, templates, copies, seed=1)
    with pytest.raises(Failure, match="not empty"):
        await write(url, KEY, there, templates, copies, seed=2)
    second = await write(url, KEY, there, templates, copies, seed=2, append=True)
    assert (await rows(url, "SELECT count(*) FROM loan"))[0][0] == first.loans + second.loans
    report = await verify(url)
    assert report.ok, report.sample


async def test_a_failed_run_leaves_nothing(
    fresh_database: FreshDatabase, lived: tuple[list[BankTerms], list[Template]]
) -> None:
    """A row that stands twice breaks the load at its index; the database is as empty as before and can be filled."""
    url, (there, templates) = await fresh_database(), lived
    await prepare_banks(url, there, FIRST, ON)
    broken = [templates[0]._replace(rows=(*templates[0].rows, templates[0].rows[0]))]
    with pytest.raises(Failure, match="UniqueViolation"):
        await write(url, KEY, there, broken, array("H", [0, 0]))
    for table in ("journal", "operation", "posting", "customer", "loan", "process"):
        assert (await rows(url, f"SELECT count(*) FROM {table}"))[0][0] == 0
    written = await write(url, KEY, there, templates[:1], array("H", [0, 0]))
    assert written.customers == 2


async def test_a_killed_writer_leaves_nothing(
    fresh_database: FreshDatabase, lived: tuple[list[BankTerms], list[Template]]
) -> None:
    """One of the two processes dies while both are at work: neither's tables are filled, and the run says so."""
    url, (there, templates) = await fresh_database(), lived
    await prepare_banks(url, there, FIRST, ON)

    def kill(step: str, done: int, total: int) -> None:
        for process in multiprocessing.active_children()[:1]:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)

    with pytest.raises(Failure, match="ended unexpectedly"):
        await write(url, KEY, there, templates, array("H", list(range(len(templates))) * 40), progress=kill)
    assert not multiprocessing.active_children()
    for table in ("journal", "operation", "posting", "customer", "loan", "process"):
        assert (await rows(url, f"SELECT count(*) FROM {table}"))[0][0] == 0
    assert (await write(url, KEY, there, templates[:1], array("H", [0]))).customers == 1


async def test_a_served_database_is_left_alone(fresh_database: FreshDatabase) -> None:
    url = await fresh_database()
    await rows(url, "SELECT host_register('h1', 60000, false)")
    with pytest.raises(Failure, match="being served"):
        await generate(url, KEY, Order(loans=10, on=ON), banks("longtan"))


async def test_a_later_business_date_is_refused(fresh_database: FreshDatabase) -> None:
    url, there = await fresh_database(), banks("longtan")
    await prepare_banks(url, there, FIRST, date(2026, 8, 1))
    with pytest.raises(Failure, match="later than"):
        await generate(url, KEY, Order(loans=10, on=ON), there)


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (Order(loans=0, on=ON), "--loans"),
        (Order(loans=-5, on=ON), "--loans"),
        (Order(loans=10, on=ON, due_share=1.5), "--due-share"),
        (Order(loans=10, on=ON, overdue_share=-0.1), "--overdue-share"),
        (Order(loans=10, on=ON, history=5, history_share=2.0), "--history-share"),
        (Order(loans=10, on=ON, history=-1), "--history"),
        (Order(loans=10, on=ON, products=("gold",)), "gold"),
        (Order(loans=10, on=ON, methods={"by_magic": 3}), "by_magic"),
        (Order(loans=10, on=ON, methods={"bullet": -3}), "bullet=-3"),
        (Order(loans=10, on=ON, due_share=0.7, overdue_share=0.7), "no room"),
        (Order(loans=10, on=ON, history=100_000), "100000 events"),
        (Order(loans=10, on=ON), "nothing to generate"),
    ],
)
async def test_orders_that_cannot_be(fresh_database: FreshDatabase, order: Order, says: str) -> None:
    url = await fresh_database()
    every = {m: 0 for b in banks("baihe") for p in b.products.values() for m in p.methods}
    if says == "nothing to generate":
        order = msgspec.structs.replace(order, methods=every)
    with pytest.raises(Failure, match=says):
        await generate(url, KEY, order, banks("baihe"))
    assert (await rows(url, "SELECT count(*) FROM journal"))[0][0] == 0


def test_ids_have_the_check_digit_of_the_real_ones() -> None:
    for shard, number in ((0, 0), (1023, 10**14 - 1), (37, 12345), (500, 98765432109876)):
        assert "L" + digits_of_id(shard, number).decode() == make_id("loan", shard, number)


def test_persons_are_well_formed_and_different() -> None:
    people = [person(number, "1101", 1980) for number in range(5000)]
    assert len({p.identity_number for p in people}) == len({p.account_no for p in people}) == 5000
    for p in people[:200]:
        assert identity.birth_date(p.identity_number, ON).year == 1980
        assert identity.is_name(p.name)
        assert identity.is_mobile(p.phone)
        assert identity.is_account(p.account_no)
        assert len(p.name) == 3
    with pytest.raises(Failure, match="no more people"):
        person(10**9, "110101", 1980)
