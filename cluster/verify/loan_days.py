"""Closes of days and what turns with them: interest, dues, overdue, penalty, compound, class, allowance, accrual.

Invariant 6: one close per (loan, date), dates in order. Each sum of a close is held against the checker's own: interest
and penalty by days, what the plan bills, the class that overdue days ask for, rate x outstanding set aside, and accrual
that stops and resumes on its day.
"""

from typing import Any

from cluster.verify.loan_rows import Bearing, fits
from cluster.verify.loan_story import COMPOUND, INTEREST, MISUSE, PENALTY, PRINCIPAL, LoanStory
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
    _lapse(story, fields, last)
    charged = _charge(story, fields, not_due, morning)
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
    _turns(story, first, morning, oldest)


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


def _lapse(story: LoanStory, fields: dict[str, Any], last: int) -> None:
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


def _charge(story: LoanStory, fields: dict[str, Any], not_due_fen: int, morning: int) -> int:
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


def _turns(story: LoanStory, first: int, morning: int, oldest_before: int) -> None:
    """Whether accrual must stop or resume this morning, and whether it should have stopped on an earlier one."""
    oldest = story.oldest_due()
    if story.non_accrual:
        story.resume_by = morning if not story.dues and story.risk_class <= 2 else 0
        return
    days = morning - oldest if oldest else 0
    if by_some(story.rules, lambda rules: days < rules.non_accrual_days):
        return
    story.stop_by = morning
    if oldest == oldest_before and not by_some(story.rules, lambda rules: days == rules.non_accrual_days):
        story.fault(6, "non-accrual late", f"{days} overdue days, closed from {day_text(first)} in one piece")


def accrual_stopped(story: LoanStory, fields: dict[str, Any]) -> None:
    """转非应计: by the day's end on the right morning; a write-off stops it first (then `WrittenOff` must follow)."""
    on, oldest, get = day_of(fields["on"]), story.oldest_due(), fields.get
    turns = oldest and by_some(story.rules, lambda rules: on - oldest >= rules.non_accrual_days)
    story.stopped_on = 0 if turns and on == story.closed_to + 1 else on
    story.stop_by = 0
    overdue = sum(due[PRINCIPAL] for no, due in story.dues.items() if 0 < no <= story.lapsed)
    told = tuple(
        get(name, 0)
        for name in (
            "principal_fen_performing", "principal_fen_overdue", "interest_fen_due", "penalty_fen_due",
            "compound_fen_due", "accrued_fen", "vat_fen_deferred",
        )
    )  # fmt: skip
    due = [story.owed_fen(component) for component in (INTEREST, PENALTY, COMPOUND)]
    right = (story.outstanding_fen - overdue, overdue, *due, story.accrued_fen, story.vat_fen_deferred)
    if told != right or story.non_accrual:
        story.fault(6, "reversed another sum than recognised", f"{told}, should be {right}")
    receivable = get("vat_fen_receivable", 0)
    if not story.vat_is(receivable, sum(due)):
        story.fault(6, "tax of what was reversed", f"{receivable} fen of {sum(due)}")
    story.flows["interest_income"] += sum(due) + story.accrued_fen - story.vat_fen_deferred - receivable
    story.vat_fen_deferred = 0
    story.vat_fen_receivable += receivable
    story.non_accrual = True


def accrual_resumed(story: LoanStory, fields: dict[str, Any]) -> None:
    """转回应计: only when arrears are clear and the class allows."""
    on = day_of(fields["on"])
    if story.resume_by != on or not story.non_accrual:
        story.fault(6, "accrual resumed out of turn", f"{day_text(on)}, owing {story.dues}, class {story.risk_class}")
    story.resume_by = 0
    accrued, vat, receivable = (fields.get(name, 0) for name in ("accrued_fen", "vat_fen", "vat_fen_receivable"))
    told, right = (
        (fields["principal_fen"], accrued, receivable),
        (
            story.outstanding_fen,
            story.accrued_fen,
            story.vat_fen_receivable,
        ),
    )
    if told != right or not story.vat_is(vat, accrued):
        story.fault(6, "recognised another sum than claimed", f"{told} with tax {vat}, should be {right}")
    story.non_accrual = False
    story.vat_fen_deferred, story.vat_fen_receivable = vat, story.vat_fen_receivable - receivable
    story.flows["interest_income"] += receivable - (accrued - vat)
