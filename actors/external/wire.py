"""What the actors need of a wire, and the three ways a wire can fail. Implemented in protocols/outside/.

The difference between `NotSent` and `NoAnswer` is the difference between "nothing happened there" and "ask first".
"""

from typing import Any, Protocol

from msgspec import Struct


class WireError(Exception):
    """Base of what a wire raises."""


class NotSent(WireError):
    """Nothing reached the other side: connection refused, or turned away at the door (busy)."""


class NoAnswer(WireError):
    """It may have arrived and may have been done: time-out, connection lost, an answer that cannot be read."""


class EsbReply(Struct, frozen=True):
    """A reply over the ESB. ``ok`` by RET_STATUS, ``code`` the first RET_CODE; ``body`` text, dicts and lists."""

    ok: bool
    code: str
    body: dict[str, Any]


class HttpReply(Struct, frozen=True):
    """``status`` and the decoded JSON object."""

    status: int
    body: dict[str, Any]


class EsbWire(Protocol):
    """One outside system on the ESB."""

    async def call(
        self, service: str, scene: str, head: dict[str, str], body: dict[str, Any], timeout_s: float
    ) -> EsbReply:
        """Send and wait for the reply to this CONSUMER_SEQ_NO; raises only `WireError`. Safe to cancel."""

    async def close(self) -> None: ...


class HttpWire(Protocol):
    """One outside system over HTTP."""

    async def post(self, path: str, request_id: str, body: dict[str, Any], timeout_s: float) -> HttpReply:
        """POST JSON under ``request_id``; raises only `WireError`. Safe to cancel."""

    async def close(self) -> None: ...
