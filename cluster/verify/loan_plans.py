"""The pay-out's plan and every later one: prepayment, new rate, extension, restructuring, acceleration.

Invariant 6: what a plan repays is the principal that is not due, to the fen; rates follow one another as agreed.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from cluster.verify.loan_rows import Row
from cluster.verify.loan_story import COMPOUND, INTEREST, PENALTY, PRINCIPAL, LoanStory
from cluster.verify.loan_terms import SCALE, Deal, by_some, day_of, day_text, months_after
from cluster.verify.schedule import Agreed, faults
from cluster.verify.schedule import Row as PlannedRow

_BP = Decimal("0.0001")
_checked: dict[tuple[Any, ...], list[str]] = {}
"""Schedules looked at: many loans have the same."""
CHECKED_MAX = 10_000


def contract_drawn(story: LoanStory, fields: dict[str, Any]) -> None:
    story.deal = Deal.of(fields["terms"])
    story.terms = fields["terms"]
    if wrong := story.deal.wrong_rates():
        story.fault(6, "rates", wrong)


def disbursed(story: LoanStory, fields: dict[str, Any]) -> None:
    fen, deal = fields["amount_fen"], story.deal
    if story.disbursed_fen != story.reversed_fen:
        story.fault(1, "paid out twice", f"{story.disbursed_fen} fen, then {fen} fen")
    story.on_its_way_fen -= fen
    story.disbursed_fen += fen
    story.flows["deposits"] -= fen
    start = day_of(fields["core_date"])
    story.rows = [Row(day_of(row[0]), row[1], row[2]) for row in fields["rows"]]
    story.balance_fen, story.since, story.disbursed_on, story.closed_to = fen, start, start, start - 1
    story.matures = story.rows[-1].due if story.rows else start
    if deal is None or fen != deal.amount_fen:
        story.fault(1, "paid out another sum than agreed", f"{fen} fen")
        return
    agreed = Agreed.of(story.terms)
    key = (agreed, start, fields["instalment_fen"], tuple((row[0], row[1], row[2]) for row in fields["rows"]))
    found = _checked.get(key)
    if found is None:
        rows = [PlannedRow(date.fromordinal(row.due), row.principal_fen, row.interest_fen) for row in story.rows]
        found = faults(agreed, date.fromordinal(start), fields["instalment_fen"], rows)
        if len(_checked) < CHECKED_MAX:
            _checked[key] = found
    for fault in found:
        story.fault(6, "schedule", fault)


def disbursement_reversed(story: LoanStory, fields: dict[str, Any]) -> None:
    fen = fields["amount_fen"]
    if fen != story.outstanding_fen or any(story.repaid_fen) or story.dues:
        detail = f"{fen} of {story.outstanding_fen}"
        story.fault(1, "reversed another sum than outstanding", detail)
    story.reversed_fen += fen
    story.flows["deposits"] += fen
    story.balance_fen = 0


def early_interest(story: LoanStory, fen: int) -> None:
    """Accrued interest of the running row is paid. More than it bills (a row in interest grace) is billed with it and
    taken off the rows that it would have fallen into."""
    story.paid_early_fen += fen
    row = story.rows[story.fallen]
    extra = story.paid_early_fen - row.interest_fen
    if extra > 0:
        row.interest_fen += extra
        for later in story.rows[story.fallen + 1 :]:
            less = min(extra, later.interest_fen)
            later.interest_fen -= less
            extra -= less


def replanned(story: LoanStory, planned: Any) -> None:
    """Rows from the running one on, due dates as before; fewer rows: the rest fell away."""
    left = story.rows[story.fallen :]
    if len(planned) > len(left):
        story.fault(6, "schedule", f"the new plan has {len(planned)} rows, {len(left)} were left")
    del story.rows[story.fallen :]
    story.rows += [Row(row.due, new[0], new[1]) for row, new in zip(left, planned, strict=False)]
    if story.balance_fen:
        story.matures = story.rows[-1].due
    check_plan(story)


def check_plan(story: LoanStory) -> None:
    planned = [row.principal_fen for row in story.rows[story.fallen :]]
    if sum(planned) != story.balance_fen or min(planned, default=0) < 0:
        detail = f"the new plan has {sum(planned)} fen of principal, {story.balance_fen} are left"
        story.fault(6, "schedule", detail)


def repriced(story: LoanStory, fields: dict[str, Any]) -> None:
    """重定价 on 1 January or the anniversary: latest LPR published before the day, plus the spread."""
    deal, on = story.deal, day_of(fields["on"])
    assert deal is not None
    day, start = date.fromordinal(on), story.disbursed_on
    anniversary = months_after(start, 12 * (day.year - date.fromordinal(start).year))
    right_day = (day.month, day.day) == (1, 1) if deal.repricing == "january" else on == anniversary
    if deal.repricing == "fixed" or not right_day or on != story.closed_to + 1:
        story.fault(6, "repriced out of turn", f"{deal.repricing}, {day}")
    rate = Decimal(fields["annual_rate"])
    spread = deal.spread_bp * _BP
    if not by_some(story.rules, lambda rules: rules.lpr_before(deal.lpr_tenor, on) == rate - spread):
        story.fault(6, "rate", f"{rate} on {day} is not the LPR of {deal.lpr_tenor} plus {deal.spread_bp} bp")
    cut(story, on)
    new_rates(story, fields)
    replanned(story, fields["replanned"])


def new_rates(story: LoanStory, fields: dict[str, Any]) -> None:
    deal = story.deal
    assert deal is not None
    annual, penalty, misuse = fields["annual_e10"], fields["penalty_e10"], fields["misuse_e10"]
    story.deal = deal.at(annual, penalty, misuse)
    if wrong := story.deal.wrong_rates():
        story.fault(6, "rates", wrong)
    if Decimal(fields["annual_rate"]) * SCALE != annual:
        story.fault(6, "rates", f"{fields['annual_rate']} is not {annual}e-10")


def cut(story: LoanStory, day: int) -> None:
    """Everything that bears interest by days begins a new stretch on ``day``."""
    deal, maturity = story.deal, story.matures
    assert deal is not None
    story.run, story.since = story.run + story.balance_fen * deal.annual * (day - story.since), day
    for no, row in story.bearing.items():
        row.cut(day, story.dues[no], deal, maturity)
    if story.misused is not None:
        story.misused.cut(day, story.outstanding_fen, story.balance_fen, deal)


def _new_rows(story: LoanStory, rows: Any) -> None:
    """``rows`` from the running one on; what was paid of the running row's interest stands in its first."""
    del story.rows[story.fallen :]
    story.rows += [Row(day_of(row[0]), row[1], row[2]) for row in rows]
    dues = [row.due for row in story.rows[story.fallen :]]
    if dues != sorted(set(dues)):
        story.fault(6, "schedule", f"due dates out of order: {', '.join(map(day_text, dues))}")
    paid = rows[0][4] if rows and len(rows[0]) > 4 else 0
    if paid != story.paid_early_fen:
        story.fault(6, "schedule", f"{paid} fen paid of the first row, {story.paid_early_fen} were")
    story.matures = story.rows[-1].due if story.rows else 0
    check_plan(story)


