"""Schedules to the fen: the golden instalments, odd first periods, anchor days, last rows, published examples."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from loan_support import Life, bank, opening, product
from msgspec.structs import replace

from actors.loan.messages import PostRepayment
from actors.loan.opening import terms_of
from actors.loan.repricing import at_rate
from actors.loan.schedule import plan
from actors.loan.state import Terms
from actors.schedule.due_dates import is_whole, nominal
from actors.schedule.terms import PlanTerms

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
START = date(2026, 1, 15)
MONTHLY = PlanTerms("equal_instalment", 3)


def terms(amount_fen: int, rate: str, periods: int, method: str = "equal_instalment", **changes: Any) -> Terms:
    due_day = changes.pop("due_day", 0)
    asked = opening(amount_fen=amount_fen, periods=periods, method=method, due_day=due_day)
    priced = at_rate(terms_of(asked, product(**changes)), Decimal(rate))
    assert priced is not None
    return priced


@pytest.mark.parametrize(
    ("amount_fen", "rate", "periods", "instalment_fen"),
    [
        (10_000_000, "0.06", 12, 860_664),
        (100_000_000, "0.049", 360, 530_727),
        (10_000_000, "0", 12, 833_333),
        (100_000_000, "0.063", 3, 33_683_944),
    ],
)
def test_golden_instalments(amount_fen: int, rate: str, periods: int, instalment_fen: int) -> None:
    planned = plan(terms(amount_fen, rate, periods), START)
    assert planned.instalment_fen == instalment_fen
    assert len(planned.rows) == periods
    assert sum(row.principal_fen for row in planned.rows) == amount_fen
    assert all(row.principal_fen + row.interest_fen == instalment_fen for row in planned.rows[:-1])


def test_hundred_thousand_over_a_year_row_by_row() -> None:
    rows = plan(terms(10_000_000, "0.06", 12), START).rows
    assert (rows[0].principal_fen, rows[0].interest_fen) == (810_664, 50_000)
    assert (rows[-1].principal_fen, rows[-1].interest_fen) == (856_387, 4_282)
    assert [row.due for row in rows[:2]] == [date(2026, 2, 15), date(2026, 3, 15)]
    assert sum(row.interest_fen for row in rows) == 327_973


def test_bullet_bears_interest_by_days() -> None:
    planned = plan(terms(100_000_000, "0.063", 12, "bullet"), date(2022, 7, 15))
    assert planned.instalment_fen == 0
    (row,) = planned.rows
    assert row.due == date(2023, 7, 15)
    assert (row.principal_fen, row.interest_fen) == (100_000_000, 6_387_500)
    leap = plan(terms(100_000_000, "0.063", 12, "bullet"), date(2023, 7, 15)).rows[0]
    assert leap.interest_fen == 366 * 17_500


@pytest.mark.parametrize(
    ("start", "due_day", "days_min", "dues"),
    [
        (date(2026, 1, 31), 0, 15, [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]),
        (date(2028, 1, 30), 0, 15, [date(2028, 2, 29), date(2028, 3, 30), date(2028, 4, 30)]),
        (date(2026, 1, 15), 20, 15, [date(2026, 2, 20), date(2026, 3, 20), date(2026, 4, 20)]),
        (date(2026, 1, 15), 20, 5, [date(2026, 1, 20), date(2026, 2, 20), date(2026, 3, 20)]),
        (date(2026, 1, 15), 10, 15, [date(2026, 2, 10), date(2026, 3, 10), date(2026, 4, 10)]),
        (date(2026, 2, 28), 31, 15, [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]),
        (date(2026, 12, 31), 0, 15, [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]),
    ],
)
def test_due_dates(start: date, due_day: int, days_min: int, dues: list[date]) -> None:
    agreed = PlanTerms("equal_instalment", 3, due_day, first_period_days_min=days_min)
    assert list(nominal(agreed, start)) == dues


def test_whole_months() -> None:
    assert is_whole(MONTHLY, date(2026, 1, 31), date(2026, 2, 28), 31)
    assert is_whole(MONTHLY, date(2026, 2, 28), date(2026, 3, 31), 31)
    assert not is_whole(MONTHLY, date(2026, 1, 15), date(2026, 2, 20), 20)
    assert not is_whole(MONTHLY, date(2026, 2, 28), date(2026, 3, 28), 31)


def test_odd_first_period_bears_interest_by_days_and_keeps_the_principal() -> None:
    odd = plan(terms(10_000_000, "0.06", 12, due_day=20), START).rows
    even = plan(terms(10_000_000, "0.06", 12), START).rows
    assert odd[0].due == date(2026, 2, 20)
    assert odd[0].interest_fen == 60_000  # 100,000 x 36 days x 6 % / 360
    assert [row.principal_fen for row in odd] == [row.principal_fen for row in even]
    assert [row.interest_fen for row in odd[1:]] == [row.interest_fen for row in even[1:]]


def test_last_row_may_keep_the_instalment() -> None:
    kept = plan(terms(100_000_000, "0.063", 3, last_row="keep_instalment"), START)
    assert [(r.principal_fen, r.interest_fen) for r in kept.rows] == [
        (33_158_944, 525_000),
        (33_333_028, 350_916),
        (33_508_028, 175_916),
    ]
    recomputed = plan(terms(100_000_000, "0.063", 3), START).rows[-1]
    assert recomputed.interest_fen == 175_917


def _examples() -> dict[str, Any]:
    text = (VECTORS / "cn_repayment_examples.json").read_text()
    return {example["id"]: example for example in json.loads(text)["examples"]}


def _fen(yuan: str) -> int:
    return int(Decimal(yuan) * 100)


@pytest.mark.parametrize("id", ["R01", "R08"])
def test_published_equal_instalments(id: str) -> None:
    example = _examples()[id]
    given, expected = example["inputs"], example["expected"]
    rate = str(Decimal(given["annual_rate_pct"]) / 100)
    last_row = "keep_instalment" if id == "R08" else "recompute"
    planned = plan(terms(_fen(given["principal"]), rate, given["periods"], last_row=last_row), START)
    assert planned.instalment_fen == _fen(expected["instalment"])
    for row in expected["rows"]:
        ours = planned.rows[row["n"] - 1]
        assert (ours.principal_fen, ours.interest_fen) == (_fen(row["principal"]), _fen(row["interest"]))


def test_published_bullet() -> None:
    example = _examples()["R12"]
    rate = str(Decimal(example["inputs"]["annual_rate_pct"]) / 100)
    (row,) = plan(terms(_fen(example["inputs"]["principal"]), rate, 12, "bullet"), START).rows
    assert (row.due - START).days == example["inputs"]["days"]
    assert row.interest_fen == _fen(example["expected"]["rows"][0]["interest"])


def _progressive() -> list[dict[str, Any]]:
    """The cases of whole 30/360 months in equal instalments, without grace, multiples or later events."""
    cases = json.loads((VECTORS / "schedules.json").read_text())["cases"]
    chosen = []
    for case in cases:
        given = case["inputs"]
        plain = not (given["grace_on_principal_periods"] or given["grace_on_interest_periods"] or case.get("events"))
        method = (given["days_in_year"], given["days_in_month"], given["repay_every"], given["repay_unit"])
        shape = (given["schedule_kind"], given["interest_method"], given["amortization"])
        multiples = given["installment_amount_in_multiples_of"] or given["down_payment_percent"]
        if (
            plain
            and not multiples
            and method == ("360", "30", 1, "MONTHS")
            and shape == ("progressive", "DECLINING_BALANCE", "EQUAL_INSTALLMENTS")
            and len(given["disbursements"]) == 1
        ):
            chosen.append(case)
    return chosen


@pytest.mark.parametrize("case", _progressive(), ids=lambda case: case["id"])
def test_progressive_vectors_of_whole_months(case: dict[str, Any]) -> None:
    given = case["inputs"]
    out = given["disbursements"][0]
    rate = str(Decimal(given["annual_rate_percent"]) / 100)
    agreed = terms(_fen(out["amount"]), rate, given["number_of_repayments"], rounding="HALF_EVEN", last_row="smooth")
    rows = plan(agreed, date.fromisoformat(out["date"])).rows
    expected = [(r["due_date"], _fen(r["principal"]), _fen(r["interest"])) for r in case["expected"]]
    assert [(row.due.isoformat(), row.principal_fen, row.interest_fen) for row in rows] == expected


def test_there_are_progressive_vectors() -> None:
    assert len(_progressive()) >= 3


def test_partial_prepayment_keeps_the_term_or_the_instalment() -> None:
    shortened: dict[str, tuple[int, int]] = {}
    for keeps in ("term", "instalment"):
        life = Life(terms=bank(prepay_keeps=keeps)).active()
        life.today = date(2026, 2, 15)
        paid = PostRepayment(amount_fen=860_664, source="counter", core_date=life.today, core_serial="1")
        life.ask(paid)
        life.ask(replace(paid, amount_fen=5_000_000, core_serial="2"))
        loan = life.loan
        assert sum(row.principal_fen for row in loan.rows) + 5_000_000 == 10_000_000
        shortened[keeps] = (len(loan.rows), loan.instalment_fen)
    # 41,893.36 over 11 months at 0.5 %: 3,923.69; or 8,606.64 a month: paid off in the fifth
    assert shortened["term"] == (12, 392_369)
    assert shortened["instalment"] == (6, 860_664)
