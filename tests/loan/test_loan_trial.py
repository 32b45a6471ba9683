"""贷款试算: what a person without a loan is told is what the loan would be."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from loan_support import Life, bank

from actors.bank import BankTerms
from actors.loan.messages import GetContract
from actors.loan.trial import ScheduleTrial, try_schedule
from actors.turn import Refused

DAY = date(2026, 1, 15)
METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat")
WANTED: dict[str, Any] = {"product": "standard", "amount_fen": 10_000_000, "periods": 12, "method": "equal_instalment"}
LPR = ((date(2025, 12, 20), "1Y", Decimal("0.03")), (date(2026, 1, 15), "1Y", Decimal("0.02")))


def lender(**changes: Any) -> BankTerms:
    return msgspec.structs.replace(bank(methods=METHODS, **changes), lpr=LPR)


def told(terms: BankTerms, **changes: Any) -> ScheduleTrial:
    found = try_schedule(terms, DAY, **(WANTED | changes))
    assert isinstance(found, ScheduleTrial), found
    return found


@pytest.mark.parametrize("method", METHODS)
def test_the_trial_is_what_the_loan_becomes(method: str) -> None:
    trial = told(lender(), method=method, annual_rate="0.06")
    life = Life(DAY, lender()).active(method=method)
    loan = life.loan
    assert [(row.due_date, row.principal_fen, row.interest_fen) for row in trial.rows] == [
        (row.due, row.principal_fen, row.interest_fen) for row in loan.rows
    ]
    assert trial.instalment_fen == loan.instalment_fen
    contract = life.see(GetContract())
    assert (trial.irr_annual, trial.costs) == (contract.irr_annual, contract.costs)
    assert trial.rows[-1].balance_fen_after == 0
    assert trial.interest_fen_total == sum(row.payment_fen for row in trial.rows) - 10_000_000


def test_the_rate_is_the_lpr_before_the_start_plus_the_spread() -> None:
    assert told(lender(lpr_spread_bp=250)).annual_rate == "0.055"
    assert told(lender(lpr_spread_bp=250), start=date(2026, 1, 16)).annual_rate == "0.045"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product": "nothing"}, "unknown_product"),
        ({"amount_fen": 1}, "bad_amount"),
        ({"periods": 361}, "bad_periods"),
        ({"method": "flat"}, "bad_method"),
        ({"due_day": 32}, "bad_due_day"),
        ({"annual_rate": "six"}, "bad_rate"),
        ({"annual_rate": "NaN"}, "bad_rate"),
        ({"annual_rate": "1"}, "bad_rate"),
        ({"annual_rate": "0.00000000001"}, "bad_rate"),
        ({"start": date(2019, 1, 1), "annual_rate": "0.06"}, "bad_start"),
        ({"start": date(9999, 12, 31), "annual_rate": "0.06"}, "bad_start"),
        ({"start": date(2025, 12, 20)}, "bad_rate"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], code: str) -> None:
    found = try_schedule(msgspec.structs.replace(bank(methods=METHODS[:5]), lpr=LPR), DAY, **(WANTED | changes))
    assert isinstance(found, Refused)
    assert found.code.word == code


def test_a_product_off_sale_is_not_tried() -> None:
    found = try_schedule(lender(on_sale=False), DAY, **WANTED)
    assert isinstance(found, Refused)
    assert found.code.word == "off_sale"
