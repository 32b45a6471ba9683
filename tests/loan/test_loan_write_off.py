"""核销 and what comes in afterwards: accrual stopped, allowance topped up, the claim kept, met and closed."""

from datetime import date, timedelta

import pytest
from loan_support import Life, serial
from msgspec.structs import replace
from rare_support import TWO, ask, close_to, entry_for, last, pay, providing

from actors.loan.events import AccrualStopped, LoanSettled
from actors.loan.events_rare import Recovered, WrittenOff
from actors.loan.messages import CloseDay, CollectDue, GetLoan, PostRepayment, Repay
from actors.loan.messages_rare import GetSettlementCertificate, WriteOff

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def written_off(days: int = 10) -> Life:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + (days - 1) * ONE)
    ask(life, WriteOff(reason="死亡无遗产", **TWO))
    return life


def test_an_accruing_loan_is_stopped_first() -> None:
    life = written_off()
    assert entry_for(life, AccrualStopped) == [
        ("6011", 63_531, 0),
        ("2221.02", 867, 0),
        ("1221", 2_945, 0),
        ("1303.03", 10_000_000, 0),
        ("1132.01", 0, 50_000),
        ("1132.02", 0, 2_027),
        ("1303.09", 0, 15_316),
        ("1303.01", 0, 9_189_336),
        ("1303.02", 0, 810_664),
    ]
    assert entry_for(life, WrittenOff) == [
        ("6702", 9_800_000, 0),
        ("1304", 10_000_000, 0),
        ("1304", 0, 9_800_000),
        ("1303.03", 0, 10_000_000),
    ]
    assert entry_for(life, WrittenOff, memo=True) == [
        ("M0", 67_343, 0),
        ("M2", 0, 67_343),
        ("M3", 10_067_343, 0),
        ("M0", 0, 10_067_343),
    ]
    loan = life.loan
    assert (loan.status, loan.principal_fen_outstanding, loan.allowance_fen) == ("written_off", 0, 0)
    view = life.see(GetLoan())
    assert (view.status, view.claim_fen, view.next_due, view.overdue_days) == ("written_off", 10_067_343, None, 0)


def test_of_a_loan_in_non_accrual_with_a_surplus_of_allowance() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + 400 * ONE)
    assert life.loan.risk_class == 5
    pay(life, 3_000_000)
    assert life.loan.allowance_fen == 10_000_000, "provided for more than is left, until the next close"
    ask(life, WriteOff(**TWO))
    assert entry_for(life, WrittenOff) == [
        ("6702", -3_000_000, 0),
        ("1304", 7_000_000, 0),
        ("1304", 0, -3_000_000),
        ("1303.03", 0, 7_000_000),
    ]


def test_the_claim_does_not_grow_and_no_day_is_closed() -> None:
    life = written_off()
    claim = life.loan.claim
    life.today += 200 * ONE
    ask(life, CloseDay(date=life.today - ONE))
    pay(life, 100)
    assert life.loan.claim is not None
    assert claim is not None
    assert sum(life.loan.claim.left) == sum(claim.left) - 100
    assert len(life.events(AccrualStopped)) == 1


def test_recovery_principal_first_then_interest_with_the_vat_paid_before() -> None:
    life = written_off()
    pay(life, 9_000_000, "court")
    assert last(life) == [("2011", 9_000_000, 0), ("1304", 0, 9_000_000)]
    assert last(life, memo=True) == [("M0", 9_000_000, 0), ("M3", 0, 9_000_000)]
    pay(life, 1_060_000)
    # penalty 20.27 and interest 579.73, VAT within 600.00: 33.96, of which 29.45 was paid before
    assert last(life) == [
        ("2011", 1_060_000, 0),
        ("1304", 0, 1_000_000),
        ("6011", 0, 56_604),
        ("1221", 0, 2_945),
        ("2221.01", 0, 451),
    ]
    pay(life, 10_000)
    assert entry_for(life, Recovered) == [
        ("2011", 7_343, 0),
        ("3001", 2_657, 0),
        ("6011", 0, 6_927),
        ("2221.01", 0, 416),
        ("2241", 0, 2_657),
    ]
    assert entry_for(life, LoanSettled) == [("6702", -10_000_000, 0), ("1304", 0, -10_000_000)]
    assert (life.loan.status, life.loan.suspense_fen) == ("settled", 2_657)
    assert life.balances(memo=True) == {}
    paper = life.see(GetSettlementCertificate())
    assert (paper.principal_fen_paid, paper.interest_fen_paid, paper.penalty_fen_paid) == (10_000_000, 65_316, 2_027)
    assert paper.written_off


def test_recovery_by_component_where_the_bank_says_so() -> None:
    life = Life(DAY, providing())
    life.bank = replace(life.bank, non_accrual_principal_first=False)
    life.active()
    close_to(life, DUE + 9 * ONE)
    ask(life, WriteOff(**TWO))
    view = pay(life, 10_000)
    assert (view.penalty_fen, view.interest_fen, view.principal_fen) == (2_027, 7_973, 0)


def test_an_auto_debit_under_way_becomes_a_recovery() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DUE + 9 * ONE)
    life.ask(CollectDue(date=life.today))
    ask(life, WriteOff(**TWO))
    life.settle("core.debit", debited_fen=500_000, core_date=life.today.isoformat(), core_serial="D9")
    assert [event.effect_id for event in life.events(Recovered)] != [""]
    assert (life.loan.debit, life.loan.repayment) == (None, "repaid")
    assert last(life) == [("2011", 500_000, 0), ("1304", 0, 500_000)]


def test_the_customer_hears_that_draws_are_blocked_and_the_line_ends() -> None:
    life = Life(DAY, providing()).active()
    ask(life, WriteOff(**TWO))
    blocked, ended = life.effect("BlockDraws"), life.effect("RestoreLine")
    assert blocked.payload["command"]["reason"] == "written_off"
    assert ended.payload["command"] | {"loan_id": ""} == {
        "type": "RestoreLine",
        "loan_id": "",
        "amount_fen": 0,
        "written_off": True,
    }
    life.settle("BlockDraws")
    life.settle("RestoreLine")
    assert life.pending() == []
    pay(life, 10_000_000)
    assert life.loan.status == "settled"
    assert life.pending() == ["BlockDraws"], "the block is lifted, the line stays ended"
    assert life.effect("BlockDraws").payload["command"].get("reason", "") == ""


@pytest.mark.parametrize("core_date", [DUE, DUE + 30 * ONE])
def test_a_recovery_of_a_closed_or_future_day_is_refused(core_date: date) -> None:
    life = written_off()
    command = PostRepayment(amount_fen=1, source="court", core_date=core_date, core_serial=serial())
    assert life.refused(command) in ("date_closed", "date_not_open")


def test_a_recovery_is_posted_once() -> None:
    life = written_off()
    command = PostRepayment(amount_fen=1, source="court", core_date=life.today, core_serial="R1")
    ask(life, command)
    assert life.refused(command) == "serial_posted"


def test_no_more_auto_debit_and_no_second_write_off() -> None:
    life = written_off()
    assert life.refused(Repay(kind="due")) == "loan_status"
    assert life.refused(CollectDue(date=life.today)) == "loan_status"
    assert life.refused(WriteOff(**TWO)) == "loan_status"
    assert Life(DAY, providing()).active().refused(WriteOff(maker="a", checker="a")) == "two_persons"
