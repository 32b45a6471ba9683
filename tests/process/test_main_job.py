"""Promise: customer, processes and loan agree: from application to settled, line, loan and books tell the same."""

from datetime import date
from typing import Any

import pytest
from process_support import CUSTOMER, LOAN, TODAY, Answer, Street, outside

from actors.address import make_id
from actors.customer.messages import PutOnWhiteList
from actors.loan.messages import OpenContract, PostRepayment, ReverseDisbursement, Sign
from actors.turn import Accepted, Effect

SUM = 1_200_000
DRAWDOWN = make_id("process", 9, 5)
BOOKED = {"core_date": TODAY.isoformat(), "core_serial": "S1"}
SIGNED = {"certificate_no": "C1", "signature": "ab", "signed_at": "2026-03-02T10:00:00+08:00"}


def street_at(product: str, **answers: Any) -> Street:
    """An approved customer with a signed loan of `SUM` over 3 periods."""
    told = {"ca_sign": SIGNED, "core_disburse": BOOKED, "core_reverse": BOOKED} | answers
    street = Street("qingshan", outside(**told))
    street.loans = True
    street.register()
    if product == "miaodai":
        listing = PutOnWhiteList(product=product, limit_fen=5_000_000, valid_until=date(2027, 1, 1))
        street.ask(CUSTOMER, listing)
    assert street.apply(product=product, amount_fen=SUM, periods=3).status == "approved"
    contract = OpenContract(
        customer_id=CUSTOMER,
        product=product,
        amount_fen=SUM,
        periods=3,
        method="equal_instalment",
        use_code="appliances",
    )
    street.ask(LOAN, contract)
    state = street.states[LOAN]
    assert (state.status, str(state.terms.annual_rate)) == ("contract", street.view().annual_rate)
    street.ask(LOAN, Sign(cost_confirmed=True, contract_hash=state.contract.hash))
    assert street.states[LOAN].status == "signed"
    return street


def line(street: Street) -> tuple[int, int]:
    """(open draws in fen, used in fen)."""
    state = street.states[CUSTOMER]
    (used,) = (x.used_fen for x in state.lines.values())
    return sum(d.amount_fen for d in state.draws.values()), used


def repay(street: Street, fen: int, serial: str) -> None:
    command = PostRepayment(amount_fen=fen, source="counter", core_date=street.on, core_serial=serial)
    assert isinstance(street.ask(LOAN, command), Accepted)


def balanced(street: Street) -> None:
    for memo in (False, True):
        assert sum(p.debit_fen - p.credit_fen for p in street.postings if p.memo is memo) == 0
    promised = sum(max(0, x.limit_fen - x.used_fen) for x in street.states[CUSTOMER].lines.values())
    assert sum(p.debit_fen - p.credit_fen for p in street.postings if p.account == "M1") == promised
    assert street.replays()
    assert street.open == []


@pytest.mark.parametrize(("product", "used_at_end"), [("miaodai", 0), ("standard", SUM)])
def test_paid_out_repaid_in_two_and_settled(product: str, used_at_end: int) -> None:
    street = street_at(product)
    assert street.draw(DRAWDOWN).status == "paid_out"
    assert (street.states[LOAN].status, line(street)) == ("active", (SUM, SUM))
    balanced(street)
    street.on = date(2026, 4, 10)
    repay(street, 500_000, "R1")
    state = street.states[LOAN]
    assert 0 < state.principal_fen_outstanding < SUM
    if product == "miaodai":
        assert line(street) == (state.principal_fen_outstanding, state.principal_fen_outstanding)
    balanced(street)
    repay(street, 2_000_000, "R2")
    assert (street.states[LOAN].status, line(street)) == ("settled", (0, used_at_end))
    balanced(street)


def test_reversed_on_the_same_day_the_line_is_whole_again() -> None:
    street = street_at("standard")
    street.draw(DRAWDOWN)
    assert isinstance(street.ask(LOAN, ReverseDisbursement(reason="wrong account")), Accepted)
    assert (street.states[LOAN].status, line(street)) == ("reversed", (0, 0))
    balanced(street)


def test_refused_by_the_core_nothing_remains_and_the_loan_may_be_drawn_again() -> None:
    answers: list[Answer] = [("refused", "disburse_refused", {}), ("done", "", BOOKED)]
    street = street_at("miaodai")
    plain = street.desk

    def desk(effect: Effect) -> Answer | None:
        return answers.pop(0) if effect.target == "core.disburse" else plain(effect)

    street.desk = desk
    failed = street.draw(DRAWDOWN)
    assert (failed.status, failed.reasons, line(street)) == ("failed", ("disburse_refused",), (0, 0))
    again = make_id("process", 9, 6)
    assert (street.draw(again).status, line(street)) == ("paid_out", (SUM, SUM))
    balanced(street)


def test_two_drawdowns_at_once_pay_out_once() -> None:
    street = street_at("miaodai", core_disburse=None)
    other = make_id("process", 9, 6)
    street.draw(DRAWDOWN)
    assert street.draw(other).status == "refused"
    street.desk = outside(core_disburse=BOOKED)
    street.carry_out()
    assert street.view(DRAWDOWN).status == "paid_out"
    assert len({e.id for e in street.asked if e.target == "core.disburse"}) == 1
    assert line(street) == (SUM, SUM)
    balanced(street)


def test_a_contract_over_the_line_or_without_one_is_refused() -> None:
    street = street_at("miaodai")
    for number, (product, amount, code) in enumerate(
        (("miaodai", 5_000_100, "over_line"), ("standard", SUM, "line_missing")), 20
    ):
        loan = make_id("loan", 9, number)
        contract = OpenContract(
            customer_id=CUSTOMER,
            product=product,
            amount_fen=amount,
            periods=3,
            method="equal_instalment",
            use_code="appliances",
        )
        street.ask(loan, contract)
        assert (street.states[loan].status, street.states[loan].reason) == ("refused", code)
