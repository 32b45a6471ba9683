"""重组: arrears into the plan, their principal only, or kept due; the class, its watch, and the ledger."""

from datetime import date, timedelta

import pytest
from loan_support import Life
from rare_support import TWO, ask, close_to, entry_for, pay, providing

from actors.loan.events_rare import Restructured
from actors.loan.messages import GetLoan, GetPayoffQuote
from actors.loan.messages_rare import Arrears, ExtendLoan, Reclassify, Restructure
from actors.schedule.terms import Method

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def overdue(days: int = 10) -> Life:
    """With compound: 500.00 interest, 20.27 penalty and 0.83 compound are overdue after ten days."""
    life = Life(DAY, providing(compound_on="interest")).active()
    close_to(life, DUE + (days - 1) * ONE)
    return life


def plan(arrears: Arrears, **changes: object) -> Restructure:
    fields: dict[str, object] = {"method": "equal_instalment", "periods": 24, "annual_rate": "0.03", **TWO}
    return Restructure(arrears=arrears, **(fields | changes))  # type: ignore[arg-type]


def test_arrears_become_principal() -> None:
    life = overdue()
    ask(life, plan("capitalise"))
    # the allowance: 2 % of 100,521.10
    assert entry_for(life, Restructured) == [
        ("1303.01", 862_774, 0),
        ("6702", 1_042, 0),
        ("1303.02", 0, 810_664),
        ("1132.01", 0, 50_000),
        ("1132.02", 0, 2_027),
        ("1132.03", 0, 83),
        ("1304", 0, 1_042),
    ]
    loan = life.loan
    assert (loan.status, loan.principal_fen_outstanding, loan.principal_fen_capitalised) == (
        "active",
        10_052_110,
        52_110,
    )
    assert loan.balance_fen == sum(row.principal_fen for row in loan.rows[1:]) == 10_052_110
    assert loan.rows[0].unpaid_fen == 0
    # 153.16 of the old balance to the 25th, then 18 days of 100,521.10 at 3 %
    assert (loan.rows[1].due, loan.rows[1].interest_fen) == (date(2026, 3, 15), 30_394)
    assert (len(loan.rows), loan.matures_on) == (25, date(2028, 2, 15))
    view = life.see(GetLoan())
    assert (view.risk_class, view.restructured_on, view.overdue_days) == (2, life.today, 0)


def test_a_revolving_line_is_used_for_what_became_principal_too() -> None:
    life = Life(DAY, providing(compound_on="interest", revolving=True)).active()
    close_to(life, DUE + 9 * ONE)
    ask(life, plan("capitalise"))
    assert life.effect("RestoreLine").payload["command"]["amount_fen"] == -52_110
    life.settle("RestoreLine")
    pay(life, life.see(GetPayoffQuote()).total_fen)
    told = life.effect("RestoreLine").payload["command"]
    assert (told["amount_fen"], told["settled"]) == (10_052_110, True)


def test_a_line_that_does_not_revolve_hears_of_the_end_only() -> None:
    life = overdue()
    ask(life, plan("capitalise"))
    assert "RestoreLine" not in life.pending()
    pay(life, life.see(GetPayoffQuote()).total_fen)
    told = life.effect("RestoreLine").payload["command"]
    assert (told["amount_fen"], told["settled"]) == (10_000_000, True)


def test_only_the_principal_of_the_arrears_goes_into_the_plan() -> None:
    life = overdue()
    ask(life, plan("principal"))
    assert entry_for(life, Restructured) == [("1303.01", 810_664, 0), ("1303.02", 0, 810_664)]
    loan = life.loan
    assert (loan.status, loan.balance_fen) == ("overdue", 10_000_000)
    row = loan.rows[0]
    assert (row.principal_fen, row.interest_fen_unpaid, row.penalty_fen_unpaid, row.compound_fen_unpaid) == (
        0,
        50_000,
        2_027,
        83,
    )
    close_to(life, life.today)
    row = life.loan.rows[0]
    assert row.penalty_fen == 2_027, "no overdue principal, no more penalty"
    assert row.compound_fen == 87, "0.83 by the 24th at 6 %, a day at 3 %; micro-yuan are cut, so just under 0.875"
    pay(life, row.unpaid_fen)
    assert life.loan.status == "active"


