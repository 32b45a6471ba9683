"""The core's own reckoning of a loan, where its split is fact (core_calculated): a simple schedule of its own.

From what the loan account says (amount, rate, periods, method, day of opening) and nothing else: instalments on the
day of opening each month, interest a twelfth a month on the balance, penalty 1.5 x the rate on unpaid principal from
the due date, no grace, no compound. Decimal, half up. Where a product differs from that, the two splits differ: that
is what a difference is made for.
"""

import calendar
from copy import deepcopy
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sandbox.core.records import LoanAccount, Plan, PlanRow, Split

PENALTY_FACTOR = Decimal("1.5")
_DAY_COUNT = 360
_FEN = Decimal(1)


def plan_of(loan: LoanAccount) -> Plan:
    """The schedule on the day of opening."""
    rate = Decimal(loan.annual_rate)
    opened = date.fromisoformat(loan.opened)
    dues = [_months_later(opened, n + 1) for n in range(max(loan.periods, 1))]
    if loan.method == "bullet":
        interest = _fen(loan.disbursed_fen * rate * (dues[-1] - opened).days / _DAY_COUNT)
        rows = [PlanRow(dues[-1].isoformat(), loan.disbursed_fen, interest)]
    else:
        rows = _rows(dues, loan.disbursed_fen, rate, loan.method)
    return Plan(rows, loan.opened)


def split(loan: LoanAccount, day: str, taken_fen: int) -> Split:
    """What ``taken_fen`` on ``day`` pays, and note it in the plan: due rows oldest first (penalty, interest,
    principal), then interest of the running period, then principal before its time; the rest is surplus."""
    plan = loan.plan
    assert plan is not None
    today, left = date.fromisoformat(day), taken_fen
    principal = interest = penalty = 0
    for row in plan.rows:
        if row.due > day or not left:
            break
        _bear_penalty(row, today, Decimal(loan.annual_rate))
        paid = min(left, row.penalty_fen - row.penalty_fen_paid)
        row.penalty_fen_paid, penalty, left = row.penalty_fen_paid + paid, penalty + paid, left - paid
        paid = min(left, row.interest_fen - row.interest_fen_paid)
        row.interest_fen_paid, interest, left = row.interest_fen_paid + paid, interest + paid, left - paid
        paid = min(left, row.principal_fen - row.principal_fen_paid)
        row.principal_fen_paid, principal, left = row.principal_fen_paid + paid, principal + paid, left - paid
    if left:
        early_interest, early_principal = _prepay(loan, plan, today, left)
        interest, principal = interest + early_interest, principal + early_principal
        left -= early_interest + early_principal
    return Split(principal, interest, penalty, surplus_fen=left)


def copied(plan: Plan | None) -> Plan | None:
    """A plan to go back to when the debit is reversed."""
    return deepcopy(plan)


def _prepay(loan: LoanAccount, plan: Plan, today: date, left: int) -> tuple[int, int]:
    """(interest, principal): what accrued in the running period, then principal not due, the rest planned anew."""
    coming = [row for row in plan.rows if row.due > today.isoformat()]
    if not coming:
        return 0, 0
    before = [row.due for row in plan.rows if row.due <= today.isoformat()]
    running, rate = coming[0], Decimal(loan.annual_rate)
    start = max([plan.segment_from, *before])
    carried = plan.segment_fen if start == plan.segment_from else 0
    balance = sum(row.principal_fen for row in coming)
    days = (today - date.fromisoformat(start)).days
    accrued = carried + _fen(balance * rate * days / _DAY_COUNT)
    interest = max(0, min(left, min(accrued, running.interest_fen) - running.interest_fen_paid))
    running.interest_fen_paid += interest
    principal = min(left - interest, balance)
    if principal:
        dues = [date.fromisoformat(row.due) for row in coming]
        method = "bullet" if len(coming) == 1 else loan.method
        planned = _rows(dues, balance - principal, rate, method) if balance > principal else []
        for row in planned[:1]:
            rest = _fen((balance - principal) * rate * (dues[0] - today).days / _DAY_COUNT)
            row.interest_fen, row.interest_fen_paid = accrued + rest, running.interest_fen_paid
        del plan.rows[len(before) :]
        plan.rows.extend(planned)
        plan.segment_from, plan.segment_fen = today.isoformat(), accrued
    return interest, principal


def _rows(dues: list[date], amount_fen: int, rate: Decimal, method: str) -> list[PlanRow]:
    monthly, periods, left = rate / 12, len(dues), amount_fen
    if method == "equal_instalment" and monthly:
        growth = (1 + monthly) ** periods
        instalment = _fen(amount_fen * monthly * growth / (growth - 1))
    else:
        instalment = 0
    rows = []
    for index, due in enumerate(dues):
        interest = _fen(left * monthly)
        if index == periods - 1:
            principal = left
        elif instalment:
            principal = max(0, min(left, instalment - interest))
        else:
            principal = 0 if method in ("interest_only", "bullet") else _fen(Decimal(amount_fen) / periods)
        rows.append(PlanRow(due.isoformat(), principal, interest))
        left -= principal
    return rows


def _bear_penalty(row: PlanRow, today: date, rate: Decimal) -> None:
    since = date.fromisoformat(row.penalty_to or row.due)
    unpaid = row.principal_fen - row.principal_fen_paid
    if today > since:
        row.penalty_fen += _fen(unpaid * rate * PENALTY_FACTOR * (today - since).days / _DAY_COUNT)
        row.penalty_to = today.isoformat()


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _fen(amount: Decimal) -> int:
    return int(amount.quantize(_FEN, ROUND_HALF_UP))
