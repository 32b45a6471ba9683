"""A whole bank house in one process for the checker's tests: real PostgreSQL, real actors, the sandbox on its sockets.

No Ray: hosts and router of runtime/local.py. A small demo is played through the front, over the same desk, story and
year that `miaodai demo` uses.
"""

import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import msgspec

from cluster.bank_config import load_banks
from cluster.day import DayRun
from cluster.demo.applicants import applicants
from cluster.demo.applications import reverse_some, spend, tell_all
from cluster.demo.desk import Book, Desk, Heard
from cluster.demo.story import Outcome
from cluster.demo.year import Year
from cluster.eod.hands import LocalHands
from cluster.parts import Parts
from cluster.settings import Endpoint, OutsideSettings
from cluster.spec import WorldSpec
from protocols.credentials import Caller, Channel
from protocols.front import Front
from protocols.operations import BY_NAME
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from runtime.messages import Operation
from sandbox.control import Control
from sandbox.remote import RemoteControl
from sandbox.town import Sandbox
from storage.eod import PostgresEod

START = date(2026, 1, 5)
RUN = "verify"


class Unlimited:
    async def allow(self, channel: str, rate_per_s: int) -> bool:
        return True


class FrontDesk:
    """A desk that hands its operations to the front itself, without a wire."""

    def __init__(self, front: Front, channel: str, book: Book) -> None:
        self.channel = channel
        self._front, self._book = front, book
        self._channel = Channel(id=channel, kind="hmac", banks=("*",), operations=("*",))

    async def ask(self, bank: str, operation: str, key: str = "", **fields: Any) -> Heard:
        row = BY_NAME[operation]
        key = key or uuid.uuid4().hex
        request = msgspec.convert(msgspec.to_builtins(fields), row.request)
        made = Operation(self.channel, key) if row.command else None
        result = await self._front.handle(row, lambda _: request, Caller(self._channel, bank), made)
        if not result.code and row.command:
            self._book.note(bank, self.channel, key)
        return Heard(result.code, result.body)


class House:
    """A played demo: the database's URL, the sandbox, what was acknowledged, how the stories ended."""

    def __init__(self, url: str, box: Sandbox, book: Book, outcomes: list[Outcome]) -> None:
        self.url, self.box, self.book, self.outcomes = url, box, book, outcomes
        self.control_url = f"http://127.0.0.1:{box.ports.control}"


@contextlib.asynccontextmanager
async def sandbox() -> AsyncIterator[Sandbox]:
    """The outside systems with their control port."""
    box = await Sandbox.start()
    control = Control(box)
    await control.open()
    try:
        yield box
    finally:
        await control.close()
        await box.stop()


@contextlib.asynccontextmanager
async def _running(url: str, box: Sandbox) -> AsyncIterator[tuple[Parts, LocalRuntime]]:
    ends = {name: Endpoint(port=getattr(box.ports, name)) for name in ("core", "bureau", "risk", "ca", "sms")}
    spec = WorldSpec(
        release="test",
        database_url=url,
        master_key=hashlib.sha256(b"verify").digest(),
        runtime=RuntimeConfig(),
        hosts=(),
        outside=OutsideSettings(**ends),
    )
    parts = await Parts.open(spec)
    for terms in load_banks():
        await parts.store.put(terms.code, msgspec.json.encode(terms), START)
    await parts.banks.refresh()
    outside = parts.outside()
    runtime = LocalRuntime(
        parts.store, parts.store, lambda: parts.banks, parts.kinds(), outside, spec.runtime, key=b"verify"
    )
    await runtime.start()
    try:
        yield parts, runtime
    finally:
        await runtime.stop()
        await outside.close()  # type: ignore[attr-defined]
        await parts.close()


async def play(url: str, box: Sandbox, people: int, months: int, seed: int = 7) -> House:
    """Play a small demo into the database; nothing is connected to it afterwards."""
    remote, book = RemoteControl(box.ports.control), Book()
    async with _running(url, box) as (parts, runtime):
        front = Front(runtime.router, parts.store, parts.banks.by_code, parts.id_key, Unlimited())
        desks: dict[str, Desk] = {"rest": FrontDesk(front, "mobile", book), "esb": FrontDesk(front, "counter", book)}
        await remote.call("POST", "/core/date", {"bank": "*", "date": START.isoformat()})
        crowd = applicants(load_banks(), START, people, seed)
        outcomes = await tell_all(crowd, desks, RUN, START, lambda _: None, lambda: None)
        await reverse_some(outcomes, desks, RUN)
        await spend(outcomes, remote)
        days = DayRun(parts.store, LocalHands(lambda: runtime.hosts, PostgresEod(parts.store.database)))
        await Year(outcomes, desks, days, parts.store, remote, RUN).pass_months(START, months, lambda _: None)
    await remote.close()
    return House(url, box, book, outcomes)