def extended(story: LoanStory, fields: dict[str, Any]) -> None:
    """展期: no arrears, no money; the running period goes on whole unless the rate changes in it."""
    on, split = day_of(fields["on"]), day_of(fields["split_on"])
    if story.dues:
        story.fault(6, "extended in arrears", f"{story.dues}")
    if story.misused is not None:
        assert story.deal is not None
        story.misused.cut(on, story.outstanding_fen, story.balance_fen, story.deal)
    assert story.deal is not None
    story.run, story.since = story.run + story.balance_fen * story.deal.annual * (split - story.since), split
    new_rates(story, fields)
    _new_rows(story, fields["rows"])


def restructured(story: LoanStory, fields: dict[str, Any]) -> None:
    """重组: principal of rows that fell due moves into the plan; with ``capitalised`` what else is due of them becomes
    principal (利息转本), never in non-accrual."""
    on, get = day_of(fields["on"]), fields.get
    cut(story, on)
    moved, capitalised = get("principal_fen_moved", 0), get("capitalised", False)
    told = [get(name, 0) for name in ("penalty_fen", "compound_fen", "interest_fen")]
    overdue = sum(due[PRINCIPAL] for no, due in story.dues.items() if 0 < no <= story.lapsed)
    right = [story.owed_fen(n) for n in (PENALTY, COMPOUND, INTEREST)] if capitalised else [0, 0, 0]
    principal = story.owed_fen(PRINCIPAL)
    if told != right or moved not in (0, principal) or get("principal_fen_overdue", 0) != (overdue if moved else 0):
        story.fault(6, "restructured another sum than owed", f"{told} and {moved}, should be {right} and {principal}")
    if story.non_accrual and any(told):
        story.fault(6, "unrecognised interest became principal", f"{told} fen")
    for due in story.dues.values():
        if moved:
            due[PRINCIPAL] = 0
        if capitalised:
            due[:PRINCIPAL] = [0, 0, 0]
    story.forget_paid()
    story.capitalised_fen += sum(told)
    story.balance_fen += moved + sum(told)
    story.deal = _after(story, Deal.of(fields["terms"]))
    if wrong := story.deal.wrong_rates():
        story.fault(6, "rates", wrong)
    _new_rows(story, fields["rows"])
    story.risk_class, story.floor = fields["risk_class"], fields["class_floor"]
    story.floor_until = day_of(fields["class_floor_until"]) if get("class_floor_until") else 0
    if min(story.risk_class, story.floor) < 2:
        story.fault(6, "restructured and normal", f"class {story.risk_class}, floor {story.floor}")


def _after(story: LoanStory, deal: Deal) -> Deal:
    """Interest of the running period that was not even goes on in the new plan's first row."""
    before = story.deal
    assert before is not None
    carried = story.accrued_fen + story.paid_early_fen
    return deal._replace(even=deal.even and (before.even or not carried))


def accelerated(story: LoanStory, fields: dict[str, Any]) -> None:
    """提前到期: all that was not due falls due, with the interest accrued, on the day."""
    on, no, vat = day_of(fields["on"]), fields["no"], fields.get("vat_fen", 0)
    cut(story, on)
    told = (no, fields["principal_fen"], fields["interest_fen"], vat)
    right = (story.fallen + 1, story.balance_fen, story.accrued_fen, story.vat_fen_deferred)
    if told != right:
        story.fault(6, "accelerated another sum than not due", f"{told}, should be {right}")
    del story.rows[story.fallen :]
    story.rows.append(Row(on, fields["principal_fen"], fields["interest_fen"] + story.paid_early_fen))
    if fields["principal_fen"] or fields["interest_fen"]:
        story.dues[no] = [0, 0, fields["interest_fen"], fields["principal_fen"]]
    story.fallen, story.paid_early_fen, story.run, story.since = no, 0, 0, on
    story.matures = on
    story.balance_fen = story.accrued_fen = 0
    story.vat_fen_deferred -= vat
    story.vat_fen_output += vat
