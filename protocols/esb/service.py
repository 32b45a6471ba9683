"""Who answers an ESB request: finds the operation, proves the caller, and hands over to the front shared with REST.

After listener.py, before protocols/front.py; the reply goes back through answer.py. The operation is named by
SERVICE_CODE and SERVICE_SCENE, the channel by CONSUMER_ID (with its MAC when it has a key), the bank by the legal
entity; (CONSUMER_ID, CONSUMER_SEQ_NO, TRAN_DATE) makes a command idempotent.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct

from actors.address import operation_hash
from actors.codes import Code
from protocols.credentials import WINDOW_MS, Caller, Channel
from protocols.decoding import Form, Invalid
from protocols.esb import mac as macs
from protocols.esb.answer import Reply, refusal
from protocols.esb.connection import Request
from protocols.esb.errors import EsbRefused
from protocols.esb.fields import binding, wire_path, write_loose
from protocols.esb.message import CHINA, Fields, Message, compact_date
from protocols.front import Incoming, Result
from protocols.metrics import FrontMetrics
from protocols.operations import BY_SERVICE, Row
from protocols.problems import code_of, detail_text
from runtime.messages import Operation

_HEADER_OF = {"bank": "LEGAL_ENTITY", "operation_id": "CONSUMER_SEQ_NO"}
"""What the front calls differently from our headers, in the field of an error."""
_PAGING = {"limit": "PAGE_SIZE", "after": "PAGE_CURSOR"}
"""Paging fields of a request, and the headers (APP_HEAD) that fill them when the body does not."""


class Front(Protocol):
    """protocols/front.py."""

    async def handle(
        self,
        row: Row,
        incoming: Incoming,
        caller: Caller,
        operation: Operation | None,
        ttl_ms: int = ...,
        wait_ms: int | None = None,
    ) -> Result: ...


class EsbService:
    """``channels`` by CONSUMER_ID; ``legal_entities`` where their codes differ from our bank codes.

    ``window_ms``: how far TRAN_DATE and TRAN_TIMESTAMP may be from now, either way.
    """

    def __init__(
        self,
        front: Front,
        channels: Mapping[str, Channel],
        legal_entities: Mapping[str, str] | None = None,
        window_ms: int = WINDOW_MS,
        metrics: FrontMetrics | None = None,
    ) -> None:
        self._front = front
        self._channels = channels
        self._legal_entities = legal_entities or {}
        self._window = timedelta(milliseconds=window_ms)
        self._metrics = metrics or FrontMetrics()

    async def handle(self, request: Request) -> Reply:
        """One request's reply. Never raises but for bugs."""
        header = request.message.header
        row = BY_SERVICE.get((header.get("SERVICE_CODE", ""), header.get("SERVICE_SCENE", "")))
        if row is None:
            return refusal(Code.UNKNOWN_SERVICE)
        word = Code.INTERNAL.word
        begun = time.perf_counter()
        self._metrics.begin("esb")
        try:
            reply = await self._answer(row, request)
            word = reply.code.word if reply.code is not None else ""
            return reply
        finally:
            self._metrics.end("esb", row.name, word, time.perf_counter() - begun)

    async def _answer(self, row: Row, request: Request) -> Reply:
        header = request.message.header
        channel = self._channels.get(header.get("CONSUMER_ID", ""))
        if channel is None or channel.kind != "esb":
            return refusal(Code.UNAUTHENTICATED)
        try:
            if channel.secret:
                _check_mac(channel.secret, request)
            tran_date = self._check_time(header)
            bank = self._bank(channel, header)
            wait_ms = _wait_ms(header)
        except EsbRefused as error:
            return refusal(error.code, error.where)
        number = header.get("CONSUMER_SEQ_NO", "")
        operation = Operation(channel.id, number, tran_date) if number else None
        incoming = _incoming(row, request.message)
        result = await self._front.handle(row, incoming, Caller(channel, bank), operation, wait_ms=wait_ms)
        provider_no = f"MD{tran_date}{operation_hash(bank, channel.id, number, tran_date).hex()[:20]}" if number else ""
        return _reply(row, result, provider_no, channel.secret)

    def _check_time(self, header: Mapping[str, str]) -> str:
        """TRAN_DATE as yyyyMMdd. STALE_MESSAGE when the message's time is not about now."""
        for name in ("TRAN_DATE", "TRAN_TIMESTAMP"):
            if not header.get(name):
                raise EsbRefused(Code.MISSING_FIELD, name)
        tran_date = compact_date(header["TRAN_DATE"])
        sent = _moment(tran_date, header["TRAN_TIMESTAMP"])
        if abs(datetime.fromtimestamp(time.time(), CHINA) - sent) > self._window:
            raise EsbRefused(Code.STALE_MESSAGE, "TRAN_TIMESTAMP")
        return tran_date

    def _bank(self, channel: Channel, header: Mapping[str, str]) -> str:
        """The bank of the legal entity; a channel of one bank need not name it."""
        given = header.get("LEGAL_ENTITY", "")
        if given:
            return self._legal_entities.get(given, given)
        if len(channel.banks) == 1 and channel.banks[0] != "*":
            return channel.banks[0]
        raise EsbRefused(Code.MISSING_FIELD, "LEGAL_ENTITY")


