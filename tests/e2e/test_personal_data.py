"""Promise: who the people of these tests are stands in no log and nowhere in the database in plain; run last.

Every name, identity number, phone and account of `people.USED` is a canary, also of those that were refused.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest
import ray
from aiohttp import ClientSession
from redis.asyncio import Redis

from tests.e2e.live import Live
from tests.e2e.people import USED

pytestmark = pytest.mark.usefixtures("settled_in", "stranger")
SCANNED = (("journal", "body"), ("operation", "reply"), ("customer", "state"), ("loan", "state"), ("process", "state"))


def canaries() -> dict[bytes, str]:
    """Every spelling that could be written down -> whose and what it is."""
    found: dict[bytes, str] = {}
    for n, who in enumerate(USED):
        for what, text in who._asdict().items():
            for spelt in (text.encode(), text.encode("gb18030"), text.encode("unicode_escape"), repr(text).encode()):
                found[spelt] = f"{what} of person {n}"
    return found


def searched(files: Iterable[Path]) -> tuple[int, set[str]]:
    """(bytes read, what was found where)."""
    wanted, size, found = canaries(), 0, set()
    for path in files:
        raw = path.read_bytes()
        size += len(raw)
        found |= {f"{whose} in {path}" for spelt, whose in wanted.items() if spelt in raw}
    return size, found


def _ray_logs() -> list[Path]:
    """All that Ray wrote in our session, workers' output included."""
    node = ray._private.worker._global_node
    assert node is not None
    return [path for path in Path(node.get_session_dir_path(), "logs").rglob("*") if path.is_file()]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Else its silence would prove nothing."""
    written = tmp_path / "log"
    for text in USED[0]:
        written.write_text(f'{{"event": "oops", "body": "{text}"}}', encoding="utf-8")
        assert searched([written])[1]


def test_none_in_the_logs_of_ray_and_of_our_actors(live: Live) -> None:
    logs = _ray_logs()
    ours = [path for path in logs if path.name.startswith("worker-") and b'"event"' in path.read_bytes()]
    assert ours, "our actors' own log lines are among them"
    size, found = searched(logs)
    assert size > 1000
    assert not found


@pytest.mark.parametrize("name", ["postgres.log", "redis.log"])
def test_none_in_the_logs_of_the_servers(live: Live, name: str) -> None:
    path = next(live.folder.rglob(name))
    assert not searched([path])[1]
    if name == "postgres.log":
        assert b"ready to accept connections" in path.read_bytes()


def test_none_in_the_other_files_of_the_deployment(live: Live) -> None:
    """All that lies in the data directory but the database itself and the sandbox's book (the outside's own)."""
    files = [path for path in live.folder.rglob("*") if path.is_file() and "book" not in path.name]
    files = [path for path in files if "postgres" not in path.relative_to(live.folder).parts]
    assert not searched(files)[1]


@pytest.mark.parametrize(("table", "column"), SCANNED)
async def test_none_in_the_database(live: Live, table: str, column: str) -> None:
    assert await live.pool.fetchval(f"SELECT count(*) FROM {table}") > 1
    rows = await live.pool.fetch(
        f"SELECT c.text FROM unnest($1::bytea[]) AS c (text) WHERE EXISTS"
        f" (SELECT 1 FROM {table} WHERE position(c.text IN {column}) > 0)",
        [text.encode() for who in USED for text in who],
    )
    assert [canaries()[row[0]] for row in rows] == []


async def test_the_scan_of_the_database_finds_what_is_there(live: Live) -> None:
    """A loan's use is stored in plain in the journal: the same scan sees it."""
    sql = "SELECT count(*) FROM journal WHERE position($1::bytea IN body) > 0"
    assert await live.pool.fetchval(sql, b"travel") > 1


async def test_none_in_redis(live: Live) -> None:
    assert live.deployment.embedded is not None
    redis = Redis.from_url(live.deployment.embedded.redis_url)
    kept = b"\n".join([key async for key in redis.scan_iter()])
    await redis.aclose()
    assert kept
    assert not [whose for spelt, whose in canaries().items() if spelt in kept]


@pytest.mark.parametrize("gateway", [0, 1])
async def test_none_in_the_metrics(live: Live, gateway: int) -> None:
    async with ClientSession() as session, session.get(live.deployment.rest_urls[gateway] + "/metrics") as reply:
        page = await reply.read()
    assert b"miaodai_requests_total" in page
    assert not [whose for spelt, whose in canaries().items() if spelt in page]
