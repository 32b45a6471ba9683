"""The turn, written once for every kind: decode, decide, evolve, postings; what comes out waits for the group commit.

Before it: runtime/host.py (ownership, duplicates, loading). After it: runtime/committer.py (append, reply). A turn
touches no outside world; an exception in the rules quarantines this actor only.
"""

import time
from datetime import date

import msgspec

from actors.codes import Code
from actors.turn import Accepted, Context, Effect, EffectRequested, Event, Posting, Refused
from runtime.activation import Activation, Message
from runtime.banks import Bank
from runtime.kinds import Codecs
from runtime.messages import Answer, refusal

_ENCODER = msgspec.msgpack.Encoder()
encode = _ENCODER.encode
_EMPTY = encode({})


class Turn:
    """A decided turn that waits to be committed. ``events`` are (version, day, type, body), postings go with theirs.

    ``bank`` is the bank as it was when this was decided; ``reply`` is what is stored.
    """

    __slots__ = ("act", "bank", "effects", "events", "message", "postings", "reply", "state", "version")

    def __init__(self, act: Activation, message: Message, reply: bytes, bank: Bank) -> None:
        self.act = act
        self.message = message
        self.reply = reply
        self.bank = bank
        self.events: list[tuple[int, date, str, bytes]] = []
        self.postings: list[tuple[int, date, tuple[Posting, ...]]] = []
        self.effects: list[Effect] = []
        self.state = act.state
        self.version = act.version


class NeedsHistory(Exception):
    """This command is decided by the actor's journal, which has not been read up to the present version."""


class Quarantine(Exception):
    """The rules raised: the actor is set aside with its reason; nothing of this turn remains."""


def stored_reply(code: str, body: bytes) -> bytes:
    """What the operation row keeps: msgpack of [code, body]."""
    return encode((code, body))


def answer_of(seq: int, reply: bytes) -> Answer:
    code, body = msgspec.msgpack.decode(reply)
    return Answer(seq, code, body)


def context(act: Activation, bank: Bank, conflict: str = "", history: tuple[Event, ...] = ()) -> Context:
    return Context(
        actor_id=act.id,
        version=act.version,
        business_date=bank.business_date,
        now_ms=time.time_ns() // 1_000_000,
        bank=bank.terms,
        rules=bank.rules,
        vault=bank.vault,
        conflict=conflict,
        history=history,
    )


def run(act: Activation, message: Message, bank: Bank) -> Turn | Answer:
    """Decide one command on the tentative state. An `Answer` is an error that is not stored; a `Turn` is committed.

    Raises `Quarantine` when decide, evolve or postings raise, `NeedsHistory` for runtime/history.py.
    """
    codecs = act.codecs
    seq = message.ask.seq
    try:
        command = codecs.command.decode(message.ask.body)
    except msgspec.MsgspecError as error:
        return refusal(seq, Code.MALFORMED, {"error": str(error)})
    kind = codecs.kind
    if act.state is None:
        if not isinstance(command, kind.creates):
            return refusal(seq, Code.NOT_FOUND)
    elif act.bank != message.ask.bank:
        return refusal(seq, Code.NOT_FOUND)
    history = message.history or ()
    if len(history) != act.version and isinstance(command, kind.history):
        raise NeedsHistory
    try:
        decision = kind.decide(act.state, command, context(act, bank, message.conflict, history))
        if isinstance(decision, Refused):
            return Turn(act, message, stored_reply(decision.code.word, encode(decision.detail)), bank)
        return _accept(act, message, bank, decision, codecs)
    except Exception as error:
        raise Quarantine(f"{type(command).__name__}: {type(error).__name__}: {_where(error)}") from error


def _accept(act: Activation, message: Message, bank: Bank, decision: Accepted, codecs: Codecs) -> Turn:
    kind = codecs.kind
    result = _EMPTY if decision.result is None else encode(decision.result)
    turn = Turn(act, message, stored_reply("", result), bank)
    state, version, day_of = act.state, act.version, kind.day_of
    for event in decision.events:
        version += 1
        day = bank.booked_on(day_of(event)) if day_of is not None else bank.business_date
        lines = kind.postings(state, event, bank.terms)
        if lines:
            turn.postings.append((version, day, lines))
        if isinstance(event, EffectRequested):
            turn.effects.append(event.effect)
        state = kind.evolve(state, event)
        turn.events.append((version, day, type(event).__name__, encode(event)))
    turn.state, turn.version = state, version
    act.state, act.version = state, version
    if version and not act.bank:
        act.bank = message.ask.bank
    return turn


def _where(error: BaseException) -> str:
    """File and line of the innermost frame: says where without showing values, which may be personal data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    name = trace.tb_frame.f_code.co_filename.rsplit("/", 2)
    return f"{'/'.join(name[-2:])}:{trace.tb_lineno}"


def replay(codecs: Codecs, bodies: list[bytes]) -> object:
    """State after the events ``bodies`` from zero; used by verification and tests."""
    state = None
    for body in bodies:
        event: Event = codecs.event.decode(body)
        state = codecs.kind.evolve(state, event)
    return state
