"""HTTP to an outside system: JSON by POST, the effect's id in ``X-Request-Id``, connections kept open.

After actors/external/http.py; before the socket. Nothing is sent twice here: aiohttp repeats no POST by itself.
"""

import asyncio
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from actors.external.wire import HttpReply, NoAnswer, NotSent

_BODY_BYTES_MAX = 1 << 20
_JSON = {"Content-Type": "application/json"}
_DECODER = msgspec.json.Decoder(dict[str, Any])


class HttpJsonWire:
    """One system's session; made on first use, inside the running loop."""

    def __init__(self, host: str, port: int, connections: int = 256) -> None:
        self._base = URL.build(scheme="http", host=host, port=port)
        self._urls: dict[str, URL] = {}
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, request_id: str, body: dict[str, Any], timeout_s: float) -> HttpReply:
        """The answer's status and JSON object; `NotSent` when nobody listens, `NoAnswer` for every other failure."""
        url = self._urls.get(path) or self._urls.setdefault(path, self._base.with_path(path))
        headers = {"X-Request-Id": request_id, **_JSON}
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._open().post(url, data=msgspec.json.encode(body), headers=headers) as response,
            ):
                return HttpReply(response.status, _DECODER.decode(await _body(response) or b"{}"))
        except aiohttp.ClientConnectorError as error:
            raise NotSent(str(error.strerror)) from error
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise NoAnswer(type(error).__name__) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30)
            timeout = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        return self._session


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, or `NoAnswer` when it is over the limit, declared or not."""
    body = bytearray()
    if (response.content_length or 0) <= _BODY_BYTES_MAX:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > _BODY_BYTES_MAX:
                break
        else:
            return bytes(body)
    response.close()
    raise NoAnswer("body over the limit")
