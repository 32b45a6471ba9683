"""Invariant 9, in our own journal: an effect's id is asked for once and settled at most once, after it was asked."""

from msgspec import MsgspecError, Struct, msgpack

from cluster.verify.findings import Findings
from cluster.verify.source import Recorded


class _Effect(Struct):
    id: str


class _Asked(Struct):
    effect: _Effect


class _Told(Struct):
    effect_id: str


ASKED = "EffectRequested"
_TYPES = frozenset({ASKED, "EffectSettled", "IncidentOpened"})
_ASKED, _TOLD = msgpack.Decoder(_Asked), msgpack.Decoder(_Told)
"""Only the field that counts is read: payloads are long."""


def check_effects(findings: Findings, events: list[Recorded]) -> None:
    """One actor's; also counts what is in transit, and incidents, as facts for a person."""
    asked: set[str] = set()
    pending: set[str] = set()
    looked = incidents = 0
    for event in events:
        if event.type not in _TYPES:
            continue
        looked += 1
        try:
            id = _ASKED.decode(event.body).effect.id if event.type == ASKED else _TOLD.decode(event.body).effect_id
        except MsgspecError as error:
            _breach(findings, "unreadable event", event, f"{event.type}: {error}")
            continue
        if event.type == ASKED:
            if id in asked:
                _breach(findings, "effect asked twice", event, id)
            if not id.startswith(f"{event.id}-"):
                _breach(findings, "effect id of another actor", event, id)
            asked.add(id)
            pending.add(id)
        elif event.type == "EffectSettled":
            if id not in pending:
                _breach(findings, "settled but not pending", event, id)
            pending.discard(id)
        else:
            incidents += 1
            if id in pending:
                _breach(findings, "incident while pending", event, id)
    findings.looked(9, looked)
    facts = findings.facts
    facts["effects_open"] = facts.get("effects_open", 0) + len(pending)
    facts["incidents"] = facts.get("incidents", 0) + incidents


def _breach(findings: Findings, check: str, event: Recorded, id: str) -> None:
    findings.breach(9, check, f"{event.id} v{event.version}", id)
