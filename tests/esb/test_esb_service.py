"""Operations over the ESB through the real front: credentials, time, bank, fields, replies. The actors are scripted.

What actors decide, and that both fronts decide alike, is tested on the real runtime.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import pytest
from esb_support import Consumer, document, frame

from actors.address import make_id, parse_id
from actors.bank import BankTerms
from actors.codes import Code
from protocols.credentials import Channel
from protocols.esb import mac as macs
from protocols.esb.client import EsbClient, EsbReply
from protocols.esb.dialects import CD, DIALECTS, Dialect
from protocols.esb.framing import ASCII8, FRAMINGS, Framing
from protocols.esb.listener import EsbListener
from protocols.esb.message import CHINA
from protocols.esb.metrics import EsbCollector
from protocols.esb.service import EsbService
from protocols.esb.settings import EsbSettings
from protocols.front import Front
from protocols.metrics import FrontMetrics
from runtime.messages import Answer, Operation, refusal

CUSTOMER, LOAN, OTHER_LOAN = make_id("customer", 7, 41), make_id("loan", 7, 42), make_id("loan", 7, 43)
KEY = b"counter-key"
CHANNELS = {
    c.id: c
    for c in (
        Channel(id="OPEN", kind="esb", banks=("B1",), operations=("*",)),
        Channel(id="KEYED", kind="esb", secret=KEY, banks=("B1", "B2"), operations=("*",)),
        Channel(id="FEW", kind="esb", banks=("B1",), operations=("get_loan",)),
        Channel(id="MOBILE", kind="hmac", secret=KEY, banks=("*",), operations=("*",)),
    )
}


class Asked(NamedTuple):
    kind: str
    id: str
    bank: str
    message: dict[str, Any]
    operation: Operation | None


class Router:
    """Answers by the message's type; remembers."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any] | Code] = {}
        self.asked: list[Asked] = []

    async def ask(self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int) -> Answer:
        message = msgspec.msgpack.decode(body)
        self.asked.append(Asked(kind, id, bank, message, operation))
        answer = self.answers.get(message["type"], Code.NOT_FOUND)
        if isinstance(answer, Code):
            return refusal(0, answer, {"available_fen": 1234} if answer is Code.OVER_LINE else None)
        return Answer(0, "", msgspec.msgpack.encode(answer))


class Lists:
    async def loans_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> list[Any]:
        self.page = (after, limit)
        return []

    async def transactions(
        self, bank: str, loan_id: str, after_version: int, limit: int, types: list[str] | None = None
    ) -> list[Any]:
        return []

    async def account_totals(self, bank: str, on: date) -> list[Any]:
        return []


class Bank(NamedTuple):
    terms: BankTerms
    business_date: date


class Unlimited:
    async def allow(self, channel: str, rate_per_s: int) -> bool:
        return True


class Up(NamedTuple):
    client: Callable[..., EsbClient]
    router: Router
    lists: Lists
    metrics: FrontMetrics
    port: int


@asynccontextmanager
async def front_up(
    dialect: str = "cd", framing: str = "digits8", legal_entities: Mapping[str, str] | None = None
) -> AsyncIterator[Up]:
    router, lists, metrics = Router(), Lists(), FrontMetrics()
    banks = {"B1": Bank(BankTerms(code="B1", name_zh="一行", name_en="One", province="P"), date(2026, 11, 24))}
    front = Front(router, lists, banks, b"k", Unlimited())  # type: ignore[arg-type]
    service = EsbService(front, CHANNELS, legal_entities, metrics=metrics)
    listener = EsbListener(service, EsbSettings(dialect=dialect, framing=framing))
    metrics.registry.register(EsbCollector([listener]))
    port = await listener.start()
    clients: list[EsbClient] = []

    def client(consumer: str = "OPEN", key: bytes = b"", dialect: Dialect = CD, framing: Framing = ASCII8) -> EsbClient:
        made = EsbClient("127.0.0.1", port, dialect, framing, 5, consumer_id=consumer, mac_key=key)
        clients.append(made)
        return made

    try:
        yield Up(client, router, lists, metrics, port)
    finally:
        for made in clients:
            await made.close()
        await listener.stop(grace_s=1)


CONSENT = {
    "CUSTOMER_ID": CUSTOMER,
    "PURPOSE": "bureau",
    "VERSION": "1",
    "TEXT_HASH": "0" * 64,
    "VALID_UNTIL": "20271231",
}
POST = {
    "LOAN_ID": LOAN,
    "AMOUNT_AMT": "1234.50",
    "SOURCE": "counter",
    "CORE_DATE": "2026-11-24",
    "CORE_SERIAL": "S1",
}
REPAID = {
    "loan_id": LOAN,
    "status": "active",
    "principal_fen": 120000,
    "interest_fen": 3450,
    "penalty_fen": 0,
    "suspense_fen": 0,
    "principal_fen_outstanding": 5,
}


