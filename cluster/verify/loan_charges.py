"""What arrears and a misused balance bear: rows whose grace is over, penalty, compound, each exact by days.

Part of a close (loan_days.py). Invariant 6.
"""

from typing import Any

from cluster.verify.loan_rows import Bearing, fits
from cluster.verify.loan_story import COMPOUND, INTEREST, MISUSE, PENALTY, PRINCIPAL, LoanStory
from cluster.verify.loan_terms import SCALE, day_text, months_after


def lapse(story: LoanStory, fields: dict[str, Any], last: int) -> None:
    """Rows whose grace is over; those with something unpaid are overdue and bear penalty from the due date on."""
    deal, before, to = story.deal, story.lapsed, max(story.lapsed, fields.get("lapsed_to", 0))
    assert deal is not None
    told: dict[int, int] = dict(fields.get("lapsed", ()))
    if to != before or told:
        for no in range(before + 1, to + 1):
            if no > story.fallen or story.rows[no - 1].due + deal.grace_days > last:
                story.fault(6, "overdue before its grace ended", f"row {no} by {day_text(last)}")
            elif no in story.dues:
                story.bearing[no] = Bearing(story.rows[no - 1].due)
        moved = {no: due[PRINCIPAL] for no, due in story.dues.items() if before < no <= to}
        if told != moved:
            story.fault(6, "another principal became overdue", f"{told} by {day_text(last)}, unpaid are {moved}")
        story.lapsed = to
    over = story.lapsed < story.fallen and story.rows[story.lapsed].due + deal.grace_days <= last
    if over and deal.holidays == "none":
        story.fault(6, "grace went on", f"row {story.lapsed + 1} by {day_text(last)}")


def charge(story: LoanStory, fields: dict[str, Any], not_due_fen: int, morning: int) -> int:
    """Penalty and compound of each overdue row, and of a misused balance; their sum. ``not_due_fen``: until now."""
    charged = 0
    for no, fen in fields.get("penalties", ()):
        charged += fen
        if (row := story.bearing.get(no)) is None or fen < 0:
            story.fault(6, "penalty on a row that is not overdue", f"row {no}: {fen} fen")
            continue
        row.penalty_fen += fen
        story.dues[no][PENALTY] += fen
    bases = {}
    for no, fen, base in fields.get("compounds", ()):
        charged += fen
        if (row := story.bearing.get(no)) is None or fen < 0:
            story.fault(6, "compound on a row that is not overdue", f"row {no}: {fen} fen")
            continue
        row.compound_fen += fen
        story.dues[no][COMPOUND] += fen
        if base != row.base_fen:
            bases[no] = base
    if story.bearing:
        _check_bearing(story, bases, morning)
    misused = fields.get("misuse_fen", 0)
    if misused or story.misused is not None:
        charged += misused
        _charge_misuse(story, misused, bool(fields.get("due")), not_due_fen, morning)
    return charged


def _check_bearing(story: LoanStory, bases: dict[int, int], morning: int) -> None:
    deal = story.deal
    assert deal is not None
    for no, row in story.bearing.items():
        due = story.dues[no]
        if deal.year and not fits(row.penalty_fen, row.penalty_to(morning, due[PRINCIPAL], deal), deal.year):
            right = row.penalty_to(morning, due[PRINCIPAL], deal) / (deal.year * SCALE)
            detail = f"row {no}: {row.penalty_fen} fen by {day_text(morning)}, should be {right:.2f}"
            story.fault(6, "penalty by days", detail)
        compound = row.compound_to(morning, due[INTEREST], deal, story.matures) if deal.compound_on != "off" else 0
        if deal.year and not fits(row.compound_fen, compound, deal.year):
            right = compound / (deal.year * SCALE)
            detail = f"row {no}: {row.compound_fen} fen by {day_text(morning)}, should be {right:.2f}"
            story.fault(6, "compound by days", detail)
        if deal.compound_on == "all" and _compounds(story.rows[no - 1].due, morning, deal.compound_months):
            row.compound, row.compound_since = compound, morning
            row.base_fen = due[PENALTY] + due[COMPOUND]
            if bases.pop(no, row.base_fen) != row.base_fen:
                story.fault(6, "compound's base", f"row {no} by {day_text(morning)}, should be {row.base_fen} fen")
    for no, base in bases.items():
        story.fault(6, "compound's base", f"row {no}: {base} fen by {day_text(morning)}, no compounding day")


def _compounds(due: int, morning: int, every: int) -> bool:
    """Whether ``morning`` is a compounding day of a row: every so many months from its due date."""
    months = every
    while (day := months_after(due, months)) < morning:
        months += every
    return day == morning


def _charge_misuse(story: LoanStory, fen: int, cuts: bool, not_due_fen: int, morning: int) -> None:
    """``cuts``: rows fell due, so that a new stretch begins."""
    deal, misused = story.deal, story.misused
    assert deal is not None
    if misused is None:
        story.fault(6, "penalty for misuse without misuse", f"{fen} fen")
        return
    misused.fen += fen
    if fen:
        story.dues.setdefault(MISUSE, [0, 0, 0, 0])[PENALTY] += fen
    exact = misused.to(morning, story.outstanding_fen, not_due_fen, deal)
    if deal.year and not fits(misused.fen, exact, deal.year):
        right = exact / (deal.year * SCALE)
        detail = f"{misused.fen} fen by {day_text(morning)}, should be {right:.2f}"
        story.fault(6, "penalty for misuse by days", detail)
    if cuts:
        misused.exact, misused.since = exact, morning
