"""Who may call: channels, their credentials, and what each is bound to. Used by both fronts.

REST: either ``Authorization: Bearer <token>`` or a signature, hex HMAC-SHA256 with the channel's secret over these
lines joined by line feeds: ``MD1``, method, path with query as sent, X-Channel, X-Bank, X-Timestamp (ms), X-Nonce,
Idempotency-Key ("" when there is none), hex SHA-256 of the body. The time may differ by 300 s, a nonce is taken once
per channel; it is written down only after the signature was found right. ESB: the channel's secret is its MAC key
(protocols/esb).
"""

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

from msgspec import Struct

from actors.codes import Code
from protocols.decoding import Invalid

WINDOW_MS = 300_000
NONCE_TTL_S = 2 * WINDOW_MS // 1000 + 60
NONCE_LENGTH_MAX = 64
RESERVED = frozenset({"effect", "timer", "cluster"})
"""Operations of the runtime itself go under these names: no channel may have one."""


class Channel(Struct, frozen=True, kw_only=True):
    """One channel. ``banks`` and ``operations`` list what it may, ``("*",)`` for all; nothing listed, nothing allowed.

    ``secret`` is the key of ``hmac`` and ``esb`` channels, ``token_sha256`` (hex) that of ``bearer`` ones.
    ``rate_per_s`` over all gateways; 0: no limit.
    """

    id: str
    kind: Literal["hmac", "bearer", "esb"]
    secret: bytes = b""
    token_sha256: str = ""
    banks: tuple[str, ...]
    operations: tuple[str, ...]
    rate_per_s: int = 0

    def acts_for(self, bank: str) -> bool:
        return bank in self.banks or "*" in self.banks

    def may(self, operation: str) -> bool:
        return operation in self.operations or "*" in self.operations


class Caller(Struct, frozen=True):
    """A channel that has proved who it is, and the bank that it acts for in this message."""

    channel: Channel
    bank: str


class NonceStore(Protocol):
    async def seen(self, channel: str, nonce: str, ttl_s: int) -> bool:
        """Write the nonce down; True when it was there already."""


def signature(
    secret: bytes, method: str, target: str, channel: str, bank: str, timestamp: str, nonce: str, key: str, body: bytes
) -> str:
    """The hex signature; ``target`` is the path with its query exactly as sent, ``key`` the Idempotency-Key."""
    digest = hashlib.sha256(body).hexdigest()
    text = "\n".join(("MD1", method, target, channel, bank, timestamp, nonce, key, digest))
    return hmac.digest(secret, text.encode(), "sha256").hex()


class Credentials:
    """All channels by id, and the proof of a REST request."""

    def __init__(self, channels: Iterable[Channel], nonces: NonceStore) -> None:
        self.by_id = {channel.id: channel for channel in channels}
        if taken := RESERVED & self.by_id.keys():
            raise ValueError(f"channel ids {sorted(taken)} belong to the runtime")
        self._by_token = {c.token_sha256: c for c in self.by_id.values() if c.kind == "bearer" and c.token_sha256}
        self._nonces = nonces

    async def of_rest(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Caller:
        """The caller, or `Invalid` with UNAUTHENTICATED, BAD_SIGNATURE, STALE_MESSAGE, REPLAYED_MESSAGE."""
        authorization = headers.get("Authorization", "")
        if authorization:
            return Caller(self._bearer(authorization), headers.get("X-Bank", ""))
        given, timestamp, nonce = (headers.get(name, "") for name in ("X-Signature", "X-Timestamp", "X-Nonce"))
        channel = self.by_id.get(headers.get("X-Channel", ""))
        if channel is None or channel.kind != "hmac" or not given:
            raise Invalid(Code.UNAUTHENTICATED)
        if not 0 < len(nonce) <= NONCE_LENGTH_MAX:
            raise Invalid(Code.UNAUTHENTICATED, "X-Nonce")
        bank, key = headers.get("X-Bank", ""), headers.get("Idempotency-Key", "")
        right = signature(channel.secret, method, target, channel.id, bank, timestamp, nonce, key, body)
        if not hmac.compare_digest(right.encode(), given.encode()):
            raise Invalid(Code.BAD_SIGNATURE)
        if not timestamp.isdecimal() or abs(time.time_ns() // 1_000_000 - int(timestamp)) > WINDOW_MS:
            raise Invalid(Code.STALE_MESSAGE, "X-Timestamp")
        if await self._nonces.seen(channel.id, nonce, NONCE_TTL_S):
            raise Invalid(Code.REPLAYED_MESSAGE, "X-Nonce")
        return Caller(channel, bank)

    def _bearer(self, authorization: str) -> Channel:
        scheme, _, token = authorization.partition(" ")
        channel = self._by_token.get(hashlib.sha256(token.strip().encode()).hexdigest())
        if scheme.lower() != "bearer" or channel is None:
            raise Invalid(Code.UNAUTHENTICATED)
        return channel
