"""The simulated core: daily vouchers booked once and balanced, its ledger by date and source, its own reckoning."""

from typing import Any

import pytest

from sandbox.core import codes, reckon
from sandbox.core.audit import breaches
from sandbox.core.book import CoreBook
from sandbox.core.ledger import Line
from sandbox.core.records import Instruction, LoanAccount, Order, Split

LINES = (Line("1303.09", 100, 0), Line("6011", 0, 94), Line("2221.02", 0, 6))


def book() -> CoreBook:
    made = CoreBook()
    made.set_date("*", "2026-01-06")
    return made


def voucher(sequence: str, lines: tuple[Line, ...] = LINES, **changes: Any) -> Order:
    fields = {"amount_fen": sum(line.debit_fen for line in lines), "book_date": "2026-01-05", "bank": "B1"} | changes
    return Order(operation="voucher", consumer="T", sequence=sequence, digest="", lines=lines, **fields)


def run(made: CoreBook, order: Order) -> Instruction:
    instruction, _ = made.receive(order)
    made.settle(instruction)
    return instruction


def test_booked_once_under_the_day_it_speaks_of() -> None:
    made = book()
    first, again = run(made, voucher("V1")), run(made, voucher("V1"))
    assert first is again
    assert (first.status, first.applied, first.received) == ("S", 1, 2)
    assert (first.core_date, first.serial) == ("2026-01-05", "CB2026010500000001")
    assert made.books.ledger.trial_balance() == {"B1": {"1303.09": 100, "6011": -94, "2221.02": -6}}
    assert breaches(made.books) == []


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (voucher("V", (Line("1303", 100, 0), Line("6011", 0, 99))), codes.UNBALANCED),
        (voucher("V", (Line("1303", 100, 100),)), codes.UNBALANCED),
        (voucher("V", amount_fen=99), codes.UNBALANCED),
        (voucher("V", ()), codes.NO_GL_ACCOUNT),
        (voucher("V", (Line("cash", 1, 0), Line("6011", 0, 1))), codes.NO_GL_ACCOUNT),
        (voucher("V", book_date="2026-01-07"), codes.DATE_CLOSED),
        (voucher("V", book_date="2026-01-02"), codes.DATE_CLOSED),
    ],
)
def test_refused_whole_and_for_ever(order: Order, code: str) -> None:
    made = book()
    made.close_date("B1", "2026-01-02")
    refused = run(made, order)
    assert (refused.status, refused.code, refused.applied) == ("F", code, 0)
    assert made.books.ledger.vouchers == []


def test_a_voucher_is_corrected_by_another_one_never_reversed() -> None:
    made = book()
    run(made, voucher("V1"))
    undo = run(made, Order(operation="reverse", consumer="T", sequence="R", bank="B1", digest="", original="V1"))
    assert (undo.status, undo.code) == ("F", codes.BAD_FIELD)
    red = tuple(Line(line.account, -line.debit_fen, -line.credit_fen) for line in LINES)
    assert run(made, voucher("V2", red)).status == "S"
    assert set(made.books.ledger.trial_balance()["B1"].values()) == {0}


def test_the_ledger_of_a_date_is_what_one_system_caused_up_to_then() -> None:
    made = book()
    made.deposit("B1", "A1", 1_000)
    run(made, voucher("V1"))
    run(made, voucher("V2", book_date="2026-01-06"))
    (row,) = [row for row in made.books.ledger.day_rows("B1", "2026-01-06", "T") if row.account == "1303.09"]
    assert (row.opening_fen, row.debit_fen, row.credit_fen, row.closing_fen) == (100, 100, 0, 200)
    assert [row.closing_fen for row in made.books.ledger.day_rows("B1", "2026-01-05", "T")] == [100, -6, -94]
    assert made.books.ledger.day_rows("B1", "2026-01-06", "OTHER") == []
    assert made.books.ledger.day_rows("B2", "2026-01-06", "T") == []


def loan(method: str = "equal_instalment", periods: int = 12, rate: str = "0.06") -> LoanAccount:
    made = LoanAccount(
        customer_no="C",
        product="p",
        account="A",
        disbursed_fen=10_000_000,
        principal_fen_outstanding=10_000_000,
        annual_rate=rate,
        periods=periods,
        method=method,
        opened="2026-01-31",
    )
    made.plan = reckon.plan_of(made)
    return made


@pytest.mark.parametrize(
    ("method", "first", "last"),
    [
        ("equal_instalment", (810_664, 50_000), (856_387, 4_282)),
        ("equal_principal", (833_333, 50_000), (833_337, 4_167)),
        ("interest_only", (0, 50_000), (10_000_000, 50_000)),
    ],
)
def test_the_cores_own_schedule(method: str, first: tuple[int, int], last: tuple[int, int]) -> None:
    plan = loan(method).plan
    assert plan is not None
    assert sum(row.principal_fen for row in plan.rows) == 10_000_000
    assert (plan.rows[0].principal_fen, plan.rows[0].interest_fen) == first
    assert (plan.rows[-1].principal_fen, plan.rows[-1].interest_fen) == last
    assert [row.due for row in plan.rows[:3]] == ["2026-02-28", "2026-03-31", "2026-04-30"]


def test_the_cores_own_split() -> None:
    held = loan()
    assert reckon.split(held, "2026-02-28", 860_664) == Split(810_664, 50_000)
    late = reckon.split(held, "2026-04-10", 860_664)  # ten days after the second due date
    assert late.penalty_fen == 2_037  # 814,717 x 6 % x 1.5 x 10 / 360
    assert late.principal_fen + late.interest_fen + late.penalty_fen == 860_664
    rest = reckon.split(held, "2026-04-10", 20_000_000)
    assert rest.principal_fen == 10_000_000 - 810_664 - late.principal_fen
    assert rest.surplus_fen == 20_000_000 - rest.principal_fen - rest.interest_fen - rest.penalty_fen > 0
    assert reckon.split(held, "2026-04-11", 5) == Split(surplus_fen=5)


def test_a_bullet_bears_interest_by_days_and_a_prepayment_plans_anew() -> None:
    held = loan("bullet", 6)
    assert held.plan is not None
    assert [(row.due, row.interest_fen) for row in held.plan.rows] == [("2026-07-31", 301_667)]
    paid = reckon.split(held, "2026-03-02", 4_050_000)  # 30 days: 50,000 of interest, the rest is principal
    assert (paid.interest_fen, paid.principal_fen) == (50_000, 4_000_000)
    (row,) = held.plan.rows
    assert row.principal_fen == 6_000_000
    assert row.interest_fen - row.interest_fen_paid == 151_000  # 6,000,000 x 6 % x 151 / 360


def test_a_calculated_debit_reversed_gives_the_plan_back() -> None:
    made = book()
    made.set_mode("B1", "core_calculated")
    order = {"consumer": "T", "bank": "B1", "digest": "", "loan_no": "L1", "account": "A1"}
    run(
        made,
        Order(
            operation="disburse", sequence="d", amount_fen=10_000_000, annual_rate="0.06", periods=12,
            method="equal_instalment", **order,
        ),
    )  # fmt: skip
    before = reckon.copied(made.books.loans["B1"]["L1"].plan)
    debit = Order(operation="debit", sequence="r", amount_fen=500, parts=(500, 0, 0), **order)
    assert run(made, debit).calculated
    assert made.books.loans["B1"]["L1"].plan != before
    run(made, Order(operation="reverse", sequence="v", original="r", amount_fen=500, **order))
    assert made.books.loans["B1"]["L1"].plan == before
    assert breaches(made.books) == []


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(ValueError, match="no mode"):
        book().set_mode("B1", "guess")
