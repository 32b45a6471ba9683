"""The kinds of actor that the runtime's conformance suite runs: an account that poses as a loan and as a customer.

It does what a lending actor may do to a runtime: add up, refuse, raise, write a row that the database cannot hold, hit
a unique constraint, ask other actors and the outside, be told results too late, ask for a wake-up, let queries wait.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import Struct

from actors.bank import BankTerms
from actors.codes import Code
from actors.turn import (
    Accepted,
    Command,
    Context,
    Decision,
    Effect,
    EffectDoubted,
    EffectRequested,
    EffectSettled,
    Event,
    IncidentOpened,
    Posting,
    Query,
    Refused,
    SettleEffect,
    View,
    ask_actor,
    ask_outside,
)
from runtime.kinds import Kind

OVER_64_BITS = 2**63


class Open(Command, frozen=True, kw_only=True):
    identity: str = ""


class Add(Command, frozen=True, kw_only=True):
    """``note`` is a mark by which a test finds the commit that carries it."""

    n: int
    note: str = ""


class Refuse(Command, frozen=True, kw_only=True):
    why: str = ""


class Raise(Command, frozen=True, kw_only=True):
    """`decide` raises."""


class RaiseInEvolve(Command, frozen=True, kw_only=True):
    """`evolve` raises."""


class BadRow(Command, frozen=True, kw_only=True):
    """The row would hold a value that the database cannot hold. A test may tell `decide` to give in the second time."""

    how: Literal["overflow", "nul"] = "overflow"
    yields: bool = False


class TakeIdentity(Command, frozen=True, kw_only=True):
    """Claim a unique identity; ``heed`` False: never give way to the constraint."""

    identity: str
    heed: bool = True


class AskOther(Command, frozen=True, kw_only=True):
    """Ask the actor ``to`` to add ``n`` (or to refuse, for n 0)."""

    to: str
    n: int


class AskOutside(Command, frozen=True, kw_only=True):
    """Ask the outside desk; ``plan`` says what each attempt comes to (tests/runtime/outside_desk.py)."""

    n: int
    plan: tuple[str, ...] = ("done",)


class Remind(Command, frozen=True, kw_only=True):
    """Ask for `Tick` after ``after_ms``."""

    after_ms: int


class Reset(Command, frozen=True, kw_only=True):
    """Begin anew with nothing: worlds in which an actor costs a process use one for many tests."""


class Undo(Command, frozen=True, kw_only=True):
    """Take back the last sum that was added, found in the history; raises when the history is not the actor's."""

    note: str = ""


class Tick(Command, frozen=True, kw_only=True):
    """The timer command."""


class GetAccount(Query, frozen=True, kw_only=True):
    """``at_least``: wait until the balance is that much."""

    at_least: int | None = None


AccountCommand = (
    Open
    | Add
    | Refuse
    | Raise
    | RaiseInEvolve
    | BadRow
    | TakeIdentity
    | AskOther
    | AskOutside
    | Remind
    | Reset
    | Undo
    | Tick
    | SettleEffect
)


class Opened(Event, frozen=True, kw_only=True):
    bank: str
    identity: bytes | None


class Added(Event, frozen=True, kw_only=True):
    n: int
    note: str = ""


class Exploding(Event, frozen=True, kw_only=True):
    pass


class Spoilt(Event, frozen=True, kw_only=True):
    how: str


class IdentityTaken(Event, frozen=True, kw_only=True):
    identity: bytes


class Reminded(Event, frozen=True, kw_only=True):
    at_ms: int


class Ticked(Event, frozen=True, kw_only=True):
    pass


class Cleared(Event, frozen=True, kw_only=True):
    pass


AccountEvent = (
    Opened
    | Added
    | Exploding
    | Spoilt
    | IdentityTaken
    | Reminded
    | Ticked
    | Cleared
    | EffectRequested
    | EffectSettled
    | EffectDoubted
    | IncidentOpened
)


class Account(Struct, frozen=True, kw_only=True):
    bank: str
    balance: int = 0
    identity: bytes | None = None
    spoilt: str = ""
    remind_ms: int = 0
    ticks: int = 0
    effects: dict[str, Effect] = {}
    doubts: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()


class AccountView(View, frozen=True, kw_only=True):
    """``version`` is the one after the command, or the committed one of a query."""

    balance: int
    version: int
    ticks: int
    pending: tuple[str, ...]
    doubts: tuple[str, ...]
    settled: tuple[str, ...]
    incidents: tuple[str, ...]


def decide(state: Account | None, command: Any, ctx: Context) -> Decision:
    """Every path that a runtime must bear."""
    match command:
        case Open():
            if state is not None:
                return Refused(Code.ALREADY_EXISTS)
            if ctx.conflict:
                return Refused(Code.IDENTITY_TAKEN)
            identity = command.identity.encode() or None
            return _accept(state, ctx, Opened(bank=ctx.bank.code, identity=identity))
        case Add():
            return _accept(state, ctx, Added(n=command.n, note=command.note))
        case Refuse():
            return Refused(Code.BAD_AMOUNT, {"why": command.why})
        case Raise():
            raise ArithmeticError("a bug in decide")
        case RaiseInEvolve():
            return _accept(state, ctx, Exploding())
        case BadRow():
            if command.yields and ctx.conflict:
                return Refused(Code.BAD_AMOUNT, {"conflict": ctx.conflict})
            return _accept(state, ctx, Spoilt(how=command.how))
        case TakeIdentity():
            if command.heed and ctx.conflict == "customer_identity":
                return Refused(Code.IDENTITY_TAKEN)
            return _accept(state, ctx, IdentityTaken(identity=command.identity.encode()))
        case AskOther():
            wish: Command = Add(n=command.n) if command.n else Refuse(why="asked to")
            return _accept(state, ctx, ask_actor(ctx, 0, command.to, wish))
        case AskOutside():
            payload = {"n": command.n, "plan": list(command.plan)}
            return _accept(state, ctx, ask_outside(ctx, 0, "desk.add", payload))
        case Remind():
            return _accept(state, ctx, Reminded(at_ms=ctx.now_ms + command.after_ms))
        case Reset():
            return _accept(state, ctx, Cleared())
        case Undo():
            return _undo(state, command, ctx)
        case Tick():
            return _accept(state, ctx, *((Ticked(),) if state is not None and state.remind_ms else ()))
        case SettleEffect():
            return _settle(state, command, ctx)
    raise AssertionError(command)


