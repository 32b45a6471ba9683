"""The process actor (流程实例): a credit application or a drawdown on its way through the bank's flow. Pure.

Commands come from the fronts (`Apply`, `Draw`), from the loan (`ActivityDone`), the customer (`AskReservation`) and the
runtime (`SettleEffect`). What runs where is the flow's business (flow.py, advance.py, services.py).
"""

from typing import Any, assert_never

from actors.address import BadId, parse_id, shard_of
from actors.bank import BankTerms
from actors.codes import BY_WORD, Code
from actors.process.advance import Advance
from actors.process.apply import check_application
from actors.process.events import ProcessEvent, ProcessStarted
from actors.process.evolution import evolve as evolve
from actors.process.messages import (
    ActivityDone,
    Apply,
    AskReservation,
    Draw,
    ProcessCommand,
    ProcessQuery,
    ProcessView,
    ReservationAnswer,
    StartedView,
)
from actors.process.scope import Scope
from actors.process.services import SERVICES, learn_from
from actors.process.state import ProcessState
from actors.turn import (
    Accepted,
    Context,
    Decision,
    Effect,
    EffectDoubted,
    EffectSettled,
    Event,
    IncidentOpened,
    Posting,
    Refused,
    SettleEffect,
)

NEW = "new"
ENDED = ("approved", "refused", "paid_out", "failed")
AFTER_A_GO = ("running", *ENDED)
TRANSITIONS: dict[tuple[str, type], tuple[str, ...]] = {
    (NEW, Apply): AFTER_A_GO,
    (NEW, Draw): AFTER_A_GO,
    ("running", ActivityDone): AFTER_A_GO,
    ("running", SettleEffect): AFTER_A_GO,
    ("running", AskReservation): ("running",),
    **{(status, command): (status,) for status in ENDED for command in (ActivityDone, SettleEffect, AskReservation)},
}
"""Status x command -> statuses it may lead to. A missing cell is refused with PROCESS_STATUS (NEW: NOT_FOUND)."""

APPLICATION = "credit_application"
DRAWDOWN = "drawdown"
DISBURSE = "loan.disburse"

EVENTS = ProcessEvent
STATE = ProcessState
CREATES = (Apply, Draw)


def decide(state: ProcessState | None, command: ProcessCommand, ctx: Context) -> Decision:
    if (state.status if state else NEW, type(command)) not in TRANSITIONS:
        return Refused(Code.PROCESS_STATUS, {"status": state.status}) if state else Refused(Code.NOT_FOUND)
    match command:
        case Apply():
            return _apply(command, ctx)
        case Draw():
            return _draw(command, ctx)
    assert state is not None
    match command:
        case ActivityDone():
            return _activity_done(state, command, ctx)
        case AskReservation():
            return Accepted((), ReservationAnswer(answer=_reservation(state, command.loan_id)))
        case SettleEffect():
            return _settle(state, command, ctx)
        case _:
            assert_never(command)


def _apply(command: Apply, ctx: Context) -> Decision:
    if code := check_application(command, ctx.bank) or _beside(command.customer_id, "customer", ctx):
        return Refused(code)
    application = {
        "amount_fen": command.amount_fen,
        "periods": command.periods,
        "use_code": command.use_code,
        "facts": {f: getattr(command.facts, f) for f in command.facts.__struct_fields__},
    }
    return _start(APPLICATION, command.customer_id, "", command.product, {"application": application}, ctx)


def _draw(command: Draw, ctx: Context) -> Decision:
    if code := _beside(command.customer_id, "customer", ctx) or _beside(command.loan_id, "loan", ctx):
        return Refused(code)
    return _start(DRAWDOWN, command.customer_id, command.loan_id, "", {}, ctx)


def _beside(id: str, kind: str, ctx: Context) -> Code | None:
    """The id is of that kind and lives on this process's shard, as all that is one customer's does."""
    try:
        address = parse_id(id)
    except BadId:
        return Code.BAD_ID
    return None if address.kind == kind and shard_of(id) == shard_of(ctx.actor_id) else Code.BAD_ID