def _wait_ms(header: Mapping[str, str]) -> int | None:
    """WAIT_MS: how long to wait for the end of what a command began; None for the front's own default."""
    text = header.get("WAIT_MS", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise EsbRefused(Code.WRONG_TYPE, "WAIT_MS")
    return int(text)


def _check_mac(key: bytes, request: Request) -> None:
    mac = request.mac if request.secured else request.message.header.get("MAC_VALUE", "")
    if not mac:
        raise EsbRefused(Code.UNAUTHENTICATED, "MAC_VALUE")
    if not macs.is_right(key, request.raw, mac, inside=not request.secured):
        raise EsbRefused(Code.BAD_SIGNATURE)


def _moment(tran_date: str, stamp: str) -> datetime:
    """HHmmss, HHmmssSSS (colons borne) with the date, or yyyyMMddHHmmss[SSS], which has its own."""
    digits = stamp.replace(":", "").replace(".", "")
    if len(digits) in (14, 17):
        tran_date, digits = digits[:8], digits[8:]
    if len(tran_date) != 8 or not (tran_date.isascii() and tran_date.isdigit()):
        raise EsbRefused(Code.WRONG_TYPE, "TRAN_DATE")
    if len(digits) not in (6, 9) or not (digits.isascii() and digits.isdigit()):
        raise EsbRefused(Code.WRONG_TYPE, "TRAN_TIMESTAMP")
    try:
        return datetime.strptime(tran_date + digits[:6], "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        raise EsbRefused(Code.WRONG_TYPE, "TRAN_DATE") from None


def _incoming(row: Row, message: Message) -> Incoming:
    """How the body becomes the request, for the front to call once it has admitted the caller."""

    def make(form: Form) -> Struct:
        try:
            values = binding(row.request).read(message.fields)
        except EsbRefused as error:
            raise Invalid(error.code, error.where) from None
        try:
            return form.from_fields(_with_paging(row, values, message.header))
        except Invalid as error:
            raise Invalid(error.code, wire_path(error.field), error.reason) from None

    return make


def _with_paging(row: Row, values: dict[str, Any], header: Mapping[str, str]) -> dict[str, Any]:
    for ours, name in _PAGING.items():
        if ours in row.request.__struct_fields__ and ours not in values and header.get(name):
            values[ours] = header[name]
    return values


def _reply(row: Row, result: Result, provider_no: str, key: bytes) -> Reply:
    if not result.code:
        return Reply(body=binding(row.view).write(result.body), number=provider_no, key=key)
    code = code_of(result.code)
    facts = dict(result.body)
    if isinstance(field := facts.get("field"), str):
        facts["field"] = _HEADER_OF.get(field, wire_path(field))
    if code.word != result.code:
        facts["outside_code"] = result.code
    body = write_loose(facts) if facts else Fields()
    return Reply(code=code, text=detail_text(code, facts), body=body, number=provider_no, key=key)
