"""Plans that must not change with the size of a table: index scans, HOT updates, a row that stays in its page."""

import os

import pytest
from storage_batches import DAY, batch, loan

from storage.contract import ActorRow
from storage.postgres import PostgresStore


async def test_whole_row_updates_are_hot_and_states_stay_in_their_page(postgres: PostgresStore) -> None:
    """An update that moves no indexed column must find room on the row's own page (fillfactor), 3 KB states too."""
    incarnation = await postgres.register("h1", 60_000)

    def rows(expected: int) -> list[ActorRow]:
        size = 3000 if expected % 2 else 1200
        return [
            loan(
                expected, expected + 1, id=f"L{n:03}", columns=("C1", "p", "active", 100 - expected, DAY, None)
            )._replace(state=os.urandom(size))
            for n in range(100)
        ]

    for version in range(10):
        await postgres.commit(batch(incarnation, *rows(version)))
    aside = await postgres.database.value("SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'loan'")
    assert aside == 0  # no state was put aside into the TOAST table
    assert await hot_share(postgres) > 0.9


async def hot_share(store: PostgresStore) -> float:
    """Of all updates of loans. The counters of the commit connection arrive within a second or at its end."""
    await store.cut_commits()
    for _ in range(100):
        rows = await store.database.rows(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'loan'"
        )
        if rows[0][0] >= 900:
            return float(rows[0][1] / rows[0][0])
        await store.database.value("SELECT pg_sleep(0.05)")
    raise AssertionError("the counters never came")


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT state FROM loan WHERE id = ANY('{a,b}')", "loan_pkey"),
        ("SELECT reply FROM operation WHERE op_hash = ANY('{a,b}'::bytea[])", "operation_pkey"),
        ("SELECT seq FROM journal WHERE shard = 5 ORDER BY seq DESC LIMIT 1", "journal_shard_seq"),
        ("SELECT id FROM loan WHERE shard = 5 AND wake_at > 0 AND wake_at <= 9 ORDER BY wake_at LIMIT 5", "loan_wake"),
        ("SELECT id FROM loan WHERE bank = 'b' AND next_due <= '2026-01-01' ORDER BY next_due, id LIMIT 5", "loan_due"),
    ],
)
async def test_hot_reads_use_their_index_even_on_an_empty_table(postgres: PostgresStore, sql: str, index: str) -> None:
    plan = "\n".join([row[0] for row in await postgres.database.rows("EXPLAIN " + sql)])
    assert index in plan
    assert "Seq Scan" not in plan
