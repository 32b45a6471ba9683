"""A sandbox on real sockets for each test, and a plain ESB socket to talk to it (nothing of the project's own ESB)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from sandbox.cd_xml import Message, read, write
from sandbox.town import Sandbox


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    running = await Sandbox.start()
    yield running
    await running.stop()


class EsbSocket:
    """A long connection: `send` frames, `receive` replies in the order they come, `ask` both."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, service: str, sequence: str, body: dict[str, Any], **head: str) -> None:
        heads = {
            "SERVICE_CODE": service,
            "SERVICE_SCENE": "01",
            "CONSUMER_ID": "TEST",
            "CONSUMER_SEQ_NO": sequence,
            "TRAN_DATE": "20260105",
            "LEGAL_ENTITY": "B1",
            **head,
        }
        self.send_raw(write(heads, body))

    def send_raw(self, raw: bytes) -> None:
        self.writer.write(b"%08d" % len(raw) + raw)

    async def receive(self, timeout: float = 5.0) -> Message:
        async with asyncio.timeout(timeout):
            size = int(await self.reader.readexactly(8))
            return read(await self.reader.readexactly(size))

    async def ask(self, service: str, sequence: str, body: dict[str, Any], **head: str) -> Message:
        self.send(service, sequence, body, **head)
        return await self.receive()


Connect = Callable[[int], Any]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    opened: list[EsbSocket] = []

    async def open_socket(port: int) -> EsbSocket:
        socket = EsbSocket(*await asyncio.open_connection("127.0.0.1", port))
        opened.append(socket)
        return socket

    yield open_socket
    for socket in opened:
        socket.writer.close()
