"""The two fronts as a channel sees them, each with the same `ask`: one try, no retries, our code word and field names.

What was acknowledged is noted, so that the checker can find each of it in the database at the end.
"""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from actors.codes import Code
from cluster.verify.operations import Acknowledged
from protocols.esb.client import EsbClient, EsbReply
from protocols.esb.fields import binding, write_loose
from protocols.esb.message import CHINA
from protocols.operations import BY_NAME, Row
from protocols.problems import esb_code
from protocols.rest.client import ChannelClient

WORD_OF_RETURN = {esb_code(code): code.word for code in Code}
ACKNOWLEDGED: list[Acknowledged] = []


class Heard(NamedTuple):
    """``code`` "" is success and ``body`` the reply's view as plain values; else a code word and its facts."""

    code: str
    body: dict[str, Any]

    @property
    def state(self) -> str:
        return str(self.body.get("state", ""))


class Front(Protocol):
    name: str
    bank: str

    async def ask(self, operation: str, key: str = "", *, wait_s: int | None = None, **fields: Any) -> Heard:
        """One operation at this front's bank; ``key`` is the operation id (a new one when empty).

        ``wait_s``: how long to wait for the end of what a command began; None leaves it to the front.
        """

    async def close(self) -> None: ...


def view_of(row: Row, body: Any) -> dict[str, Any]:
    """A successful reply as values that are the same for both fronts; fails for what the table does not promise."""
    view: dict[str, Any] = msgspec.to_builtins(msgspec.convert(body, row.view, strict=False))
    return view


class Rest:
    """A channel of REST: signed with ``secret``, or with a bearer ``token``."""

    name = "rest"

    def __init__(self, url: str, channel: str, bank: str, *, secret: bytes = b"", token: str = "") -> None:
        self.bank, self.channel = bank, channel
        self.client = ChannelClient(url, channel, bank, secret=secret, token=token, tries=1)
        self._open = False

    async def ask(self, operation: str, key: str = "", *, wait_s: int | None = None, **fields: Any) -> Heard:
        await self.open()
        row, key = BY_NAME[operation], key or uuid.uuid4().hex
        reply = await self.client.call(operation, fields, key=key, wait_s=wait_s)
        if not reply.ok:
            assert reply.body["status"] == reply.status
            return Heard(reply.code, reply.body.get("facts", {}))
        if row.command:
            ACKNOWLEDGED.append(Acknowledged(bank=self.bank, channel=self.channel, id=key, code=None))
        return Heard("", view_of(row, reply.body))

    async def open(self) -> ChannelClient:
        if not self._open:
            await self.client.__aenter__()
            self._open = True
        return self.client

    async def close(self) -> None:
        if self._open:
            await self.client.__aexit__()


class Esb:
    """A channel of the ESB on a long connection; requests carry a MAC when there is a ``secret``."""

    name = "esb"

    def __init__(self, address: tuple[str, int], channel: str, bank: str, *, secret: bytes = b"") -> None:
        self.bank, self.channel = bank, channel
        self.client = EsbClient(*address, consumer_id=channel, mac_key=secret, timeout_s=30)

    async def ask(self, operation: str, key: str = "", *, wait_s: int | None = None, **fields: Any) -> Heard:
        row, key = BY_NAME[operation], key or uuid.uuid4().hex
        day = f"{datetime.now(CHINA):%Y%m%d}"
        header = {"LEGAL_ENTITY": self.bank, "CONSUMER_SEQ_NO": key, "TRAN_DATE": day}
        if wait_s is not None:
            header["WAIT_MS"] = str(wait_s * 1000)
        reply = await self.client.call(row.service, row.scene, header, dict(write_loose(fields)))
        heard = heard_of(row, reply)
        if not heard.code and row.command:
            ACKNOWLEDGED.append(Acknowledged(bank=self.bank, channel=self.channel, id=key, tran_date=day, code=None))
        return heard

    async def close(self) -> None:
        await self.client.close()


def heard_of(row: Row, reply: EsbReply) -> Heard:
    if reply.ok:
        view = view_of(row, binding(row.view).read(reply.fields))
        for item in view.get("items", ()):
            if "facts" in item:
                item["facts"] = dict(_fact(name, text) for name, text in item["facts"].items())
        return Heard("", view)
    return Heard(WORD_OF_RETURN[reply.ret_code], reply.body)


def _fact(name: str, text: str) -> tuple[str, Any]:
    """The facts of a transaction have no type of their own: names and values as the wire has them, read back here."""
    ours = "_".join("fen" if part == "AMT" else part.lower() for part in name.split("_"))
    if "AMT" in name.split("_"):
        return ours, int(Decimal(text) * 100)
    if ours.endswith("_date") or ours == "on":
        return ours, f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return ours, text
