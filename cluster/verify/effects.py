"""Invariant 9, in our own journal: an effect's id is asked for once and settled at most once, after it was asked."""

from cluster.verify.findings import Findings
from cluster.verify.source import Recorded

_TYPES = frozenset({"EffectRequested", "EffectSettled", "EffectDoubted", "IncidentOpened"})


def check_effects(findings: Findings, events: list[Recorded]) -> None:
    """One actor's; also counts what is in transit, and incidents, as facts for a person."""
    told = [event for event in events if event.type in _TYPES]
    facts = findings.facts
    facts["effects_open"] = facts.get("effects_open", 0) + _check_actor(findings, told)
    incidents = sum(event.type == "IncidentOpened" for event in told)
    facts["incidents"] = facts.get("incidents", 0) + incidents


def _check_actor(findings: Findings, events: list[Recorded]) -> int:
    """How many effects of this actor are not settled yet."""
    asked: set[str] = set()
    pending: set[str] = set()
    for event in events:
        fields = event.fields()
        subject = f"{event.id} v{event.version}"
        if event.type == "EffectRequested":
            id = fields["effect"]["id"]
            findings.expect(id not in asked, 9, "effect asked twice", subject, id)
            findings.expect(id.startswith(f"{event.id}-"), 9, "effect id of another actor", subject, id)
            asked.add(id)
            pending.add(id)
        elif event.type == "EffectSettled":
            findings.expect(fields["effect_id"] in pending, 9, "settled but not pending", subject, fields["effect_id"])
            pending.discard(fields["effect_id"])
        elif event.type == "IncidentOpened":
            findings.expect(
                fields["effect_id"] not in pending, 9, "incident while pending", subject, fields["effect_id"]
            )
    return len(pending)
