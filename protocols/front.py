"""One behaviour behind two fronts: admit, decode, ask the actor, wait for the end, put the reply together.

Before it: protocols/rest/app.py or protocols/esb, which have found out the operation and the caller. After it:
runtime/router.py (an actor is asked) or storage/queries.py (lists). Whatever goes wrong comes back as a `Result` with a
code of actors/codes.py; nothing is raised but cancellation.
"""

import traceback
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol

import msgspec
import structlog
from msgspec import Struct

from actors.codes import Code
from actors.customer.messages import GetCustomer
from actors.loan.messages import GetLoan
from actors.loan.trial import try_schedule
from actors.turn import Refused
from protocols.credentials import Caller
from protocols.daily_sheet import daily_sheet
from protocols.decoding import FORMS, Form, Invalid
from protocols.follow import Follow
from protocols.lists import BankNow, Reader, loan_page, product_list, repayment_end, transaction_page
from protocols.operations import OPERATIONS, Row, Target, message_of
from protocols.problems import code_of
from protocols.replies import State
from protocols.requests import TryScheduleRequest
from runtime.messages import Answer, Operation
from storage.contract import StoreError

log = structlog.get_logger(__name__)
TTL_MS = 10_000
WAIT_MS = 5_000
WAIT_MS_MAX = 30_000
OPERATION_ID_LENGTH_MAX = 128
_ANSWER_SLACK_MS = 500
_encode = msgspec.msgpack.Encoder().encode
_GET_LOAN, _GET_CUSTOMER = _encode(GetLoan()), _encode(GetCustomer())


class Result(NamedTuple):
    """``code`` "" is success and ``body`` the reply; else a code word and ``body`` its detail.

    ``processing``: the command is stored, its end has not come within the wait.
    """

    code: str
    body: dict[str, Any]
    state: State = "done"


class Router(Protocol):
    async def ask(
        self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int
    ) -> Answer: ...


class Limiter(Protocol):
    async def allow(self, channel: str, rate_per_s: int) -> bool:
        """Whether one more request of this channel fits its rate, over all gateways."""


Incoming = Callable[[Form], Struct]
"""How the front's own form of the message becomes the request: `Form.from_json` or `Form.from_fields`, bound."""


