"""An HTTP listener of the sandbox (risk, CA, SMS): POST JSON, faults drawn, the service's answer.

``X-Request-Id`` names the request for ever; a service answers the same id with the same answer.
"""

import asyncio
from typing import Protocol

import msgspec
from aiohttp import web

from sandbox.faults import Faults, Verdict

_HOLD_S = 3600.0


class HttpService(Protocol):
    """A system over HTTP. `answer` gives status and a JSON-able body."""

    system: str

    def operation(self, path: str) -> str: ...
    def answer(self, operation: str, request_id: str, body: bytes, refuse: str) -> tuple[int, object]: ...


class HttpServer:
    """One system's listener; `close` refuses connections, `open` on the same port takes them again."""

    def __init__(self, service: HttpService, faults: Faults) -> None:
        self.service = service
        self.faults = faults
        self.messages = 0
        self._server: asyncio.Server | None = None
        self._web: web.Server | None = None

    async def open(self, host: str, port: int) -> int:
        self._web = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._server = await asyncio.get_running_loop().create_server(self._web, host, port, backlog=1024)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is not None and self._web is not None:
            self._server.close()
            for connection in self._web.connections:
                if connection.transport is not None:
                    connection.transport.abort()
            await self._web.shutdown(0.05)
            self._server = self._web = None

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.messages += 1
        operation = self.service.operation(request.path)
        if not operation or request.method != "POST":
            return _json(404, {"code": "not_found"})
        body = await request.read()
        verdict = self.faults.draw(self.service.system, operation)
        if verdict.close:
            return await _drop(request)
        if verdict.lose:
            await asyncio.sleep(_HOLD_S)
        if verdict.delay_ms:
            await asyncio.sleep(verdict.delay_ms / 1000)
        return await self._do(request, operation, body, verdict)

    async def _do(self, request: web.BaseRequest, operation: str, body: bytes, verdict: Verdict) -> web.Response:
        request_id = request.headers.get("X-Request-Id", "")
        if not request_id:
            return _json(400, {"code": "request_id_missing"})
        status, answer = self.service.answer(operation, request_id, body, verdict.refuse)
        if verdict.duplicate:
            status, answer = self.service.answer(operation, request_id, body, verdict.refuse)
        if verdict.silent:
            await asyncio.sleep(_HOLD_S)
        if verdict.garble:
            return web.Response(body=b'{"garb', content_type="application/json")
        if verdict.unsure:
            return _json(503, {"code": "processing"})
        return _json(status, answer)


def _json(status: int, answer: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type="application/json")


async def _drop(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
