"""Invariant 7: the engine's own `evolve` over the journal from zero gives the stored row: state, version and columns.

The one file of this package that calls the actors' code, because that code is what it proves. Two runs over the same
events must also give the same bytes, else the state would depend on something besides the journal.
"""

from typing import Any

import msgspec

from cluster.verify.findings import Findings
from cluster.verify.source import KIND_NAMES, Recorded
from runtime.kinds import Codecs
from runtime.registry import KINDS
from storage.contract import COLUMNS

_CODECS = {kind: Codecs(KINDS[kind]) for kind in KIND_NAMES.values()}
_NAMES = {kind: tuple(name for name, _ in COLUMNS[kind]) for kind in KIND_NAMES.values()}


def typed_columns(kind: str) -> tuple[str, ...]:
    """Names of the typed columns of a kind's table."""
    return _NAMES[kind]


def check_replay(
    findings: Findings, kind: str, events: list[Recorded], version: int, stored: bytes, columns: tuple[Any, ...]
) -> None:
    """One actor's events against its row: version, state and the typed ``columns``."""
    id = events[0].id
    try:
        state = _replayed(_CODECS[kind], events)
        encoded = msgspec.msgpack.encode(state)
        typed = KINDS[kind].columns(state)
    except Exception as error:  # whatever evolve raises on a journal is the finding
        findings.breach(7, "replay raised", id, f"{type(error).__name__} at {events[-1].type}")
        return
    findings.looked(7)
    same = encoded == stored or _plain(encoded) == _plain(stored)
    if not same or events[-1].version != version:
        findings.breach(7, "state", id, _difference(encoded, stored))
    if columns != tuple(typed):
        for name, ours, theirs in zip(_NAMES[kind], typed, columns, strict=True):
            if ours != theirs:
                findings.breach(7, f"column {name}", id, f"replayed {ours!r}, stored {theirs!r}")


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
