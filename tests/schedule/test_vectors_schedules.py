"""Every schedule of the shared vectors, exactly: rows, what was paid of them, totals, how each payment was split."""

from typing import Any

import pytest
from vectors import cases, engine_case, fen

from actors.schedule.recalculation.repayment import Billed
from actors.schedule.recalculation.run import Result, run

PAID_COLUMNS = {
    "paid": lambda row: row.principal_paid + row.interest_paid,
    "paid_in_advance": lambda row: row.in_advance,
    "paid_late": lambda row: row.late,
    "outstanding": lambda row: row.owed,
}


def expected_row(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("nr", "due_date", "days", "obligations_met_on")
    return {key: value if key in kept else fen(value) for key, value in row.items()}


def our_row(row: Billed, left_before: int, wanted: dict[str, Any]) -> dict[str, Any]:
    ours: dict[str, Any] = {
        "nr": row.no,
        "due_date": row.due.isoformat(),
        "days": (row.due - row.start).days,
        "principal": row.principal,
        "interest": row.interest,
        "due": row.principal + row.interest,
        "balance_after": left_before - row.principal,
        "obligations_met_on": row.met_on.isoformat() if row.met_on else None,
    }
    ours |= {column: value(row) for column, value in PAID_COLUMNS.items()}
    return {key: ours.get(key, "missing") for key in wanted}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_schedule(case: dict[str, Any]) -> None:
    result = run(engine_case(case))
    left = sum(fen(lent["amount"]) for lent in case["inputs"]["disbursements"])
    assert len(result.rows) == len(case["expected"])
    for row, expected in zip(result.rows, case["expected"], strict=True):
        assert our_row(row, left, expected) == expected_row(expected)
        left -= row.principal
    assert left == 0
    if case.get("expected_totals"):
        _totals(result, case["expected_totals"])
    if case.get("expected_repayment_transactions"):
        _payments(result, case["expected_repayment_transactions"], case)


def _totals(result: Result, expected: dict[str, str]) -> None:
    rows = result.rows
    ours = {
        "principal_due": sum(row.principal for row in rows),
        "interest": sum(row.interest for row in rows),
        "fees": 0,
        "penalties": 0,
        "due": sum(row.principal + row.interest for row in rows),
        "paid": sum(row.principal_paid + row.interest_paid for row in rows),
        "in_advance": sum(row.in_advance for row in rows),
        "late": sum(row.late for row in rows),
        "outstanding": sum(row.owed for row in rows),
    }
    assert {key: ours[key] for key in expected} == {key: fen(value) for key, value in expected.items()}


def _payments(result: Result, expected: list[dict[str, str]], case: dict[str, Any]) -> None:
    left = sum(fen(lent["amount"]) for lent in case["inputs"]["disbursements"])
    assert len(result.payments) == len(expected)
    for payment, wanted in zip(result.payments, expected, strict=True):
        left -= payment.principal
        ours = {
            "date": payment.date.isoformat(),
            "amount": payment.amount,
            "principal": payment.principal,
            "interest": payment.interest,
            "fees": 0,
            "penalties": 0,
            "loan_balance": left,
        }
        assert {key: ours[key] for key in wanted} == {
            key: value if key == "date" else fen(value) for key, value in wanted.items()
        }


def test_the_groups_are_all_there() -> None:
    assert {case["group"] for case in cases()} >= {
        "grace",
        "interest_pause",
        "overdue",
        "repayment",
        "static_classic",
        "static_downpayment",
        "static_flat",
        "static_progressive",
        "unit_flat",
        "unit_static",
    }
