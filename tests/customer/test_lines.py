"""Promise: no accepted draw goes over the line; reserve, confirm, release and restore each do what they say, once."""

from datetime import date, timedelta

import pytest
from customer_support import (
    BAIHE,
    LOAN,
    NOW_MS,
    OTHER_LOAN,
    OTHER_PROCESS,
    PROCESS,
    TODAY,
    Customer,
    context,
)

from actors.codes import Code
from actors.customer import lifecycle
from actors.customer.line import available_fen, exposure_fen
from actors.customer.messages import (
    CheckDraw,
    ConfirmReservation,
    FreezeLine,
    GetLines,
    GrantLine,
    LineView,
    NoteOverdue,
    ReleaseReservation,
    ReservedView,
    ReserveLine,
    RestoreLine,
)
from actors.turn import Accepted


def reserve(amount_fen: int, loan: str = LOAN, process: str = PROCESS, product: str = "miaodai") -> ReserveLine:
    return ReserveLine(
        product=product, loan_id=loan, process_id=process, amount_fen=amount_fen, check_at_ms=NOW_MS + 1_000
    )


def confirm(loan: str = LOAN, process: str = PROCESS) -> ConfirmReservation:
    return ConfirmReservation(loan_id=loan, process_id=process)


def release(loan: str = LOAN, process: str = PROCESS) -> ReleaseReservation:
    return ReleaseReservation(loan_id=loan, process_id=process)


def view(customer: Customer, product: str = "miaodai") -> LineView:
    assert customer.state is not None
    lines = lifecycle.respond(customer.state, GetLines(), context(on=customer.on)).lines
    return next(line for line in lines if line.product == product)


def figures(customer: Customer, product: str = "miaodai") -> tuple[int, int, int]:
    line = view(customer, product)
    return line.reserved_fen, line.used_fen, line.available_fen


def memo_fen(customer: Customer) -> int:
    """Balance of undrawn lines; the contra must mirror it."""
    m1, contra = BAIHE.accounts["memo_undrawn_lines"], BAIHE.accounts["memo_contra"]
    assert all(line.memo for line in customer.postings)
    assert sum(line.debit_fen - line.credit_fen for line in customer.postings) == 0
    assert {line.account for line in customer.postings} <= {m1, contra}
    return sum(line.debit_fen - line.credit_fen for line in customer.postings if line.account == m1)


def test_a_revolving_line_from_grant_to_restored() -> None:
    customer = Customer.registered()
    customer.grant(limit_fen=5_000_000)
    assert (figures(customer), memo_fen(customer)) == ((0, 0, 5_000_000), 5_000_000)
    customer.do(reserve(2_000_000))
    assert (figures(customer), memo_fen(customer)) == ((2_000_000, 0, 3_000_000), 5_000_000)
    customer.do(confirm())
    assert (figures(customer), memo_fen(customer)) == ((0, 2_000_000, 3_000_000), 3_000_000)
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=500_000))
    assert (figures(customer), memo_fen(customer)) == ((0, 1_500_000, 3_500_000), 3_500_000)
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=1_500_000, settled=True))
    assert (figures(customer), memo_fen(customer)) == ((0, 0, 5_000_000), 5_000_000)
    assert customer.state is not None
    assert customer.state.draws == {}
    customer.check()


def test_a_line_that_does_not_revolve_stays_used_unless_the_payout_is_reversed() -> None:
    customer = Customer.registered()
    customer.grant("standard", 3_000_000)
    customer.do(reserve(1_000_000, product="standard"))
    customer.do(confirm())
    customer.do(reserve(500_000, OTHER_LOAN, OTHER_PROCESS, "standard"))
    customer.do(confirm(OTHER_LOAN, OTHER_PROCESS))
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=400_000))
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=600_000, settled=True))
    assert figures(customer, "standard") == (0, 1_500_000, 1_500_000)
    customer.do(RestoreLine(loan_id=OTHER_LOAN, amount_fen=500_000, reversed=True))
    assert figures(customer, "standard") == (0, 1_000_000, 2_000_000)
    assert memo_fen(customer) == 2_000_000
    customer.check()


