"""A cheap HTTP/1.1 client for flows whose next request depends on the last reply: raw requests over kept connections.

Used by the benchmarks beside bench/load.py (which only sends what was prepared before the clock started).
"""

import asyncio
from typing import NamedTuple


class Response(NamedTuple):
    status: int
    body: bytes


class _Line(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: asyncio.Future[Response] | None = None

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's own class, not a subclass

    def send(self, raw: bytes) -> asyncio.Future[Response]:
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._buffer.index(b"Content-Length: ") + 16
        length = int(self._buffer[at : self._buffer.index(b"\r", at)])
        if len(self._buffer) < end + 4 + length:
            return
        status, body = int(self._buffer[9:12]), self._buffer[end + 4 : end + 4 + length]
        self._buffer = self._buffer[end + 4 + length :]
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Response(status, body))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("lost while waiting for a reply"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Exchange:
    """Connections to one port, made when all others are busy. Use as ``async with``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[_Line] = []
        self._all: list[_Line] = []

    async def __aenter__(self) -> "Exchange":
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._all:
            line.close()

    async def ask(self, raw: bytes) -> Response:
        """Send one request, give its reply; raises `ConnectionError` when the connection is lost meanwhile."""
        line = self._free.pop() if self._free else None
        if line is None or not line.usable:
            _, line = await asyncio.get_running_loop().create_connection(_Line, "127.0.0.1", self._port)
            self._all.append(line)
        response = await line.send(raw)
        self._free.append(line)
        return response
