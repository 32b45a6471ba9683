"""Reversal of a repayment and correction of an earlier one: the loan's money is put in place of what it was.

The story takes over the figures of the event's ``money`` and holds them against each other and against ``booked``: the
principal adds up by invariant 1, rows and sums say the same, and each account's difference is exactly what is booked.
Nothing that was written before is changed.
"""

from collections import Counter
from typing import Any

from cluster.verify.loan_ledger import ROLES, balances_of
from cluster.verify.loan_rare import check_two_persons
from cluster.verify.loan_repaid import check_principal
from cluster.verify.loan_rows import Bearing, Misused, Row
from cluster.verify.loan_story import MISUSE, PENALTY, LoanStory
from cluster.verify.loan_terms import SCALE, Deal, day_of

_COMPONENTS = ("penalty", "compound", "interest", "principal")


def repayment_reversed(story: LoanStory, fields: dict[str, Any]) -> None:
    """冲正, on the accounting day of its original."""
    booked = story.serials.get((fields["core_date"], fields["linked_serial"]))
    if booked != fields["amount_fen"]:
        detail = f"{fields['amount_fen']} fen of {fields['core_date']}, that day's was {booked or 'none'}"
        story.fault(1, "reversed what was not posted on the day", detail)
    _become(story, fields)


def repayment_corrected(story: LoanStory, fields: dict[str, Any]) -> None:
    """错账调整: two persons, an original that was posted."""
    check_two_persons(story, fields)
    if all(serial != fields["linked_serial"] for _, serial in story.serials):
        story.fault(1, "corrected what was not posted", f"{fields['amount_fen_before']} fen")
    _become(story, fields)


def _become(story: LoanStory, fields: dict[str, Any]) -> None:
    booked: Counter[str] = Counter()
    for role, debit, credit in fields.get("booked", ()):
        booked[role] += debit - credit
    before = dict(zip(ROLES, balances_of(story), strict=True))
    for flow in ("deposits", "clearing", "interest_income", "fee_income", "impairment"):
        story.flows[flow] += booked[flow]
    _take(story, fields["money"])
    after = dict(zip(ROLES, balances_of(story), strict=True))
    differs = {role: (after[role] - fen, booked[role]) for role, fen in before.items()}
    wrong = {role: pair for role, pair in differs.items() if pair[0] != pair[1]}
    if wrong:
        story.fault(2, "correction books another difference", f"(should be, booked) {wrong} fen")
    unknown = booked.keys() - set(ROLES)
    if unknown or sum(fen for role, fen in booked.items() if not role.startswith("memo_")):
        story.fault(2, "correction does not balance", f"{dict(booked)}")
    check_principal(story)


def _take(story: LoanStory, money: dict[str, Any]) -> None:
    """``money`` by names and positions as actors/loan/money.py and state.py list them."""
    get = money.get
    story.deal = deal = Deal.of(money["terms"])
    story.fallen, story.lapsed = get("fallen", 0), get("lapsed", 0)
    story.closed_to, story.matures = day_of(money["closed_to"]), day_of(money["matures_on"])
    rows = get("rows", ())
    story.rows = [Row(day_of(row[0]), row[1], row[2]) for row in rows]
    micro = deal.year * (SCALE // 10_000)
    story.dues, story.bearing, story.misused = {}, {}, None
    written_off = money["status"] == "written_off"
    for no, row in enumerate(rows[: story.fallen], 1):
        due = [row[5] - row[6], row[9] - row[10], row[2] - row[4], row[1] - row[3]]
        if written_off or not any(due):
            continue
        story.dues[no] = due
        if no <= story.lapsed:
            story.bearing[no] = _bearing(row, micro)
    if (misuse := get("misuse")) is not None:
        amount, since, exact, fen, paid = misuse
        story.misused = Misused(amount, exact * micro, fen, day_of(since))
        if fen - paid:
            story.dues[MISUSE] = [0, 0, 0, 0]
            story.dues[MISUSE][PENALTY] = fen - paid
    for name in ("balance_fen", "accrued_fen", "vat_fen_deferred", "vat_fen_output", "vat_fen_receivable"):
        setattr(story, name, get(name, 0))
    story.allowance_fen, story.suspense_fen = get("allowance_fen", 0), get("suspense_fen", 0)
    story.charged_fen, story.fee_fen = get("penalty_fen_booked", 0), get("fee_fen_repaid", 0)
    story.capitalised_fen = get("principal_fen_capitalised", 0)
    story.repaid_fen = [get(f"{name}_fen_repaid", 0) for name in _COMPONENTS]
    story.waived_fen = [get(f"{name}_fen_waived", 0) for name in _COMPONENTS]
    running = story.fallen < len(story.rows) and not written_off
    story.paid_early_fen = rows[story.fallen][4] if running else 0
    story.run, story.since = get("segment_micro", 0) * micro, day_of(money["segment_from"])
    _take_standing(story, money)


def _bearing(row: list[Any], micro: int) -> Bearing:
    bears = Bearing(day_of(row[8] or row[0]))
    bears.penalty, bears.penalty_fen = row[7] * micro, row[5]
    bears.compound, bears.compound_fen, bears.base_fen = row[11] * micro, row[9], row[13]
    bears.compound_since = day_of(row[12] or row[0])
    return bears


def _take_standing(story: LoanStory, money: dict[str, Any]) -> None:
    get = money.get
    story.non_accrual, story.settled = get("non_accrual", False), money["status"] == "settled"
    story.risk_class, story.floor, story.ecl_fen = get("risk_class", 1), get("class_floor", 1), get("ecl_fen")
    story.floor_until = day_of(money["class_floor_until"]) if get("class_floor_until") else 0
    story.clear_since = day_of(money["clear_since"]) if get("clear_since") else 0
    story.clear_fallen = get("clear_fallen", 0)
    story.stop_by = story.resume_by = story.stopped_on = 0
    claim = get("claim")
    if claim is None:
        story.claim, story.written_off_fen = None, [0, 0, 0, 0]
        return
    _, principal, interest, penalty, compound, *met = claim
    waived = met[4] if len(met) > 4 else (0, 0, 0, 0)
    story.written_off_fen = [penalty, compound, interest, principal]
    story.claim = [penalty - met[2], compound - met[3], interest - met[1], principal - met[0]]
    story.waived_claim_fen = [waived[2], waived[3], waived[1], waived[0]]
    story.recovered_fen = [
        met_fen - waived_fen
        for met_fen, waived_fen in zip((met[2], met[3], met[1], met[0]), story.waived_claim_fen, strict=True)
    ]
