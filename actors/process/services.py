"""The services a flow may name: what each asks, of whom, and what it learns from the answer. One table, `SERVICES`.

An ``ask`` builds the request from what the process knows, or gives a `Code`: a definite refusal without asking. A
``learn`` turns the answer into variables, or gives a `Code` when the answer is unusable. actors/process/lifecycle.py
calls both; the runtime carries the effects out.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from actors.codes import Code
from actors.customer.messages import (
    ConfirmReservation,
    GrantLine,
    NoteRefusal,
    ReleaseReservation,
    ReserveLine,
    SnapshotCustomer,
)
from actors.loan.messages import Disburse, PrepareDraw
from actors.process.results import BureauReport, RiskAnswer, annual_rate
from actors.process.scope import SEALED, Scope, add_months, terms_of
from actors.turn import Command, Context, Effect, ask_actor, ask_outside

Data = dict[str, Any]
SMS = "sms."


class Request(NamedTuple):
    """To an actor (``command``) or an outside system (``payload``)."""

    target: str
    command: Command | None = None
    payload: Data | None = None


class Service(NamedTuple):
    ask: Callable[[Scope, Context, str], Request | Code]
    learn: Callable[[Scope, Data], Data | Code]


def effect_of(request: Request, ctx: Context, n: int) -> Effect:
    """The effect with the n-th id of this turn."""
    if request.command is not None:
        return ask_actor(ctx, n, request.target, request.command).effect
    return ask_outside(ctx, n, request.target, request.payload or {}).effect


def learn_from(service: Service, scope: Scope, data: Data) -> Data | Code:
    """Variables from an answer; OUTSIDE_REFUSED when it is not of the agreed shape (nothing in it can be trusted)."""
    try:
        return service.learn(scope, data)
    except (msgspec.ValidationError, KeyError):
        return Code.OUTSIDE_REFUSED


def _nothing(scope: Scope, data: Data) -> Data:
    return {}


def _snapshot(scope: Scope, ctx: Context, effect_id: str) -> Request:
    return Request(scope.customer_id, SnapshotCustomer(product=scope.product))


def _learn_snapshot(scope: Scope, data: Data) -> Data:
    sealed = {field.removesuffix("_sealed"): data[field] for field in data if field.endswith("_sealed")}
    return {"customer": {k: v for k, v in data.items() if not k.endswith("_sealed")}, SEALED: sealed}


def _bureau(scope: Scope, ctx: Context, effect_id: str) -> Request | Code:
    """Only under a stored, valid consent; reason 02 is approval of a loan."""
    version = scope.need("customer")["bureau_consent_version"]
    if not version:
        return Code.CONSENT_MISSING
    payload = {
        "bank": ctx.bank.code,
        "customer_id": scope.customer_id,
        "name_sealed": scope.sealed("name"),
        "identity_sealed": scope.sealed("identity"),
        "consent_version": version,
        "reason": "02",
    }
    return Request("bureau.report", payload=payload)


def _learn_bureau(scope: Scope, data: Data) -> Data:
    return {"bureau": _shaped(data, BureauReport)}


def _risk(scope: Scope, ctx: Context, effect_id: str) -> Request:
    application = scope.need("application")
    payload = {
        "bank": ctx.bank.code,
        "customer_id": scope.customer_id,
        "identity_sealed": scope.sealed("identity"),
        "phone_sealed": scope.sealed("phone"),
        "product": scope.product,
        "amount_fen": application["amount_fen"],
        "facts": application["facts"],
    }
    return Request("risk.assess", payload=payload)


def _learn_risk(scope: Scope, data: Data) -> Data:
    return {"risk": _shaped(data, RiskAnswer)}


def _grant_line(scope: Scope, ctx: Context, effect_id: str) -> Request:
    command = GrantLine(
        product=scope.product,
        limit_fen=scope.need("limit")["limit_fen"],
        annual_rate=annual_rate(scope.need("price")["rate_bp"]),
        expires_on=add_months(ctx.business_date, terms_of(scope, ctx.bank).line_months),
        process_id=scope.process_id,
    )
    return Request(scope.customer_id, command)


def _refuse(scope: Scope, ctx: Context, effect_id: str) -> Request:
    until = ctx.business_date + timedelta(days=ctx.bank.cool_off_days)
    return Request(scope.customer_id, NoteRefusal(product=scope.product, until=until))


def _prepare(scope: Scope, ctx: Context, effect_id: str) -> Request:
    return Request(scope.loan_id, PrepareDraw(process_id=scope.process_id))


def _learn_prepare(scope: Scope, data: Data) -> Data | Code:
    if data["customer_id"] != scope.customer_id or data["loan_id"] != scope.loan_id:
        return Code.NOT_FOUND
    return {"loan": {"product": data["product"], "amount_fen": data["amount_fen"]}}


def _reserve(scope: Scope, ctx: Context, effect_id: str) -> Request:
    loan = scope.need("loan")
    command = ReserveLine(
        product=loan["product"],
        loan_id=scope.loan_id,
        process_id=scope.process_id,
        amount_fen=loan["amount_fen"],
        check_at_ms=ctx.now_ms + ctx.bank.reservation_check_s * 1000,
    )
    return Request(scope.customer_id, command)


def _learn_reserve(scope: Scope, data: Data) -> Data:
    return {SEALED: {"phone": data["phone_sealed"]}}


def _disburse(scope: Scope, ctx: Context, effect_id: str) -> Request:
    """Answers "pending"; the loan tells the end by `ActivityDone` with this effect's id."""
    return Request(scope.loan_id, Disburse(process_id=scope.process_id, effect_id=effect_id))


