"""The hash chain of a shard's journal: every event is tied to the one before it on the same shard (or slot).

Layout, for whoever checks it with other code: ``hash = blake2b-32(previous hash + head + body)``, previous hash ``b""``
for the first; ``head`` is the UTF-8 of ``shard|seq|kind|id|version|bank|yyyy-mm-dd|type|operation hash in hex`` and
``body`` the event's msgpack as stored.
"""

from datetime import date
from hashlib import blake2b


def link(
    previous: bytes,
    shard: int,
    seq: int,
    kind: str,
    id: str,
    version: int,
    bank: str,
    business_date: date,
    type: str,
    op_hash: bytes,
    body: bytes,
) -> bytes:
    """32 bytes: the chain's head after this event."""
    head = f"{shard}|{seq}|{kind}|{id}|{version}|{bank}|{business_date.isoformat()}|{type}|{op_hash.hex()}"
    return blake2b(previous + head.encode() + body, digest_size=32).digest()