def post(client: EsbClient, number: str = "N1", **changes: Any) -> Awaitable[EsbReply]:
    return client.call("MDLN0003", "02", {"CONSUMER_SEQ_NO": number}, POST | changes)


async def test_a_command_reaches_its_actor_and_the_view_comes_back() -> None:
    async with front_up() as up:
        up.router.answers["PostRepayment"] = REPAID
        today = f"{datetime.now(CHINA):%Y%m%d}"
        reply = await post(up.client())
        assert (reply.ok, reply.ret_status, reply.ret_code) == (True, "S", "000000")
        assert reply.body == {
            "LOAN_ID": LOAN,
            "STATUS": "active",
            "PRINCIPAL_AMT": "1200.00",
            "INTEREST_AMT": "34.50",
            "PENALTY_AMT": "0.00",
            "SUSPENSE_AMT": "0.00",
            "PRINCIPAL_AMT_OUTSTANDING": "0.05",
        }
        asked = up.router.asked[0]
        assert (asked.kind, asked.id, asked.bank) == ("loan", LOAN, "B1")
        assert asked.operation == Operation("OPEN", "N1", today)
        assert asked.message["amount_fen"] == 123450
        assert asked.message["core_date"] == "2026-11-24"


async def test_the_same_number_gets_the_same_reply_in_its_meaning() -> None:
    async with front_up() as up:
        up.router.answers["PostRepayment"] = REPAID
        one, two = await post(up.client()), await post(up.client())
        assert one.body == two.body
        assert one.header["PROVIDER_SEQ_NO"] == two.header["PROVIDER_SEQ_NO"]
        other = await post(up.client(), "N2")
        assert other.header["PROVIDER_SEQ_NO"] != one.header["PROVIDER_SEQ_NO"]
        up.router.answers["PostRepayment"] = Code.OPERATION_MISMATCH
        assert (await post(up.client(), AMOUNT_AMT="1")).ret_code == "MD3001"


async def test_a_new_actor_and_a_nested_body() -> None:
    async with front_up() as up:
        up.router.answers |= {
            "GetCustomer": {"customer_id": CUSTOMER},
            "Apply": {"process_id": "P", "status": "running"},
        }
        body = {
            "CUSTOMER_ID": CUSTOMER,
            "PRODUCT": "MD01",
            "AMOUNT_AMT": "5000",
            "PERIODS": "12",
            "USE_CODE": "home",
            "FACTS": {"MONTHLY_INCOME_AMT": "8000.01", "HOUSING": "own"},
        }
        await up.client().call("MDAP0001", "01", {"CONSUMER_SEQ_NO": "A1"}, body)
        asked = up.router.asked[1]
        assert parse_id(asked.id).kind == "process"
        facts = asked.message["facts"]
        assert (facts["monthly_income_fen"], facts["housing"]) == (800001, "own")


async def test_dates_in_both_forms() -> None:
    async with front_up() as up:
        for text in ("20271231", "2027-12-31"):
            await up.client().call("MDCU0002", "01", {"CONSUMER_SEQ_NO": text}, CONSENT | {"VALID_UNTIL": text})
        assert [asked.message["valid_until"] for asked in up.router.asked] == ["2027-12-31"] * 2


async def test_a_refusal_carries_code_text_and_detail() -> None:
    async with front_up() as up:
        up.router.answers["PostRepayment"] = Code.OVER_LINE
        reply = await post(up.client())
        assert (reply.ok, reply.ret_status, reply.ret_code) == (False, "F", "MD4013")
        assert reply.ret_msg == "超过可用额度"
        assert reply.body == {"AVAILABLE_AMT": "12.34"}
        assert reply.header["CONSUMER_SEQ_NO"] == "N1"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"AMOUNT_AMT": "1.234"}, "MD1004", "AMOUNT_AMT"),
        ({"AMOUNT_AMT": ""}, "MD1002", "AMOUNT_AMT"),
        ({"AMOUNT_AMT": "99999999999999"}, "MD1004", "AMOUNT_AMT"),
        ({"MORE": "1"}, "MD1003", "MORE"),
        ({"CORE_DATE": "20260230"}, "MD1004", "CORE_DATE"),
        ({"SOURCE": ""}, "MD1004", "SOURCE"),
        ({"LOAN_ID": "L1"}, "MD1005", "LOAN_ID"),
        ({"LOAN_ID": CUSTOMER}, "MD1005", "LOAN_ID"),
    ],
)
async def test_a_wrong_field_is_named(changes: dict[str, str], code: str, field: str) -> None:
    async with front_up() as up:
        reply = await post(up.client(), **changes)
        assert (reply.ret_code, reply.body["FIELD"]) == (code, field)
        assert field in reply.ret_msg
        assert up.router.asked == []


