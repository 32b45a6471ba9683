"""Invariant 4: versions contiguous for each actor, sequence and hash chain whole for each shard or dedicated slot.

Layout of a link: blake2b, 32 bytes, of the previous hash (empty for the first), then the UTF-8 text
``shard|seq|kind|id|version|bank|yyyy-mm-dd|type|operation hash in hex``, then the event's bytes as stored.
"""

from functools import lru_cache, partial
from hashlib import blake2b

from cluster.verify.findings import Findings
from cluster.verify.source import Recorded

_hash = partial(blake2b, digest_size=32)
_iso = lru_cache(maxsize=10_000)(lambda day: day.isoformat())


def check_chain(findings: Findings, events: list[Recorded]) -> None:
    """Walk the chain of one shard; after a break the walk goes on from the stored hash, so one break is one finding."""
    last, previous = 0, b""
    for shard, seq, kind, id, version, bank, day, op_hash, type, body, hash, _ in events:
        words = f"{shard}|{seq}|{kind}|{id}|{version}|{bank}|{_iso(day)}|{type}|{op_hash.hex()}"
        if seq != last + 1:
            findings.breach(4, "sequence", f"shard {shard} seq {seq} {id} v{version}", f"follows {last}")
        if _hash(previous + words.encode() + body).digest() != hash:
            detail = "the stored hash is not that of the content and what came before"
            findings.breach(4, "hash", f"shard {shard} seq {seq} {id} v{version}", detail)
        last, previous = seq, hash
    findings.looked(4, len(events))


def check_versions(findings: Findings, id: str, events: list[Recorded], stored: int | None) -> None:
    """1..n without gap, n as the row says (``stored`` None: there is no row), and events for every row."""
    findings.looked(4)
    first, last = (events[0].version, events[-1].version) if events else (None, None)
    if first != 1 or last != len(events) or last != stored:
        findings.breach(4, "versions", id, f"journal {first}..{last} ({len(events)} events), row {stored}")
