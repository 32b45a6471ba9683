"""The asking side: calls a service of an outside system (or of another ESB) and gets its reply.

Long connections carry many calls at once, matched by CONSUMER_SEQ_NO; short ones carry one call and are closed. What
went out and got no reply is *unknown* (`EsbTimeout`), whatever the reason; only `EsbRefusedConnection` is definite.
"""

import asyncio
from collections import deque
from datetime import datetime
from typing import Any, cast
from uuid import uuid4

from msgspec import Struct

from protocols.esb import mac as macs
from protocols.esb.dialects import CD, Dialect
from protocols.esb.errors import EsbRefused
from protocols.esb.framing import ASCII8, Frame, Framing, Unframer, pack
from protocols.esb.message import CHINA, Fields, Message, plain, succeeded, tree
from protocols.esb.xml import parse, to_bytes

SUCCESS_CODES = frozenset(("000000", "00000000", "S000A000"))
REPLY_BYTES_MAX = 4 * 1024 * 1024


class EsbTimeout(Exception):
    """No reply that can be trusted: whether the other side did it is not known. Ask it, never assume."""


class EsbRefusedConnection(Exception):
    """Nothing was sent: no connection, or no room on it in time."""


class EsbReply(Struct, frozen=True, kw_only=True):
    """A reply. ``header`` by canonical names (names.py), ``body`` as plain dicts, lists and texts,
    ``fields`` the same as the tree it was (for fields.py)."""

    ok: bool
    ret_status: str
    ret_code: str
    ret_msg: str
    header: dict[str, str]
    body: dict[str, Any]
    fields: Fields


class EsbClient:
    """Calls one address. ``long``: keep ``connections`` open; else one connection a call, half-closed after it.

    ``mac_key``: sign each request (mac.py) and demand a right MAC in replies of framings that carry one.
    """

    def __init__(
        self,
        host: str,
        port: int,
        dialect: Dialect = CD,
        framing: Framing = ASCII8,
        timeout_s: float = 10.0,
        *,
        charset: str = "utf-8",
        consumer_id: str = "MIAODAI",
        long: bool = True,
        connections: int = 1,
        in_flight_max: int = 256,
        connect_timeout_s: float = 3.0,
        success_codes: frozenset[str] = SUCCESS_CODES,
        mac_key: bytes = b"",
        node: str = "",
    ) -> None:
        self.host, self.port = host, port
        self.dialect, self.framing, self.charset = dialect, framing, charset
        self.timeout_s, self.connect_timeout_s = timeout_s, connect_timeout_s
        self.consumer_id, self.success_codes = consumer_id, success_codes
        self.mac_key, self.node = mac_key, node
        self._long = long
        self._links: list[_Link | None] = [None] * max(1, connections)
        self._opening = [asyncio.Lock() for _ in self._links]
        self._turn = 0
        self._room = asyncio.Semaphore(in_flight_max)

    async def call(
        self,
        service_code: str,
        scene: str,
        header: dict[str, Any],
        body: dict[str, Any],
        timeout_s: float | None = None,
    ) -> EsbReply:
        """Ask and wait. ``header`` by canonical names; CONSUMER_SEQ_NO, TRAN_DATE and so on are filled in.

        Raises `EsbTimeout` (outcome unknown) or `EsbRefusedConnection` (definitely not sent).
        """
        number = str(header.get("CONSUMER_SEQ_NO") or uuid4().hex)
        wire = self.request_bytes(service_code, scene, {**header, "CONSUMER_SEQ_NO": number}, body)
        sent = False
        try:
            async with asyncio.timeout(self.timeout_s if timeout_s is None else timeout_s), self._room:
                link = await self._link()
                try:
                    waiting = link.send(number, wire)
                    sent = True
                    frame, message = await waiting
                finally:
                    link.forget(number)
                    if not self._long:
                        link.close()
        except TimeoutError:
            if sent:
                raise EsbTimeout(f"{service_code}/{scene}") from None
            raise EsbRefusedConnection("no room or no connection in time") from None
        return self._reply(frame, message)

    async def close(self) -> None:
        """Close the connections; calls in flight end as unknown."""
        for link in self._links:
            if link is not None:
                link.close()
        self._links = [None] * len(self._links)

    def request_bytes(self, service_code: str, scene: str, header: dict[str, Any], body: dict[str, Any]) -> bytes:
        """A request's frame as it goes out, signed if there is a key."""
        now = datetime.now(CHINA)
        values: dict[str, Any] = {
            "SERVICE_CODE": service_code,
            "SERVICE_SCENE": scene,
            "CONSUMER_ID": self.consumer_id,
            "TRAN_DATE": f"{now:%Y%m%d}",
            "TRAN_TIMESTAMP": f"{now:%H%M%S}{now.microsecond // 1000:03d}",
        } | header
        inside = bool(self.mac_key) and not self.framing.secured
        names = self.dialect.header_names
        head = Fields([(names["MAC_VALUE"], macs.BLANK)] if inside else [])
        head.extend(tree({names.get(name, name): value for name, value in values.items()}))
        head.extend((name, marks[0]) for name, marks in self.dialect.marks.items())
        raw = to_bytes(self.dialect.write(Message({"SYS_HEAD": head}, tree(body))), self.charset)
        if inside:
            raw = macs.seal(self.mac_key, raw)
        mac = macs.mac_of(self.mac_key, raw) if self.mac_key and self.framing.secured else ""
        return pack(self.framing, Frame(raw, mac, self.node))

    async def _link(self) -> "_Link":
        if not self._long:
            return await self._open()
        self._turn = turn = (self._turn + 1) % len(self._links)
        async with self._opening[turn]:
            link = self._links[turn]
            if link is None or not link.usable:
                link = self._links[turn] = await self._open()
            return link

    async def _open(self) -> "_Link":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.connect_timeout_s):
                _, link = await loop.create_connection(lambda: _Link(self), self.host, self.port)
        except (OSError, TimeoutError) as error:
            raise EsbRefusedConnection(f"{type(error).__name__} {self.host}:{self.port}") from None
        return link

    def _reply(self, frame: Frame, message: Message) -> EsbReply:
        if (
            self.mac_key
            and self.framing.secured
            and not macs.is_right(self.mac_key, frame.body, frame.mac, inside=False)
        ):
            raise EsbTimeout("the reply's MAC is wrong")
        returns = message.returns
        return EsbReply(
            ok=succeeded(message, self.success_codes),
            ret_status=message.header.get("RET_STATUS", ""),
            ret_code=returns[0].code if returns else "",
            ret_msg=returns[0].text if returns else "",
            header=message.header,
            body=plain(message.fields),
            fields=message.fields,
        )