def test_arrears_stay_due() -> None:
    life = overdue()
    before = life.loan.rows[0]
    ask(life, plan("keep"))
    assert not [lines for event, lines in life.entries if isinstance(event, Restructured)]
    loan = life.loan
    assert (loan.status, loan.balance_fen, loan.principal_fen_outstanding) == ("overdue", 9_189_336, 10_000_000)
    assert loan.rows[0].unpaid_fen == before.unpaid_fen
    close_to(life, life.today)
    # 8,106.64 at 9 % for ten days, then at 4.5 % for one
    assert life.loan.rows[0].penalty_fen == 2_128


@pytest.mark.parametrize(
    "method", ["equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat"]
)
def test_lives_on_to_its_end_by_any_method(method: Method) -> None:
    life = overdue()
    ask(life, plan("capitalise", method=method, periods=6, annual_rate=""))
    while life.loan.status == "active":
        row = life.loan.rows[life.loan.first_unpaid]
        close_to(life, row.due - ONE)
        pay(life, life.loan.rows[life.loan.first_unpaid].unpaid_fen)
    loan = life.loan
    assert loan.status == "settled"
    assert loan.principal_fen_repaid == 10_052_110
    assert loan.matures_on == date(2026, 8, 15)


def test_a_matured_loan_gets_a_new_plan() -> None:
    life = overdue(400)
    assert (life.loan.fallen, life.loan.balance_fen) == (12, 0)
    assert life.refused(plan("keep")) == "nothing_not_due"
    assert life.refused(plan("capitalise")) == "not_capitalisable"
    ask(life, plan("principal"))
    assert life.loan.balance_fen == 10_000_000
    assert life.loan.non_accrual
    assert not [lines for event, lines in life.entries if isinstance(event, Restructured)], "it stays in 1303.03"


def test_the_class_is_watched() -> None:
    life = overdue()
    ask(life, plan("capitalise"))
    assert life.refused(Reclassify(risk_class=1, **TWO)) == "bad_class"
    for _ in range(11):
        row = life.loan.rows[life.loan.first_unpaid]
        close_to(life, row.due - ONE)
        pay(life, row.unpaid_fen)
        assert life.loan.risk_class == 2


def test_the_watch_ends() -> None:
    life = overdue()
    ask(life, plan("capitalise", method="bullet", periods=36))
    close_to(life, date(2027, 2, 23))
    assert life.loan.risk_class == 2
    close_to(life, date(2027, 2, 24))
    assert life.loan.risk_class == 1
    assert life.loan.allowance_fen == 100_521


def test_an_extension_after_it_counts_from_the_new_plan() -> None:
    life = overdue()
    ask(life, plan("capitalise", periods=12, annual_rate=""))
    assert life.refused(ExtendLoan(periods=13, **TWO)) == "term_too_long"
    ask(life, ExtendLoan(periods=12, **TWO))
    assert len(life.loan.rows) == 25
    assert [row.due.day for row in life.loan.rows] == [15] * 25
    assert life.loan.matures_on == date(2028, 2, 15)
    assert life.loan.rows[1].principal_fen + life.loan.rows[2].principal_fen > 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"periods": 0}, "bad_periods"),
        ({"periods": 481}, "bad_periods"),
        ({"annual_rate": "1"}, "bad_rate"),
        ({"checker": TWO["maker"]}, "two_persons"),
    ],
)
def test_refused(changes: dict[str, object], code: str) -> None:
    life = overdue()
    before = life.state
    assert life.refused(plan("capitalise", **changes)) == code
    assert life.state == before
