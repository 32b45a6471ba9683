"""The REST front: an aiohttp application made from the table of operations.

Before it: the channel's HTTP request. After it: protocols/front.py. Every reply is JSON (UTF-8), every refusal an RFC
9457 problem. Nothing of a request is logged; the runner that serves this must have its access log off.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from aiohttp import web
from msgspec import Struct

from actors.codes import Code
from protocols.credentials import Credentials
from protocols.decoding import Invalid
from protocols.front import TTL_MS, WAIT_MS_MAX, Front, Result
from protocols.metrics import FrontMetrics
from protocols.operations import OPERATIONS, Row
from protocols.problems import RETRY_AFTER_S, code_of, http_status, problem_bytes
from protocols.rest.openapi import docs_page, openapi_bytes
from runtime.messages import Operation
from storage.contract import StoreError

log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
_encode = msgspec.json.Encoder().encode


class RestSettings(Struct, frozen=True, kw_only=True):
    """``ready`` says what is not ready yet ("" when all is); it answers ``/readyz``."""

    ready: Callable[[], Awaitable[str]]
    body_bytes_max: int = 1_048_576
    body_timeout_s: float = 30.0
    ttl_ms: int = TTL_MS


def make_app(
    front: Front, credentials: Credentials, settings: RestSettings, metrics: FrontMetrics | None = None
) -> web.Application:
    """The application; serve it with ``AppRunner(app, access_log=None)``."""
    metrics = metrics or FrontMetrics()
    app = web.Application(client_max_size=settings.body_bytes_max, middlewares=[_problems])
    for row in OPERATIONS:
        app.router.add_route(row.method, row.path, _handler(row, front, credentials, settings, metrics))
    _add_pages(app, settings, metrics)
    return app


def problem_response(word: str, facts: dict[str, Any] | None = None) -> web.Response:
    code = code_of(word)
    headers = {}
    if (seconds := RETRY_AFTER_S.get(code.sort)) is not None:
        headers["Retry-After"] = str(seconds)
    if http_status(code) == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="miaodai"'
    return web.Response(
        body=problem_bytes(word, facts), status=http_status(code), content_type=PROBLEM_TYPE, headers=headers
    )


def _handler(
    row: Row, front: Front, credentials: Credentials, settings: RestSettings, metrics: FrontMetrics
) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(settings.body_timeout_s):
                body = await request.read()
        except TimeoutError:
            return problem_response(Code.FRAME_TIMEOUT.word)
        begun = time.perf_counter()
        metrics.begin("rest")
        word = Code.INTERNAL.word
        try:
            response, word = await _answer(row, request, body, front, credentials, settings.ttl_ms)
            return response
        finally:
            metrics.end("rest", row.name, word, time.perf_counter() - begun)

    return handle


async def _answer(
    row: Row, request: web.Request, body: bytes, front: Front, credentials: Credentials, ttl_ms: int
) -> tuple[web.Response, str]:
    try:
        caller = await credentials.of_rest(request.method, request.raw_path, request.headers, body)
        operation = _operation(request, caller.channel.id) if row.command else None
        wait_ms = wait_of(request.headers.get("Prefer", ""))
        outside = _parameters(request)
    except Invalid as error:
        return problem_response(error.code.word, error.detail), error.code.word
    except StoreError:  # neither Redis nor PostgreSQL could write the nonce down
        return problem_response(Code.UNAVAILABLE.word), Code.UNAVAILABLE.word
    result = await front.handle(row, lambda form: form.from_json(outside, body), caller, operation, ttl_ms, wait_ms)
    return _response(row, result), result.code


def _response(row: Row, result: Result) -> web.Response:
    if result.code:
        return problem_response(result.code, result.body)
    status, headers = 201 if row.created else 200, {}
    if row.command and row.follow is not None:
        where = "loans" if row.follow.kind == "loan" else "processes"
        headers["Location"] = f"/v1/{where}/{result.body[row.follow.id_field]}"
    if result.state == "processing" and row.command:
        status = 202
    return web.Response(body=_encode(result.body), status=status, content_type=JSON_TYPE, headers=headers or None)


def _operation(request: web.Request, channel: str) -> Operation | None:
    """The Idempotency-Key: a structured-field string (quoted, as the draft RFC has it) or the bare text."""
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return None
    if len(keys) > 1:
        raise Invalid(Code.WRONG_TYPE, "Idempotency-Key", "given more than once")
    key = keys[0].strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    return Operation(channel, key) if key else None


def _parameters(request: web.Request) -> dict[str, str]:
    """Path and query parameters; one given twice is refused."""
    outside = dict(request.match_info)
    if request.rel_url.raw_query_string:
        for name, value in request.query.items():
            if name in outside:
                raise Invalid(Code.WRONG_TYPE, name, "given more than once")
            outside[name] = value
    return outside


def wait_of(prefer: str) -> int | None:
    """Milliseconds of ``wait=N`` (seconds) in a Prefer header (RFC 7240); None when it says nothing of it."""
    for part in prefer.replace(";", ",").split(","):
        name, _, value = part.partition("=")
        if name.strip().lower() == "wait":
            text = value.strip().strip('"')
            if not text.isdecimal():
                raise Invalid(Code.WRONG_TYPE, "Prefer", "wait=<whole seconds>")
            return min(int(text[:6]) * 1000, WAIT_MS_MAX)
    return None


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What aiohttp itself refuses (path, method, size) and what breaks, as problems too."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        response = problem_response(Code.METHOD_NOT_ALLOWED.word, {"allowed": sorted(error.allowed_methods)})
        response.headers["Allow"] = ",".join(sorted(error.allowed_methods))
        return response
    except web.HTTPNotFound:
        return problem_response(Code.UNKNOWN_SERVICE.word)
    except web.HTTPRequestEntityTooLarge:
        return problem_response(Code.BODY_TOO_LARGE.word)
    except (web.HTTPException, ConnectionError):
        raise
    except Exception as error:
        log.error("request failed", error=type(error).__name__)
        return problem_response(Code.INTERNAL.word)


def _add_pages(app: web.Application, settings: RestSettings, metrics: FrontMetrics) -> None:
    document = openapi_bytes()
    page = docs_page()

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type=JSON_TYPE)

    async def docs(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", charset="utf-8")

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(body=b'{"status":"ok"}', content_type=JSON_TYPE)

    async def readyz(_: web.Request) -> web.Response:
        missing = await settings.ready()
        if missing:
            return problem_response(Code.UNAVAILABLE.word, {"missing": missing})
        return web.Response(body=b'{"status":"ready"}', content_type=JSON_TYPE)

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    pages = {"/openapi.json": openapi, "/docs": docs, "/healthz": healthz, "/readyz": readyz, "/metrics": show_metrics}
    for path, handler in pages.items():
        app.router.add_get(path, handler)
