"""What the runtime must know of a kind of actor: its rules and codecs. `KINDS` is the whole table.

A kind is registered by its package's `lifecycle.py` functions; nothing else in the runtime knows lending.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from actors.bank import BankTerms
from actors.turn import Command, Context, Decision, Effect, Posting, View


class Kind(Struct, frozen=True, kw_only=True):
    """``columns(state)`` gives the typed columns of the kind's table, in the order of `storage.contract.COLUMNS`.

    ``respond(state, query, ctx)`` answers a query on committed state, or None when it should wait for a change.
    ``effects(state)`` the effects not settled yet. ``state`` None means: never created.
    """

    name: str
    command_type: Any
    query_type: Any
    event_type: Any
    state_type: Any
    decide: Callable[[Any, Any, Context], Decision]
    evolve: Callable[[Any, Any], Any]
    respond: Callable[[Any, Any, Context], View | None]
    columns: Callable[[Any], tuple[Any, ...]]
    postings: Callable[[Any, Any, BankTerms], tuple[Posting, ...]]
    effects: Callable[[Any], dict[str, Effect]]
    creates: tuple[type, ...]
    """Commands that may bring the actor into being; any other on a missing actor is NOT_FOUND."""
    day_of: Callable[[Any], date | None] | None = None
    """The day an event belongs to, when it is not the one it is written on: it is booked there while that is open."""
    timer: Callable[[Any], int] | None = None
    """Wall time in ms at which the actor wants ``timer_command`` (0: never); part of its wake_at."""
    timer_command: Command | None = None
    history: tuple[type, ...] = ()
    """Commands that are decided with ``ctx.history``: all events of the actor (runtime/history.py reads them)."""

    def codecs(self) -> "Codecs":
        return Codecs(self)


class Codecs:
    """msgpack codecs of one kind, made once."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.command = msgspec.msgpack.Decoder(kind.command_type)
        self.query = msgspec.msgpack.Decoder(kind.query_type)
        self.event = msgspec.msgpack.Decoder(kind.event_type)
        self.state = msgspec.msgpack.Decoder(kind.state_type)
