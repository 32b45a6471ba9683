"""What travels between front, router and host: small array-like Structs in msgpack batches.

`Ask` goes down, `Answer` comes back; a hop carries lists of them as one ``bytes``; commands stay encoded until then.
"""

import msgspec
from msgspec import Struct

from actors.codes import Code


class Operation(Struct, frozen=True, array_like=True):
    """What makes a command idempotent for ever: (bank, channel, id), for the ESB the transaction date too."""

    channel: str
    id: str
    tran_date: str = ""


class Ask(Struct, array_like=True):
    """One message to an actor. ``operation`` None makes it a query. ``ttl_ms`` counts from sending.

    ``bank`` is the bank the credential acts for: an actor of another bank is NOT_FOUND. ``body`` is the msgpack of a
    tagged command or query of the kind. ``attempt`` grows with the router's own retries.
    """

    seq: int
    kind: str
    id: str
    bank: str
    operation: Operation | None
    body: bytes
    ttl_ms: int
    attempt: int = 0


class Answer(Struct, array_like=True):
    """``code`` "" is success and ``body`` a msgpack map (the view); else a word of actors/codes.py and its detail."""

    seq: int
    code: str
    body: bytes

    @property
    def ok(self) -> bool:
        return not self.code

    def result(self) -> dict:  # type: ignore[type-arg]
        """The view or the refusal's detail as a dict."""
        return msgspec.msgpack.decode(self.body) if self.body else {}


class NotOwner(Struct, array_like=True):
    """A host that does not own the slot: the router refreshes its directory and asks again, same operation."""

    seq: int
    hint: str
    epoch: int


def refusal(seq: int, code: Code, detail: dict | None = None) -> Answer:  # type: ignore[type-arg]
    return Answer(seq, code.word, msgspec.msgpack.encode(detail or {}))