async def test_a_nested_wrong_field_is_named_by_its_path() -> None:
    async with front_up() as up:
        body = {"CUSTOMER_ID": CUSTOMER, "PRODUCT": "X", "AMOUNT_AMT": "1", "PERIODS": "1", "USE_CODE": "u"}
        header = {"CONSUMER_SEQ_NO": "A1"}
        for facts, code in (({"DEPENDANTS": "x"}, "MD1004"), ({"HOUSING": "x" * 33}, "MD1004"), ({"Y": "1"}, "MD1003")):
            reply = await up.client().call("MDAP0001", "01", header, body | {"FACTS": facts})
            assert (reply.ret_code, reply.body["FIELD"]) == (code, f"FACTS.{next(iter(facts))}")


def stamp(moved: timedelta = timedelta()) -> dict[str, str]:
    now = datetime.now(CHINA) + moved
    return {"TRAN_DATE": f"{now:%Y%m%d}", "TRAN_TIMESTAMP": f"{now:%H%M%S}000"}


@pytest.mark.parametrize(
    ("header", "code", "field"),
    [
        ({"SERVICE_SCENE": "99"}, "MD1012", None),
        ({"CONSUMER_ID": "NOBODY"}, "MD2001", None),
        ({"CONSUMER_ID": "MOBILE"}, "MD2001", None),
        ({"CONSUMER_ID": "KEYED"}, "MD2001", None),
        ({"CONSUMER_ID": "KEYED", "MAC_VALUE": "0" * 24}, "MD2002", None),
        ({"CONSUMER_ID": "FEW"}, "MD2005", None),
        ({"LEGAL_ENTITY": "B2"}, "MD2006", None),
        ({"TRAN_DATE": "20200101"}, "MD2003", None),
        ({"TRAN_DATE": ""}, "MD1002", None),
        ({"TRAN_DATE": "2026"}, "MD1004", None),
        ({"TRAN_DATE": "20261399"}, "MD1004", None),
        ({"TRAN_TIMESTAMP": "x"}, "MD1004", None),
    ],
)
async def test_header_errors(header: dict[str, str], code: str, field: str | None) -> None:
    async with front_up() as up:
        reply = await up.client().call("MDLN0003", "02", {"CONSUMER_SEQ_NO": "N1"} | header, POST)
        assert (reply.ret_code, reply.header["CONSUMER_SEQ_NO"]) == (code, "N1")
        assert up.router.asked == []


async def test_a_command_without_a_number_is_refused_a_query_is_not() -> None:
    async with front_up() as up:
        up.router.answers["GetPayoffQuote"] = {
            "loan_id": LOAN, "quote": "q", "business_date": "2026-11-24", "principal_fen": 1, "interest_fen": 2,
            "penalty_fen": 0, "total_fen": 3,
        }  # fmt: skip
        consumer = await Consumer.connect(up.port)
        head = {"CONSUMER_ID": "OPEN", **stamp(), "CONSUMER_SEQ_NO": ""}
        command = await consumer.ask(
            frame(document("", dict(POST), SERVICE_CODE="MDLN0003", **head | {"SERVICE_SCENE": "02"}))
        )
        query = await consumer.ask(
            frame(document("", {"LOAN_ID": LOAN}, SERVICE_CODE="MDLN0003", **head | {"SERVICE_SCENE": "03"}))
        )
        await consumer.close()
        assert command is not None
        assert query is not None
        assert command.returns[0].code == "MD1013"
        assert query.header["RET_STATUS"] == "S"
        assert query.fields.text("BUSINESS_DATE") == "20261124"
        assert query.fields.text("TOTAL_AMT") == "0.03"


@pytest.mark.parametrize("form", ["{d}|{t}", "{d}|{t}123", "{dash}|{colon}", "19990101|{d}{t}", "19990101|{d}{t}123"])
async def test_dates_and_times_as_banks_write_them(form: str) -> None:
    now = datetime.now(CHINA)
    text = form.format(d=f"{now:%Y%m%d}", t=f"{now:%H%M%S}", dash=f"{now:%Y-%m-%d}", colon=f"{now:%H:%M:%S}")
    tran_date, _, tran_time = text.partition("|")
    async with front_up() as up:
        up.router.answers["PostRepayment"] = REPAID
        header = {"CONSUMER_SEQ_NO": "N1", "TRAN_DATE": tran_date, "TRAN_TIMESTAMP": tran_time}
        reply = await up.client().call("MDLN0003", "02", header, POST)
        assert reply.ok, reply
        operation = up.router.asked[0].operation
        assert operation is not None
        assert operation.tran_date in (f"{now:%Y%m%d}", "19990101")


