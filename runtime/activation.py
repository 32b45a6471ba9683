"""One live actor inside a host: its committed and its tentative state, its queries waiting, its effects running.

Comes to life by one row read (runtime/loader.py), is run by runtime/turn.py, let go by the host's LRU.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from actors.turn import Event
from runtime.kinds import Codecs
from runtime.messages import Answer, Ask, NotOwner

Sink = Callable[[Answer | NotOwner], None]
RECENT_REPLIES = 4


class Message:
    """An `Ask` on its way through a host: who wants the answer, until when, and its operation's hash and digest."""

    __slots__ = ("ask", "conflict", "deadline", "digest", "history", "looked_up", "op_hash", "sink", "tries")

    def __init__(self, ask: Ask, sink: Sink, deadline: float, op_hash: bytes, digest: bytes) -> None:
        self.ask = ask
        self.sink = sink
        self.deadline = deadline
        self.op_hash = op_hash
        self.digest = digest
        self.looked_up = False
        self.conflict = ""
        self.tries = 0
        self.history: tuple[Event, ...] | None = None


class Activation:
    """State of one live actor. ``state``/``version`` may run ahead of ``committed_*`` by turns not yet committed.

    ``held``: the command that waits for the actor's history, and for whose end all later ones wait.
    """

    __slots__ = (
        "attempts",
        "bank",
        "codecs",
        "committed_state",
        "committed_version",
        "effect_wakes",
        "held",
        "id",
        "kind",
        "loaded",
        "parked",
        "pending",
        "quarantine",
        "recent",
        "running",
        "slot",
        "state",
        "version",
        "waiting",
        "wake_at_ms",
        "weight",
    )

    def __init__(self, kind: str, id: str, slot: int, codecs: Codecs) -> None:
        self.kind = kind
        self.id = id
        self.slot = slot
        self.codecs = codecs
        self.bank = ""
        self.loaded = False
        self.waiting: list[Message] = []
        self.quarantine = ""
        self.state: Any = None
        self.version = 0
        self.committed_state: Any = None
        self.committed_version = 0
        self.pending = 0
        self.parked: list[Message] = []
        self.running: set[str] = set()
        self.attempts: dict[str, int] = {}
        self.effect_wakes: dict[str, int] = {}
        self.wake_at_ms = 0
        self.recent: OrderedDict[bytes, tuple[bytes, bytes]] | None = None
        self.weight = 0
        self.held: Message | None = None

    def load(self, bank: str, version: int, state: Any, wake_at_ms: int) -> None:
        """Take the stored row as committed state; version 0 and state None for an actor that does not exist."""
        self.bank = bank
        self.version = self.committed_version = version
        self.state = self.committed_state = state
        self.wake_at_ms = wake_at_ms
        self.loaded = True

    def rewind(self) -> None:
        """Forget every turn that is not committed."""
        self.state = self.committed_state
        self.version = self.committed_version
        if self.committed_version == 0:
            self.bank = ""

    def remember(self, op_hash: bytes, digest: bytes, reply: bytes) -> None:
        """Keep the last few replies, so that a quick duplicate needs no look-up."""
        if self.recent is None:
            self.recent = OrderedDict()
        self.recent[op_hash] = (digest, reply)
        if len(self.recent) > RECENT_REPLIES:
            self.recent.popitem(last=False)

    @property
    def idle(self) -> bool:
        """Nothing would be lost by letting it go."""
        return not (self.quarantine or self.pending or self.parked or self.running or self.waiting)
