"""What is shown and stored of a loan: waiting queries, typed columns, the size of its row, quotes of nothing."""

from datetime import date, timedelta

import msgspec
import pytest
from loan_support import CUSTOMER, PROCESS, Life, opening, serial

from actors.loan import lifecycle
from actors.loan.messages import CollectDue, Disburse, GetLoan, GetPayoffQuote, PostRepayment
from runtime.registry import KINDS

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)


def test_a_query_waits_while_the_status_is_named() -> None:
    life = Life(DAY)
    life.ask(opening())
    assert life.see(GetLoan(until_not="drafting")) is None
    assert life.see(GetLoan(until_not="signing,disbursing")).status == "drafting"
    life.fail("CheckDraw", "line_frozen")
    assert life.see(GetLoan(until_not="drafting")).reason == "line_frozen"


def test_a_query_waits_for_the_end_of_a_debit() -> None:
    life = Life(DAY).active()
    life.today = DUE
    assert life.see(GetLoan(until_not="in_flight,unknown")).repayment == ""
    life.ask(CollectDue(date=DUE))
    assert life.see(GetLoan(until_not="in_flight,unknown")) is None
    life.doubt("core.debit")
    assert life.see(GetLoan(until_not="in_flight,unknown")) is None
    life.fail("core.debit", "debit_insufficient")
    assert life.see(GetLoan(until_not="in_flight,unknown")).repayment == "failed"


def test_columns_through_life() -> None:
    life = Life(DAY).signed()
    assert lifecycle.columns(life.loan) == (CUSTOMER, "standard", "signed", 0, None, None)
    life.ask(Disburse(process_id=PROCESS, effect_id="P-1-0"))
    life.settle("core.disburse", core_date="2026-01-15", core_serial="S1")
    before = DAY - timedelta(days=1)
    assert lifecycle.columns(life.loan) == (CUSTOMER, "standard", "active", 10_000_000, DUE, before)
    life.today = DUE
    life.ask(PostRepayment(amount_fen=860_664, source="channel", core_date=DUE, core_serial=serial()))
    assert lifecycle.columns(life.loan)[3:5] == (9_189_336, date(2026, 3, 15))
    life.ask(PostRepayment(amount_fen=9_189_336, source="channel", core_date=DUE, core_serial="C2"))
    assert lifecycle.columns(life.loan)[2:5] == ("settled", 0, None)


@pytest.mark.parametrize(("periods", "bytes_max"), [(12, 1_250), (60, 2_750)])
def test_the_row_stays_small(periods: int, bytes_max: int) -> None:
    life = Life(DAY).active(periods=periods)
    assert len(msgspec.msgpack.encode(life.loan)) <= bytes_max


def test_no_quote_where_nothing_is_owed() -> None:
    quote = Life(DAY).signed().see(GetPayoffQuote())
    assert (quote.quote, quote.total_fen) == ("", 0)


def test_the_runtime_can_store_and_read_what_a_life_leaves() -> None:
    codecs = KINDS["loan"].codecs()
    life = Life(DAY).active()
    state = None
    for event in life.journal:
        state = lifecycle.evolve(state, codecs.event.decode(msgspec.msgpack.encode(event)))
    assert state == codecs.state.decode(msgspec.msgpack.encode(life.loan)) == life.loan
    assert KINDS["loan"].creates == (type(opening()),)