def _undo(state: Account | None, command: Undo, ctx: Context) -> Decision:
    told, left = None, []
    for event in ctx.history:
        told = evolve(told, event)
        match event:
            case Cleared():
                left = []
            case Added(n=n) if n > 0:
                left.append(n)
            case Added():
                left.pop()
    if told != state or len(ctx.history) != ctx.version:
        raise LookupError(f"{len(ctx.history)} events of {ctx.version}")
    if not left:
        return Refused(Code.NOTHING_TO_REVERSE)
    return _accept(state, ctx, Added(n=-left[-1], note=command.note))


def _settle(state: Account | None, command: SettleEffect, ctx: Context) -> Decision:
    assert state is not None
    pending = command.effect_id in state.effects
    if command.status == "unknown":
        doubted = pending and command.effect_id not in state.doubts
        return _accept(state, ctx, *((EffectDoubted(effect_id=command.effect_id),) if doubted else ()))
    if not pending:
        return _accept(
            state, ctx, IncidentOpened(effect_id=command.effect_id, code=command.code, data=dict(command.data))
        )
    events: list[Event] = [EffectSettled(effect_id=command.effect_id, code=command.code)]
    if command.status == "done" and state.effects[command.effect_id].target == "desk.add":
        events.append(Added(n=int(command.data["n"])))
    return _accept(state, ctx, *events)


def _accept(state: Account | None, ctx: Context, *events: Event) -> Accepted:
    after = state
    for event in events:
        if not isinstance(event, Exploding):
            after = evolve(after, event)
    assert after is not None
    return Accepted(events, _view(after, ctx.version + len(events)))


def _view(state: Account, version: int) -> AccountView:
    return AccountView(
        balance=state.balance,
        version=version,
        ticks=state.ticks,
        pending=tuple(state.effects),
        doubts=state.doubts,
        settled=state.settled,
        incidents=state.incidents,
    )


def evolve(state: Account | None, event: Any) -> Account:
    if isinstance(event, Opened):
        return Account(bank=event.bank, identity=event.identity)
    assert state is not None
    replace = msgspec.structs.replace
    match event:
        case Added():
            return replace(state, balance=state.balance + event.n)
        case Exploding():
            raise LookupError("a bug in evolve")
        case Spoilt():
            return replace(state, spoilt=event.how)
        case IdentityTaken():
            return replace(state, identity=event.identity)
        case Reminded():
            return replace(state, remind_ms=event.at_ms)
        case Cleared():
            return Account(bank=state.bank)
        case Ticked():
            return replace(state, remind_ms=0, ticks=state.ticks + 1)
        case EffectRequested():
            return replace(state, effects={**state.effects, event.effect.id: event.effect})
        case EffectSettled():
            left = {id: effect for id, effect in state.effects.items() if id != event.effect_id}
            return replace(state, effects=left, settled=(*state.settled, event.effect_id))
        case EffectDoubted():
            return replace(state, doubts=(*state.doubts, event.effect_id))
        case IncidentOpened():
            return replace(state, incidents=(*state.incidents, event.effect_id))
    raise AssertionError(event)


def respond(state: Account, query: Query, ctx: Context) -> AccountView | None:
    assert isinstance(query, GetAccount)
    if query.at_least is not None and state.balance < query.at_least:
        return None
    return _view(state, ctx.version)


def postings(state: Account | None, event: Event, terms: BankTerms) -> tuple[Posting, ...]:
    """Each `Added` moves money between two accounts, so that the lines of a committed turn can be counted."""
    if not isinstance(event, Added):
        return ()
    return (Posting("1301", event.n, 0), Posting("2011", 0, event.n))


def effects(state: Account) -> dict[str, Effect]:
    return state.effects


def timer(state: Account) -> int:
    return state.remind_ms


def loan_columns(state: Account) -> tuple[Any, ...]:
    product = "bad\0text" if state.spoilt == "nul" else "TEST"
    balance = OVER_64_BITS if state.spoilt == "overflow" else state.balance
    return ("", product, "open", balance, None, None)


def customer_columns(state: Account) -> tuple[Any, ...]:
    return (state.identity, "bad\0text" if state.spoilt else "open", None)


def _kind(name: str, columns: Any) -> Kind:
    return Kind(
        name=name,
        command_type=AccountCommand,
        query_type=GetAccount,
        event_type=AccountEvent,
        state_type=Account,
        decide=decide,
        evolve=evolve,
        respond=respond,
        columns=columns,
        postings=postings,
        effects=effects,
        creates=(Open,),
        timer=timer,
        timer_command=Tick(),
        history=(Undo,),
    )


KINDS: dict[str, Kind] = {"loan": _kind("loan", loan_columns), "customer": _kind("customer", customer_columns)}

TERMS = BankTerms(code="B001", name_zh="测试银行", name_en="Test Bank", province="x", vat_rate=Decimal("0.06"))
OTHER_TERMS = msgspec.structs.replace(TERMS, code="B002")
