"""The start-up check: no server that forgets what it acknowledged, a word about the one that has no standby."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from storage.pool import Database
from storage.postgres import UnsafeServer, check_server, judge, open_store

GOOD = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "synchronous_standby_names": "FIRST 1 (b)",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "0",
}


def test_a_good_server_raises_no_word() -> None:
    assert judge(GOOD) == []


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_forgets_is_refused(name: str) -> None:
    with pytest.raises(UnsafeServer, match=name):
        judge({**GOOD, name: "off"})


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"synchronous_standby_names": ""}, "no synchronous standby"),
        ({"synchronous_commit": "local"}, "synchronous_commit = local"),
        ({"log_statement": "all"}, "log_parameter_max_length is not 0"),
        ({"log_min_duration_statement": "0"}, "log_parameter_max_length is not 0"),
        ({"log_parameter_max_length_on_error": "100"}, "log_parameter_max_length_on_error"),
    ],
)
def test_what_an_operator_should_know(changed: dict[str, str], word: str) -> None:
    (warning,) = judge({**GOOD, **changed})
    assert word in warning


async def test_the_embedded_server_passes_with_the_word_about_standbys(database_url: str) -> None:
    database = await Database(database_url).open()
    report = await check_server(database)
    assert report.version.startswith("18")
    assert len(report.warnings) == 1
    assert "standby" in report.warnings[0]
    await database.close()


async def test_a_real_server_with_synchronous_commit_off_is_refused(
    fresh_database: Callable[[], Awaitable[str]],
) -> None:
    url = await fresh_database()
    connection = await asyncpg.connect(url)
    await connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    await connection.close()
    with pytest.raises(UnsafeServer, match="synchronous_commit"):
        await open_store(url)


async def test_a_missing_schema_is_said(empty_database: str) -> None:
    with pytest.raises(UnsafeServer, match="schema is missing"):
        await open_store(empty_database)
