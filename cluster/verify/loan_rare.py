"""Waiver, write-off, recovery, misuse, class and allowance by hand, refund, settlement.

Invariant 1: written off = still claimed + recovered + waived later, each component; nothing is owed by what is settled.
"""

from operator import add
from typing import Any

from cluster.verify.loan_days import check_allowance
from cluster.verify.loan_repaid import (
    arrears_cleared,
    check_parts,
    check_principal,
    check_serial,
    components,
    parts_of,
    pay_beyond,
    pay_parts,
)
from cluster.verify.loan_rows import Misused
from cluster.verify.loan_story import COMPOUND, INTEREST, MISUSE, PENALTY, PRINCIPAL, LoanStory
from cluster.verify.loan_terms import SCALE, day_of


def provide(story: LoanStory, fields: dict[str, Any]) -> None:
    fen = fields.get("provision_fen", 0)
    story.allowance_fen += fen
    story.flows["impairment"] += fen


def check_two_persons(story: LoanStory, fields: dict[str, Any]) -> None:
    maker, checker, *_ = fields["approval"]
    if not maker or not checker or maker == checker:
        story.fault(6, "two persons", "asked and approved by one")


def waived(story: LoanStory, fields: dict[str, Any]) -> None:
    check_two_persons(story, fields)
    sums = components(fields)
    if fields.get("claim"):
        _meet(story, sums, story.waived_claim_fen)
        return
    get, parts, day = fields.get, parts_of(fields), day_of(fields["on"])
    early, beyond = get("interest_fen_accrued", 0), get("principal_fen_not_due", 0)
    vat, deferred = get("vat_fen", 0), get("vat_fen_deferred", 0)
    check_parts(story, parts, sums, early, beyond)
    gross = sum(sums[:PRINCIPAL])
    if not story.non_accrual:
        left = story.vat_is(story.vat_fen_deferred - deferred, story.accrued_fen - early)
        if not left or not story.vat_is(vat, gross - early):
            story.fault(6, "tax of a waiver", f"{vat} and {deferred} fen of {gross}")
        story.flows["interest_income"] += gross - vat - deferred
    elif vat or deferred:
        story.fault(6, "tax of a waiver", f"{vat} and {deferred} fen in non-accrual")
    story.vat_fen_output -= vat
    story.vat_fen_deferred -= deferred
    was_overdue = story.overdue
    pay_parts(story, parts, day)
    pay_beyond(story, early, beyond, get("replanned"), day)
    story.waived_fen = list(map(add, story.waived_fen, sums))
    check_principal(story)
    provide(story, fields)
    story.allowance_fen -= sums[PRINCIPAL]
    if story.allowance_fen < 0:
        story.fault(1, "below zero", f"allowance {story.allowance_fen} fen")
    if was_overdue:
        arrears_cleared(story, day)


def written_off(story: LoanStory, fields: dict[str, Any]) -> None:
    """核销: everything owed becomes a claim, of a loan in non-accrual; the allowance takes the principal to the fen."""
    check_two_persons(story, fields)
    sums = components(fields)
    owed = [story.owed_fen(n) for n in (PENALTY, COMPOUND, INTEREST)]
    owed[INTEREST] += story.accrued_fen
    right = [*owed, story.outstanding_fen]
    if sums != right or not story.non_accrual:
        story.fault(1, "wrote off another sum than owed", f"{sums}, should be {right}")
    provide(story, fields)
    story.allowance_fen -= sums[PRINCIPAL]
    if story.allowance_fen:
        story.fault(1, "allowance is not the principal written off", f"{story.allowance_fen} fen left")
    story.claim = list(sums)
    story.written_off_fen = sums
    story.stopped_on = 0
    story.dues.clear()
    story.bearing.clear()
    story.misused = None
    story.balance_fen = story.accrued_fen = 0
    story.fallen = story.lapsed = len(story.rows)


def _meet(story: LoanStory, sums: list[int], counted: list[int]) -> None:
    if story.claim is None:
        story.fault(1, "no claim", f"{sums}")
        return
    for n, fen in enumerate(sums):
        counted[n] += fen
        story.claim[n] -= fen
    if min(story.claim) < 0:
        story.fault(1, "more than was claimed", f"left {story.claim}")


