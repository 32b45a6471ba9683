"""The trial calculation by file or options: any terms of a schedule and what happens to it, without a bank or a loan.

A file is one JSON object: ``amount`` (yuan), ``annual_rate`` (0.06), ``start``, ``plan`` (fields of `PlanTerms`), and,
for a schedule that follows what really happens, ``rules`` (fields of `Rules`) and ``happenings`` in the order in which
they become known: {"type": "paid", "date": "2026-02-15", "amount": "100.00"}; a payment without amount pays off; "day"
with "close": true takes overdue principal into account; "pause" with start and end; "rate" with date and annual_rate;
"paid_out" (more than the first). ``holidays``: dates; ``fees`` (yuan): kept back at pay-out, for the yearly cost.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec.structs import replace

from actors.schedule.annual_cost import CashFlow, effective_of, irr_of
from actors.schedule.due_dates import due_dates
from actors.schedule.recalculation.repayment import Split
from actors.schedule.recalculation.run import run
from actors.schedule.recalculation.terms import Case, Happening, InterestPaused, Paid, PaidOut, RateChanged, Rules
from actors.schedule.terms import RATE_SCALE, PlanTerms
from actors.schedule.whole import planned_rows
from cluster.failures import Failure

FILE_FIELDS = ("amount", "annual_rate", "start", "plan", "rules", "happenings", "holidays", "fees")
PERIODS_MAX = 1200
YEAR_MAX = 2200


class Line(NamedTuple):
    """A row as shown; what was paid of it stays zero in a plan to which nothing happened."""

    no: int
    due: date
    days: int
    principal_fen: int
    interest_fen: int
    balance_fen_after: int
    paid_fen: int = 0
    met_on: date | None = None


class Found(NamedTuple):
    """``irr_annual``: of what was paid when it was paid, and of what is still owed when it is due.

    ``effective``: of the nominal rate, charged as often as periods fall into a year (months only).
    """

    lines: tuple[Line, ...]
    instalment_fen: int
    interest_fen: int
    irr_annual: Decimal
    effective: Decimal | None
    payments: tuple[Split, ...]


def try_terms(told: Mapping[str, Any]) -> Found:
    """What the terms of a file (or of options, in the same form) give."""
    unknown = sorted(set(told) - set(FILE_FIELDS))
    if unknown:
        raise Failure(f"未知字段 unknown fields: {', '.join(unknown)}; {', '.join(FILE_FIELDS)}")
    for name in ("amount", "annual_rate", "start", "plan"):
        if name not in told:
            raise Failure(f"缺少字段 missing field: {name}")
    amount, rate = _fen(told["amount"], "amount"), _rate_e10(told["annual_rate"])
    start, fees = _date(told["start"], "start"), _fen(told.get("fees", "0"), "fees")
    plan = _plan(told["plan"])
    holidays = tuple(sorted(_date(day, "holidays") for day in told.get("holidays", ())))
    if not 0 < amount <= 10**15 or not 0 <= fees < amount:
        raise Failure("金额须大于零 the amount must be above zero, fees below it")
    if "rules" in told or "happenings" in told:
        return _followed(told, plan, amount, rate, start, fees, holidays)
    instalment, rows = planned_rows(plan, rate, amount, start, holidays)
    lines, balance, before = list[Line](), amount, start
    for no, (due, principal, interest) in enumerate(rows, 1):
        balance -= principal
        lines.append(Line(no, due, (due - before).days, principal, interest, balance))
        before = due
    flows = [(line.due, line.principal_fen + line.interest_fen) for line in lines]
    return _found(lines, instalment, amount, start, fees, rate, plan, (), flows)


def _followed(
    told: Mapping[str, Any],
    plan: PlanTerms,
    amount: int,
    rate: int,
    start: date,
    fees: int,
    holidays: tuple[date, ...],
) -> Found:
    if plan.method not in ("equal_instalment", "flat"):
        raise Failure("重算只支持等额本息和等本等息 recalculation takes equal_instalment and flat only")
    rules = _convert(told.get("rules", {}), Rules, "rules")
    later = [_happening(one, start) for one in told.get("happenings", ())]
    matures = due_dates(plan, start, holidays)[-1]
    if any(isinstance(one, PaidOut) and one.date >= matures for one in later):
        raise Failure(f"放款须早于到期日 money is paid out before the maturity, {matures}")
    case = Case(plan=plan, annual_e10=rate, rules=rules, happenings=(PaidOut(start, amount), *later))
    result = run(case, holidays)
    lines, lent = list[Line](), [one for one in later if isinstance(one, PaidOut)]
    flows = [(one.date, -one.amount_fen) for one in lent]
    flows += [(payment.date, payment.amount - payment.surplus) for payment in result.payments]
    flows += [(row.due, row.owed) for row in result.rows if row.owed]
    balance = amount + sum(one.amount_fen for one in lent)
    for row in result.rows:
        balance -= row.principal
        paid = row.principal_paid + row.interest_paid
        days = (row.due - row.start).days
        lines.append(Line(row.no, row.due, days, row.principal, row.interest, balance, paid, row.met_on))
    return _found(lines, 0, amount, start, fees, rate, plan, result.payments, sorted(flows))


def _found(
    lines: list[Line],
    instalment: int,
    amount: int,
    start: date,
    fees: int,
    rate: int,
    plan: PlanTerms,
    payments: tuple[Split, ...],
    flows: list[CashFlow],
) -> Found:
    effective = None
    if plan.unit == "month" and 12 % plan.every == 0:
        effective = effective_of(Decimal(rate) / RATE_SCALE, 12 // plan.every)
    return Found(
        tuple(lines),
        instalment,
        sum(line.interest_fen for line in lines),
        irr_of(start, amount, flows, fees),
        effective,
        payments,
    )


def _plan(told: Any) -> PlanTerms:
    """A `PlanTerms` from its fields by name; those left out have the house's defaults."""
    if not isinstance(told, Mapping):
        raise Failure("plan 应为对象 plan must be an object")
    names = PlanTerms.__struct_fields__
    unknown = sorted(set(told) - set(names))
    if unknown:
        raise Failure(f"plan 未知字段 unknown fields: {', '.join(unknown)}; {', '.join(names)}")
    filled = PlanTerms("equal_instalment", 0)
    hints = get_type_hints(PlanTerms)
    values = {name: _convert(value, hints[name], f"plan.{name}") for name, value in told.items()}
    plan = replace(filled, **values)
    periods_max = min(PERIODS_MAX, 40_000 // plan.every) if plan.every > 0 else 0
    if not 0 < plan.periods <= periods_max or not 0 <= plan.due_day <= 31:
        raise Failure(f"期数、周期或还款日不正确 periods 1..{periods_max}, every above zero, due_day 0..31")
    if min(plan.principal_grace, plan.interest_grace, plan.interest_free, plan.instalment_step_fen) < 0:
        raise Failure("宽限期数和取整单位不能为负 graces and the step are not negative")
    if max(plan.principal_grace, plan.interest_grace) >= plan.periods:
        raise Failure("宽限期数须小于期数 a grace must be shorter than the term")
    return plan


def _happening(told: Any, start: date) -> Happening:
    if not isinstance(told, Mapping):
        raise Failure("happenings 应为对象列表 happenings is a list of objects")
    fields = dict(told)
    if "amount" in fields:
        fields["amount_fen"] = _fen(fields.pop("amount"), "amount")
    if "annual_rate" in fields:
        fields["annual_e10"] = _rate_e10(fields.pop("annual_rate"))
    found: Happening = _convert(fields, Happening, f"happenings {told}")
    dates = (found.start, found.end) if isinstance(found, InterestPaused) else (found.date, found.date)
    if not start <= dates[0] <= dates[1] or dates[1].year > YEAR_MAX:
        raise Failure(f"happenings {told}: 日期不正确 not after the start, or out of order")
    if isinstance(found, Paid | PaidOut) and found.amount_fen < 0:
        raise Failure(f"happenings {told}: 金额不能为负 the amount is negative")
    if isinstance(found, RateChanged) and not 0 <= found.annual_e10 < RATE_SCALE:
        raise Failure(f"happenings {told}: 利率不正确 the rate is not below one")
    return found


def _convert(told: Any, into: Any, where: str) -> Any:
    try:
        return msgspec.convert(told, into, strict=False)
    except msgspec.ValidationError as error:
        raise Failure(f"{where}: {error}") from None


def _decimal(text: Any, where: str) -> Decimal:
    try:
        found = Decimal(str(text))
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite():
        raise Failure(f"{where}: 不是数 not a number: {text}")
    return found


def _fen(yuan: Any, where: str) -> int:
    exact = _decimal(yuan, where) * 100
    if exact != exact.to_integral_value():
        raise Failure(f"{where}: 最多两位小数 two decimals at most: {yuan}")
    return int(exact)


def _rate_e10(rate: Any) -> int:
    exact = _decimal(rate, "annual_rate") * RATE_SCALE
    if exact != exact.to_integral_value() or not 0 <= exact < RATE_SCALE:
        raise Failure(f"annual_rate: 须为 0 到 1 之间、最多十位小数 0..1 with ten decimals at most: {rate}")
    return int(exact)


def _date(text: Any, where: str) -> date:
    found: date = _convert(text, date, where)
    if not 1950 <= found.year <= YEAR_MAX:
        raise Failure(f"{where}: 日期超出范围 out of range: {text}")
    return found