class Front:
    """``id_key`` makes new ids (the same on every gateway). ``banks`` by code, kept fresh by its owner."""

    def __init__(
        self, router: Router, reader: Reader, banks: Mapping[str, BankNow], id_key: bytes, limiter: Limiter
    ) -> None:
        self._router = router
        self._reader = reader
        self._banks = banks
        self._id_key = id_key
        self._limiter = limiter
        self._messages = {row.name: message_of(row) for row in OPERATIONS if row.message is not None}

    async def handle(
        self,
        row: Row,
        incoming: Incoming,
        caller: Caller,
        operation: Operation | None,
        ttl_ms: int = TTL_MS,
        wait_ms: int | None = None,
    ) -> Result:
        """Carry one message out. ``wait_ms`` None: the default (commands up to 5 s for their end, queries not)."""
        try:
            await self._admit(row, caller, operation)
            request = incoming(FORMS[row.name])
        except Invalid as error:
            return Result(error.code.word, error.detail)
        command = row.command
        if wait_ms is None:
            wait_ms = WAIT_MS if command else 0
        wait_ms = max(0, min(wait_ms, WAIT_MS_MAX))
        try:
            return await self._carry_out(row, request, caller.bank, operation if command else None, ttl_ms, wait_ms)
        except Exception as error:
            if isinstance(error, StoreError) and not command:
                return Result(Code.UNAVAILABLE.word, {})
            at = traceback.extract_tb(error.__traceback__)[-1]  # never the message: it may hold personal data
            log.error("front failed", operation=row.name, error=type(error).__name__, at=f"{at.filename}:{at.lineno}")
            return Result((Code.OUTCOME_UNKNOWN if command else Code.INTERNAL).word, {})

    async def _admit(self, row: Row, caller: Caller, operation: Operation | None) -> None:
        channel = caller.channel
        if not caller.bank:
            raise Invalid(Code.MISSING_FIELD, "bank")
        if not channel.acts_for(caller.bank):
            raise Invalid(Code.BANK_FORBIDDEN)
        if not channel.may(row.name):
            raise Invalid(Code.OPERATION_FORBIDDEN)
        if channel.rate_per_s and not await self._limiter.allow(channel.id, channel.rate_per_s):
            raise Invalid(Code.RATE_LIMITED)
        if row.command:
            if operation is None or not operation.id:
                raise Invalid(Code.MISSING_OPERATION_ID)
            if len(operation.id) > OPERATION_ID_LENGTH_MAX or not (
                operation.id.isascii() and operation.id.isprintable()
            ):
                raise Invalid(
                    Code.WRONG_TYPE, "operation_id", f"1..{OPERATION_ID_LENGTH_MAX} printable ASCII characters"
                )

    async def _carry_out(
        self, row: Row, request: Any, bank: str, operation: Operation | None, ttl_ms: int, wait_ms: int
    ) -> Result:
        if row.read:
            return await self._list(row, request, bank, ttl_ms)
        assert row.target is not None
        id = row.target.id(self._id_key, request, bank, operation)
        if row.follow is not None and operation is None:
            return await self._follow(row.follow, id, {}, bank, ttl_ms, wait_ms)
        found: dict[str, Any] = {}
        if row.target.how == "beside":  # of nobody, or of another bank's customer, nothing is begun
            kind, query = ("loan", _GET_LOAN) if row.target.field == "loan_id" else ("customer", _GET_CUSTOMER)
            answer = await self._router.ask(kind, getattr(request, row.target.field), bank, query, None, ttl_ms)
            if answer.code:
                return Result(answer.code, answer.result())
            found = answer.result()
        body = self._messages[row.name](request, bank, found)
        answer = await self._router.ask(row.target.kind, id, bank, body, operation, ttl_ms)
        if answer.code or row.follow is None:
            return Result(answer.code, _named(answer, row.target, id))
        return await self._follow(row.follow, id, answer.result(), bank, ttl_ms, wait_ms)

    async def _follow(
        self, follow: Follow, id: str, stored: dict[str, Any], bank: str, ttl_ms: int, wait_ms: int
    ) -> Result:
        """How it ended, as far as is known within the wait. Only queries: the stored reply stays what it is."""
        answer: Answer | None = None
        if wait_ms > 0:
            query = _encode(follow.waiting)
            answer = await self._router.ask(follow.kind, id, bank, query, None, wait_ms + _ANSWER_SLACK_MS)
        if answer is None or code_of(answer.code or "internal") in (Code.EXPIRED, Code.UNAVAILABLE):
            answer = await self._router.ask(follow.kind, id, bank, _encode(follow.plain), None, ttl_ms)
        view = answer.result()
        if answer.code:
            return Result(answer.code, view)
        effect_id = stored.get("effect_id", "") if follow.by_effect else ""
        if effect_id:
            state, code = await repayment_end(self._reader, bank, id, effect_id)
        else:
            state, code = follow.judge(view)
        if code:
            return Result(code, {follow.id_field: id, follow.field: view})
        return Result("", {follow.id_field: id, "state": state, follow.field: view}, state)

    async def _list(self, row: Row, request: Any, bank: str, ttl_ms: int) -> Result:
        """Lists come from the store; the actor is asked first, so that another bank's is NOT_FOUND here too."""
        if row.read == "products":
            known = self._banks.get(bank)
            return Result("", product_list(known)) if known is not None else Result(Code.NOT_FOUND.word, {})
        if row.read == "trial":
            return self._trial(request, bank)
        if row.read == "daily_sheet":
            return await self._daily_sheet(request.business_date, bank)
        kind, query = ("customer", _GET_CUSTOMER) if row.read == "loans" else ("loan", _GET_LOAN)
        assert row.target is not None
        id = row.target.id(b"", request, bank, None)
        answer = await self._router.ask(kind, id, bank, query, None, ttl_ms)
        if answer.code:
            return Result(answer.code, answer.result())
        page = loan_page if row.read == "loans" else transaction_page
        return Result("", await page(self._reader, bank, request))

    def _trial(self, request: TryScheduleRequest, bank: str) -> Result:
        known = self._banks.get(bank)
        if known is None:
            return Result(Code.NOT_FOUND.word, {})
        found = try_schedule(known.terms, known.business_date, **msgspec.structs.asdict(request))
        if isinstance(found, Refused):
            return Result(found.code.word, found.detail)
        return Result("", msgspec.to_builtins(found, builtin_types=(date,)))

    async def _daily_sheet(self, on: date, bank: str) -> Result:
        known = self._banks.get(bank)
        if known is None:
            return Result(Code.NOT_FOUND.word, {})
        if on > known.business_date:
            return Result(Code.DATE_NOT_OPEN.word, {"business_date": known.business_date.isoformat()})
        return Result("", daily_sheet(known.terms, on, await self._reader.account_totals(bank, on)))


def _named(answer: Answer, target: Target, id: str) -> dict[str, Any]:
    """The answer's body; a command that had nothing to say is answered with the id of whom it was done to."""
    body = answer.result()
    return body if body or answer.code else {target.field: id}
