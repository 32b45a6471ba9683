"""A client of the control port for programs in another process: the demo, the benchmarks, ``miaodai verify``."""

from typing import Any

import aiohttp
import msgspec


class ControlError(RuntimeError):
    """The control port refused; its status and text."""


class RemoteControl:
    """``await RemoteControl(port).call("POST", "/core/deposit", {...})``; the paths are in sandbox/control.py."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._base = f"http://{host}:{port}"
        self._session: aiohttp.ClientSession | None = None

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """The JSON answer, or `ControlError`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        data = None if body is None else msgspec.json.encode(body)
        async with self._session.request(method, self._base + path, data=data, params=query) as response:
            raw = await response.read()
            if response.status != 200:
                raise ControlError(f"{method} {path}: {response.status} {raw.decode()}")
            return msgspec.json.decode(raw)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
