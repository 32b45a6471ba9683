"""A channel's REST client: signs, sends an Idempotency-Key, and repeats what was busy or unavailable with the same key.

Used by the demo, the benchmarks and the tests; a channel may take it as an example of how to call us.
"""

import asyncio
import time
import uuid
from typing import Any, NamedTuple, Self
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout, TCPConnector

from protocols.credentials import signature
from protocols.operations import BY_NAME, Row

RETRY_STATUS = frozenset({429, 503, 504})
_encode = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    """``status`` is HTTP's; ``body`` the decoded JSON; ``code`` the problem's code word, "" on success."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.body.get("code", self.status)) if self.status >= 400 else ""

    @property
    def ok(self) -> bool:
        return self.status < 400


class ChannelClient:
    """One channel at one bank. Give ``secret`` (signed requests) or ``token`` (bearer). Use as ``async with``.

    A lost connection or a status of `RETRY_STATUS` is tried again up to ``tries`` times, commands always with the same
    key: the outcome is then the one of the first that got through.
    """

    def __init__(
        self,
        base_url: str,
        channel: str,
        bank: str,
        *,
        secret: bytes = b"",
        token: str = "",
        session: ClientSession | None = None,
        connections: int = 100,
        tries: int = 8,
        timeout_s: float = 30.0,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._channel, self._bank = channel, bank
        self._secret, self._token = secret, token
        self._session = session
        self._own_session = session is None
        self._connections = connections
        self._tries = tries
        self._timeout = ClientTimeout(total=timeout_s)

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = ClientSession(connector=TCPConnector(limit=self._connections))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._own_session and self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self, name: str, fields: dict[str, Any] | None = None, *, key: str = "", wait_s: int | None = None
    ) -> Reply:
        """One operation of the table by name. ``fields`` hold path parameters, query and body fields together.

        ``key`` "" makes a new Idempotency-Key for a command; give one to repeat an earlier command.
        """
        row = BY_NAME[name]
        target, body = self._message(row, dict(fields or {}))
        headers = {} if wait_s is None else {"Prefer": f"wait={wait_s}"}
        if row.command:
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        pause = 0.05
        for left in range(self._tries - 1, -1, -1):
            try:
                reply, retry_after = await self.send(row.method, target, body, headers)
                if reply.status not in RETRY_STATUS or not left:
                    return reply
                pause = max(pause, min(retry_after, 1.0))
            except (ClientConnectionError, TimeoutError):
                if not left:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)
        raise AssertionError("the last try returns or raises")

    async def send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[Reply, float]:
        """One HTTP request with this channel's credential; the reply and its Retry-After in seconds."""
        assert self._session is not None, "use as `async with`"
        headers = {**headers, **self.credential(method, target, body, headers.get("Idempotency-Key", ""))}
        if body:
            headers["Content-Type"] = "application/json"
        async with self._session.request(
            method, self._base + target, data=body or None, headers=headers, timeout=self._timeout
        ) as response:
            raw = await response.read()
            return (
                Reply(response.status, msgspec.json.decode(raw) if raw else {}),
                float(response.headers.get("Retry-After", "0")),
            )

    def credential(self, method: str, target: str, body: bytes, key: str) -> dict[str, str]:
        """The headers that prove who is calling."""
        if self._token:
            return {"Authorization": f"Bearer {self._token}", "X-Bank": self._bank}
        timestamp, nonce = str(time.time_ns() // 1_000_000), uuid.uuid4().hex
        return {
            "X-Channel": self._channel,
            "X-Bank": self._bank,
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signature(
                self._secret, method, target, self._channel, self._bank, timestamp, nonce, key, body
            ),
        }

    @staticmethod
    def _message(row: Row, fields: dict[str, Any]) -> tuple[str, bytes]:
        path = row.path
        for name in row.path_fields:
            path = path.replace(f"{{{name}}}", quote(str(fields.pop(name)), safe=""))
        if row.command:
            return path, _encode(fields) if fields else b""
        return f"{path}?{urlencode(fields)}" if fields else path, b""