def test_a_draw_is_refused_for_each_reason_in_order() -> None:
    customer = Customer.registered()
    assert customer.refused(reserve(1, product="gold")) is Code.UNKNOWN_PRODUCT
    assert customer.refused(reserve(1)) is Code.LINE_MISSING
    customer.grant(limit_fen=2_000_000)
    assert customer.refused(reserve(0)) is Code.BAD_AMOUNT
    assert customer.refused(reserve(-5)) is Code.BAD_AMOUNT
    assert customer.refused(reserve(2_000_001)) is Code.OVER_LINE
    customer.do(NoteOverdue(loan_id=OTHER_LOAN, overdue=True))
    assert customer.refused(reserve(1)) is Code.CUSTOMER_OVERDUE
    assert customer.refused(CheckDraw(product="miaodai", loan_id=LOAN, amount_fen=1)) is Code.CUSTOMER_OVERDUE
    customer.do(NoteOverdue(loan_id=OTHER_LOAN, overdue=False))
    customer.do(FreezeLine(product="miaodai", reason="court"))
    assert customer.refused(reserve(1)) is Code.LINE_FROZEN
    assert view(customer).available_fen == 0
    customer.on = date(2030, 1, 1)
    assert customer.refused(reserve(1)) is Code.LINE_EXPIRED
    customer.check()


def test_the_last_day_of_a_line_still_draws_the_next_one_does_not_and_leaves_the_memo() -> None:
    customer = Customer.registered()
    customer.grant(expires_on=TODAY + timedelta(days=5))
    customer.on = TODAY + timedelta(days=5)
    customer.do(reserve(1_000_000))
    customer.on += timedelta(days=1)
    assert customer.refused(CheckDraw(product="miaodai", loan_id=OTHER_LOAN, amount_fen=1)) is Code.LINE_EXPIRED
    assert memo_fen(customer) == 5_000_000
    customer.do(confirm())
    assert view(customer).status == "expired"
    assert memo_fen(customer) == 0
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=1_000_000, settled=True))
    assert memo_fen(customer) == 0
    customer.grant(limit_fen=1_000_000, expires_on=customer.on + timedelta(days=30))
    assert memo_fen(customer) == 1_000_000
    customer.check()


def test_check_draw_tells_rate_and_room_and_holds_nothing() -> None:
    customer = Customer.registered()
    customer.grant(limit_fen=2_000_000)
    terms = customer.do(CheckDraw(product="miaodai", loan_id=LOAN, amount_fen=2_000_000))
    assert (terms.annual_rate, terms.available_fen, terms.birth_date) == ("0.0390", 2_000_000, date(1990, 3, 7))
    assert figures(customer) == (0, 0, 2_000_000)


def test_the_same_process_may_reserve_again_another_one_or_another_sum_may_not() -> None:
    customer = Customer.registered()
    customer.grant()
    first = customer.do(reserve(1_000_000))
    assert isinstance(first, ReservedView)
    again = customer.ask(reserve(1_000_000))
    assert again == Accepted((), first)
    assert customer.refused(reserve(1_000_001)) is Code.LINE_STATUS
    assert customer.refused(reserve(1_000_000, process=OTHER_PROCESS)) is Code.LINE_STATUS
    customer.do(confirm())
    assert customer.refused(reserve(1_000_000)) is Code.LINE_STATUS


def test_only_the_process_that_reserved_confirms_or_releases() -> None:
    customer = Customer.registered()
    customer.grant()
    customer.do(reserve(1_000_000))
    assert customer.refused(confirm(process=OTHER_PROCESS)) is Code.RESERVATION_MISSING
    assert customer.refused(release(process=OTHER_PROCESS)) is Code.RESERVATION_MISSING
    customer.do(release())
    assert figures(customer) == (0, 0, 5_000_000)
    assert customer.ask(release()) == Accepted(())
    assert customer.refused(confirm()) is Code.RESERVATION_MISSING


def test_a_second_confirmation_changes_nothing_and_what_is_used_is_not_released() -> None:
    customer = Customer.registered()
    customer.grant()
    customer.do(reserve(1_000_000))
    customer.do(confirm())
    assert customer.ask(confirm()) == Accepted(())
    assert customer.refused(release()) is Code.LINE_STATUS
    assert figures(customer) == (0, 1_000_000, 4_000_000)


