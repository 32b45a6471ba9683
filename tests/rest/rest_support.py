"""The REST front on a real socket, with a router that answers by script: for the edge's own behaviour only.

What actors decide is tested elsewhere (tests/rest/test_rest_life.py on the real runtime).
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from actors.address import make_id
from actors.bank import BankTerms, Product
from actors.codes import Code
from protocols.credentials import Channel, Credentials
from protocols.front import Front
from protocols.metrics import FrontMetrics
from protocols.rest.app import RestSettings, make_app
from protocols.rest.client import ChannelClient
from runtime.messages import Answer, Operation, refusal

BANK, OTHER_BANK = "B001", "B002"
CUSTOMER, LOAN, PROCESS = make_id("customer", 7, 41), make_id("loan", 7, 42), make_id("process", 7, 43)
SECRET, OTHER_SECRET, TOKEN = b"mobile-secret", b"counter-secret", "token-of-the-back-office"

CHANNELS = (
    Channel(id="mobile", kind="hmac", secret=SECRET, banks=(BANK,), operations=("*",)),
    Channel(id="counter", kind="hmac", secret=OTHER_SECRET, banks=("*",), operations=("get_loan", "post_repayment")),
    Channel(
        id="office", kind="bearer", token_sha256=sha256(TOKEN.encode()).hexdigest(), banks=(BANK,), operations=("*",)
    ),
    Channel(id="slow", kind="hmac", secret=SECRET, banks=(BANK,), operations=("*",), rate_per_s=2),
    Channel(id="socket", kind="esb", secret=SECRET, banks=("*",), operations=("*",)),
)


class Asked(NamedTuple):
    kind: str
    id: str
    bank: str
    message: dict[str, Any]
    operation: Operation | None
    ttl_ms: int


Script = Callable[[Asked], Awaitable[Answer] | Answer | dict[str, Any]]


class ScriptedRouter:
    """Answers a message by the script of its type; remembers what it was asked."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.asked: list[Asked] = []

    def on(self, message: type, script: Script | dict[str, Any]) -> None:
        self.scripts[message.__name__] = script if callable(script) else lambda _: script

    async def ask(self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int) -> Answer:
        message = msgspec.msgpack.decode(body)
        asked = Asked(kind, id, bank, message, operation, ttl_ms)
        self.asked.append(asked)
        script = self.scripts.get(message["type"])
        if script is None:
            return refusal(0, Code.NOT_FOUND)
        answer = script(asked)
        if isinstance(answer, Awaitable):
            answer = await answer
        return answer if isinstance(answer, Answer) else Answer(0, "", msgspec.msgpack.encode(answer))


class MemoryNonces:
    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    async def seen(self, channel: str, nonce: str, ttl_s: int) -> bool:
        known = (channel, nonce) in self._seen
        self._seen.add((channel, nonce))
        return known


class FirstOnly:
    """Lets the first ``rate_per_s`` requests of a channel through."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    async def allow(self, channel: str, rate_per_s: int) -> bool:
        self._taken[channel] = self._taken.get(channel, 0) + 1
        return self._taken[channel] <= rate_per_s


class BankNow(NamedTuple):
    terms: BankTerms
    business_date: date


class Rows:
    """A reader over rows given by the test."""

    def __init__(self) -> None:
        self.loans: list[Any] = []
        self.entries: list[Any] = []

    async def loans_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> list[Any]:
        return [row for row in self.loans if row.id > after][:limit]

    async def transactions(
        self, bank: str, loan_id: str, after_version: int, limit: int, types: list[str] | None = None
    ) -> list[Any]:
        wanted = [row for row in self.entries if types is None or row.type in types]
        return [row for row in wanted if row.version > after_version][:limit]

    async def account_totals(self, bank: str, on: date) -> list[Any]:
        return []


class Entry(NamedTuple):
    version: int
    business_date: date
    at_ms: int
    type: str
    body: bytes


def entry(version: int, type: str, **fields: Any) -> Entry:
    return Entry(version, date(2026, 3, 2), 1_700_000_000_000, type, msgspec.msgpack.encode({"type": type, **fields}))


def terms() -> BankTerms:
    product = Product(
        code="MD01",
        name_zh="秒贷",
        name_en="instant",
        amount_fen_min=100_000,
        amount_fen_max=20_000_000,
        uses=("home",),
    )
    return BankTerms(code=BANK, name_zh="一行", name_en="Bank One", province="P", products={"MD01": product})


class Edge(NamedTuple):
    url: str
    router: ScriptedRouter
    rows: Rows
    client: ChannelClient
    session: ClientSession
    ready: list[str]


@asynccontextmanager
async def edge(*, body_bytes_max: int = 65_536, body_timeout_s: float = 5.0) -> AsyncIterator[Edge]:
    """The front, listening, and a client of channel ``mobile``; ``ready`` holds what is said to be missing."""
    router, rows, missing = ScriptedRouter(), Rows(), [""]
    front = Front(router, rows, {BANK: BankNow(terms(), date(2026, 3, 2))}, b"id-key", FirstOnly())

    async def ready() -> str:
        return missing[0]

    settings = RestSettings(ready=ready, body_bytes_max=body_bytes_max, body_timeout_s=body_timeout_s)
    app = make_app(front, Credentials(CHANNELS, MemoryNonces()), settings, FrontMetrics())
    server = TestServer(app, access_log=None)
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    try:
        async with ClientSession() as session, client_of(url, session) as client:
            yield Edge(url, router, rows, client, session, missing)
    finally:
        await server.close()


def client_of(
    url: str, session: ClientSession, channel: str = "mobile", bank: str = BANK, secret: bytes = SECRET
) -> ChannelClient:
    return ChannelClient(url, channel, bank, secret=secret, session=session, tries=1)


REPAYMENT = {
    "loan_id": LOAN,
    "amount_fen": 10_000,
    "source": "counter",
    "core_date": "2026-03-02",
    "core_serial": "S0001",
}
REPAID = {
    "loan_id": LOAN,
    "status": "active",
    "principal_fen": 9_000,
    "interest_fen": 1_000,
    "penalty_fen": 0,
    "suspense_fen": 0,
    "principal_fen_outstanding": 91_000,
}


def now_ms() -> int:
    return time.time_ns() // 1_000_000
