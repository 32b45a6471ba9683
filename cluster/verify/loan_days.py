"""Closes of days: interest, dues, class, allowance; arrears bear what loan_charges says, accrual turns in loan_accrual.

Invariant 6: one close per (loan, date), dates in order. Each sum of a close is held against the checker's own: interest
by days, what the plan bills, the class that overdue days ask for, rate x outstanding set aside.
"""

from typing import Any

from cluster.verify.loan_accrual import turns
from cluster.verify.loan_charges import charge, lapse
from cluster.verify.loan_rows import fits
from cluster.verify.loan_story import LoanStory
from cluster.verify.loan_terms import SCALE, Rules, by_some, day_of, day_text, months_after


def day_closed(story: LoanStory, fields: dict[str, Any]) -> None:
    get, deal = fields.get, story.deal
    assert deal is not None
    first, last = day_of(fields["from_date"]), day_of(fields["to_date"])
    if first > last or first != story.closed_to + 1:
        story.fault(6, "closes in order", f"{day_text(first)}..{day_text(last)} after {day_text(story.closed_to)}")
    morning = last + 1
    accrued, vat = get("accrued_fen", 0), get("accrued_vat_fen", 0)
    not_due, oldest = story.balance_fen, story.oldest_due()
    due_vat = _fall_due(story, get("due", ()), accrued, morning)
    lapse(story, fields, last)
    charged = charge(story, fields, not_due, morning)
    penalty_vat = get("penalty_vat_fen", 0)
    if story.non_accrual:
        if vat or penalty_vat:
            story.fault(6, "tax in non-accrual", f"{vat} and {penalty_vat} fen by {day_text(last)}")
    else:
        if charged or penalty_vat:
            if not story.vat_grew(penalty_vat, story.charged_fen, story.charged_fen + charged):
                story.fault(6, "tax of penalty", f"{penalty_vat} fen of {charged} fen by {day_text(last)}")
            story.charged_fen += charged
        story.vat_fen_deferred += vat - due_vat
        story.vat_fen_output += due_vat + penalty_vat
        story.flows["interest_income"] -= accrued - vat + charged - penalty_vat
        if not story.vat_is(story.vat_fen_deferred, story.accrued_fen):
            story.fault(6, "deferred tax", f"{story.vat_fen_deferred} fen of {story.accrued_fen} by {day_text(last)}")
    story.closed_to = last
    provision = get("provision_fen", 0)
    story.allowance_fen += provision
    story.flows["impairment"] += provision
    _classify(story, get("risk_class", 0) or story.risk_class, morning)
    check_allowance(story, last)
    turns(story, first, morning, oldest)


def _fall_due(story: LoanStory, billed: Any, accrued: int, morning: int) -> int:
    """Bill the rows due by ``morning`` and no others, each what the plan says; the VAT billed."""
    vat_sum, rows, deal = 0, story.rows, story.deal
    assert deal is not None
    story.accrued_fen += accrued
    for no, principal, interest, vat in billed:
        row = rows[no - 1] if no == story.fallen + 1 <= len(rows) else None
        if row is None or row.due > morning:
            story.fault(6, "fell due out of turn", f"row {no} after {story.fallen} by {day_text(morning)}")
            continue
        if (principal, interest) != (row.principal_fen, row.interest_fen - story.paid_early_fen):
            story.fault(6, "billed another sum than planned", f"row {no}: {principal} + {interest} fen")
        if not story.non_accrual and not story.vat_is(vat, interest):
            story.fault(6, "tax of interest", f"row {no}: {vat} fen of {interest}")
        vat_sum += vat
        if principal or interest:
            story.dues[no] = [0, 0, interest, principal]
        story.accrued_fen -= interest
        story.balance_fen -= principal
        story.fallen, story.paid_early_fen, story.run, story.since = no, 0, 0, row.due
    if story.fallen < len(rows) and rows[story.fallen].due <= morning:
        story.fault(6, "not billed", f"row {story.fallen + 1} was due {day_text(rows[story.fallen].due)}")
    if story.accrued_fen < 0:
        story.fault(6, "billed more interest than accrued", f"{-story.accrued_fen} fen by {day_text(morning)}")
    _check_accrued(story, morning)
    return vat_sum


def run_to(story: LoanStory, day: int) -> int:
    """What the running row bears before ``day``, exactly."""
    assert story.deal is not None
    return story.run + story.balance_fen * story.deal.annual * (day - story.since)


def _check_accrued(story: LoanStory, morning: int) -> None:
    """Interest is a function of time: what is accrued and paid of the running row is balance x days x rate, never more
    than is billed."""
    deal = story.deal
    assert deal is not None
    if story.fallen >= len(story.rows):
        if story.accrued_fen:
            story.fault(6, "accrued after the last row", f"{story.accrued_fen} fen by {day_text(morning)}")
        return
    if not deal.even:
        return
    exact = min(run_to(story, morning), story.rows[story.fallen].interest_fen * deal.year * SCALE)
    if not fits(story.accrued_fen + story.paid_early_fen, exact, deal.year):
        right = exact / (deal.year * SCALE)
        detail = f"{story.accrued_fen} + {story.paid_early_fen} fen by {day_text(morning)}, should be {right:.2f}"
        story.fault(6, "interest by days", detail)


def _classify(story: LoanStory, told: int, morning: int) -> None:
    """The class that the rules ask for, by some version of them."""
    oldest, now = story.oldest_due(), story.risk_class
    if oldest:
        story.clear_since = 0
    floor = story.floor if not story.floor_until or morning < story.floor_until else 1

    def right(rules: Rules) -> int:
        if oldest:
            found = max(rules.class_by_days(morning - oldest), now if now >= 3 else 1)
        elif now >= 3 and not _watched(story, rules, morning):
            found = now
        else:
            found = 1
        return max(found, floor)

    if not by_some(story.rules, lambda rules: right(rules) == told):
        days = morning - oldest if oldest else 0
        detail = f"{told} with {days} overdue days by {day_text(morning - 1)}, should be {right(story.rules[0])}"
        story.fault(6, "risk class", detail)
    story.risk_class = told


def _watched(story: LoanStory, rules: Rules, morning: int) -> bool:
    if not story.clear_since or story.fallen - story.clear_fallen < rules.watch_periods:
        return False
    return morning >= months_after(story.clear_since, rules.watch_months)


def check_allowance(story: LoanStory, day: int) -> None:
    """Rate of the class x outstanding, HALF_UP; or what an ECL file asked for."""
    outstanding, booked = story.outstanding_fen, story.allowance_fen
    if story.ecl_fen is not None:
        right = min(story.ecl_fen, outstanding) == booked
    else:
        right = by_some(story.rules, lambda rules: rules.provision(outstanding, story.risk_class) == booked)
    if not right:
        story.fault(6, "allowance", f"{booked} fen for {outstanding} fen of class {story.risk_class}, {day_text(day)}")
