"""The contract says what the terms are: method, frequency, day count, options; an old template stays the same."""

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from loan_support import LOAN, Life, bank
from msgspec.structs import replace

from actors.loan.contract import costs, text_zh
from actors.loan.messages import GetContract

DAY = date(2026, 1, 15)
FIRST_TEMPLATE = "b5f936033effbbdacc782f501bbaca4a61d6a32983afb0241ef77811a3b6c14f"


def text_of(method: str = "equal_instalment", **changes: Any) -> str:
    methods = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat")
    life = Life(DAY, bank(methods=methods, **changes)).contract(method=method)
    return life.see(GetContract()).text_zh


def test_contracts_of_the_first_template_keep_their_text() -> None:
    loan = Life(DAY).contract().loan
    assert loan.contract is not None
    old = replace(loan.contract, template=1)
    text = text_zh(LOAN, loan.customer_id, loan.terms, old)
    assert hashlib.sha256(text.encode()).hexdigest() == FIRST_TEMPLATE
    assert costs(loan.terms, old)[3] == ("提前还款违约金", "不收取")


@pytest.mark.parametrize(
    ("method", "changes", "words"),
    [
        ("equal_principal", {}, "还款方式：等额本金；还款日：每月与放款日对应之日（当月无该日的为当月最后一日）"),
        ("interest_only", {}, "还款方式：先息后本（按期付息、到期还本）"),
        ("bullet", {}, "还款日：到期日；"),
        ("bullet", {"day_count": "actual/365"}, "利息按日计算，按实际天数、一年365天；放款日计息"),
        ("pay_anytime", {"pay_anytime_interest": "on_repaid"}, "提前归还部分只结清该部分本金的利息"),
        ("equal_instalment", {"frequency": "quarterly"}, "36个月，分12期，每3个月为一期"),
        ("equal_instalment", {"frequency": "biweekly"}, "24周，分12期，每2周为一期"),
        ("equal_instalment", {"frequency": "biweekly"}, "还款日：自放款日起每2周的对应日"),
        ("equal_instalment", {"frequency": "quarterly"}, "整期按年利率除以12再乘以3计息"),
        ("equal_instalment", {"whole_periods": "by_days"}, "各期利息按实际天数、一年360天计息"),
        ("equal_instalment", {"odd_days": "thirtieths"}, "首期不足或超过整期的按每月30天折算计息"),
        ("equal_instalment", {"short_month": "second_to_fourth"}, "29日、30日、31日分别对应次月2日、3日、4日"),
        ("equal_instalment", {"holidays": "shift"}, "还款日为非工作日的，顺延至下一工作日"),
        ("equal_instalment", {"principal_grace": 3}, "前3期只付息不还本"),
        ("equal_instalment", {"interest_grace": 2}, "前2期不付息，所计利息并入其后首期支付"),
        ("equal_instalment", {"compound_on": "interest"}, "对未按期支付的利息按月计收复利"),
        ("equal_instalment", {"prepay_keeps": "instalment"}, "每期还款额不变、缩短还款期限"),
        ("equal_instalment", {"prepay_fen_step": 10_000}, "每次不低于100.00元且为100.00元的整数倍"),
        ("equal_instalment", {"allocation": "by_component"}, "各期合计依次归还费用、罚息、复利、利息、本金"),
        (
            "equal_instalment",
            {"prepay_fees": ((3, Decimal("0.02")), (6, Decimal("0.01")))},
            "借款后第1至第3个月内按提前归还本金的2%收取、借款后第4至第6个月内按提前归还本金的1%收取，此后不收",
        ),
    ],
)
def test_what_was_agreed_is_said(method: str, changes: dict[str, Any], words: str) -> None:
    assert words in text_of(method, **changes)


def test_flat_interest_is_told_by_its_yearly_cost_and_never_by_the_flat_rate() -> None:
    text = text_of("flat")
    clause = next(line for line in text.split("\n") if line.startswith("第四条"))
    assert "年利率6%" not in clause
    assert "折合年化利率（内部收益率）11." in clause
