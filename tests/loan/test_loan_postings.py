"""Golden postings: one entry for each row of the posting table that the loan's events know."""

from datetime import date, timedelta

from loan_support import PROCESS, Life, entry_of, serial
from msgspec.structs import replace

from actors.loan.messages import CloseDay, Disburse, GetPayoffQuote, PostRepayment, ReverseDisbursement

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def last(life: Life) -> list[tuple[str, int, int]]:
    return entry_of(life.entries[-1][1])


def post(life: Life, amount_fen: int) -> None:
    life.ask(PostRepayment(amount_fen=amount_fen, source="counter", core_date=life.today, core_serial=serial()))


def test_disburse_by_clearing_while_in_flight() -> None:
    life = Life(DAY).signed()
    assert life.entries == []
    life.ask(Disburse(process_id=PROCESS, effect_id="P-1-0"))
    assert last(life) == [("1303.01", 10_000_000, 0), ("3001", 0, 10_000_000)]
    life.settle("core.disburse", core_date="2026-01-15", core_serial="S1")
    assert last(life) == [("3001", 10_000_000, 0), ("2011", 0, 10_000_000)]
    assert life.balances() == {"1303.01": 10_000_000, "2011": -10_000_000}


def test_a_refused_disbursement_is_taken_back_in_red() -> None:
    life = Life(DAY).signed()
    life.ask(Disburse(process_id=PROCESS, effect_id="P-1-0"))
    life.fail("core.disburse", "disburse_refused")
    assert last(life) == [("1303.01", -10_000_000, 0), ("3001", 0, -10_000_000)]
    assert life.balances() == {}


def test_reversal_in_red() -> None:
    life = Life(DAY).active()
    life.ask(ReverseDisbursement(reason="误放"))
    life.settle("core.reverse", core_date="2026-01-15", core_serial="S2")
    event, lines = life.entries[-1]
    assert entry_of(lines) == [("1303.01", -10_000_000, 0), ("2011", 0, -10_000_000)]
    assert event.linked_serial == "S0001"  # type: ignore[attr-defined]


def test_accrue_net_of_deferred_vat() -> None:
    life = Life(DAY).active()
    life.today = DAY + ONE
    life.ask(CloseDay(date=DAY))
    assert last(life) == [("1303.09", 1_667, 0), ("6011", 0, 1_573), ("2221.02", 0, 94)]


def test_fall_due() -> None:
    life = Life(DAY).active()
    life.today = DUE
    life.ask(CloseDay(date=DUE - 2 * ONE))
    life.ask(CloseDay(date=DUE - ONE))
    assert last(life) == [
        ("1132.01", 50_000, 0),
        ("2221.02", 2_830, 0),
        ("1303.09", 0, 50_000),
        ("2221.01", 0, 2_830),
    ]


def test_overdue_and_penalty() -> None:
    life = Life(DAY).active()
    life.today = DUE + ONE
    life.ask(CloseDay(date=DUE - ONE))
    life.ask(CloseDay(date=DUE))
    # accrued: 91,893.36 x 6 % / 360 = 15.32; penalty 2.03 with VAT 0.11
    assert last(life) == [
        ("1303.09", 1_532, 0),
        ("1303.02", 810_664, 0),
        ("1132.02", 203, 0),
        ("6011", 0, 1_445),
        ("2221.02", 0, 87),
        ("1303.01", 0, 810_664),
        ("6011", 0, 192),
        ("2221.01", 0, 11),
    ]


def test_repay_what_is_due_and_overdue() -> None:
    life = Life(DAY).active()
    life.today = DUE
    post(life, 60_000)
    assert last(life) == [("2011", 60_000, 0), ("1132.01", 0, 50_000), ("1303.01", 0, 10_000)]
    life.today = DUE + ONE
    post(life, 100_000)
    # 8,006.64 x 1 day x 9 % / 360 = 2.00
    assert last(life) == [("2011", 100_000, 0), ("1132.02", 0, 200), ("1303.02", 0, 99_800)]


def test_repay_interest_not_yet_due_with_its_vat() -> None:
    life = Life(DAY).active()
    life.today = DAY + 10 * ONE
    post(life, 1_000_000)
    assert last(life) == [
        ("2011", 1_000_000, 0),
        ("2221.02", 943, 0),
        ("1303.09", 0, 16_667),
        ("1303.01", 0, 983_333),
        ("2221.01", 0, 943),
    ]


def test_settle_and_overpaid_to_suspense() -> None:
    life = Life(DAY).active()
    life.today = DAY + 10 * ONE
    quote = life.see(GetPayoffQuote())
    post(life, quote.total_fen + 77)
    assert last(life) == [
        ("2011", 10_016_667, 0),
        ("3001", 77, 0),
        ("2221.02", 943, 0),
        ("1303.09", 0, 16_667),
        ("1303.01", 0, 10_000_000),
        ("2221.01", 0, 943),
        ("2241", 0, 77),
    ]
    assert life.balances() == {"2011": 16_667, "3001": 77, "2241": -77, "6011": -15_724, "2221.01": -943}


def test_every_entry_balances_and_fills_one_side_a_line() -> None:
    life = Life(DAY).active()
    life.today = date(2026, 7, 1)
    post(life, 2_000_000)
    post(life, 9_000_000)
    for event, lines in life.entries:
        assert sum(line.debit_fen - line.credit_fen for line in lines) == 0, type(event).__name__
        assert all((line.debit_fen == 0) != (line.credit_fen == 0) for line in lines)
        assert sum(line.debit_fen - line.credit_fen for line in lines if line.memo) == 0, type(event).__name__


def test_accounts_are_the_bank_s() -> None:
    life = Life(DAY)
    life.bank = replace(life.bank, accounts={"loans_performing": "130301001"})
    life.active()
    assert "130301001" in life.balances()
