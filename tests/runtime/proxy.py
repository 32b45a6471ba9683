"""A TCP proxy between hosts and PostgreSQL: does to a commit on the wire what networks and dying processes do.

The commit is found by a mark in its bytes (the note of an `Add` stands in the journal rows that are sent). What needs
the server to have begun (HELD, CUT) is done with a real row lock: the backend holds the fence and waits.
"""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg

from actors.address import parse_id
from tests.runtime.world import Fault

CHUNK = 1 << 18
FENCED = b"MD001"
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND query LIKE '%commit_batch%'"
)


class Order:
    """One fault ordered; ``end`` is how the commit ended at the server: "", "fenced", "failed" or "gone"."""

    def __init__(self, fault: Fault, id: str, mark: str, times: int) -> None:
        self.fault = fault
        self.id = id
        self.mark = mark.encode()
        self.times = times
        self.lose = False
        self.taken = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = asyncio.Event()
        self.end = ""

    def finish(self, end: str) -> None:
        if not self.ended.is_set():
            self.end = end
            self.ended.set()


class Proxy:
    """Listens on a free port and passes everything on, until an order is due."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        parts = urlsplit(database_url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._locking: asyncpg.Connection | None = None
        self.order: Order | None = None

    async def start(self) -> str:
        """The URL by which hosts reach the database through here."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 22)
        port = self._server.sockets[0].getsockname()[1]
        return self._url.replace(f":{self._target[1]}/", f":{port}/")

    async def stop(self) -> None:
        await self.land()
        if self._server is not None:
            self._server.close()
        while self._pairs:
            for pair in list(self._pairs):
                pair.cut()
            await asyncio.sleep(0.02)

    async def give(self, order: Order) -> None:
        await self.land()
        if order.fault in (Fault.HELD, Fault.CUT):
            self._locking = await asyncpg.connect(self._url)
            await self._locking.execute("BEGIN")
            table = parse_id(order.id).kind
            locked = await self._locking.fetchval(f"SELECT 1 FROM {table} WHERE id = $1 FOR UPDATE", order.id)
            assert locked == 1, "HELD and CUT need an actor with a row"
        self.order = order

    async def land(self, *, lose: bool = False) -> str:
        """Let what is held up go on (``lose``: the held answer goes no further); how it ended."""
        order, self.order = self.order, None
        if order is None:
            return ""
        order.times, order.lose = 0, lose
        order.go_on.set()
        if self._locking is not None:
            await self._locking.close()
            self._locking = None
        if order.taken.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(order.ended.wait(), 10)
        return order.end

    async def until_begun(self) -> None:
        """Returns when a commit waits for the row that is locked; by then it holds the fence."""
        assert self._locking is not None
        while not await self._locking.fetchval(_WAITING):  # noqa: ASYNC110 (only the server knows)
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._target, limit=1 << 22)
        except OSError:
            writer.close()
            return
        pair = _Pair(self, reader, writer, up_reader, up_writer)
        self._pairs.add(pair)
        try:
            await pair.run()
        finally:
            self._pairs.discard(pair)
            pair.cut()


class _Pair:
    """One client's connection and ours to the server."""

    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._up_reader = up_reader
        self._up_writer = up_writer
        self._watching: Order | None = None

    def cut(self) -> None:
        for writer in (self._writer, self._up_writer):
            with suppress(OSError, RuntimeError):
                writer.transport.abort()

    async def run(self) -> None:
        ways = [asyncio.create_task(self._up()), asyncio.create_task(self._down())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if self._watching is not None and self._watching.fault in (Fault.LATE, Fault.CUT):
                await asyncio.wait([ways[1]], timeout=30)  # the client is gone, the server's end is still wanted
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            if self._watching is not None:
                self._watching.finish("gone")

    async def _up(self) -> None:
        with suppress(OSError):
            while chunk := await self._reader.read(CHUNK):
                order = self._proxy.order
                if order is not None and order.times and order.mark in chunk:
                    order.times -= 1
                    if not await self._befall(order, chunk):
                        return
                    continue
                self._up_writer.write(chunk)
                await self._up_writer.drain()

    async def _befall(self, order: Order, chunk: bytes) -> bool:
        """Carry an order out on the commit in ``chunk``; False: nothing more goes up on this connection."""
        self._watching = order
        if order.fault is Fault.LOST:
            order.finish("gone")
            self.cut()
        elif order.fault in (Fault.LATE, Fault.STALLED):
            if order.fault is Fault.LATE:
                self._writer.transport.abort()
            order.taken.set()
            await order.go_on.wait()
            self._up_writer.write(chunk)
        else:
            self._up_writer.write(chunk)
            if order.fault in (Fault.HELD, Fault.CUT):
                await self._proxy.until_begun()
            if order.fault is Fault.CUT:
                self._writer.transport.abort()
        if order.fault is not Fault.ANSWER_HELD:
            order.taken.set()
        return order.fault not in (Fault.LOST, Fault.LATE, Fault.CUT)

    async def _down(self) -> None:
        with suppress(OSError):
            while chunk := await self._up_reader.read(CHUNK):
                order = self._watching
                if order is not None:
                    self._watching = None if order.fault not in (Fault.LATE, Fault.CUT) else order
                    end = "fenced" if FENCED in chunk else "failed" if chunk[:1] == b"E" else ""
                    try:
                        if order.fault is Fault.ANSWER_HELD:
                            order.taken.set()
                            await order.go_on.wait()
                    finally:
                        order.finish(end)
                    if order.fault is Fault.ANSWER_LOST or order.lose:
                        self.cut()
                    if order.lose or order.fault in (Fault.ANSWER_LOST, Fault.LATE, Fault.CUT):
                        return
                self._writer.write(chunk)
                await self._writer.drain()