def recovered(story: LoanStory, fields: dict[str, Any]) -> None:
    """核销后收回: principal goes back to the allowance, interest is income, principal first as in non-accrual."""
    get, sums = fields.get, components(fields)
    vat, receivable, suspense = get("vat_fen", 0), get("vat_fen_receivable", 0), get("suspense_fen", 0)
    gross = sum(sums[:PRINCIPAL])
    if gross + sums[PRINCIPAL] + suspense != fields["amount_fen"]:
        story.fault(1, "recovery does not add up", f"{sums} + {suspense} of {fields['amount_fen']} fen")
    if not story.vat_is(vat, gross) or receivable != min(vat, story.vat_fen_receivable):
        story.fault(6, "tax of interest collected", f"{vat} fen of {gross}, of it {receivable} due before")
    check_serial(story, fields)
    _meet(story, sums, story.recovered_fen)
    if suspense and any(story.claim or ()):
        story.fault(6, "allocation", f"{suspense} fen went to suspense while {story.claim} were claimed")
    if gross and story.claim and story.claim[PRINCIPAL] and all(version.principal_first for version in story.rules):
        story.fault(6, "allocation", f"{story.claim[PRINCIPAL]} fen of principal left, interest recovered")
    story.allowance_fen += sums[PRINCIPAL]
    story.vat_fen_receivable -= receivable
    story.vat_fen_output += vat - receivable
    story.suspense_fen += suspense
    flows = story.flows
    flows["deposits"] += sum(sums)
    flows["clearing"] += suspense
    flows["interest_income"] -= gross - vat


def misuse_marked(story: LoanStory, fields: dict[str, Any]) -> None:
    """``micro`` for past days is the engine's (the plan of those days is gone); what it books of it is not."""
    check_two_persons(story, fields)
    on, fen, vat, deal = day_of(fields["on"]), fields["penalty_fen"], fields.get("vat_fen", 0), story.deal
    assert deal is not None
    if story.misused is not None or not 0 < fields["amount_fen"] <= story.outstanding_fen:
        story.fault(6, "misuse", f"{fields['amount_fen']} of {story.outstanding_fen} fen")
    if abs(fen * 10_000 - fields["micro"]) * 2 > 10_000:
        story.fault(6, "penalty for misuse", f"{fen} fen of {fields['micro']} micro-yuan")
    story.misused = Misused(fields["amount_fen"], fields["micro"] * deal.year * (SCALE // 10_000), fen, on)
    if fen:
        story.dues.setdefault(MISUSE, [0, 0, 0, 0])[PENALTY] += fen
    if not story.non_accrual:
        if not story.vat_grew(vat, story.charged_fen, story.charged_fen + fen):
            story.fault(6, "tax of penalty", f"{vat} fen of {fen}")
        story.charged_fen += fen
        story.vat_fen_output += vat
        story.flows["interest_income"] -= fen - vat


def reclassified(story: LoanStory, fields: dict[str, Any]) -> None:
    """分类人工调整: never better than overdue days allow."""
    check_two_persons(story, fields)
    told, on, oldest = fields["risk_class"], day_of(fields["on"]), story.oldest_due()
    if oldest and all(told < version.class_by_days(on - oldest) for version in story.rules):
        story.fault(6, "risk class", f"{told} with {on - oldest} overdue days")
    story.risk_class = story.floor = told
    story.floor_until = day_of(fields["until"]) if fields.get("until") else 0
    provide(story, fields)
    check_allowance(story, on)


def allowance_set(story: LoanStory, fields: dict[str, Any]) -> None:
    check_two_persons(story, fields)
    story.ecl_fen = fields["ecl_fen"]
    provide(story, fields)
    check_allowance(story, day_of(fields["on"]))


def suspense_refunded(story: LoanStory, fields: dict[str, Any]) -> None:
    fen = fields["amount_fen"]
    story.suspense_fen -= fen
    story.flows["deposits"] -= fen
    if story.suspense_fen < 0:
        story.fault(1, "below zero", f"{fen} fen refunded, held was {story.suspense_fen + fen}")


def settled(story: LoanStory, fields: dict[str, Any]) -> None:
    """结清: nothing is owed or claimed; the allowance is released, what is left of 1221 is closed against income."""
    owed = (story.outstanding_fen, story.accrued_fen, story.dues, story.claim)
    if any(owed[:3]) or any(story.claim or ()):
        story.fault(1, "settled while owing", f"principal, interest, due, claim: {owed} fen")
    told = (fields.get("allowance_fen", 0), fields.get("vat_fen_receivable", 0))
    held = (story.allowance_fen, story.vat_fen_receivable)
    if told != held:
        story.fault(1, "settled with an allowance left", f"{told}, held {held}")
    story.flows["impairment"] -= told[0]
    story.flows["interest_income"] += told[1]
    story.allowance_fen -= told[0]
    story.vat_fen_receivable -= told[1]
    story.settled = True
    story.stop_by = story.resume_by = 0
