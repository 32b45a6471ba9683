"""The shared vectors as cases of the engine: every field of a case is read, nothing depends on which case it is."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from actors.schedule.recalculation.terms import (
    Case,
    Component,
    DayReached,
    FutureRule,
    Happening,
    InterestPaused,
    Paid,
    PaidOut,
    Rules,
)
from actors.schedule.terms import DayCount, PlanTerms, Unit

FOLDER = Path(__file__).parents[3] / "shared" / "vectors"
UNITS: dict[str, Unit] = {"MONTHS": "month", "WEEKS": "week", "DAYS": "day"}
FUTURE: dict[str, FutureRule] = {
    "NEXT_INSTALLMENT": "next",
    "LAST_INSTALLMENT": "last",
    "REAMORTIZATION": "all",
    "NEXT_LAST_INSTALLMENT": "next_then_last",
}


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "schedules.json").read_text())["cases"]
    return found


def examples() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "cn_repayment_examples.json").read_text())["examples"]
    return found


def fen(yuan: str) -> int:
    exact = Decimal(yuan) * 100
    assert exact == int(exact), yuan
    return int(exact)


def rate_e10(percent: str) -> int:
    exact = Decimal(percent) * 10**8
    assert exact == int(exact), percent
    return int(exact)


def day_count(given: dict[str, Any]) -> DayCount:
    month = "actual" if given["days_in_month"] == "ACTUAL" else given["days_in_month"]
    year = "actual" if given["days_in_year"] == "ACTUAL" else given["days_in_year"]
    name: DayCount = f"{month}/{year}"  # type: ignore[assignment]
    return name


def plan_terms(given: dict[str, Any]) -> PlanTerms:
    equal_principal = given["amortization"] == "EQUAL_PRINCIPAL_PAYMENTS"
    flat = given["interest_method"] == "FLAT"
    multiple = given["installment_amount_in_multiples_of"]
    return PlanTerms(
        method="flat" if flat else "equal_principal" if equal_principal else "equal_instalment",
        periods=int(given["number_of_repayments"]),
        every=given["repay_every"],
        unit=UNITS[given["repay_unit"]],
        day_count=day_count(given),
        whole_periods="twelfths" if given["interest_calculation_period"] == "SAME_AS_REPAYMENT_PERIOD" else "by_days",
        rounding=given["money_rounding"],
        last_row="smooth" if given["schedule_kind"] == "progressive" else "recompute",
        principal_grace=given["grace_on_principal_periods"],
        interest_grace=given["grace_on_interest_periods"],
        interest_free=given["interest_free_periods"],
        instalment_step_fen=int(Decimal(str(multiple)) * 100) if multiple else 0,
        year_end="january_1" if given["interest_recognition_on_disbursement_date"] else "december_31",
        leap_days="feb_29_period" if given["days_in_year_custom_strategy"] else "leap_years",
    )


def rules(case: dict[str, Any]) -> Rules:
    given, agreed = case["inputs"], case.get("rules")
    percent = Decimal(str(given["down_payment_percent"] or 0))
    classic = given["schedule_kind"] == "cumulative"
    if agreed is None:
        return Rules(
            generator="classic" if classic else "progressive",
            recalculate=not classic,
            down_payment_bp=int(percent * 100),
        )
    components: list[Component] = [
        c.lower() for c in agreed["allocation_within_installment"] if c in ("PRINCIPAL", "INTEREST")
    ]
    first, second = components
    return Rules(
        generator="classic" if classic else "progressive",
        recalculate=agreed["interest_recalculation"] and not classic,
        rest="period" if agreed["rest_frequency"] == "SAME_AS_REPAYMENT_PERIOD" else "day",
        pre_close="rest" if agreed["pre_close_interest"] == "TILL_REST_FREQUENCY_DATE" else "day",
        order=(first, second),
        future=FUTURE[agreed["future_installment_rule"]],
        overdue_interest=agreed["interest_on_past_due_principal"],
        down_payment_bp=int(percent * 100),
    )


def happenings(case: dict[str, Any]) -> tuple[Happening, ...]:
    """Pay-outs are made when the business date reaches them; a recalculation closes the business date reached."""
    found: list[Happening] = []
    lent = [PaidOut(date.fromisoformat(d["date"]), fen(d["amount"])) for d in case["inputs"]["disbursements"]]
    today = lent[0].date
    for event in case.get("events") or ():
        kind = event["type"]
        if kind == "interest_pause":
            on = date.fromisoformat(event["from"])
        else:
            on = date.fromisoformat(event["date"]) if "date" in event else today
        if kind == "business_date":
            today = on
            found.append(DayReached(on))
        while lent and (lent[0].date <= on or not any(isinstance(h, PaidOut) for h in found)):
            found.append(lent.pop(0))
        match kind:
            case "business_date":
                pass
            case "recalculate_as_of_business_date":
                found.append(DayReached(today, close=True))
            case "repayment":
                found.append(Paid(on, fen(event["amount"])))
            case "payoff":
                found.append(Paid(on))
            case "interest_pause":
                found.append(InterestPaused(on, date.fromisoformat(event["to"])))
            case other:
                raise ValueError(other)
    return (*found, *lent)


def engine_case(case: dict[str, Any]) -> Case:
    return Case(
        plan=plan_terms(case["inputs"]),
        annual_e10=rate_e10(case["inputs"]["annual_rate_percent"]),
        rules=rules(case),
        happenings=happenings(case),
    )
