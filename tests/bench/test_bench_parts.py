"""What the benchmarks stand on: the copied book is a book like any other, the load generators count what happened."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import asyncpg
import msgspec
import pytest
from aiohttp import web

from actors.address import parse_id, shard_of
from bench.book import AMOUNT_FEN, fill
from bench.echo import Echo, parser
from bench.exchange import Exchange
from bench.frames import frame_loop, number
from bench.load import Shot, closed_loop, http_post, open_loop
from cluster.bank_config import load_banks
from cluster.verify.run import verify
from storage.postgres import open_store

FreshDatabase = Callable[[], Awaitable[str]]


@pytest.fixture
async def bank_database(fresh_database: FreshDatabase) -> str:
    """An empty database that knows the banks, on the day of the first instalment."""
    url = await fresh_database()
    store = await open_store(url)
    for terms in load_banks():
        await store.put(terms.code, msgspec.json.encode(terms), date(2026, 2, 5))
    await store.close()
    return url


@pytest.fixture
async def counting_port() -> AsyncIterator[int]:
    """A server that answers POST /ok with 200 and what came, anything else with 422."""

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        return web.Response(status=200 if request.path == "/ok" else 422, body=body)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


# -- the book ----------------------------------------------------------------------------------------------------------


async def test_a_copied_book_verifies(bank_database: str) -> None:
    loans = await fill(bank_database, b"k" * 32, 20)
    assert len({loan.id for loan in loans}) == 20
    assert all(parse_id(loan.id).kind == "loan" and shard_of(loan.id) == shard_of(loan.customer_id) for loan in loans)
    report = await verify(bank_database)
    assert report.ok, report.sample
    connection = await asyncpg.connect(bank_database)
    try:
        held = await connection.fetchrow("SELECT count(*), sum(principal_fen_outstanding), min(status) FROM loan")
        lent = await connection.fetchval("SELECT count(DISTINCT customer_id) FROM loan WHERE status = 'active'")
    finally:
        await connection.close()
    assert tuple(held) == (20, 20 * AMOUNT_FEN, "active")
    assert lent == 20


async def test_a_spoilt_copy_does_not_verify(bank_database: str) -> None:
    """The check on the benchmarks' data is not an empty one."""
    loans = await fill(bank_database, b"k" * 32, 2)
    connection = await asyncpg.connect(bank_database)
    try:
        await connection.execute("UPDATE loan SET principal_fen_outstanding = 1 WHERE id = $1", loans[0].id)
    finally:
        await connection.close()
    assert not (await verify(bank_database)).ok


# -- load generators ---------------------------------------------------------------------------------------------------


async def test_closed_loop_counts_answers_and_failures(counting_port: int) -> None:
    good = [Shot(counting_port, http_post("/ok", {}, b"%d" % n)) for n in range(90)]
    bad = [Shot(counting_port, http_post("/no", {}, b"refused")) for _ in range(10)]
    measured, used = await closed_loop(good + bad, 4, 30.0)
    assert (measured.count, measured.failed, used) == (90, 10, 100)
    assert measured.first_failure == "refused"
    assert 0 < measured.percentile(50) <= measured.percentile(99)


async def test_closed_loop_stops_at_its_time(counting_port: int) -> None:
    shots = [Shot(counting_port, http_post("/ok", {}, b"{}")) for _ in range(200_000)]
    measured, used = await closed_loop(shots, 2, 0.2)
    assert measured.count == used < len(shots)
    assert measured.seconds < 5


async def test_open_loop_counts_from_the_intended_start() -> None:
    """One that waits for its turn is charged for the waiting: ten intended within 50 ms, done one after the other."""
    turn = asyncio.Lock()

    async def one(n: int) -> bool:
        async with turn:
            await asyncio.sleep(0.02)
        return n != 3

    measured = await open_loop(200, 0.05, one)
    assert (measured.count, measured.failed) == (9, 1)
    assert measured.percentile(100) >= 120


async def test_open_loop_gives_up_what_finds_no_room() -> None:
    async def one(_: int) -> bool:
        await asyncio.sleep(0.3)
        return True

    measured = await open_loop(200, 0.05, one, at_once_max=4)
    assert (measured.count, measured.failed) == (4, 6)


async def test_exchange_gives_status_and_body(counting_port: int) -> None:
    async with Exchange(counting_port) as exchange:
        long = b"x" * 300_000
        replies = await asyncio.gather(*(exchange.ask(http_post("/ok", {}, b"%d" % n)) for n in range(8)))
        assert [reply.body for reply in replies] == [b"%d" % n for n in range(8)]
        assert await exchange.ask(http_post("/ok", {}, long, "PUT")) == (200, long)
        assert (await exchange.ask(http_post("/no", {}, b""))).status == 422


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    xml = parser()
    server = await asyncio.get_running_loop().create_server(lambda: Echo(xml), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def _frames(count: int) -> list[bytes]:
    bodies = [f"<service><no>{number(n)}</no><ret>000000</ret></service>".encode() for n in range(count)]
    return [b"%08d" % len(body) + body for body in bodies]


@pytest.mark.parametrize(("connections", "window"), [(1, 16), (10, 1)])
async def test_frame_loop_finds_each_reply(echo_port: int, connections: int, window: int) -> None:
    measured, used = await frame_loop(_frames(500), echo_port, connections, window, 30.0, b">000000<")
    assert (measured.count, measured.failed, used) == (500, 0, 500)
    assert len(measured.latencies_ms) == 500


async def test_frame_loop_counts_what_did_not_succeed(echo_port: int) -> None:
    measured, _ = await frame_loop(_frames(20), echo_port, 2, 2, 30.0, b">no such thing<")
    assert (measured.count, measured.failed) == (0, 20)
    assert "000000" in measured.first_failure


async def test_frame_loop_counts_what_was_lost() -> None:
    """A server that hangs up owes every reply that was under way."""

    class HangsUp(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.close()

    server = await asyncio.get_running_loop().create_server(HangsUp, "127.0.0.1", 0)
    try:
        measured, _ = await frame_loop(_frames(8), server.sockets[0].getsockname()[1], 2, 4, 5.0)
    finally:
        server.close()
    assert (measured.count, measured.failed) == (0, 8)