def _start(key: str, customer_id: str, loan_id: str, product: str, variables: dict[str, Any], ctx: Context) -> Decision:
    flow = ctx.bank.flows.get(key)
    if flow is None:
        return Refused(Code.UNKNOWN_FLOW, {"flow": key})
    started = ProcessStarted(
        process_id=ctx.actor_id,
        bank=ctx.bank.code,
        definition=key,
        definition_version=flow.version,
        customer_id=customer_id,
        loan_id=loan_id,
        product=product,
        at=flow.start,
        variables=variables,
        on=ctx.business_date,
        at_ms=ctx.now_ms,
    )
    scope = Scope(ctx.actor_id, customer_id, loan_id, product, variables, {})
    events = [started, *Advance(scope, flow, ctx).from_start()]
    status = getattr(events[-1], "status", "running")
    return Accepted(tuple(events), StartedView(process_id=ctx.actor_id, status=status))


def _activity_done(state: ProcessState, command: ActivityDone, ctx: Context) -> Decision:
    """The late end of an activity; it may overtake the "pending" answer that began it."""
    if command.status not in ("done", "refused"):
        return Refused(Code.WRONG_TYPE, {"field": "status"})
    if command.effect_id != state.waits_for:
        return Accepted((_incident(command),))
    settled: list[Event] = []
    if command.effect_id in state.effects:
        settled.append(EffectSettled(effect_id=command.effect_id, code=command.code))
    return Accepted((*settled, *_ended(state, command, ctx)))


def _settle(state: ProcessState, command: SettleEffect, ctx: Context) -> Decision:
    pending = command.effect_id in state.effects
    if command.status == "unknown":
        if pending and command.effect_id not in state.doubted:
            return Accepted((EffectDoubted(effect_id=command.effect_id),))
        return Accepted(())
    goes_on = command.status == "done" and command.data.get("pending") is True
    if not pending:
        return Accepted(() if goes_on else (_incident(command),))
    settled = EffectSettled(effect_id=command.effect_id, code=command.code)
    if goes_on or command.effect_id != state.waits_for:
        return Accepted((settled,))
    return Accepted((settled, *_ended(state, command, ctx)))


def _ended(state: ProcessState, command: ActivityDone | SettleEffect, ctx: Context) -> list[Event]:
    """The activity that the token stands on has ended: learn from it and go on."""
    flow = ctx.bank.flows[f"{state.definition}@{state.definition_version}"]
    node = flow.nodes[state.at]
    scope = Scope(state.id, state.customer_id, state.loan_id, state.product, state.variables, state.outcomes)
    code: Code | None = None
    if command.status == "refused":
        code = BY_WORD.get(command.code, Code.OUTSIDE_REFUSED)
    else:
        learnt = learn_from(SERVICES[node.service], scope, command.data)
        if isinstance(learnt, Code):
            code = learnt
        else:
            scope.learn(learnt)
    return Advance(scope, flow, ctx).after(node, code)


def _incident(command: ActivityDone | SettleEffect) -> IncidentOpened:
    data = {k: v for k, v in command.data.items() if isinstance(v, str | int | bool)}
    return IncidentOpened(effect_id=command.effect_id, code=command.code, data=data)


def _reservation(state: ProcessState, loan_id: str) -> str:
    """What became of the reservation: only a definite end of the disbursement, or of the whole process, decides."""
    if loan_id != state.loan_id:
        return "released"
    paid = state.outcomes.get(DISBURSE)
    if paid is not None:
        return "released" if paid else "confirmed"
    return "pending" if state.status == "running" else "released"


def respond(state: ProcessState, query: ProcessQuery, ctx: Context) -> ProcessView | None:
    if query.until_ended and state.status == "running":
        return None
    return ProcessView(
        process_id=state.id,
        bank=state.bank,
        definition=state.definition,
        definition_version=state.definition_version,
        status=state.status,
        customer_id=state.customer_id,
        loan_id=state.loan_id,
        product=state.product,
        at=state.at,
        reasons=state.reasons,
        limit_fen=state.limit_fen,
        annual_rate=state.annual_rate,
        score=state.score,
        started_on=state.started_on,
        started_ms=state.started_ms,
        ended_ms=state.ended_ms,
        version=ctx.version,
    )


def columns(state: ProcessState) -> tuple[Any, ...]:
    return (state.customer_id, state.loan_id, state.definition, state.status)


def postings(state: ProcessState | None, event: Event, bank: BankTerms) -> tuple[Posting, ...]:
    """A process moves no money; customer and loan post."""
    return ()


def effects(state: ProcessState) -> dict[str, Effect]:
    return state.effects
