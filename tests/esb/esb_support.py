"""The ESB listener on a real socket with a service that answers by script, and a consumer made of plain sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from protocols.esb.answer import Reply
from protocols.esb.connection import Request
from protocols.esb.dialects import CD, Dialect
from protocols.esb.framing import ASCII8, Frame, Framing, Unframer, pack
from protocols.esb.listener import EsbListener
from protocols.esb.message import Fields, Message, tree
from protocols.esb.settings import EsbSettings
from protocols.esb.xml import parse, to_bytes

SAMPLES = Path(__file__).parents[3] / "shared" / "esb_samples"
MIB = 1024 * 1024


def document(number: str = "N1", body: dict[str, Any] | None = None, dialect: Dialect = CD, **header: str) -> bytes:
    """A request's XML; headers by canonical names."""
    values = {"SERVICE_CODE": "ECHO", "SERVICE_SCENE": "01", "CONSUMER_ID": "T", "CONSUMER_SEQ_NO": number} | header
    head = tree({dialect.header_names[name]: value for name, value in values.items()})
    return to_bytes(dialect.write(Message({"SYS_HEAD": head}, tree(body or {"TEXT": "你好"}))), "utf-8")


def frame(raw: bytes, framing: Framing = ASCII8) -> bytes:
    return pack(framing, Frame(raw))


class EchoService:
    """Replies with the body it got. A body field DO makes it wait for `release`, raise, or answer much."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.seen: list[str] = []
        self.at_once = 0
        self.at_once_max = 0

    async def handle(self, request: Request) -> Reply:
        fields = request.message.fields
        self.seen.append(request.message.header.get("CONSUMER_SEQ_NO", ""))
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            match fields.text("DO"):
                case "wait":
                    await self.release.wait()
                case "raise":
                    raise RuntimeError("secret 110101199003070011")
                case "much":
                    return Reply(body=Fields([("MUCH", "x" * 200_000)]))
                case "longer":
                    return Reply(body=Fields([("MUCH", "x" * 20_000)]))
        finally:
            self.at_once -= 1
        return Reply(body=fields, number="MD1")


class Consumer:
    """One connection of a consumer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: Framing = ASCII8) -> None:
        self.reader, self.writer = reader, writer
        self._unframer = Unframer(framing, 64 * MIB)

    @classmethod
    async def connect(cls, port: int, framing: Framing = ASCII8) -> "Consumer":
        return cls(*await asyncio.open_connection("127.0.0.1", port), framing)

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def frame(self) -> Frame | None:
        """The next reply; None when the other side closed."""
        while (got := self._unframer.next()) is None:
            try:
                data = await self.reader.read(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._unframer.feed(data)
        return got

    async def reply(self, dialect: Dialect = CD, charset: str = "utf-8") -> Message | None:
        got = await self.frame()
        return dialect.read(parse(got.body, charset)) if got is not None else None

    async def ask(self, raw: bytes) -> Message | None:
        self.send(raw)
        return await self.reply()

    async def close(self) -> None:
        self.writer.close()


Listening = tuple[EsbListener, int, EchoService]


@asynccontextmanager
async def listening(**settings: Any) -> AsyncIterator[Listening]:
    """A listener on a free port."""
    service = EchoService()
    listener = EsbListener(service, EsbSettings(**settings))
    port = await listener.start()
    try:
        yield listener, port, service
    finally:
        service.release.set()
        await listener.stop(grace_s=1)


def ret_code(message: Message | None) -> str:
    """RET_CODE of a reply; "closed" when there was none."""
    return message.returns[0].code if message is not None else "closed"


async def until(true: Callable[[], bool], timeout_s: float = 5) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110 - what is waited for are counters, not events
            await asyncio.sleep(0.005)