def _confirm(scope: Scope, ctx: Context, effect_id: str) -> Request:
    return Request(scope.customer_id, ConfirmReservation(loan_id=scope.loan_id, process_id=scope.process_id))


def _release(scope: Scope, ctx: Context, effect_id: str) -> Request:
    return Request(scope.customer_id, ReleaseReservation(loan_id=scope.loan_id, process_id=scope.process_id))


def _sms(template: str) -> Service:
    def ask(scope: Scope, ctx: Context, effect_id: str) -> Request:
        product = ctx.bank.products.get(scope.product)
        params = {"bank": ctx.bank.name_zh, "product": product.name_zh if product else scope.product}
        for variable, field, name in (("limit", "limit_fen", "limit_yuan"), ("loan", "amount_fen", "amount_yuan")):
            if variable in scope.variables:
                params[name] = yuan(scope.variables[variable][field])
        payload = {
            "bank": ctx.bank.code,
            "customer_id": scope.customer_id,
            "phone_sealed": scope.sealed("phone"),
            "template": template,
            "params": params,
        }
        return Request("sms.send", payload=payload)

    return Service(ask, _nothing)


def yuan(fen: int) -> str:
    """A sum in yuan for people: 1234560 fen is "12345.60"."""
    return f"{fen // 100}.{fen % 100:02d}"


def _shaped(data: Data, shape: type[Struct]) -> Data:
    """``data`` as plain values of exactly ``shape``'s fields; raises ValidationError."""
    plain: Data = msgspec.to_builtins(msgspec.convert(data, shape))
    return plain


SERVICES: dict[str, Service] = {
    "customer.snapshot": Service(_snapshot, _learn_snapshot),
    "bureau.report": Service(_bureau, _learn_bureau),
    "risk.assess": Service(_risk, _learn_risk),
    "customer.grant_line": Service(_grant_line, _nothing),
    "customer.refuse": Service(_refuse, _nothing),
    "loan.prepare": Service(_prepare, _learn_prepare),
    "customer.reserve": Service(_reserve, _learn_reserve),
    "loan.disburse": Service(_disburse, _nothing),
    "customer.confirm": Service(_confirm, _nothing),
    "customer.release": Service(_release, _nothing),
    "sms.approved": _sms("approved"),
    "sms.refused": _sms("refused"),
    "sms.paid_out": _sms("paid_out"),
    "sms.failed": _sms("failed"),
}
