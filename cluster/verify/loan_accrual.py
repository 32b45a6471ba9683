"""转非应计 and 转回应计: accrual stops and resumes on its day, and of the sums that were recognised and unpaid.

Invariant 6: the close before says that it must turn, the next event is the turn.
"""

from typing import Any

from cluster.verify.loan_story import COMPOUND, INTEREST, PENALTY, PRINCIPAL, LoanStory
from cluster.verify.loan_terms import by_some, day_of, day_text


def turns(story: LoanStory, first: int, morning: int, oldest_before: int) -> None:
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
