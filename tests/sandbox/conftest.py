"""A sandbox on real sockets for each test, and a plain ESB socket to talk to it (nothing of the project's own ESB)."""

import asyncio
import hmac
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actors.external.policy import Policy
from protocols.outside.connect import SYSTEMS, ConnectedOutside, Where, connect_outside
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


class OwnerVault:
    """Seals by AES-GCM under the owner's id as associated data, so that a wrong owner cannot unseal."""

    def __init__(self) -> None:
        self._key = AESGCM(AESGCM.generate_key(128))

    def seal(self, owner_id: str, text: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._key.encrypt(nonce, text.encode(), owner_id.encode())

    def unseal(self, owner_id: str, sealed: bytes) -> str:
        return self._key.decrypt(sealed[:12], sealed[12:], owner_id.encode()).decode()

    def blind(self, text: str) -> bytes:
        return hmac.digest(b"blind", text.encode(), "sha256")


@pytest.fixture
def vault() -> OwnerVault:
    return OwnerVault()


@pytest.fixture
async def outside(box: Sandbox, vault: OwnerVault) -> AsyncIterator[ConnectedOutside]:
    """The actors of all systems on the sandbox's sockets, with short limits."""
    where = {system: Where(port=getattr(box.ports, system)) for system in SYSTEMS}
    quick = Policy(limit_s=0.6, try_s=0.25, tries=2, pause_s=0.01, failures_max=4, open_s=0.2)
    connected = connect_outside(where, lambda bank: vault, policies=dict.fromkeys(SYSTEMS, quick))
    yield connected
    await connected.close()
