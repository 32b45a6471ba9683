"""Invariant 3: every operation is kept once, its events are one unbroken run of one actor, nothing is unexplained.

``check_acknowledged`` takes what clients were told (bank, channel, id, date, code) and finds each of it in the store.
"""

import hashlib
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from cluster.verify.findings import Findings
from cluster.verify.source import KIND_NAMES, Recorded, Source

CHUNK = 500
NAMELESS = {
    "customer": frozenset({"LineExpired"}),
    "loan": frozenset(("DayClosed", "AccrualStopped", "AccrualResumed", "Repriced")),
    "process": frozenset[str](),
}
"""Events that the day's end writes without an operation."""


class Acknowledged(Struct, frozen=True, kw_only=True):
    """What a client was told; ``code`` of the stored reply, "" for success, None when only its being kept counts.

    ``tran_date`` yyyymmdd over the ESB, else "".
    """

    bank: str
    channel: str
    id: str
    tran_date: str = ""
    code: str | None = None


def operation_key(bank: str, channel: str, id: str, tran_date: str) -> bytes:
    """16 bytes of blake2b over the four words joined by the unit separator (1F)."""
    return hashlib.blake2b("\x1f".join((bank, channel, id, tran_date)).encode(), digest_size=16).digest()


_UNEXPLAINED = """
    SELECT j.id, j.version, j.type, o.id FROM journal j LEFT JOIN operation o ON o.op_hash = j.op_hash
    WHERE ($1 = '' OR j.bank = $1) AND j.op_hash <> ''
      AND (o.op_hash IS NULL OR o.kind <> j.kind OR o.id <> j.id OR o.bank <> j.bank)"""


async def check_operations(source: Source, findings: Findings) -> None:
    """Every event is of an operation that is stored, and of that operation's actor; no operation stands twice."""
    findings.looked(
        3, int(await source.value("SELECT count(*) FROM operation WHERE $1 = '' OR bank = $1", source.bank))
    )
    for id, version, type, owner in await source.all(_UNEXPLAINED, source.bank):
        findings.breach(3, "unexplained event", f"{id} v{version}", f"{type}: its operation is of {owner or 'nobody'}")
    twice = "SELECT op_hash, count(*) FROM operation GROUP BY op_hash HAVING count(*) > 1"
    async for op_hash, count in source.rows(twice):
        findings.breach(3, "operation twice", op_hash.hex(), f"{count} rows")


def check_runs(findings: Findings, events: list[Recorded]) -> None:
    """Of one actor: an operation's events follow each other without a gap, and it comes once.

    Only the day's end writes without an operation: closes of a loan's days, ends of a customer's lines. What such a
    close asks of others (the overdue notice) stands right behind it.
    """
    seen: set[bytes] = set()
    last: bytes | None = None
    for event in events:
        op_hash = event.op_hash
        if not op_hash:
            allowed = event.type in NAMELESS[event.kind] or (event.type == "EffectRequested" and last == b"")
            if not allowed:
                findings.breach(
                    3, "unexplained event", f"{event.id} v{event.version}", f"{event.type} without an operation"
                )
        elif op_hash != last:
            if op_hash in seen:
                subject = f"{event.id} operation {op_hash.hex()}"
                findings.breach(3, "not exactly once", subject, f"again in v{event.version}, after other operations")
            seen.add(op_hash)
        last = op_hash


_PLAIN = """
    CASE WHEN length(reply) < 5 OR substr(reply, 1, 2) <> '\\x92a0' THEN false
         WHEN get_byte(reply, 2) = 196 THEN length(reply) = 4 + get_byte(reply, 3)
         WHEN get_byte(reply, 2) = 197 THEN length(reply) = 5 + get_byte(reply, 3) * 256 + get_byte(reply, 4)
         ELSE false END"""
"""The plainest form of a success: msgpack of two values, an empty text and bytes (bin 8, bin 16) that end with it."""


async def check_replies(source: Source, findings: Findings) -> None:
    """A stored reply is a pair of code and body; a refusal has changed nothing."""
    plain = f"SELECT count(*) FROM operation WHERE ($1 = '' OR bank = $1) AND {_PLAIN}"
    findings.looked(3, int(await source.value(plain, source.bank)))
    sql = f"""
        SELECT o.op_hash, o.kind, o.id, o.reply, EXISTS (SELECT 1 FROM journal j WHERE j.op_hash = o.op_hash
            AND j.kind = o.kind AND j.id = o.id) FROM operation o
        WHERE ($1 = '' OR o.bank = $1) AND NOT ({_PLAIN})"""
    async for op_hash, kind, id, reply, changed in source.rows(sql, source.bank):
        subject = f"{KIND_NAMES[kind]} {id} operation {op_hash.hex()}"
        try:
            code, _ = msgspec.msgpack.decode(reply, type=tuple[str, bytes])
        except msgspec.MsgspecError as error:
            findings.breach(3, "reply", subject, f"cannot be read: {error}")
            continue
        findings.expect(not (code and changed), 3, "refused but changed", subject, code)


async def check_acknowledged(source: Source, findings: Findings, told: Iterable[Acknowledged]) -> None:
    """Each acknowledged operation is stored, with the code the client was told."""
    wanted = {operation_key(a.bank, a.channel, a.id, a.tran_date): a for a in told}
    hashes = list(wanted)
    for start in range(0, len(hashes), CHUNK):
        part = hashes[start : start + CHUNK]
        rows = await source.all("SELECT op_hash, bank, reply FROM operation WHERE op_hash = ANY($1::bytea[])", part)
        stored = {row[0]: row for row in rows}
        for op_hash in part:
            one, row = wanted[op_hash], stored.get(op_hash)
            subject = f"{one.bank} {one.channel} {one.id}"
            findings.expect(row is not None, 3, "acknowledged but lost", subject, "no such operation is stored")
            if row is not None and one.code is not None:
                code, _ = msgspec.msgpack.decode(row[2], type=tuple[str, bytes])
                findings.expect(code == one.code, 3, "another reply", subject, f"told {one.code!r}, stored {code!r}")
