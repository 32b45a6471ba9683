"""A channel's desk: the same operations by name over REST or over the ESB, repeated with the same id until answered.

Both desks give `Heard`: our code word ("" is success) and the reply by our field names. What was acknowledged is kept,
so that `miaodai verify` can find each of it in the store afterwards.
"""

import asyncio
import uuid
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from actors.codes import BY_WORD, Sort
from cluster.verify.operations import Acknowledged
from protocols.esb.client import EsbClient, EsbRefusedConnection, EsbTimeout
from protocols.esb.fields import binding
from protocols.esb.message import CHINA
from protocols.operations import BY_NAME
from protocols.problems import esb_code
from protocols.rest.client import ChannelClient

TRIES = 40
PAUSE_S = 0.25
AGAIN = frozenset(word for word, code in BY_WORD.items() if code.sort in (Sort.BUSY, Sort.UNAVAILABLE, Sort.UNKNOWN))
WORD_OF_RETURN = {esb_code(code): word for word, code in BY_WORD.items()}


class Heard(NamedTuple):
    code: str
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return not self.code


class Desk(Protocol):
    channel: str

    async def ask(self, bank: str, operation: str, key: str = "", **fields: Any) -> Heard:
        """One operation; ``key`` names a command for ever (a fresh one when empty)."""


class Book:
    """What clients were told is done."""

    def __init__(self) -> None:
        self.acknowledged: list[Acknowledged] = []

    def note(self, bank: str, channel: str, key: str, tran_date: str = "") -> None:
        self.acknowledged.append(Acknowledged(bank=bank, channel=channel, id=key, tran_date=tran_date))


class RestDesk:
    """Signed requests to the REST front."""

    def __init__(self, base_url: str, channel: str, secret: str, book: Book) -> None:
        self.channel = channel
        self._base_url, self._secret, self._book = base_url, secret.encode(), book
        self._clients: dict[str, ChannelClient] = {}

    async def ask(self, bank: str, operation: str, key: str = "", **fields: Any) -> Heard:
        client = self._clients.get(bank)
        if client is None:
            client = ChannelClient(self._base_url, self.channel, bank, secret=self._secret, tries=TRIES)
            self._clients[bank] = await client.__aenter__()
        key = key or uuid.uuid4().hex
        reply = await client.call(operation, msgspec.to_builtins(fields), key=key)
        if reply.ok and BY_NAME[operation].command:
            self._book.note(bank, self.channel, key)
        return Heard(reply.code, reply.body)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.__aexit__(None, None, None)


class EsbDesk:
    """Long connections to the ESB front; every retry carries the same sequence number and date."""

    def __init__(self, address: tuple[str, int], channel: str, secret: str, book: Book) -> None:
        self.channel = channel
        self._book = book
        self._client = EsbClient(*address, consumer_id=channel, mac_key=secret.encode(), connections=2, timeout_s=30)

    async def ask(self, bank: str, operation: str, key: str = "", **fields: Any) -> Heard:
        row = BY_NAME[operation]
        key = key or uuid.uuid4().hex
        day = f"{datetime.now(CHINA):%Y%m%d}"
        header = {"LEGAL_ENTITY": bank, "CONSUMER_SEQ_NO": key, "TRAN_DATE": day}
        request = msgspec.convert(msgspec.to_builtins(fields), row.request)
        body = dict(binding(row.request).write(msgspec.to_builtins(request)))
        for left in range(TRIES - 1, -1, -1):
            try:
                reply = await self._client.call(row.service, row.scene, header, body)
            except (EsbTimeout, EsbRefusedConnection):
                if not left:
                    raise
            else:
                if reply.ok:
                    if row.command:
                        self._book.note(bank, self.channel, key, day)
                    return Heard("", binding(row.view).read(reply.fields))
                word = WORD_OF_RETURN.get(reply.ret_code, reply.ret_code)
                if word not in AGAIN or not left:
                    return Heard(word, reply.body)
            await asyncio.sleep(PAUSE_S)
        raise AssertionError("the last try returns or raises")

    async def close(self) -> None:
        await self._client.close()
