"""Court freeze, disputed record, death, another account, refund, certificate: what they stop and what goes on."""

from datetime import date, timedelta

import pytest
from loan_support import CUSTOMER, Life
from rare_support import TWO, ask, close_to, last, pay, providing

from actors.loan.events_rare import RefundFailed, SuspenseRefunded
from actors.loan.messages import CollectDue, GetLoan, GetPayoffQuote, Repay
from actors.loan.messages_rare import (
    ChangeAccount,
    FreezeLoan,
    GetSettlementCertificate,
    MarkDispute,
    RecordDeath,
    RefundSuspense,
    UnfreezeLoan,
    Waive,
)
from actors.turn import IncidentOpened

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def due() -> Life:
    life = Life(DAY, providing()).active()
    close_to(life, DUE - ONE)
    return life


def with_surplus() -> Life:
    """Settled, 0.77 too much."""
    life = Life(DAY, providing()).active()
    pay(life, 10_000_077)
    life.settle("RestoreLine")
    return life


def test_frozen_nothing_is_taken_by_us_and_what_the_core_takes_is_posted() -> None:
    life = due()
    ask(life, FreezeLoan(document_no=" (2026)青法执1号 ", reason="司法冻结"))
    assert life.see(GetLoan()).frozen == "(2026)青法执1号"
    assert life.refused(CollectDue(date=life.today)) == "loan_frozen"
    assert life.refused(Repay(kind="due")) == "loan_frozen"
    quote = life.see(GetPayoffQuote()).quote
    assert life.refused(Repay(kind="full", quote=quote)) == "loan_frozen"
    pay(life, 860_664, "court")
    close_to(life, life.today)
    assert life.refused(FreezeLoan(document_no="other")) == "loan_frozen"
    assert life.refused(UnfreezeLoan(document_no="other")) == "not_frozen"
    ask(life, UnfreezeLoan(document_no="(2026)青法执1号"))
    assert life.refused(CollectDue(date=life.today)) == "nothing_due"
    assert life.refused(UnfreezeLoan(document_no="(2026)青法执1号")) == "not_frozen"
    assert life.refused(FreezeLoan(document_no=" ")) == "missing_field"


def test_a_debit_under_way_when_it_is_frozen_ends_as_the_core_says() -> None:
    life = due()
    ask(life, CollectDue(date=life.today))
    ask(life, FreezeLoan(document_no="D"))
    life.settle("core.debit", debited_fen=860_664, core_date=life.today.isoformat(), core_serial="D1")
    assert life.loan.repayment == "repaid"


def test_death_stops_auto_debits_and_draws() -> None:
    life = due()
    ask(life, RecordDeath(died_on=DAY, **TWO))
    assert life.see(GetLoan()).died_on == DAY
    assert life.effect("BlockDraws").payload["command"]["reason"] == "death"
    assert life.refused(CollectDue(date=life.today)) == "borrower_deceased"
    assert life.refused(Repay(kind="due")) == "borrower_deceased"
    assert life.refused(RefundSuspense(**TWO)) == "borrower_deceased"
    life.settle("BlockDraws")
    ask(life, RecordDeath(died_on=None, **TWO))
    assert life.effect("BlockDraws").payload["command"].get("reason", "") == ""
    ask(life, CollectDue(date=life.today))
    assert life.refused(RecordDeath(died_on=life.today + ONE, **TWO)) == "date_not_open"
    assert life.refused(RecordDeath(died_on=DAY, maker="a", checker="a")) == "two_persons"


def test_a_dispute_is_a_mark() -> None:
    life = due()
    ask(life, MarkDispute(note=" 非本人 "))
    assert life.see(GetLoan()).disputed == "非本人"
    ask(life, MarkDispute())
    assert life.see(GetLoan()).disputed == ""


