"""The core's book: once per number, balanced whatever comes, reversal and tombstone, the accounting date."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core import codes
from sandbox.core.audit import breaches, instruction_rows, loan_rows
from sandbox.core.book import CoreBook
from sandbox.core.records import Instruction, Order
from sandbox.money import NotMoney, fen, yuan


def order(operation: str, sequence: str, **fields: Any) -> Order:
    given_fields = {"consumer": "T", "bank": "B1", "digest": "", "loan_no": "L1", "account": "A1"} | fields
    return Order(operation=operation, sequence=sequence, **given_fields)


def run(book: CoreBook, wanted: Order) -> Instruction:
    instruction, _ = book.receive(wanted)
    book.settle(instruction)
    return instruction


def paid_out(amount_fen: int = 100_000) -> CoreBook:
    book = CoreBook()
    book.set_date("*", "2026-01-05")
    run(book, order("disburse", "d1", amount_fen=amount_fen))
    return book


def debit(sequence: str, principal: int, interest: int = 0, penalty: int = 0, **fields: Any) -> Order:
    parts = (principal, interest, penalty)
    return order("debit", sequence, amount_fen=sum(parts), parts=parts, **fields)


def test_a_disbursement_is_applied_once_and_balances() -> None:
    book = paid_out()
    again = run(book, order("disburse", "d1", amount_fen=100_000))
    assert (again.status, again.received, again.applied) == ("S", 2, 1)
    assert again.serial == "CB2026010500000001"
    assert book.account("B1", "A1").balance_fen == 100_000  # type: ignore[union-attr]
    assert book.books.ledger.trial_balance() == {"B1": {"1303": 100_000, "2011": -100_000}}
    assert breaches(book.books) == []


def test_the_same_loan_is_not_paid_out_under_another_number() -> None:
    book = paid_out()
    other = run(book, order("disburse", "d2", amount_fen=100_000))
    assert (other.status, other.code, other.applied) == ("F", codes.LOAN_EXISTS, 0)
    assert book.account("B1", "A1").balance_fen == 100_000  # type: ignore[union-attr]


def test_a_full_debit_books_the_split_it_was_told() -> None:
    book = paid_out()
    run(book, debit("r1", 8_000, 500, 20))
    assert book.books.ledger.trial_balance()["B1"] == {"1303": 92_000, "2011": -91_480, "1132.01": -500, "1132.02": -20}
    assert breaches(book.books) == []


def test_a_partial_debit_takes_what_is_there_penalty_and_interest_first() -> None:
    book = paid_out()
    book.deposit("B1", "A1", -99_000)
    taken = run(book, debit("r1", 8_000, 500, 20, partial=True))
    assert (taken.status, taken.moved_fen) == ("S", 1_000)
    assert loan_rows(book.books)[0]["principal_fen_outstanding"] == 100_000 - 480
    assert breaches(book.books) == []


def test_a_partial_debit_follows_the_allocation_instalment_by_instalment() -> None:
    book = paid_out()
    book.deposit("B1", "A1", -95_000)
    steps = (("INTEREST", 250), ("PRINCIPAL", 4_000), ("INTEREST", 250), ("PRINCIPAL", 4_000))
    taken = run(book, debit("r1", 8_000, 500, partial=True, allocation=steps))
    assert (taken.status, taken.moved_fen) == ("S", 5_000)
    assert book.books.ledger.trial_balance()["B1"]["1132.01"] == -500
    assert loan_rows(book.books)[0]["principal_fen_outstanding"] == 100_000 - 4_500


@pytest.mark.parametrize(
    "steps", [(("PRINCIPAL", 8_000),), (("PRINCIPAL", 7_999), ("INTEREST", 501)), (("FEE", 8_500),)]
)
def test_an_allocation_that_is_not_the_split_is_refused(steps: tuple[tuple[str, int], ...]) -> None:
    assert run(paid_out(), debit("r1", 8_000, 500, allocation=steps)).code == codes.BAD_AMOUNT


@pytest.mark.parametrize(
    ("prepare", "wanted", "code"),
    [
        (lambda b: b.deposit("B1", "A1", -99_000), debit("r", 8_000, 500), codes.INSUFFICIENT),
        (lambda b: b.deposit("B1", "A1", -100_000), debit("r", 8_000, partial=True), codes.INSUFFICIENT),
        (lambda b: b.mark("B1", "A1", frozen=True), debit("r", 8_000), codes.FROZEN),
        (lambda b: b.mark("B1", "A1", closed=True), debit("r", 8_000), codes.CLOSED),
        (lambda b: None, debit("r", 8_000, loan_no="L9"), codes.NO_LOAN),
        (lambda b: None, debit("r", 8_000, bank="B2"), codes.NO_LOAN),
        (lambda b: b.deposit("B1", "A1", 100_000), debit("r", 100_001), codes.OVER_OUTSTANDING),
        (lambda b: None, debit("r", 0), codes.BAD_AMOUNT),
        (lambda b: None, debit("r", 8_000, -1), codes.BAD_AMOUNT),
        (lambda b: setattr(b.books, "auto_create", False), debit("r", 1, account="A9"), codes.NO_ACCOUNT),
        (lambda b: None, order("disburse", "r", loan_no="L2", amount_fen=0), codes.BAD_AMOUNT),
        (lambda b: None, order("reverse", "r", original="d1", amount_fen=99_999), codes.OTHER_AMOUNT),
        (lambda b: b.deposit("B1", "A1", -1), order("reverse", "r", original="d1", amount_fen=100_000), "CB1002"),
        (
            lambda b: b.set_date("B1", "2026-01-06"),
            order("reverse", "r", original="d1", amount_fen=100_000),
            codes.NOT_SAME_DAY,
        ),
        (
            lambda b: run(b, debit("r1", 1)),
            order("reverse", "r", original="d1", amount_fen=100_000),
            codes.LATER_MOVEMENTS,
        ),
    ],
)
def test_refusals_are_stored_and_change_nothing(prepare: Any, wanted: Order, code: str) -> None:
    book = paid_out()
    prepare(book)
    before = book.books.ledger.trial_balance()
    refused = run(book, wanted)
    assert (refused.status, refused.code, refused.applied) == ("F", code, 0)
    assert book.books.ledger.trial_balance() == before
    assert run(book, wanted).received == 2
    assert breaches(book.books) == []


def test_a_reversal_undoes_and_a_second_one_does_nothing() -> None:
    book = paid_out()
    first = run(book, order("reverse", "v1", original="d1", amount_fen=100_000))
    second = run(book, order("reverse", "v2", original="d1", amount_fen=100_000))
    assert (first.status, first.applied, second.status, second.applied) == ("S", 1, "S", 0)
    assert book.books.ledger.trial_balance() == {"B1": {"1303": 0, "2011": 0}}
    assert loan_rows(book.books)[0]["status"] == "reversed"
    assert instruction_rows(book.books)[0]["reversed_by"] == "v1"


def test_a_debit_reversed_gives_money_and_debt_back_and_then_the_disbursement_may_go() -> None:
    book = paid_out()
    run(book, debit("r1", 8_000, 500))
    assert run(book, order("reverse", "v1", original="r1", amount_fen=8_500)).status == "S"
    assert run(book, order("reverse", "v2", original="d1", amount_fen=100_000)).status == "S"
    assert set(book.books.ledger.trial_balance()["B1"].values()) == {0}


def test_a_reversal_before_its_original_leaves_a_tombstone() -> None:
    book = CoreBook()
    early = run(book, order("reverse", "v1", original="d1", amount_fen=100_000))
    assert (early.status, early.applied) == ("S", 0)
    assert early.serial
    late = run(book, order("disburse", "d1", amount_fen=100_000))
    assert (late.status, late.code) == ("F", codes.REVERSED_BEFORE)
    assert book.buried("T", "d1")
    assert book.books.ledger.trial_balance() == {}


def test_a_reversal_overtaking_an_original_in_work_stops_it() -> None:
    book = CoreBook()
    original, _ = book.receive(order("disburse", "d1", amount_fen=100_000))
    run(book, order("reverse", "v1", original="d1", amount_fen=100_000))
    book.settle(original)
    assert (original.status, original.code) == ("F", codes.REVERSED_BEFORE)


def test_serials_start_anew_with_the_accounting_date_of_each_bank() -> None:
    book = CoreBook()
    book.set_date("*", "2026-01-05")
    book.set_date("B2", "2026-01-06")
    one = run(book, order("disburse", "d1", amount_fen=1))
    two = run(book, order("disburse", "d2", amount_fen=1, bank="B2"))
    assert (one.core_date, one.serial) == ("2026-01-05", "CB2026010500000001")
    assert (two.core_date, two.serial) == ("2026-01-06", "CB2026010600000001")


def test_default_balance_comes_from_clearing() -> None:
    book = CoreBook()
    book.books.default_balance_fen = 5_000
    run(book, order("disburse", "d1", amount_fen=1_000))
    assert book.books.ledger.trial_balance()["B1"] == {"3001": 5_000, "2011": -6_000, "1303": 1_000}
    assert breaches(book.books) == []


_SMALL = st.integers(0, 3)
_STEPS = st.one_of(
    st.builds(lambda n, s, a: order("disburse", f"s{s}", loan_no=f"L{n}", amount_fen=a), _SMALL, _SMALL, _SMALL),
    st.builds(
        lambda n, s, p, i, part: debit(f"r{s}", p, i, loan_no=f"L{n}", partial=part),
        _SMALL,
        st.integers(0, 9),
        _SMALL,
        _SMALL,
        st.booleans(),
    ),
    st.builds(
        lambda s, o, a: order("reverse", f"v{s}", original=o, amount_fen=a),
        _SMALL,
        st.sampled_from(["s0", "s1", "r0", "r1", "r2", "v0"]),
        st.integers(0, 6),
    ),
)


@given(st.lists(_STEPS, max_size=30))
def test_whatever_comes_in_whatever_order_the_books_are_sound(steps: list[Order]) -> None:
    book = CoreBook()
    for step in steps:
        run(book, step)
    assert breaches(book.books) == []
    assert all(held.balance_fen >= 0 for held in book.books.deposits.get("B1", {}).values())
    assert all(row["principal_fen_outstanding"] >= 0 for row in loan_rows(book.books))


def test_the_audit_finds_what_is_wrong() -> None:
    book = paid_out()
    book.books.deposits["B1"]["A1"].balance_fen += 1
    next(iter(book.books.instructions.values())).applied = 2
    assert len(breaches(book.books)) == 2


@pytest.mark.parametrize(("text", "value"), [("8606.64", 860_664), ("0.5", 50), ("12", 1_200), ("-3.01", -301)])
def test_money_on_the_wire(text: str, value: int) -> None:
    assert fen(text) == value
    assert fen(yuan(value)) == value


@pytest.mark.parametrize("text", ["", "1.005", "1e3", "abc", "1,000.00", "."])
def test_what_is_no_money(text: str) -> None:
    with pytest.raises(NotMoney):
        fen(text)
