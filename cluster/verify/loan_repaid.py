"""A repayment: its sums, the order of allocation kept by its rule, what went beyond what was due, its tax and fee.

Invariant 6. The rule: by instalment or by component, by the bucket of overdue days where the terms have buckets, in
non-accrual principal first if the bank says so. A split that the core calculated itself (ledger mode core_calculated,
noted as an incident right before) is fact: only more than is due would be wrong.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from operator import add
from typing import Any

from cluster.verify.loan_days import run_to
from cluster.verify.loan_plans import early_interest, replanned
from cluster.verify.loan_story import COMPOUND, INTEREST, PENALTY, PRINCIPAL, LoanStory
from cluster.verify.loan_terms import day_of, half_up

IN_ORDER = (PENALTY, COMPOUND, INTEREST, PRINCIPAL)
PRINCIPAL_FIRST = (PRINCIPAL, PENALTY, COMPOUND, INTEREST)
Paid = dict[int, list[int]]
"""By row: penalty, compound, interest, principal."""


def components(fields: dict[str, Any]) -> list[int]:
    """Penalty, compound, interest, principal of an event's totals."""
    get = fields.get
    return [get("penalty_fen", 0), get("compound_fen", 0), get("interest_fen", 0), get("principal_fen", 0)]


def parts_of(fields: dict[str, Any]) -> Paid:
    """An event's parts; the compound stands last in each."""
    return {part[0]: [part[1], part[4] if len(part) > 4 else 0, part[2], part[3]] for part in fields.get("parts", ())}


def repaid(story: LoanStory, fields: dict[str, Any]) -> None:
    get, sums, parts = fields.get, components(fields), parts_of(fields)
    fee, suspense = get("fee_fen", 0), get("suspense_fen", 0)
    early, prepaid, day = get("interest_fen_accrued", 0), get("principal_fen_prepaid", 0), day_of(fields["value_date"])
    if sum(sums) + fee + suspense != fields["amount_fen"] or min(*sums, fee, suspense, early, prepaid) < 0:
        story.fault(1, "repayment does not add up", f"{sums} + {fee} + {suspense} of {fields['amount_fen']} fen")
    check_parts(story, parts, sums, early, prepaid)
    if not story.split_by_core or story.split_by_core != get("effect_id"):
        check_order(story, parts, bool(early or prepaid or suspense), day)
    story.split_by_core = ""
    check_serial(story, fields)
    _check_fee(story, fee, get("fee_vat_fen", 0), prepaid, day)
    _take_tax(story, fields, sums, early)
    was_overdue = story.overdue
    pay_parts(story, parts, day)
    pay_beyond(story, early, prepaid, get("replanned"), day)
    story.repaid_fen = list(map(add, story.repaid_fen, sums))
    check_principal(story)
    story.fee_fen += fee
    story.suspense_fen += suspense
    flows = story.flows
    flows["deposits"] += sum(sums) + fee
    flows["clearing"] += suspense
    flows["fee_income"] -= fee - get("fee_vat_fen", 0)
    if suspense > (1 if prepaid and story.deal and story.deal.fees else 0) and _left(
        story, only_due=bool(get("effect_id"))
    ):
        story.fault(6, "allocation", f"{suspense} fen went to suspense while something was owed")
    if was_overdue:
        arrears_cleared(story, day)


def check_parts(story: LoanStory, parts: Paid, sums: list[int], early: int, beyond: int) -> None:
    told = [0, 0, early, beyond]
    for part in parts.values():
        for n in IN_ORDER:
            told[n] += part[n]
    if told != sums:
        story.fault(6, "parts do not add up", f"{told}, of it {early} and {beyond} beyond them, in all {sums}")


def check_order(story: LoanStory, parts: Paid, went_beyond: bool, day: int) -> None:
    """By some version of the bank's terms."""
    found = ""
    for version in story.rules:
        found = _out_of_order(story, parts, went_beyond, _order(story, version.principal_first, day))
        if not found:
            return
    story.fault(6, "allocation", found)


def _order(story: LoanStory, principal_first: bool, day: int) -> Iterator[tuple[int, int]]:
    rows, deal = sorted(story.dues), story.deal
    assert deal is not None
    if story.non_accrual and principal_first:
        return ((no, n) for n in PRINCIPAL_FIRST for no in rows)
    rule, oldest = deal.allocation, story.oldest_due()
    if oldest:
        for from_days, bucket in deal.buckets:
            rule = bucket if day - oldest >= from_days else rule
    if rule == "by_component":
        return ((no, n) for n in IN_ORDER for no in rows)
    return ((no, n) for no in rows for n in IN_ORDER)


def _out_of_order(story: LoanStory, parts: Paid, went_beyond: bool, order: Iterator[tuple[int, int]]) -> str:
    left = ""
    for no, n in order:
        paid = parts[no][n] if no in parts else 0
        if paid and left:
            return f"row {no}: {left} were left while later components were paid"
        if story.dues[no][n] > paid and not left:
            left = f"{story.dues[no][n] - paid} fen of row {no}"
    return f"{left} were left while money went beyond what was due" if left and went_beyond else ""


