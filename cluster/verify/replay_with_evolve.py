"""Invariant 7: the engine's own `evolve` over the journal from zero gives the stored row: state, version and columns.

The one file of this package that calls the actors' code, because that code is what it proves. Two runs over the same
events must also give the same bytes, else the state would depend on something besides the journal.
"""

from typing import Any

import msgspec

from cluster.verify.findings import Findings
from cluster.verify.source import KIND_NAMES, Recorded, Source
from runtime.kinds import Codecs
from runtime.registry import KINDS
from storage.contract import COLUMNS

CHUNK = 200


async def check_replay(source: Source, findings: Findings) -> bool:
    """Whether every stored row was reproduced."""
    before = findings.broken[7]
    for number, kind in KIND_NAMES.items():
        codecs = Codecs(KINDS[kind])
        chunk: list[list[Recorded]] = []
        async for events in source.events_by_actor(number):
            chunk.append(events)
            if len(chunk) == CHUNK:
                await _compare(source, findings, kind, codecs, chunk)
                chunk = []
        await _compare(source, findings, kind, codecs, chunk)
    return findings.broken[7] == before


async def _compare(source: Source, findings: Findings, kind: str, codecs: Codecs, chunk: list[list[Recorded]]) -> None:
    columns = [name for name, _ in COLUMNS[kind]]
    sql = f"SELECT id, version, state, {', '.join(columns)} FROM {kind} WHERE id = ANY($1::text[])"
    rows = {row[0]: row for row in await source.all(sql, [events[0].id for events in chunk])}
    for events in chunk:
        id, row = events[0].id, rows.get(events[0].id)
        if row is None:
            findings.breach(7, "no row", id, f"{len(events)} events, no {kind} row")
            continue
        try:
            state = _replayed(codecs, events)
            encoded = msgspec.msgpack.encode(state)
            typed = KINDS[kind].columns(state)
        except Exception as error:  # whatever evolve raises on a journal is the finding
            findings.breach(7, "replay raised", id, f"{type(error).__name__} at {events[-1].type}")
            continue
        same = encoded == row[2] or _plain(encoded) == _plain(row[2])
        findings.expect(same and events[-1].version == row[1], 7, "state", id, _difference(encoded, row[2]))
        for name, ours, stored in zip(columns, typed, row[3:], strict=True):
            if ours != stored:
                findings.breach(7, f"column {name}", id, f"replayed {ours!r}, stored {stored!r}")


def _replayed(codecs: Codecs, events: list[Recorded]) -> Any:
    state = None
    for event in events:
        state = codecs.kind.evolve(state, codecs.event.decode(event.body))
    return state


def _plain(encoded: bytes) -> Any:
    return msgspec.msgpack.decode(encoded)


def _difference(replayed: bytes, stored: bytes) -> str:
    """Names of the top-level fields that differ, never their values: they may be personal data."""
    ours, theirs = _plain(replayed), _plain(stored)
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return "states differ"
    names = sorted(str(key) for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    return "differing: " + (", ".join(names) or "version only")
