"""Plain connections to the fronts, for requests that a well-behaved client would not send."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from typing import Any, Self

import msgspec
from aiohttp import ClientSession

from actors.codes import Code
from protocols.credentials import signature
from protocols.esb.client import EsbClient
from protocols.esb.dialects import CD
from protocols.esb.message import Message
from protocols.esb.xml import parse
from protocols.problems import esb_code
from tests.e2e.fronts import Esb, Rest
from tests.e2e.live import BANK, Live

WORDS = {esb_code(code): code.word for code in Code} | {"000000": ""}


class Socket:
    """One ESB connection; replies as our code words."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, live: Live, gateway: int = 0) -> Self:
        return cls(*await asyncio.open_connection(*live.deployment.esb_addresses[gateway]))

    def send(self, raw: bytes) -> None:
        self._writer.write(raw)

    async def reply(self) -> Message | None:
        """The next reply; None when the other side has closed."""
        try:
            prefix = await self._reader.readexactly(8)
            return CD.read(parse(await self._reader.readexactly(int(prefix)), "utf-8"))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def word(self, raw: bytes = b"") -> str:
        """Send, and the code word of the next reply: "" for success, "closed" when there comes none."""
        if raw:
            self.send(raw)
        async with asyncio.timeout(10):
            message = await self.reply()
        return "closed" if message is None else WORDS[message.returns[0].code]

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


def framed(document: bytes) -> bytes:
    return b"%08d" % len(document) + document


def esb_request(
    live: Live, service: str, scene: str, body: dict[str, Any], *, channel: str = "open-esb", **header: Any
) -> bytes:
    """A request's frame as the channel would send it; ``header`` replaces what it would write there."""
    client = EsbClient("127.0.0.1", 0, consumer_id=channel, mac_key=live.secret(channel))
    known = {"LEGAL_ENTITY": BANK, "CONSUMER_SEQ_NO": uuid.uuid4().hex}
    return client.request_bytes(service, scene, known | header, body)


class Signed:
    """One REST request and its signature; every part can be changed before it is sent, and it can be sent again."""

    def __init__(self, live: Live, method: str, target: str, body: bytes = b"", *, key: str = "") -> None:
        self.live, self.method, self.target, self.body = live, method, target, body
        self.channel, self.bank, self.key = "mobile", BANK, key
        self.secret = live.secret("mobile")
        self.timestamp = str(time.time_ns() // 1_000_000)
        self.nonce = uuid.uuid4().hex

    def headers(self) -> dict[str, str]:
        signed = signature(
            self.secret,
            self.method,
            self.target,
            self.channel,
            self.bank,
            self.timestamp,
            self.nonce,
            self.key,
            self.body,
        )
        found = {
            "X-Channel": self.channel,
            "X-Bank": self.bank,
            "X-Timestamp": self.timestamp,
            "X-Nonce": self.nonce,
            "X-Signature": signed,
        }
        return found | ({"Idempotency-Key": self.key} if self.key else {})

    async def word(self, headers: Any = None, *, gateway: int = 0, body: bytes | None = None) -> str:
        """Send it (with other headers or another body than were signed); the code word, "" for success."""
        url = self.live.deployment.rest_urls[gateway] + self.target
        raw = self.body if body is None else body
        async with (
            ClientSession() as session,
            session.request(
                self.method, url, data=raw, headers=self.headers() if headers is None else headers
            ) as reply,
        ):
            answer = msgspec.json.decode(await reply.read())
            return "" if reply.status < 400 else str(answer["code"])


RATE = 2
"""Requests a second of the channels "slow"."""


async def burst(fronts: Sequence[Rest | Esb], loan_id: str) -> list[str]:
    """Twenty queries at once over fronts of one channel; their codes, of which no more are "" than the rate allows.

    At the beginning a second's worth may be in store, and each gateway may have one in hand.
    """
    begun = time.monotonic()
    asked = (fronts[n % len(fronts)].ask("get_loan", loan_id=loan_id) for n in range(20))
    codes = [heard.code for heard in await asyncio.gather(*asked)]
    seconds = time.monotonic() - begun
    assert set(codes) <= {"", "rate_limited"}
    assert codes.count("") <= RATE * (1 + seconds) + 2
    return codes
