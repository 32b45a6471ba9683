"""Both fronts over the real runtime: real actors, banks from their files, outside systems on sockets, one process.

Only Ray and PostgreSQL are replaced, by their twins that the conformance suites hold to the same promises.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any, NamedTuple

import jsonschema
import msgspec
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from rest_support import SECRET, FirstOnly, MemoryNonces

from actors.bank import BankTerms
from actors.codes import Code
from actors.customer.identity import check_character
from cluster.bank_config import load_banks
from protocols.credentials import Channel, Credentials
from protocols.esb.client import EsbClient
from protocols.esb.fields import binding
from protocols.esb.listener import EsbListener
from protocols.esb.service import EsbService
from protocols.esb.settings import EsbSettings
from protocols.front import Front
from protocols.operations import BY_NAME, OPERATIONS, Row
from protocols.outside.connect import Where, connect_outside
from protocols.problems import esb_code
from protocols.rest.app import RestSettings, make_app
from protocols.rest.client import ChannelClient, Reply
from protocols.rest.openapi import openapi_document
from runtime.banks import BankBook
from runtime.local import LocalRuntime
from runtime.registry import KINDS
from runtime.rules import rules_of
from sandbox.bureau import Report
from sandbox.risk import Assessment
from sandbox.town import Sandbox
from storage.memory import MemoryStore
from storage.vault import BankVault

BANK, OTHER_BANK = "baihe", "yunxi"
TODAY = date(2026, 3, 2)
PRODUCT = "standard"
WORD_OF_RETURN = {esb_code(code): code.word for code in Code}


DOCUMENT = msgspec.json.decode(msgspec.json.encode(openapi_document()))


def _validator(row: Row) -> jsonschema.Draft202012Validator:
    """What our document promises of this operation's reply, unknown fields refused."""
    operation = DOCUMENT["paths"][row.path][row.method.lower()]
    reply = operation["responses"]["201" if row.created else "200"]["content"]["application/json"]["schema"]
    closed = {name: {**part, "additionalProperties": False} for name, part in DOCUMENT["components"]["schemas"].items()}
    return jsonschema.Draft202012Validator({**reply, "components": {"schemas": closed}})


VALIDATORS = {row.name: _validator(row) for row in OPERATIONS}


