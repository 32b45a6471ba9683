"""Promise: whatever a generator makes of our document, the front answers as the document says, and never with 500."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, settings
from msgspec import inspect as look
from rest_support import (
    BANK,
    CHANNELS,
    CUSTOMER,
    LOAN,
    PROCESS,
    TOKEN,
    BankNow,
    FirstOnly,
    MemoryNonces,
    Rows,
    ScriptedRouter,
    terms,
)
from schemathesis.checks import CHECKS
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from actors.customer.messages import GetCustomer
from actors.loan.messages import GetLoan
from actors.process.messages import GetProcess
from protocols.credentials import Credentials
from protocols.front import Front
from protocols.operations import OPERATIONS
from protocols.rest.app import RestSettings, make_app
from protocols.rest.openapi import openapi_document

IDS = {"customer_id": CUSTOMER, "loan_id": LOAN, "process_id": PROCESS}


def example(type: look.Type, name: str = "") -> Any:
    """A value of a view's type, so that every operation has something to answer."""
    match type:
        case look.StructType():
            return {field.encode_name: example(field.type, field.name) for field in type.fields}
        case look.VarTupleType() | look.ListType():
            return [example(type.item_type)]
        case look.TupleType():
            return [example(item) for item in type.item_types]
        case look.UnionType():
            return example(next(t for t in type.types if not isinstance(t, look.NoneType)), name)
        case look.Metadata():
            return example(type.type, name)
        case look.IntType():
            return 1
        case look.BoolType():
            return False
        case look.DateType():
            return date(2026, 3, 2)
        case look.DictType():
            return {}
        case look.StrType() | look.LiteralType():
            return IDS.get(name, "active")
    raise AssertionError(f"no example of {type}")


def answering_router() -> ScriptedRouter:
    router = ScriptedRouter()
    for row in OPERATIONS:
        if row.message is not None and row.message not in (GetLoan, GetProcess, GetCustomer):
            router.on(row.message, example(look.type_info(row.view)))
    for message, name in ((GetLoan, "get_loan"), (GetProcess, "get_process"), (GetCustomer, "get_customer")):
        view = next(row.view for row in OPERATIONS if row.name == name)
        router.on(message, example(look.type_info(view)))
    return router


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The front on a thread of its own: the generator calls it from outside, over HTTP."""
    ready: list[str] = []
    up, loop = threading.Event(), asyncio.new_event_loop()

    async def nothing_missing() -> str:
        return ""

    async def serve() -> web.AppRunner:
        front = Front(answering_router(), Rows(), {BANK: BankNow(terms(), date(2026, 3, 2))}, b"id-key", FirstOnly())
        app = make_app(front, Credentials(CHANNELS, MemoryNonces()), RestSettings(ready=nothing_missing))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ready.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        return runner

    def run() -> None:
        runner = loop.run_until_complete(serve())
        up.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert up.wait(10)
    yield ready[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


document = msgspec.json.decode(msgspec.json.encode(openapi_document()))
for _item in document["paths"].values():
    for _operation in _item.values():
        for _parameter in _operation["parameters"]:
            if _parameter["name"] in IDS:
                _parameter["schema"] = {"const": IDS[_parameter["name"]]}
            elif _parameter["name"] == "X-Bank":
                _parameter["schema"] = {"const": BANK}
schema = schemathesis.openapi.from_dict(document)


@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_front_does_what_the_document_says(case: schemathesis.Case, url: str) -> None:
    response = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
    checks = [
        CHECKS.get_one("not_a_server_error"),
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
        missing_required_header,
        unsupported_method,
    ]
    if not _wrong_type_of_header(case):
        checks.append(negative_data_rejection)
    case.validate_response(response, checks=checks)


def _wrong_type_of_header(case: schemathesis.Case) -> bool:
    """A header is text whatever it was made of: a "null" or "0" there is as good a key as any."""
    data = getattr(case.meta.phase, "data", None) if case.meta else None
    return getattr(data, "parameter_location", None) == "header"
