"""The ESB socket: connections in, frames out of them, each request to the service, each reply back.

First in the way of a message; after it framing.py, xml.py and a dialect, then the service (service.py), then answer.py.
Each connection is a `Connection` (connection.py); the bounds are in settings.py.
"""

import asyncio
import socket
from collections import Counter
from typing import Protocol

from msgspec import Struct

from actors.codes import Code
from protocols.esb.answer import Reply, frame_of, message_of, refusal
from protocols.esb.connection import Connection, Request, log_bug
from protocols.esb.dialects import ANY, CD, DIALECTS, recognise
from protocols.esb.errors import EsbRefused
from protocols.esb.framing import FRAMINGS, Frame
from protocols.esb.message import Message
from protocols.esb.settings import EsbSettings
from protocols.esb.xml import parse


class Service(Protocol):
    """Who answers. May raise: that becomes INTERNAL."""

    async def handle(self, request: Request) -> Reply: ...


class Counts(Struct):
    """What the listener has seen, for metrics. ``errors`` by code word."""

    connections: int = 0
    connections_refused: int = 0
    frames_in: int = 0
    frames_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    replies_dropped: int = 0
    errors: Counter[str] = Counter()


class EsbListener:
    """One port. `start`, then `stop` with a grace in which requests in flight are finished."""

    def __init__(self, service: Service, settings: EsbSettings) -> None:
        self.service = service
        self.settings = settings
        self.framing = FRAMINGS[settings.framing]
        self.dialect = DIALECTS.get(settings.dialect, CD)
        self.counts = Counts(errors=Counter())
        self.in_flight = 0
        self.held_bytes = 0
        self.stopping = False
        self.tasks: set[asyncio.Task[None]] = set()
        self.open: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._all_closed = asyncio.Event()

    async def start(self, host: str = "127.0.0.1", port: int = 0, sock: socket.socket | None = None) -> int:
        """Listen, and say on which port (or on a socket that is bound already)."""
        loop = asyncio.get_running_loop()
        if sock is not None:
            self._server = await loop.create_server(lambda: Connection(self), sock=sock, backlog=1024)
        else:
            self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self, grace_s: float = 10.0) -> None:
        """Take no more connections or frames, let what is in flight be answered for ``grace_s``, then close."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for connection in list(self.open):
            connection.finish()
        self._all_closed.clear()
        if self.open:
            try:
                async with asyncio.timeout(grace_s):
                    await self._all_closed.wait()
            except TimeoutError:
                for connection in list(self.open):
                    connection.abort()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def read(self, frame: Frame) -> Message:
        """The message in a frame. `EsbRefused` when it is none."""
        root = parse(frame.body, self.settings.charset, self.settings.depth_max)
        dialect = recognise(root) if self.settings.dialect == ANY else self.dialect
        return dialect.read(root)

    async def answer(self, request: Request) -> Reply:
        """What the service says, within its time; it is not trusted to keep it or to raise nothing."""
        try:
            async with asyncio.timeout(self.settings.handle_timeout_s):
                return await self.service.handle(request)
        except TimeoutError:
            return refusal(Code.OUTCOME_UNKNOWN)
        except EsbRefused as error:
            return refusal(error.code, error.where)
        except Exception as error:
            log_bug(error)
            return refusal(Code.INTERNAL)

    def wire(self, request: Message | None, reply: Reply) -> bytes:
        """The reply's frame; one that cannot be written (too long for the prefix, say) becomes an error that can."""
        dialect = DIALECTS.get(request.dialect, self.dialect) if request is not None else self.dialect
        settings = self.settings
        try:
            message = message_of(dialect, request, reply)
            return frame_of(self.framing, dialect, settings.charset, settings.node, message, reply.key)
        except (EsbRefused, ValueError) as error:
            log_bug(error)
            code = error.code if isinstance(error, EsbRefused) else Code.INTERNAL
            message = message_of(dialect, request, refusal(code))
            return frame_of(self.framing, dialect, settings.charset, settings.node, message, reply.key)

    def closed(self, connection: Connection) -> None:
        self.open.discard(connection)
        if not self.open:
            self._all_closed.set()