_Waiting = asyncio.Future[tuple[Frame, Message]]


class _Link(asyncio.Protocol):
    """One connection: what is waited for by number, and the replies as they come."""

    def __init__(self, client: EsbClient) -> None:
        self._client = client
        self._unframer = Unframer(client.framing, REPLY_BYTES_MAX)
        self._waiting: dict[str, deque[_Waiting]] = {}
        self._transport: asyncio.Transport | None = None

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, not a subclass

    def send(self, number: str, wire: bytes) -> _Waiting:
        """Write a request and return what its reply will come in. `EsbRefusedConnection` when it is closed already."""
        if not self.usable:
            raise EsbRefusedConnection("closed before the request was written")
        assert self._transport is not None
        waiting: _Waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(number, deque()).append(waiting)
        self._transport.write(wire)
        if not self._client._long and self._transport.can_write_eof():
            self._transport.write_eof()
        return waiting

    def forget(self, number: str) -> None:
        """Drop those of that number that are no longer waited for."""
        queue = self._waiting.get(number)
        if queue is not None:
            left = deque(waiting for waiting in queue if not waiting.done())
            if left:
                self._waiting[number] = left
            else:
                del self._waiting[number]

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._unframer.feed(data)
        try:
            while (frame := self._unframer.next()) is not None:
                self._take(frame)
        except EsbRefused as error:
            self._fail(f"unreadable reply: {error}")
            self.close()

    def _take(self, frame: Frame) -> None:
        message = self._client.dialect.read(parse(frame.body, self._client.charset))
        number = message.header.get("CONSUMER_SEQ_NO", "")
        queue = self._waiting.get(number)
        if queue is None and not number and len(self._waiting) == 1:
            # An error reply to a request that could not be read carries no number; with one call out it is clear whose.
            queue = next(iter(self._waiting.values()))
        while queue:
            waiting = queue.popleft()
            if not waiting.done():
                waiting.set_result((frame, message))
                return

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._fail("the connection was lost")

    def _fail(self, why: str) -> None:
        for queue in self._waiting.values():
            for waiting in queue:
                if not waiting.done():
                    waiting.set_exception(EsbTimeout(why))
        self._waiting.clear()


__all__ = ["EsbClient", "EsbRefusedConnection", "EsbReply", "EsbTimeout"]