def test_the_account_comes_sealed_from_the_customer() -> None:
    life = due()
    ask(life, ChangeAccount(**TWO))
    effect = life.effect("TellAccount")
    assert effect.target == f"actor:{CUSTOMER}"
    assert life.loan.account_sealed == b"account"
    life.settle("TellAccount", account_sealed=b"another", account_masked="****4321")
    assert life.loan.account_sealed == b"another"
    assert life.see(GetLoan()).account_masked == "****4321"
    ask(life, CollectDue(date=life.today))
    assert life.effect("core.debit").payload["account_sealed"] == b"another"
    assert life.refused(ChangeAccount(maker="a", checker="a")) == "two_persons"


def test_an_account_that_is_not_told_is_an_incident() -> None:
    life = due()
    ask(life, ChangeAccount(**TWO))
    life.fail("TellAccount", "not_found")
    assert life.loan.account_sealed == b"account"
    assert life.events(IncidentOpened)[-1].code == "not_found"


def test_a_surplus_goes_back_through_the_core() -> None:
    life = with_surplus()
    ask(life, RefundSuspense(**TWO))
    effect = life.effect("core.refund")
    assert (effect.payload["amount_fen"], effect.payload["account_sealed"]) == (77, b"account")
    assert life.see(GetLoan()).refund == "refunding"
    assert life.refused(RefundSuspense(**TWO)) == "refund_in_flight"
    life.doubt("core.refund")
    assert life.see(GetLoan()).refund == "refund_unknown"
    assert life.loan.suspense_fen == 77
    life.settle("core.refund", core_date=life.today.isoformat(), core_serial="F1")
    assert last(life) == [("2241", 77, 0), ("2011", 0, 77)]
    assert (life.loan.suspense_fen, life.see(GetLoan()).refund) == (0, "refunded")
    assert life.events(SuspenseRefunded)[0].core_serial == "F1"
    assert life.refused(RefundSuspense(**TWO)) == "no_suspense"


def test_a_refused_refund_keeps_the_surplus() -> None:
    life = with_surplus()
    ask(life, RefundSuspense(amount_fen=50, **TWO))
    life.fail("core.refund")
    assert (life.loan.suspense_fen, life.loan.refund, life.loan.reason) == (77, None, "refund_refused")
    assert life.see(GetLoan()).refund == "refund_failed"
    assert life.events(RefundFailed)
    ask(life, RefundSuspense(amount_fen=77, **TWO))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (RefundSuspense(amount_fen=78, **TWO), "no_suspense"),
        (RefundSuspense(amount_fen=-1, **TWO), "bad_amount"),
        (RefundSuspense(maker="a", checker="a"), "two_persons"),
    ],
)
def test_refund_refused(command: RefundSuspense, code: str) -> None:
    life = with_surplus()
    before = life.state
    assert life.refused(command) == code
    assert life.state == before


def test_a_query_can_wait_for_the_end_of_a_refund() -> None:
    life = with_surplus()
    ask(life, RefundSuspense(**TWO))
    waiting = GetLoan(until_not="refunding,refund_unknown")
    assert life.see(waiting) is None
    life.settle("core.refund", core_date=life.today.isoformat(), core_serial="F1")
    assert life.see(waiting).refund == "refunded"


def test_the_certificate_is_of_a_settled_loan() -> None:
    life = due()
    empty = life.see(GetSettlementCertificate())
    assert (empty.certificate_no, empty.total_fen_paid, empty.amount_words, empty.settled_on) == ("", 0, "", None)
    ask(life, Waive(interest_fen=10_000, **TWO))
    pay(life, life.see(GetPayoffQuote()).total_fen)
    paper = life.see(GetSettlementCertificate())
    assert paper.certificate_no.startswith("JQ")
    assert paper.contract_no.startswith("JK")
    assert (paper.principal_fen_paid, paper.interest_fen_paid, paper.waived_fen) == (10_000_000, 40_000, 10_000)
    assert (paper.total_fen_paid, paper.total_words) == (10_040_000, "壹拾万零肆佰元整")
    assert (paper.disbursed_on, paper.settled_on, paper.amount_words) == (DAY, DUE, "壹拾万元整")
    assert not paper.written_off
