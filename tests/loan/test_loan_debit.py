"""Auto-debits: what may be asked, how they end, late and in part; figures pinned to the day of the request."""

from datetime import date, timedelta

import pytest
from loan_support import Life, serial

from actors.loan.events import Repaid
from actors.loan.messages import (
    CloseDay,
    CollectDue,
    GetLoan,
    GetPayoffQuote,
    PostRepayment,
    Repay,
    ReverseDisbursement,
)

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def due_today() -> Life:
    life = Life(DAY).active()
    life.today = DUE
    return life


def booked(life: Life, fen: int, day: date | None = None) -> None:
    life.settle("core.debit", debited_fen=fen, core_date=(day or life.today).isoformat(), core_serial="D1")


def test_what_is_due_is_collected_with_its_split() -> None:
    life = due_today()
    life.ask(Repay(kind="due"))
    payload = life.effect("core.debit").payload
    assert (payload["amount_fen"], payload["partial"]) == (860_664, True)
    split = [["interest", payload["interest_fen"]], ["principal", payload["principal_fen"]]]
    assert payload["allocation"] == split  # one instalment: interest before principal, no penalty
    assert (payload["principal_fen"], payload["interest_fen"], payload["penalty_fen"]) == (810_664, 50_000, 0)
    assert (payload["account_sealed"], payload["business_date"]) == (b"account", "2026-02-15")
    assert life.see(GetLoan()).repayment == "in_flight"
    booked(life, 860_664)
    view = life.see(GetLoan())
    assert (view.repayment, view.principal_fen_repaid, view.next_due) == ("repaid", 810_664, date(2026, 3, 15))


def test_at_most_the_amount_asked_for() -> None:
    life = due_today()
    life.ask(Repay(kind="due", amount_fen=10_000))
    assert life.effect("core.debit").payload["amount_fen"] == 10_000


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Repay(kind="partial", amount_fen=0), "bad_amount"),
        (Repay(kind="partial", amount_fen=-1), "bad_amount"),
        (Repay(kind="partial", amount_fen=9_999), "below_prepay_min"),
        (Repay(kind="partial", amount_fen=10_000_001), "over_payoff"),
        (Repay(kind="due"), "nothing_due"),
        (Repay(kind="full", quote=""), "quote_stale"),
        (Repay(kind="twice"), "bad_source"),
        (CollectDue(date=DAY), "nothing_due"),
        (CollectDue(date=DAY + ONE), "date_not_open"),
        (CollectDue(date=DAY - ONE), "date_closed"),
    ],
)
def test_refusals_on_the_day_of_pay_out(command: Repay | CollectDue, code: str) -> None:
    life = Life(DAY).active()
    before = life.version
    assert life.refused(command) == code
    assert life.version == before


def test_arrears_come_before_a_prepayment() -> None:
    assert due_today().refused(Repay(kind="partial", amount_fen=1_000_000)) == "arrears_first"


def test_one_debit_at_a_time_while_counter_repayments_go_on() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    for command in (Repay(kind="due"), CollectDue(date=DUE), Repay(kind="partial", amount_fen=50_000)):
        assert life.refused(command) == "repayment_in_flight"
    life.ask(PostRepayment(amount_fen=860_664, source="counter", core_date=DUE, core_serial=serial()))
    booked(life, 860_664)
    # the instalment is paid already: what was collected for it is held, not taken as a prepayment
    assert life.loan.suspense_fen == 860_664
    assert life.events(Repaid)[1].parts == ()
    assert life.loan.principal_fen_outstanding == 9_189_336


def test_payoff_by_quote() -> None:
    life = Life(DAY).active()
    life.today = date(2026, 3, 1)
    life.ask(PostRepayment(amount_fen=1_000_000, source="counter", core_date=life.today, core_serial=serial()))
    quote = life.see(GetPayoffQuote())
    life.ask(Repay(kind="full", quote=quote.quote))
    assert life.effect("core.debit").payload["amount_fen"] == quote.total_fen
    assert life.effect("core.debit").payload["partial"] is False
    booked(life, quote.total_fen)
    assert life.loan.status == "settled"


