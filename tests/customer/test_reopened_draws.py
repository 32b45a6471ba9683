"""A repayment taken back: the draw is outstanding again, the line's use may pass the limit (超额) and blocks draws."""

from datetime import date

import pytest
from customer_support import LOAN, NOW_MS, OTHER_LOAN, PROCESS, Customer

from actors.codes import Code
from actors.customer.events import DrawReopened
from actors.customer.messages import (
    CheckDraw,
    ConfirmReservation,
    GrantLine,
    ReopenDraw,
    ReserveLine,
    RestoreLine,
)

SUM = 4_000_000


def drawn() -> Customer:
    """5,000,000 granted, 4,000,000 drawn and paid out."""
    customer = Customer.registered()
    customer.grant()
    _draw(customer, LOAN, SUM)
    return customer


def _draw(customer: Customer, loan: str, fen: int, product: str = "miaodai") -> None:
    customer.do(
        ReserveLine(product=product, loan_id=loan, process_id=PROCESS, amount_fen=fen, check_at_ms=NOW_MS + 60_000)
    )
    customer.do(ConfirmReservation(loan_id=loan, process_id=PROCESS))


def _reopen(fen: int, product: str = "miaodai") -> ReopenDraw:
    return ReopenDraw(loan_id=LOAN, product=product, process_id=PROCESS, amount_fen=fen)


def _used(customer: Customer, product: str = "miaodai") -> int:
    assert customer.state is not None
    return customer.state.lines[product].used_fen


def _memo(customer: Customer) -> int:
    return sum(line.debit_fen - line.credit_fen for line in customer.postings if line.account == "M1")


def test_over_the_line_nothing_can_be_drawn() -> None:
    customer = drawn()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=SUM, settled=True))
    assert (_used(customer), _memo(customer)) == (0, 5_000_000)
    _draw(customer, OTHER_LOAN, 3_000_000)
    customer.do(_reopen(2_500_000))
    assert (_used(customer), _memo(customer)) == (5_500_000, 0)
    other = CheckDraw(product="miaodai", loan_id=OTHER_LOAN, amount_fen=100_000)
    assert customer.refused(other) is Code.OVER_LINE
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=2_500_000, settled=True))
    assert (_used(customer), _memo(customer)) == (3_000_000, 2_000_000)
    customer.check()


def test_a_repayment_taken_back_before_the_end_grows_the_draw() -> None:
    customer = drawn()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=1_000_000))
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=-400_000))
    assert (_used(customer), _memo(customer)) == (3_400_000, 1_600_000)
    customer.check()


def test_a_line_granted_anew_covers_the_reopened_draw() -> None:
    """A new line starts from what is outstanding then; the draw comes on top of it."""
    customer = drawn()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=SUM, settled=True))
    customer.do(
        GrantLine(
            product="miaodai",
            limit_fen=1_000_000,
            annual_rate="0.05",
            expires_on=date(2028, 1, 1),
            process_id=PROCESS,
        )
    )
    customer.do(_reopen(SUM))
    assert (_used(customer), _memo(customer)) == (SUM, 0)
    customer.check()


def test_what_does_not_revolve_was_used_all_the_time() -> None:
    customer = Customer.registered()
    customer.grant("standard")
    _draw(customer, LOAN, SUM, "standard")
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=SUM, settled=True))
    assert (_used(customer, "standard"), _memo(customer)) == (SUM, 1_000_000)
    customer.do(_reopen(2_500_000, "standard"))
    assert (_used(customer, "standard"), _memo(customer)) == (SUM, 1_000_000)
    customer.check()


@pytest.mark.parametrize("fen", [0, -1])
def test_bad_input_changes_nothing(fen: int) -> None:
    customer = drawn()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=SUM, settled=True))
    before = customer.state
    assert customer.refused(_reopen(fen)) is Code.BAD_AMOUNT
    assert customer.refused(_reopen(SUM, "nothing")) is Code.LINE_MISSING
    assert customer.state == before


def test_the_event_says_by_how_much_the_use_grows() -> None:
    customer = drawn()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=SUM, settled=True))
    customer.do(_reopen(SUM))
    [event] = [event for event in customer.events if isinstance(event, DrawReopened)]
    assert (event.outstanding_fen, event.taken_fen) == (SUM, SUM)
