"""The worked Chinese examples, within the tolerance each states; read by what their inputs and figures are called."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import pytest
from schedule_support import terms
from vectors import examples

from actors.loan.schedule import Plan, plan
from actors.schedule.annual_cost import irr_annual
from actors.schedule.methods import Task
from actors.schedule.terms import DayCount, Method, PlanTerms

START = date(2022, 7, 15)
METHODS: tuple[tuple[str, Method], ...] = (
    ("等额本息", "equal_instalment"),
    ("等额本金", "equal_principal"),
    ("先息后本", "interest_only"),
    ("利随本清", "bullet"),
    ("一次性还本付息", "bullet"),
    ("随借随还", "pay_anytime"),
    ("等本等息", "flat"),
)
YEARS: dict[int, DayCount] = {360: "actual/360", 364: "actual/364", 365: "actual/365"}


def tolerances(text: str) -> list[Decimal]:
    """The numbers of a tolerance, in its order: rows first, totals last."""
    return [Decimal(number) for number in re.findall(r"\d+\.\d+", text)] or [Decimal(0)]


def yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


def close(ours: Decimal, theirs: str, tolerance: Decimal) -> None:
    assert abs(ours - Decimal(theirs)) <= tolerance, (ours, theirs, tolerance)


def planned(example: dict[str, Any], method: Method, last_row: str = "recompute") -> Plan:
    """Its loan by our engine: periods of months from the dates given, or one period of so many days."""
    given = example["inputs"]
    by_days = "period_days" in given or "days" in given or "monthly_rate" not in given
    count = YEARS[given.get("year_days", 360)]
    if "days" in given:
        agreed = PlanTerms(method, 1, every=given["days"], unit="day", day_count=count)
    else:
        agreed = PlanTerms(
            method,
            int(given["periods"]),
            day_count=count,
            whole_periods="by_days" if by_days else "twelfths",
            last_row=last_row,  # type: ignore[arg-type]
        )
    starts = given.get("illustrative_dates", [START.isoformat()])
    rate = str(Decimal(given["annual_rate_pct"]) / 100)
    return plan(terms(int(Decimal(given["principal"]) * 100), rate, agreed), date.fromisoformat(starts[0]))


def keeps_the_instalment(example: dict[str, Any]) -> bool:
    """An example whose last payment is the instalment itself lets the last interest be the rest."""
    rows = example["expected"].get("rows", [])
    periods = example["inputs"].get("periods")
    return bool(rows) and rows[-1]["n"] == periods and rows[-1]["payment"] == example["expected"].get("instalment")


def check_loan(example: dict[str, Any], method: Method) -> None:
    expected = example["expected"]
    allowed = tolerances(example["tolerance"])
    ours = planned(example, method, "keep_instalment" if keeps_the_instalment(example) else "recompute")
    rows, left = ours.rows, sum(row.principal_fen for row in ours.rows)
    if "instalment" in expected:
        close(yuan(ours.instalment_fen), expected["instalment"], allowed[0])
    if "period_days" in example["inputs"]:
        ends = [date.fromisoformat(example["inputs"]["illustrative_dates"][0]), *(row.due for row in rows)]
        assert [(end - begin).days for begin, end in pairwise(ends)] == example["inputs"]["period_days"]
    balances = []
    for row in rows:
        left -= row.principal_fen
        balances.append(left)
    for row in expected.get("rows", []):
        our = rows[row["n"] - 1]
        figures = {
            "payment": our.principal_fen + our.interest_fen,
            "principal": our.principal_fen,
            "interest": our.interest_fen,
            "balance_after": balances[row["n"] - 1],
        }
        for name in figures.keys() & row.keys():
            close(yuan(figures[name]), row[name], allowed[0])
    last = rows[-1]
    if "last_payment_approx" in expected:
        close(yuan(last.principal_fen + last.interest_fen), expected["last_payment_approx"], allowed[-2])
    if "last_unrounded" in expected:
        for name, fen in (("principal", last.principal_fen), ("interest", last.interest_fen)):
            close(yuan(fen), expected["last_unrounded"][name], allowed[-1])
    interest = yuan(sum(row.interest_fen for row in rows))
    for name in ("total_interest", "total_interest_unrounded"):
        if name in expected:
            close(interest, expected[name], allowed[-1])
    for name in ("total_paid", "total_paid_unrounded"):
        if name in expected:
            close(interest + Decimal(example["inputs"]["principal"]), expected[name], allowed[-1])


def check_days(example: dict[str, Any], method: Method) -> None:
    """Interest of so many days at a daily rate."""
    given = example["inputs"]
    annual = Decimal(given["daily_rate_pct"]) / 100 * 360
    for name, amount in example["expected"].items():
        days = re.fullmatch(r"interest_(\d+)_days?", name)
        if days is not None:
            agreed = PlanTerms(method, 1, every=int(days[1]), unit="day")
            (row,) = plan(terms(int(Decimal(given["principal"]) * 100), str(annual), agreed), START).rows
            assert row.due == START + timedelta(days=int(days[1]))
            close(yuan(row.interest_fen), amount, tolerances(example["tolerance"])[0])


def check_penalty(example: dict[str, Any]) -> None:
    """Penalty of the days from the due date to the payment, then the rest of the payment to principal."""
    given, expected = example["inputs"], example["expected"]
    due, paid_on = date.fromisoformat(given["due_date"]), date.fromisoformat(given["repay_date"])
    days = (paid_on - due).days
    assert days == expected["overdue_days"]
    principal = int(Decimal(given["due_principal"]) * 100)
    rate_e10 = int(Decimal(given["penalty_annual_pct"]) * 10**8)
    agreed = PlanTerms("bullet", 1, day_count=YEARS[given["year_days"]])
    penalty = Task(agreed, rate_e10, principal, [(days, given["year_days"])]).interest_fen(principal, 0)
    paid = int(Decimal(given["repay_amount"]) * 100)
    tolerance = tolerances(example["tolerance"])[0]
    close(yuan(min(penalty, paid)), expected["penalty_paid"], tolerance)
    close(yuan(paid - penalty), expected["principal_paid"], tolerance)
    close(yuan(principal - (paid - penalty)), expected["principal_left"], tolerance)


def check_cost(example: dict[str, Any]) -> None:
    flows = [(date.fromisoformat(day), int(Decimal(sum_) * 100)) for day, sum_ in example["inputs"]["cashflows"]]
    percent = (irr_annual(flows) * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    close(percent, example["expected"]["all_in_annual_pct"], tolerances(example["tolerance"])[0])
    if "cost" in example["expected"]:
        close(yuan(-sum(fen for _, fen in flows)), example["expected"]["cost"], tolerances(example["tolerance"])[0])


def checker(example: dict[str, Any]) -> Callable[[], None]:
    given = example["inputs"]
    if "cashflows" in given:
        return lambda: check_cost(example)
    if "penalty_annual_pct" in given:
        return lambda: check_penalty(example)
    for word, method in METHODS:
        if word in example["method"]:
            if "daily_rate_pct" in given:
                return lambda: check_days(example, method)
            return lambda: check_loan(example, method)
    raise ValueError(f"{example['id']}: no check for {example['method']}")


@pytest.mark.parametrize("example", examples(), ids=lambda example: example["id"])
def test_example(example: dict[str, Any]) -> None:
    checker(example)()
