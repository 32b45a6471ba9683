"""Invariant 9: our instructions against the books of the outside systems, as their control port tells them.

One number each, applied at most once; what we hold for done was done there and what we hold for refused was not; no
instruction there that we never asked for. Those without an outcome yet are in transit: counted, no breach.
"""

from typing import Any

import aiohttp
from msgspec import Struct

from cluster.verify.findings import Findings
from cluster.verify.source import Source

SYSTEMS = ("core", "bureau", "risk", "ca", "sms")
_EFFECT_EVENTS = "('EffectRequested', 'EffectSettled')"


class Instruction(Struct):
    """What our journal says of an effect: ``code`` None while in transit, "" done, else why it was refused."""

    system: str
    bank: str
    loan_id: str
    amount_fen: int | None
    code: str | None = None


async def _ours(source: Source) -> dict[str, Instruction]:
    """Every effect towards an outside system, by its id."""
    found: dict[str, Instruction] = {}
    for kind in (1, 2, 3):
        async for events in source.events_by_actor(kind, _EFFECT_EVENTS):
            for event in events:
                fields = event.fields()
                if event.type == "EffectSettled":
                    settled = found.get(fields["effect_id"])
                    if settled is not None:
                        settled.code = fields.get("code", "")
                    continue
                effect = fields["effect"]
                system = effect["target"].partition(".")[0]
                if system in SYSTEMS:
                    payload = effect["payload"]
                    found[effect["id"]] = Instruction(
                        system, event.bank, payload.get("loan_id", ""), payload.get("amount_fen")
                    )
    async for number, bank, amount, status, code in source.rows(_VOUCHERS):
        outcome = {"booked": "", "refused": code}.get(status)
        found[number] = Instruction("core", bank, "", amount, outcome)
    return found


_VOUCHERS = "SELECT number, bank, amount_fen, status, code FROM voucher WHERE status <> 'draft'"
"""Daily vouchers are instructions to the core too, under their own numbers; a draft was never sent."""


async def check_outside(source: Source, findings: Findings, control: str) -> None:
    """``control``: the base URL of the sandbox's control port."""
    ours = await _ours(source)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for system in SYSTEMS:
            query = {"system": system} | ({"bank": source.bank} if source.bank else {})
            rows = await _get(session, f"{control}/received", query)
            _match(findings, system, rows, ours)
        trial = await _get(session, f"{control}/core/trial_balance", {})
        findings.looked(9)
        for text in trial["breaches"]:
            findings.breach(9, "the core's own book", "core", text)
        await _compare_loans(source, findings, await _get(session, f"{control}/core/loans", {}))
    findings.facts["in_transit"] = sum(one.code is None for one in ours.values())


async def _get(session: aiohttp.ClientSession, url: str, query: dict[str, str]) -> Any:
    async with session.get(url, params=query) as response:
        response.raise_for_status()
        return await response.json()


def _match(findings: Findings, system: str, rows: list[dict[str, Any]], ours: dict[str, Instruction]) -> None:
    theirs = {row["instruction"]: row for row in rows}
    if len(theirs) != len(rows):
        findings.breach(9, "number twice", system, f"{len(rows)} rows under {len(theirs)} numbers")
    for number, row in theirs.items():
        known = ours.get(number)
        findings.expect(row["applied"] <= 1, 9, "applied more than once", f"{system} {number}", f"{row['applied']}")
        if known is None or known.system != system:
            findings.breach(9, "only there", f"{system} {number}", f"{row['operation']} of {row['bank']}")
        elif known.bank != row["bank"]:
            findings.breach(9, "bank", f"{system} {number}", f"ours {known.bank}, theirs {row['bank']}")
    for number, known in ours.items():
        if known.system == system and known.code is not None:
            _match_settled(findings, number, known, theirs.get(number))


def _match_settled(findings: Findings, number: str, ours: Instruction, row: dict[str, Any] | None) -> None:
    subject = f"{ours.system} {number}"
    findings.looked(9)
    if row is None:
        if not ours.code:
            findings.breach(9, "only here", subject, "done here, never received there")
        return
    if ours.system != "core":
        return
    if ours.code and row["applied"]:
        findings.breach(9, "status", subject, f"refused here ({ours.code}), applied there")
    if not ours.code and row["status"] != "S":
        findings.breach(9, "status", subject, f"done here, {row['status']} there ({row['code']})")
    if row["loan_id"] != ours.loan_id or row["amount_fen"] != ours.amount_fen:
        detail = f"ours {ours.loan_id} {ours.amount_fen}, theirs {row['loan_id']} {row['amount_fen']}"
        findings.breach(9, "content", subject, detail)


async def _compare_loans(source: Source, findings: Findings, rows: list[dict[str, Any]]) -> None:
    """Principal outstanding, loan by loan, where no money is in transit and none came in, was given up or became
    principal past the core, which hears of that in daily vouchers only."""
    theirs = {row["loan_id"]: row for row in rows if source.bank in ("", row["bank"])}
    sql = """
        SELECT l.id, l.principal_fen_outstanding, l.status FROM loan l
        WHERE ($1 = '' OR l.bank = $1)
          AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.kind = 2 AND j.id = l.id
                          AND j.type IN ('Waived', 'WrittenOff', 'Restructured'))
          AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.kind = 2 AND j.id = l.id AND j.type = 'Repaid'
                          AND NOT EXISTS (SELECT 1 FROM journal s WHERE s.op_hash = j.op_hash
                                          AND s.type = 'EffectSettled'))
          AND (SELECT count(*) FILTER (WHERE type = 'EffectRequested') - count(*) FILTER (WHERE type = 'EffectSettled')
               FROM journal j WHERE j.kind = 2 AND j.id = l.id) = 0"""
    async for id, outstanding, status in source.rows(sql, source.bank):
        row = theirs.pop(id, None)
        there = row["principal_fen_outstanding"] if row else 0
        detail = f"ours {outstanding} fen ({status}), core {there} fen"
        findings.expect(there == (outstanding or 0), 9, "amount", f"loan {id}", detail)
