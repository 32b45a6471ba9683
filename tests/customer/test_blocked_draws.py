"""Write-off, misuse and death block draws; a write-off ends the line; two persons change the account."""

from datetime import date

from customer_support import CUSTOMER, LOAN, NOW_MS, OTHER_LOAN, PROCESS, VAULT, Customer, context

from actors.codes import Code
from actors.customer.events import AccountChanged, DrawsBlocked, LineEnded
from actors.customer.lifecycle import respond
from actors.customer.messages import (
    BlockDraws,
    ChangeSettlementAccount,
    CheckDraw,
    ConfirmReservation,
    GetCustomer,
    GrantLine,
    ReserveLine,
    RestoreLine,
    TellAccount,
)

SUM = 1_000_000


def with_draw() -> Customer:
    """5,000,000 granted, 1,000,000 drawn and paid out."""
    customer = Customer.registered()
    customer.grant()
    customer.do(
        ReserveLine(product="miaodai", loan_id=LOAN, process_id=PROCESS, amount_fen=SUM, check_at_ms=NOW_MS + 60_000)
    )
    customer.do(ConfirmReservation(loan_id=LOAN, process_id=PROCESS))
    return customer


def check(customer: Customer, loan: str = OTHER_LOAN) -> Code:
    return customer.refused(CheckDraw(product="miaodai", loan_id=loan, amount_fen=100_000))


def memo(customer: Customer) -> int:
    return sum(line.debit_fen - line.credit_fen for line in customer.postings if line.account == "M1")


def again() -> GrantLine:
    return GrantLine(
        product="miaodai", limit_fen=100_000, annual_rate="0.05", expires_on=date(2028, 1, 1), process_id=PROCESS
    )


def test_each_reason_blocks_until_it_is_lifted() -> None:
    customer = with_draw()
    for reason in ("misuse", "death", "written_off"):
        customer.do(BlockDraws(loan_id=LOAN, reason=reason))
        assert check(customer) is Code.DRAWS_BLOCKED
        assert customer.refused(again()) is Code.DRAWS_BLOCKED
    assert customer.state is not None
    view = respond(customer.state, GetCustomer(), context())
    assert view.draws_blocked == ("written_off",)  # type: ignore[union-attr]
    customer.do(BlockDraws(loan_id=LOAN))
    customer.do(CheckDraw(product="miaodai", loan_id=OTHER_LOAN, amount_fen=100_000))
    customer.check()


def test_told_twice_is_once_and_two_loans_are_two_reasons() -> None:
    customer = with_draw()
    customer.do(BlockDraws(loan_id=LOAN, reason="misuse"))
    customer.do(BlockDraws(loan_id=LOAN, reason="misuse"))
    customer.do(BlockDraws(loan_id=OTHER_LOAN, reason="death"))
    assert [type(event) for event in customer.events[-2:]] == [DrawsBlocked, DrawsBlocked]
    customer.do(BlockDraws(loan_id=LOAN))
    assert check(customer) is Code.DRAWS_BLOCKED
    customer.do(BlockDraws(loan_id="L" + "0" * 19))


def test_a_write_off_ends_the_line_and_gives_nothing_back() -> None:
    customer = with_draw()
    assert memo(customer) == 4_000_000
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=0, written_off=True))
    assert customer.state is not None
    line = customer.state.lines["miaodai"]
    assert (line.status, line.used_fen, customer.state.draws) == ("ended", SUM, {})
    assert memo(customer) == 0
    assert check(customer) is Code.LINE_ENDED
    customer.do(again())
    assert customer.state.lines["miaodai"].used_fen == 0
    customer.check()


def test_what_was_repaid_before_the_write_off_is_told_with_it() -> None:
    customer = with_draw()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=300_000, lost_fen=100_000, written_off=True))
    assert customer.state is not None
    assert customer.state.lines["miaodai"].used_fen == SUM - 200_000
    assert sum(isinstance(event, LineEnded) for event in customer.events) == 1


def test_principal_waived_leaves_the_draw_but_not_the_use() -> None:
    customer = with_draw()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=300_000, lost_fen=300_000))
    assert customer.state is not None
    assert customer.state.draws[LOAN].amount_fen == SUM - 300_000
    assert customer.state.lines["miaodai"].used_fen == SUM
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=100_000, lost_fen=50_000, settled=True))
    assert customer.state.lines["miaodai"].used_fen == 350_000
    assert customer.refused(RestoreLine(loan_id=LOAN, amount_fen=0)) is Code.RESERVATION_MISSING


def test_what_became_principal_or_is_outstanding_again_takes_the_use_up_even_over_the_line() -> None:
    customer = with_draw()
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=-500_000))
    assert customer.state is not None
    assert (customer.state.draws[LOAN].amount_fen, customer.state.lines["miaodai"].used_fen) == (1_500_000, 1_500_000)
    assert memo(customer) == 3_500_000
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=-4_000_000))
    assert memo(customer) == 0
    assert check(customer) is Code.OVER_LINE
    customer.do(RestoreLine(loan_id=LOAN, amount_fen=5_500_000, settled=True))
    assert (customer.state.draws, customer.state.lines["miaodai"].used_fen) == ({}, 0)
    assert customer.refused(RestoreLine(loan_id=OTHER_LOAN, amount_fen=-1)) is Code.RESERVATION_MISSING
    customer.check()


def test_more_lost_than_told_is_refused() -> None:
    customer = with_draw()
    assert customer.refused(RestoreLine(loan_id=LOAN, amount_fen=1, lost_fen=2)) is Code.BAD_AMOUNT
    assert customer.refused(RestoreLine(loan_id=LOAN, amount_fen=1, lost_fen=-1)) is Code.BAD_AMOUNT
    assert customer.refused(RestoreLine(loan_id=LOAN, amount_fen=-1, settled=True)) is Code.BAD_AMOUNT


def test_the_account_changes_by_two_persons_and_is_told_sealed() -> None:
    customer = Customer.registered()
    fields = {"account_no": "6228480402564890018", "maker": "t1", "checker": "t2"}
    assert customer.refused(ChangeSettlementAccount(**fields | {"checker": "t1"})) is Code.TWO_PERSONS
    assert customer.refused(ChangeSettlementAccount(**fields | {"maker": " "})) is Code.TWO_PERSONS
    assert customer.refused(ChangeSettlementAccount(**fields | {"account_no": "12"})) is Code.BAD_ACCOUNT
    customer.do(ChangeSettlementAccount(**fields))
    told = customer.do(TellAccount(loan_id=LOAN))
    assert VAULT.unseal(CUSTOMER, told.account_sealed) == fields["account_no"]
    assert told.account_masked == "****0018"
    changed = customer.events[-1]
    assert isinstance(changed, AccountChanged)
    assert (changed.maker, changed.checker) == ("t1", "t2")
    customer.check()
