"""减免: limits, the ledger in each standing of the loan, and what the customer's line hears of it."""

from datetime import date, timedelta

import pytest
from loan_support import Life
from rare_support import TWO, agree, ask, close_to, entry_for, last, pay, providing

from actors.loan.events import LoanSettled
from actors.loan.events_rare import Waived
from actors.loan.messages import CollectDue, GetPayoffQuote
from actors.loan.messages_rare import Waive, WriteOff
from actors.loan.waiver import owed_of

DAY = date(2026, 1, 15)
DUE = date(2026, 2, 15)
ONE = timedelta(days=1)


def overdue(days: int = 10) -> Life:
    """100,000.00 at 6 % over 12, the first row unpaid for ``days``."""
    life = Life(DAY, providing()).active()
    close_to(life, DUE + (days - 1) * ONE)
    return life


def test_interest_and_penalty_while_interest_is_recognised() -> None:
    life = overdue()
    ask(life, Waive(interest_fen=50_000, penalty_fen=1_000, **TWO))
    # VAT within 510.00 at 6 %: 28.87
    assert last(life) == [("6011", 48_113, 0), ("2221.01", 2_887, 0), ("1132.02", 0, 1_000), ("1132.01", 0, 50_000)]
    row = life.loan.rows[0]
    assert (row.interest_fen_unpaid, row.penalty_fen_unpaid) == (0, 1_027)
    assert (life.loan.interest_fen_waived, life.loan.penalty_fen_waived) == (50_000, 1_000)
    assert (life.loan.interest_fen_repaid, life.loan.penalty_fen_repaid) == (0, 0)
    assert life.loan.status == "overdue"


def test_accrued_interest_takes_its_deferred_vat_along_and_principal_the_allowance() -> None:
    life = overdue()
    ask(life, Waive(interest_fen=60_000, principal_fen=900_000, **TWO))
    # deferred VAT within 153.16 less that within 53.16: 8.67 - 3.01; the allowance was 2 % of 100,000.00
    assert last(life) == [
        ("6011", 56_604, 0),
        ("2221.01", 2_830, 0),
        ("2221.02", 566, 0),
        ("6702", 700_000, 0),
        ("1304", 900_000, 0),
        ("1132.01", 0, 50_000),
        ("1303.09", 0, 10_000),
        ("1304", 0, 700_000),
        ("1303.02", 0, 810_664),
        ("1303.01", 0, 89_336),
    ]
    loan = life.loan
    assert (loan.principal_fen_outstanding, loan.principal_fen_waived) == (9_100_000, 900_000)
    assert loan.balance_fen == sum(row.principal_fen for row in loan.rows[1:])
    close_to(life, life.today)
    assert life.loan.allowance_fen == 182_000, "2 % of what is left: penalty is still overdue"


def test_in_non_accrual_only_memo_moves_for_interest() -> None:
    life = overdue(100)
    assert life.loan.non_accrual
    ask(life, Waive(interest_fen=60_000, principal_fen=10_000, **TWO))
    assert last(life) == [("1304", 10_000, 0), ("1303.03", 0, 10_000)]
    assert last(life, memo=True) == [("M0", 60_000, 0), ("M2", 0, 60_000)]


def test_of_a_claim() -> None:
    life = overdue()
    ask(life, WriteOff(**TWO))
    ask(life, Waive(principal_fen=1_000_000, interest_fen=65_316, **TWO))
    assert last(life) == []
    assert last(life, memo=True) == [("M0", 1_065_316, 0), ("M3", 0, 1_065_316)]
    claim = life.loan.claim
    assert claim is not None
    assert claim.left == (9_000_000, 0, 2_027, 0)
    assert life.loan.principal_fen_waived == 0, "it counts in the claim"
    ask(life, Waive(principal_fen=9_000_000, penalty_fen=2_027, **TWO))
    assert life.loan.status == "settled"
    assert life.balances(memo=True) == {}