@pytest.mark.parametrize("ending", [{"settled": True}, {"reversed": True}])
def test_a_repayment_that_overtakes_the_confirmation_implies_it(ending: dict[str, bool]) -> None:
    customer = Customer.registered()
    customer.grant()
    customer.do(reserve(1_000_000))
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=300_000))
    assert figures(customer) == (0, 700_000, 4_300_000)
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=700_000, **ending))
    assert figures(customer) == (0, 0, 5_000_000)
    assert lifecycle.timers(customer.state) == 0  # type: ignore[arg-type]
    customer.do(confirm())
    assert customer.state is not None
    assert customer.state.draws == {}
    assert memo_fen(customer) == 5_000_000
    customer.check()


def test_more_than_is_outstanding_or_less_than_nothing_is_not_restored() -> None:
    customer = Customer.registered()
    customer.grant()
    customer.do(reserve(1_000_000))
    customer.do(confirm())
    assert customer.refused(RestoreLine(loan_id=LOAN, amount_fen=1_000_001)) is Code.BAD_AMOUNT
    assert customer.refused(RestoreLine(loan_id=LOAN, amount_fen=-1, settled=True)) is Code.BAD_AMOUNT
    assert customer.refused(RestoreLine(loan_id=OTHER_LOAN, amount_fen=1)) is Code.RESERVATION_MISSING


def test_a_cut_line_leaves_loans_alone_and_blocks_draws() -> None:
    customer = Customer.registered()
    customer.grant(limit_fen=5_000_000)
    customer.do(reserve(3_000_000))
    customer.do(confirm())
    customer.grant(limit_fen=1_000_000)
    assert figures(customer) == (0, 3_000_000, 0)
    assert memo_fen(customer) == 0
    assert customer.refused(reserve(1, OTHER_LOAN)) is Code.OVER_LINE
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=2_500_000))
    assert figures(customer) == (0, 500_000, 500_000)
    assert memo_fen(customer) == 500_000
    customer.check()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"limit_fen": 0}, Code.BAD_AMOUNT),
        ({"limit_fen": 10**12}, Code.AMOUNT_OUT_OF_RANGE),
        ({"annual_rate": "x"}, Code.WRONG_TYPE),
        ({"annual_rate": "0"}, Code.WRONG_TYPE),
        ({"annual_rate": "NaN"}, Code.WRONG_TYPE),
        ({"annual_rate": "12"}, Code.WRONG_TYPE),
        ({"expires_on": TODAY}, Code.WRONG_TYPE),
        ({"product": "gold"}, Code.UNKNOWN_PRODUCT),
    ],
)
def test_a_grant_that_cannot_be_is_refused(changes: dict[str, object], code: Code) -> None:
    fields = {
        "product": "miaodai",
        "limit_fen": 1_000_000,
        "annual_rate": "0.05",
        "expires_on": date(2027, 1, 1),
        "process_id": PROCESS,
    }
    assert Customer.registered().refused(GrantLine(**(fields | changes))) is code  # type: ignore[arg-type]


def test_all_lines_and_all_draws_together_stay_within_the_cap_for_one_borrower() -> None:
    customer = Customer.registered()
    cap = BAIHE.customer_fen_cap
    customer.grant("miaodai", cap - 5_000_000)
    over = GrantLine(
        product="standard",
        limit_fen=5_000_100,
        annual_rate="0.05",
        expires_on=date(2027, 1, 1),
        process_id=PROCESS,
    )
    assert customer.refused(over) is Code.AMOUNT_OUT_OF_RANGE
    customer.grant("standard", 5_000_000)
    customer.do(reserve(cap - 5_000_000))
    customer.do(confirm())
    customer.grant("miaodai", 1_000_000)  # cut while most of it is out
    customer.grant("suixin", 10_000_000)
    customer.do(reserve(5_000_000, OTHER_LOAN, OTHER_PROCESS, "suixin"))
    assert customer.state is not None
    assert exposure_fen(customer.state) == cap
    assert available_fen(customer.state, "suixin", TODAY) == 5_000_000
    third = ReserveLine(product="suixin", loan_id="L-third", process_id=PROCESS, amount_fen=1, check_at_ms=NOW_MS)
    assert customer.refused(third) is Code.OVER_LINE
