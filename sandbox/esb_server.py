"""An ESB listener of the sandbox: 8-digit prefix, CD messages, long and short connections, several requests at once.

Bytes -> frame -> sandbox/cd_xml.py -> faults drawn -> the service's `answer` -> reply frame. Replies leave in the order
they are ready, told apart by the echoed CONSUMER_SEQ_NO. A half-closed connection is answered, then closed.
"""

import asyncio
from typing import Any, Protocol, cast

from msgspec import Struct

from sandbox.cd_xml import BadMessage, Fields, Message, read, write
from sandbox.core import codes
from sandbox.faults import CALM, Faults, Verdict

_PREFIX = 8
_FRAME_BYTES_MAX = 1 << 20
_ECHOED = ("SERVICE_CODE", "SERVICE_SCENE", "CONSUMER_ID", "CONSUMER_SEQ_NO", "GLOBAL_SEQ_NO", "TRAN_DATE")


class Reply(Struct):
    """What a service answers; ``code`` 000000 is success. ``number``: PROVIDER_SEQ_NO."""

    code: str = codes.OK
    message: str = ""
    body: Fields = {}
    number: str = ""


class EsbService(Protocol):
    """A system behind the ESB. `arrive` is called when a message is in (before any delay), `answer` does the work on
    what `arrive` returned."""

    system: str

    def operation(self, service_code: str, scene: str) -> str: ...
    def arrive(self, operation: str, message: Message) -> Any: ...
    def answer(self, operation: str, arrived: Any, refuse: str) -> Reply: ...


class EsbServer:
    """One system's listener; `close` refuses connections, `open` on the same port takes them again."""

    def __init__(self, service: EsbService, faults: Faults) -> None:
        self.service = service
        self.faults = faults
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.messages = 0

    async def open(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port, backlog=1024)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self.connections):
            connection.drop()
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    def __init__(self, server: EsbServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._pending = 0
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, not a subclass
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._transport = None

    def eof_received(self) -> bool:
        self._ended = True
        return self._pending > 0

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _PREFIX:
            prefix = bytes(buffer[start : start + _PREFIX])
            if not prefix.isdigit() or int(prefix) > _FRAME_BYTES_MAX:
                self.drop()
                return
            end = start + _PREFIX + int(prefix)
            if len(buffer) < end:
                break
            self._take(bytes(buffer[start + _PREFIX : end]))
            start = end
        del buffer[:start]

    def _take(self, raw: bytes) -> None:
        server = self._server
        server.messages += 1
        try:
            message = read(raw)
        except BadMessage as error:
            self._send({}, Reply(code=codes.BAD_MESSAGE, message=str(error)), CALM)
            return
        service = server.service
        head = message.head
        operation = service.operation(str(head.get("SERVICE_CODE", "")), str(head.get("SERVICE_SCENE", "")))
        if not operation:
            self._send(head, Reply(code=codes.UNKNOWN_SERVICE), CALM)
            return
        verdict = server.faults.draw(service.system, operation)
        if verdict.close:
            self.drop()
            return
        if verdict.lose:
            return
        for _ in range(2 if verdict.duplicate else 1):
            arrived = service.arrive(operation, message)
            if verdict.delay_ms:
                self._pending += 1
                asyncio.get_running_loop().call_later(
                    verdict.delay_ms / 1000, self._later, operation, message.head, arrived, verdict
                )
            else:
                self._do(operation, message.head, arrived, verdict)

    def _later(self, operation: str, head: Fields, arrived: Any, verdict: Verdict) -> None:
        self._pending -= 1
        self._do(operation, head, arrived, verdict)
        if self._ended and not self._pending and self._transport is not None:
            self._transport.close()

    def _do(self, operation: str, head: Fields, arrived: Any, verdict: Verdict) -> None:
        reply = self._server.service.answer(operation, arrived, verdict.refuse)
        if not verdict.silent:
            self._send(head, reply, verdict)

    def _send(self, head: Fields, reply: Reply, verdict: Verdict) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if verdict.garble:
            raw = b"<service><sys-header>"
        else:
            if verdict.unsure:
                reply = Reply(code=codes.PROCESSING)
            raw = write(_reply_head(head, reply), reply.body)
        self._transport.write(b"%08d" % len(raw) + raw)


def _reply_head(head: Fields, reply: Reply) -> Fields:
    echoed = {name: head[name] for name in _ECHOED if name in head}
    message = reply.message or codes.MESSAGES.get(reply.code, "")
    return {
        **echoed,
        "PROVIDER_SEQ_NO": reply.number,
        "RET_STATUS": "S" if reply.code == codes.OK else "F",
        "RET": [{"RET_CODE": reply.code, "RET_MSG": message}],
    }