def test_a_quote_dies_with_its_day_and_with_the_next_payment() -> None:
    life = Life(DAY).active()
    life.today = date(2026, 1, 20)
    quote = life.see(GetPayoffQuote()).quote
    life.ask(CloseDay(date=date(2026, 1, 19)))
    assert life.see(GetPayoffQuote()).quote == quote, "closing earlier days changes nothing owed today"
    life.today = date(2026, 1, 21)
    assert life.refused(Repay(kind="full", quote=quote)) == "quote_stale"
    life.today = date(2026, 1, 20)
    life.ask(PostRepayment(amount_fen=100, source="counter", core_date=life.today, core_serial=serial()))
    assert life.refused(Repay(kind="full", quote=quote)) == "quote_stale"


def test_booked_a_day_later_the_remainder_stays_owing() -> None:
    life = Life(DAY).active()
    life.today = date(2026, 1, 20)
    quote = life.see(GetPayoffQuote())
    life.ask(Repay(kind="full", quote=quote.quote))
    life.today = date(2026, 1, 21)
    booked(life, quote.total_fen)
    # one day more: 16.67 of interest is taken first, so as much principal is left
    assert life.loan.status == "active"
    assert life.loan.principal_fen_outstanding == 1_667
    assert life.events(Repaid)[0].interest_fen == 10_000


def test_an_answer_after_midnight_counts_on_the_day_the_core_booked() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    life.today = DUE + 2 * ONE
    booked(life, 860_664, DUE)
    repaid = life.events(Repaid)[0]
    assert (repaid.value_date, repaid.penalty_fen) == (DUE, 0)
    assert life.see(GetLoan()).overdue_days == 0


def test_the_close_waits_for_a_debit_under_way() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    life.today = DUE + ONE
    assert life.refused(CloseDay(date=DUE)) == "repayment_in_flight"
    life.fail("core.debit", "debit_insufficient")
    life.ask(CloseDay(date=DUE))
    assert life.loan.status == "overdue"


def test_a_day_closed_meanwhile_moves_the_value_date_to_the_first_open_one() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    life.today = DUE + 3 * ONE
    life.ask(PostRepayment(amount_fen=100, source="counter", core_date=life.today, core_serial=serial()))
    booked(life, 860_664, DUE)
    assert life.events(Repaid)[1].value_date == DUE + 3 * ONE


def test_insufficient_funds_are_said_and_another_try_is_free() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    life.fail("core.debit", "debit_insufficient")
    view = life.see(GetLoan())
    assert (view.repayment, view.reason) == ("failed", "debit_insufficient")
    life.ask(CollectDue(date=DUE))
    view = life.see(GetLoan())
    assert (view.repayment, view.reason) == ("in_flight", "")


def test_a_partial_debit_pays_what_it_took() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    booked(life, 60_000)
    view = life.see(GetLoan())
    assert (view.interest_fen_repaid, view.principal_fen_repaid, view.principal_fen_due) == (50_000, 10_000, 800_664)


def test_unknown_keeps_the_debit_and_a_later_answer_applies_once() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    effect_id = life.effect("core.debit").id
    life.doubt("core.debit")
    life.doubt("core.debit")
    assert life.see(GetLoan()).repayment == "unknown"
    assert life.refused(Repay(kind="due")) == "repayment_in_flight"
    booked(life, 860_664)
    answer = {"debited_fen": 860_664, "core_date": "2026-02-15", "core_serial": "D1"}
    life.outcome(effect_id, "done", data=answer)
    assert len(life.events(Repaid)) == 1
    assert life.see(GetLoan()).incidents == 1


def test_a_debit_that_ends_after_settlement_is_held() -> None:
    life = due_today()
    life.ask(CollectDue(date=DUE))
    total = life.see(GetPayoffQuote()).total_fen
    life.ask(PostRepayment(amount_fen=total, source="counter", core_date=DUE, core_serial=serial()))
    assert life.loan.status == "settled"
    booked(life, 860_664)
    assert (life.loan.status, life.loan.suspense_fen, life.loan.debit) == ("settled", 860_664, None)


def test_no_reversal_of_the_pay_out_with_a_debit_under_way() -> None:
    life = Life(DAY).active()
    life.ask(Repay(kind="partial", amount_fen=100_000))
    assert life.refused(ReverseDisbursement(reason="误放")) == "later_operations"
