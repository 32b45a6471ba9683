"""Invariant 4: versions contiguous for each actor, sequence and hash chain whole for each shard or dedicated slot.

Layout of a link: blake2b, 32 bytes, of the previous hash (empty for the first), then the UTF-8 text
``shard|seq|kind|id|version|bank|yyyy-mm-dd|type|operation hash in hex``, then the event's bytes as stored.
"""

import hashlib

from cluster.verify.findings import Findings
from cluster.verify.source import KIND_NAMES, Recorded, Source


def expected_hash(previous: bytes, event: Recorded) -> bytes:
    words = (
        str(event.shard),
        str(event.seq),
        event.kind,
        event.id,
        str(event.version),
        event.bank,
        event.business_date.isoformat(),
        event.type,
        event.op_hash.hex(),
    )
    return hashlib.blake2b(previous + "|".join(words).encode() + event.body, digest_size=32).digest()


async def check_chain(source: Source, findings: Findings) -> None:
    """Walk every chain once; after a break the walk goes on from the stored hash, so one break is one finding."""
    shard, seq, previous = -1, 0, b""
    async for event in source.events_by_chain():
        if event.shard != shard:
            shard, seq, previous = event.shard, 0, b""
        subject = f"shard {shard} seq {event.seq} {event.id} v{event.version}"
        findings.expect(event.seq == seq + 1, 4, "sequence", subject, f"follows {seq}")
        if expected_hash(previous, event) != event.hash:
            findings.breach(4, "hash", subject, "the stored hash is not that of the content and what came before")
        seq, previous = event.seq, event.hash


async def check_versions(source: Source, findings: Findings) -> None:
    """1..n without gap for each actor, n as its row says, and a row for each actor that has events."""
    for number, kind in KIND_NAMES.items():
        sql = f"""
            SELECT coalesce(j.id, r.id), j.first, j.last, j.count, r.version
            FROM (SELECT id, min(version) AS first, max(version) AS last, count(*) AS count
                  FROM journal WHERE kind = $1 AND ($2 = '' OR bank = $2) GROUP BY id) j
            FULL JOIN (SELECT id, version FROM {kind} WHERE $2 = '' OR bank = $2) r ON r.id = j.id
            WHERE j.id IS NULL OR r.id IS NULL OR j.first <> 1 OR j.count <> j.last OR j.last <> r.version"""
        async for id, first, last, count, stored in source.rows(sql, number, source.bank):
            findings.breach(4, "versions", id, f"journal {first}..{last} ({count} events), row {stored}")
        examined = await source.value(f"SELECT count(*) FROM {kind} WHERE $1 = '' OR bank = $1", source.bank)
        findings.looked(4, int(examined))