def test_everything_settles_the_loan() -> None:
    life = overdue()
    penalty, compound, interest, principal = owed_of(life.loan)
    ask(
        life,
        Waive(penalty_fen=penalty, compound_fen=compound, interest_fen=interest, principal_fen=principal, **TWO),
    )
    assert life.loan.status == "settled"
    assert entry_for(life, Waived)[-1] == ("1303.01", 0, 9_189_336)
    assert life.events(LoanSettled)
    assert set(life.balances()) == {"2011", "6702"}, "cash gone, loss taken"
    assert life.effect("RestoreLine").payload["command"] == {
        "type": "RestoreLine",
        "loan_id": life.effect("RestoreLine").payload["command"]["loan_id"],
        "amount_fen": 10_000_000,
        "settled": True,
        "lost_fen": 10_000_000,
    }


def test_all_principal_but_not_its_interest_leaves_the_interest_to_its_due_date() -> None:
    life = Life(DAY, providing()).active()
    close_to(life, DAY + 9 * ONE)
    ask(life, Waive(principal_fen=10_000_000, **TWO))
    assert life.loan.status == "active"
    assert [(row.due, row.principal_fen, row.interest_fen) for row in life.loan.rows] == [(DUE, 0, 16_667)]
    close_to(life, DUE - ONE)
    assert life.loan.rows[0].interest_fen_unpaid == 16_667
    pay(life, 16_667)
    assert life.loan.status == "settled"


def test_a_revolving_line_gets_back_what_was_repaid_and_not_what_was_waived() -> None:
    life = Life(DAY, providing(revolving=True)).active()
    close_to(life, DAY)
    pay(life, 1_000_000)
    life.settle("RestoreLine")
    ask(life, Waive(principal_fen=200_000, **TWO))
    told = life.effect("RestoreLine").payload["command"]
    assert (told["amount_fen"], told["lost_fen"]) == (200_000, 200_000)
    life.settle("RestoreLine")
    assert (life.loan.restore_fen_waiting, life.loan.lost_fen_waiting) == (0, 0)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Waive(interest_fen=65_317, **TWO), "not_waivable"),
        (Waive(penalty_fen=2_028, **TWO), "not_waivable"),
        (Waive(compound_fen=1, **TWO), "not_waivable"),
        (Waive(principal_fen=10_000_001, **TWO), "not_waivable"),
        (Waive(**TWO), "bad_amount"),
        (Waive(interest_fen=-1, principal_fen=5, **TWO), "bad_amount"),
        (Waive(interest_fen=1, maker="a", checker="a"), "two_persons"),
        (Waive(interest_fen=1, maker=" ", checker="a"), "two_persons"),
        (Waive(interest_fen=1, maker="a", checker=""), "two_persons"),
    ],
)
def test_refused(command: Waive, code: str) -> None:
    life = overdue()
    before = life.state
    assert life.refused(command) == code
    assert life.state == before


def test_not_while_an_auto_debit_is_under_way_nor_on_a_closed_day() -> None:
    life = overdue()
    life.ask(CollectDue(date=life.today))
    assert life.refused(Waive(interest_fen=1, **TWO)) == "repayment_in_flight"
    life.fail("core.debit", "debit_insufficient")
    close_to(life, life.today)
    life.today -= ONE
    assert life.refused(Waive(interest_fen=1, **TWO)) == "date_closed"


def test_the_days_before_are_closed_first_and_a_quote_goes_stale() -> None:
    life = Life(DAY, providing()).active()
    life.today = DUE + 10 * ONE
    quote = life.see(GetPayoffQuote())
    ask(life, Waive(penalty_fen=1_000, **TWO))
    assert life.loan.closed_to == life.today - ONE
    assert life.see(GetPayoffQuote()).total_fen == quote.total_fen - 1_000
    assert life.see(GetPayoffQuote()).quote != quote.quote
    agree(life)