async def test_a_keyed_channel_must_sign_and_its_replies_are_signed() -> None:
    async with front_up() as up:
        up.router.answers["PostRepayment"] = REPAID
        reply = await up.client("KEYED", KEY).call("MDLN0003", "02", {"LEGAL_ENTITY": "B2"}, POST)
        assert reply.ok
        assert up.router.asked[0].bank == "B2"
        assert len(reply.header["MAC_VALUE"]) == 24
        wrong = await up.client("KEYED", b"other").call("MDLN0003", "02", {"LEGAL_ENTITY": "B2"}, POST)
        assert wrong.ret_code == "MD2002"
        unnamed = await up.client("KEYED", KEY).call("MDLN0003", "02", {}, POST)
        assert unnamed.ret_code == "MD1002"
        assert "LEGAL_ENTITY" in unnamed.ret_msg


async def test_a_changed_message_has_a_wrong_mac() -> None:
    async with front_up() as up:
        up.router.answers["PostRepayment"] = REPAID
        client = up.client("KEYED", KEY)
        wire = client.request_bytes("MDLN0003", "02", {"LEGAL_ENTITY": "B1", "CONSUMER_SEQ_NO": "N1"}, POST)
        consumer = await Consumer.connect(up.port)
        for raw, code in ((wire, "000000"), (wire.replace(b"1234.50", b"9234.50"), "MD2002")):
            got = await consumer.ask(raw)
            assert got is not None
            assert got.returns[0].code == code
        await consumer.close()


async def test_mac_in_the_security_header() -> None:
    framing = FRAMINGS["digits8_mac"]
    async with front_up(framing="digits8_mac") as up:
        up.router.answers["PostRepayment"] = REPAID
        assert (await up.client("KEYED", KEY, framing=framing).call("MDLN0003", "02", {"LEGAL_ENTITY": "B1"}, POST)).ok
        consumer = await Consumer.connect(up.port, framing)
        wire = up.client("KEYED", KEY, framing=framing).request_bytes("MDLN0003", "02", {"LEGAL_ENTITY": "B1"}, POST)
        consumer.send(wire)
        got = await consumer.frame()
        assert got is not None
        assert macs.is_right(KEY, got.body, got.mac, inside=False)
        consumer.send(wire.replace(b"1234.50", b"9234.50"))
        refused = await consumer.reply()
        assert refused is not None
        assert refused.returns[0].code == "MD2002"
        await consumer.close()


@pytest.mark.parametrize("name", sorted(DIALECTS))
async def test_every_dialect_carries_an_operation(name: str) -> None:
    async with front_up(dialect=name, legal_entities={"001": "B1"}) as up:
        up.router.answers["PostRepayment"] = REPAID
        client = up.client(dialect=DIALECTS[name])
        header = {"CONSUMER_SEQ_NO": "N1", "LEGAL_ENTITY": "001", "GLOBAL_SEQ_NO": "G1"}
        reply = await client.call("MDLN0003", "02", header, POST)
        assert reply.ok, reply
        assert reply.body["PRINCIPAL_AMT"] == "1200.00"
        assert reply.header["GLOBAL_SEQ_NO"] == "G1"
        bad = await client.call("MDLN0003", "02", header, POST | {"AMOUNT_AMT": "x"})
        assert (bad.ok, bad.ret_code, bad.body["FIELD"]) == (False, "MD1004", "AMOUNT_AMT")


async def test_paging_by_the_header_or_the_body() -> None:
    async with front_up() as up:
        up.router.answers["GetCustomer"] = {}
        for header, body in (({"PAGE_SIZE": "7", "PAGE_CURSOR": LOAN}, {}), ({}, {"LIMIT": "7", "AFTER": LOAN})):
            reply = await up.client().call("MDCU0005", "01", header, {"CUSTOMER_ID": CUSTOMER} | body)
            assert reply.body == {"ITEMS": [], "NEXT": ""}, reply
            assert up.lists.page[0] == LOAN


async def test_products_and_metrics() -> None:
    async with front_up() as up:
        reply = await up.client().call("MDPD0001", "01", {}, {})
        assert reply.body == {"BANK": "B1", "BUSINESS_DATE": "20261124", "PRODUCTS": []}
        text = up.metrics.render().decode()
        assert 'miaodai_requests_total{code="ok",front="esb",operation="list_products"} 1.0' in text
        assert "miaodai_esb_frames_in_total 1.0" in text


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_message_outside_the_window_is_stale(minutes: int) -> None:
    """The clock is read when the test runs: the window is five minutes either way."""
    async with front_up() as up:
        head = {"CONSUMER_SEQ_NO": "N1"} | stamp(timedelta(minutes=minutes))
        assert (await up.client().call("MDLN0003", "02", head, POST)).ret_code == "MD2003"
        assert up.router.asked == []