def pay_parts(story: LoanStory, parts: Paid, day: int) -> None:
    """Take what was paid or waived off what fell due; what it bore ends with ``day``."""
    deal, maturity = story.deal, story.matures
    assert deal is not None
    if story.misused is not None:
        story.misused.cut(day, story.outstanding_fen, story.balance_fen, deal)
    for no, paid in parts.items():
        due = story.dues.get(no, [0, 0, 0, 0])
        row = story.bearing.get(no)
        if row is not None:
            row.cut(day, due, deal, maturity)
        for n in range(4):
            if paid[n] < 0 or due[n] < paid[n]:
                story.fault(6, "allocation", f"row {no} was paid {paid[n]} fen where {due[n]} were due")
            due[n] -= paid[n]
        if row is not None:
            row.base_fen = min(row.base_fen, due[PENALTY] + due[COMPOUND])
    story.forget_paid()


def pay_beyond(story: LoanStory, early: int, principal: int, rows: Any, day: int) -> None:
    """Interest accrued and principal not due, paid or waived on ``day``; then the rows are planned anew around it."""
    if early:
        story.accrued_fen -= early
        if rows is None:
            early_interest(story, early)
        else:
            story.paid_early_fen += early
    if rows is not None:
        story.run, story.since = run_to(story, day), day
        story.balance_fen -= principal
        replanned(story, rows)
    elif principal:
        story.fault(6, "schedule", f"{principal} fen not due were paid and there is no new plan")
    if story.accrued_fen < 0 or story.balance_fen < 0:
        detail = f"principal not due {story.balance_fen}, accrued interest {story.accrued_fen} fen"
        story.fault(1, "below zero", detail)


def arrears_cleared(story: LoanStory, day: int) -> None:
    """If nothing is overdue any more, the watch period of a bad class begins with ``day``."""
    if not story.overdue:
        story.clear_since, story.clear_fallen = day, story.fallen


def check_principal(story: LoanStory) -> None:
    """What is outstanding is what is due and what is not."""
    told, outstanding = story.balance_fen + story.owed_fen(PRINCIPAL), story.outstanding_fen
    if told != outstanding or outstanding < 0:
        story.fault(1, "principal of the rows", f"{told} fen due and not due, outstanding {outstanding} fen")


def check_serial(story: LoanStory, fields: dict[str, Any]) -> None:
    """What the core booked once is posted once."""
    booked = (fields["core_date"], fields["core_serial"])
    if booked[1] and booked in story.serials:
        story.fault(1, "posted twice", f"core serial of {booked[0]}")
    story.serials[booked] = fields["amount_fen"]


def _check_fee(story: LoanStory, fee: int, vat: int, prepaid: int, day: int) -> None:
    """提前还款违约金: the share of the tier of that month of the loan's life, of the principal prepaid, HALF_UP."""
    deal = story.deal
    assert deal is not None
    if not (fee or vat or deal.fees):
        return
    start, now = date.fromordinal(story.disbursed_on), date.fromordinal(day)
    month = (now.year - start.year) * 12 + now.month - start.month + (now.day >= start.day)
    rate = next((rate for up_to, rate in deal.fees if month <= up_to), "0")
    up, down = Decimal(rate).as_integer_ratio()
    if fee != half_up(prepaid * up, down):
        story.fault(6, "prepayment fee", f"{fee} fen of {prepaid} fen in month {month} at {rate}")
    if not story.vat_is(vat, fee):
        story.fault(6, "tax of the fee", f"{vat} fen of {fee}")


def _take_tax(story: LoanStory, fields: dict[str, Any], sums: list[int], early: int) -> None:
    """Early interest takes its deferred VAT with it; in non-accrual interest is income when it comes, and VAT that was
    due before is used up first."""
    vat, receivable, fee_vat = (fields.get(name, 0) for name in ("vat_fen", "vat_fen_receivable", "fee_vat_fen"))
    if story.non_accrual:
        gross = sum(sums[:PRINCIPAL])
        if not story.vat_is(vat, gross) or receivable != min(vat, story.vat_fen_receivable):
            story.fault(6, "tax of interest collected", f"{vat} fen of {gross}, of it {receivable} due before")
        story.flows["interest_income"] -= gross - vat
        story.vat_fen_receivable -= receivable
    else:
        if (early or vat) and not story.vat_is(story.vat_fen_deferred - vat, story.accrued_fen - early):
            story.fault(6, "tax of early interest", f"{vat} fen of {early}")
        story.vat_fen_deferred -= vat
    story.vat_fen_output += vat - receivable + fee_vat


def _left(story: LoanStory, *, only_due: bool) -> bool:
    """Whether anything is owed; a collection of dues never prepays, so only what is due counts for it. (With a fee a
    single fen may be left over that pays no further fen of principal and its fee.)"""
    return bool(story.dues or (not only_due and (story.outstanding_fen or story.accrued_fen)))