class Town(NamedTuple):
    client: ChannelClient
    stranger: ChannelClient
    """The same channel acting for another bank."""
    esb: EsbClient
    store: MemoryStore
    box: Sandbox
    books: list[BankBook]
    terms: BankTerms

    async def ok(self, operation: str, key: str = "", **fields: Any) -> dict[str, Any]:
        """The reply's body; anything but success fails the test with what was said."""
        reply = await self.client.call(operation, fields, key=key)
        assert reply.ok, (operation, reply)
        VALIDATORS[operation].validate(reply.body)
        return reply.body

    async def no(self, operation: str, key: str = "", **fields: Any) -> Reply:
        reply = await self.client.call(operation, fields, key=key)
        assert not reply.ok, (operation, reply)
        return reply

    async def by_rest(self, operation: str, key: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """(code word or "", body) of one operation."""
        reply = await self.client.call(operation, fields, key=key)
        return reply.code, reply.body.get("facts", {}) if reply.code else reply.body

    async def by_esb(self, operation: str, key: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The same by service code and scene."""
        row = BY_NAME[operation]
        body = dict(binding(row.request).write(fields))
        reply = await self.esb.call(row.service, row.scene, {"LEGAL_ENTITY": BANK, "CONSUMER_SEQ_NO": key}, body)
        if not reply.ok:
            return WORD_OF_RETURN[reply.ret_code], reply.body
        return "", msgspec.to_builtins(binding(row.view).read(reply.fields))

    async def move_to(self, day: date) -> None:
        """Business date of our banks and of the core."""
        for code in (BANK, OTHER_BANK):
            await self.store.set_business_date(code, day)
        self.box.core.set_date("*", day.isoformat())
        for book in self.books:
            await book.refresh()


def identity_number(order: int = 7, born: date = date(1990, 3, 7)) -> str:
    digits = f"110101{born:%Y%m%d}{order:03d}"
    return digits + check_character(digits)


def person(order: int = 7) -> dict[str, Any]:
    return {
        "name": "张三",
        "identity_number": identity_number(order),
        "phone": "13812340000",
        "account_no": f"62170012345678{order:05d}",
    }


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    banks = {terms.code: terms for terms in load_banks()}
    store, box = MemoryStore(), await Sandbox.start()
    box.bureau.presets["*"] = Report()
    box.risk.presets["*"] = Assessment(fraud=False, fraud_score=5, score=720, income_fen_verified=1_500_000)
    box.core.set_date("*", TODAY.isoformat())
    for code in (BANK, OTHER_BANK):
        await store.put(code, msgspec.json.encode(banks[code]), TODAY)
    vaults = {code: BankVault(b"k" * 32, code) for code in banks}
    books: list[BankBook] = []

    def make_banks() -> BankBook:
        books.append(BankBook(store, rules_of, vaults.__getitem__))
        return books[-1]

    where = {
        system: Where(port=getattr(box.ports, system), timeout_ms=2_000)
        for system in ("core", "bureau", "risk", "ca", "sms")
    }
    outside = connect_outside(where, vaults.__getitem__)
    runtime = await LocalRuntime(store, store, make_banks, KINDS, outside).start()
    own = make_banks()
    await own.refresh()
    front = Front(runtime.router, store, own.by_code, b"id-key", FirstOnly())
    channel = Channel(id="mobile", kind="hmac", secret=SECRET, banks=("*",), operations=("*",))
    counter = Channel(id="counter", kind="esb", secret=SECRET, banks=("*",), operations=("*",))
    listener = EsbListener(EsbService(front, {"counter": counter}), EsbSettings())
    esb = EsbClient("127.0.0.1", await listener.start("127.0.0.1", 0), consumer_id="counter", mac_key=SECRET)

    async def ready() -> str:
        return ""

    app = make_app(front, Credentials([channel], MemoryNonces()), RestSettings(ready=ready))
    server = TestServer(app, access_log=None)
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    try:
        async with ClientSession() as session:
            clients = [
                ChannelClient(url, "mobile", code, secret=SECRET, session=session) for code in (BANK, OTHER_BANK)
            ]
            yield Town(*clients, esb, store, box, books, banks[BANK])
    finally:
        await esb.close()
        await listener.stop(grace_s=1)
        await server.close()
        await runtime.stop()
        await outside.close()
        await box.stop()


async def registered(town: Town, order: int = 7) -> str:
    """A customer with the consents that an application needs."""
    customer_id = str((await town.ok("register_customer", **person(order)))["customer_id"])
    for purpose in ("bureau", "tax"):
        await town.ok(
            "give_consent",
            customer_id=customer_id,
            purpose=purpose,
            version="v1",
            text_hash="0" * 64,
            valid_until=(TODAY + timedelta(days=365)).isoformat(),
        )
    return customer_id


APPLICATION = {
    "product": PRODUCT,
    "amount_fen": 2_000_000,
    "periods": 12,
    "use_code": "consumption",
    "facts": {"monthly_income_fen": 1_500_000, "employment_years": 6, "housing": "own", "savings_band": 3},
}


async def approved(town: Town, order: int = 7) -> str:
    """A customer whose application was approved."""
    customer_id = await registered(town, order)
    outcome = await town.ok("apply", customer_id=customer_id, **APPLICATION)
    assert outcome["process"]["status"] == "approved", outcome
    return customer_id


async def contracted(town: Town, order: int = 7) -> dict[str, Any]:
    """A loan in status contract."""
    customer_id = await approved(town, order)
    outcome = await town.ok(
        "open_contract",
        customer_id=customer_id,
        product=PRODUCT,
        amount_fen=1_200_000,
        periods=12,
        method="equal_instalment",
        use_code="consumption",
    )
    loan: dict[str, Any] = outcome["loan"]
    return loan


async def signed(town: Town, order: int = 7) -> dict[str, Any]:
    loan = await contracted(town, order)
    outcome = await town.ok("sign", loan_id=loan["loan_id"], cost_confirmed=True, contract_hash=loan["contract_hash"])
    signed_loan: dict[str, Any] = outcome["loan"]
    return signed_loan


async def paid_out(town: Town, order: int = 7) -> dict[str, Any]:
    loan = await signed(town, order)
    await town.ok("draw", loan_id=loan["loan_id"])
    return await town.ok("get_loan", loan_id=loan["loan_id"])
