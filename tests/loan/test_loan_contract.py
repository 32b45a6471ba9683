"""From request to contract: product rules, the customer's answer, text and hash, amounts in words, yearly cost."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from loan_support import CUSTOMER, Life, bank, draw_terms, opening
from msgspec.structs import replace

from actors.loan.amount_words import in_words
from actors.loan.events import ContractDrawn, Repriced
from actors.loan.messages import CloseDay, GetContract, GetLoan, GetSchedule
from actors.schedule.annual_cost import irr_annual

DAY = date(2026, 1, 15)
GOLDEN_HASH = "c3bdfedb7e21573cf16d8d3897cacd87b925ef7f77d7bfd9b51fddcf9205e170"
GOLDEN_HASH_1 = "b5f936033effbbdacc782f501bbaca4a61d6a32983afb0241ef77811a3b6c14f"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product": "nothing"}, "unknown_product"),
        ({"amount_fen": 0}, "bad_amount"),
        ({"amount_fen": -100}, "bad_amount"),
        ({"amount_fen": 150_001}, "bad_amount"),
        ({"amount_fen": 99_900}, "amount_out_of_range"),
        ({"amount_fen": 100_000_100}, "amount_out_of_range"),
        ({"periods": 0}, "bad_periods"),
        ({"periods": 37}, "bad_periods"),
        ({"method": "bullet"}, "bad_method"),
        ({"use_code": "shares"}, "bad_use"),
        ({"due_day": 32}, "bad_due_day"),
        ({"due_day": -1}, "bad_due_day"),
    ],
)
def test_what_the_product_does_not_offer_is_refused(changes: dict[str, Any], code: str) -> None:
    life = Life(DAY, bank(periods_max=36, methods=("equal_instalment",)))
    assert life.refused(opening(**changes)) == code
    assert life.state is None


def test_the_customer_is_asked_for_rate_and_room() -> None:
    life = Life(DAY)
    life.ask(opening())
    effect = life.effect("CheckDraw")
    assert effect.target == f"actor:{CUSTOMER}"
    assert effect.payload["command"]["amount_fen"] == 10_000_000
    assert life.see(GetLoan()).status == "drafting"
    assert life.see(GetContract()).text_zh == ""
    assert life.see(GetSchedule()).instalments == ()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"birth_date": "2008-01-16"}, "under_age"),
        ({"birth_date": "1960-01-14"}, "over_age"),
        ({"annual_rate": "free"}, "rule_failed"),
        ({"annual_rate": "-0.01"}, "rule_failed"),
        ({"annual_rate": "NaN"}, "rule_failed"),
        ({"annual_rate": "1.5"}, "rule_failed"),
        ({"annual_rate": "0.06123456789"}, "rule_failed"),
    ],
)
def test_a_contract_that_may_not_be_is_refused_with_its_reason(answer: dict[str, Any], code: str) -> None:
    life = Life(DAY)
    life.ask(opening())
    life.settle("CheckDraw", **draw_terms(**answer))
    assert (life.loan.status, life.loan.reason) == ("refused", code)


@pytest.mark.parametrize("birth", ["2008-01-15", "1961-01-16"])
def test_just_old_and_just_young_enough(birth: str) -> None:
    life = Life(DAY)
    life.ask(opening())
    life.settle("CheckDraw", **draw_terms(birth_date=birth))
    assert life.loan.status == "contract"


def test_the_customer_s_refusal_is_the_reason() -> None:
    life = Life(DAY)
    life.ask(opening())
    life.fail("CheckDraw", "line_frozen")
    assert (life.loan.status, life.loan.reason) == ("refused", "line_frozen")


def test_the_text_is_what_was_hashed_and_says_what_was_agreed() -> None:
    life = Life(DAY).contract(due_day=20)
    view = life.see(GetContract())
    assert view.contract_hash == hashlib.sha256(view.text_zh.encode()).hexdigest()
    for words in (
        "壹拾万元整",
        "100,000.00元",
        "年利率6%",
        "年利率9%",
        "等额本息",
        "每月20日",
        "青山农村商业银行",
        "日常消费",
    ):
        assert words in view.text_zh
    assert dict(view.costs)["服务费、担保费及其他费用"] == "不收取"


def test_template_one_never_changes() -> None:
    """A signed text is made again from the terms: another wording must be another template."""
    assert Life(DAY).contract().see(GetContract()).contract_hash == GOLDEN_HASH


def test_the_text_stays_the_same_through_the_loan_s_life() -> None:
    life = Life(DAY).active()
    drawn = life.events(ContractDrawn)[0].contract
    life.bank = bank(name_zh="改名的产品")
    life.today = date(2026, 5, 1)
    view = life.see(GetContract())
    assert view.contract_hash == drawn.hash == hashlib.sha256(view.text_zh.encode()).hexdigest()


def test_before_the_pay_out_the_schedule_is_that_of_a_pay_out_today() -> None:
    life = Life(DAY).contract()
    rows = life.see(GetSchedule()).instalments
    assert (rows[0].due_date, rows[0].principal_fen, rows[0].interest_fen) == (date(2026, 2, 15), 810_664, 50_000)
    assert {row.status for row in rows} == {"open"}


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (100, "壹元整"),
        (105, "壹元零伍分"),
        (10_000_000, "壹拾万元整"),
        (860_664, "捌仟陆佰零陆元陆角肆分"),
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (10_700_053, "壹拾万零柒仟元伍角叁分"),
        (168_032, "壹仟陆佰捌拾元叁角贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (1_000_000_100, "壹仟万零壹元整"),
        (10_000_000_000, "壹亿元整"),
        (10_000_500_000, "壹亿零伍仟元整"),
        (2_005_000_000, "贰仟零伍万元整"),
        (100_000_000_000_000, "壹万亿元整"),
    ],
)
def test_amounts_in_words(fen: int, words: str) -> None:
    """Examples of the rules for bills: 1,409.50, 6,007.14, 107,000.53, 1,680.32, 325.04 and edges of groups."""
    assert in_words(fen) == words


def test_yearly_cost_of_a_published_example() -> None:
    path = Path(__file__).parents[3] / "shared" / "vectors" / "cn_repayment_examples.json"
    example = next(e for e in json.loads(path.read_text())["examples"] if e["id"] == "R26")
    flows = [(date.fromisoformat(day), int(Decimal(yuan) * 100)) for day, yuan in example["inputs"]["cashflows"]]
    assert irr_annual(flows) * 100 == Decimal(example["expected"]["all_in_annual_pct"])


@pytest.mark.parametrize("due_day", [0, 20])
def test_yearly_cost_discounts_the_schedule_to_the_sum_paid_out(due_day: int) -> None:
    life = Life(DAY).contract(due_day=due_day)
    yearly = float(life.see(GetContract()).irr_annual)
    value = sum(
        (row.principal_fen + row.interest_fen) / (1 + yearly) ** ((row.due_date - DAY).days / 365)
        for row in life.see(GetSchedule()).instalments
    )
    assert abs(value - 10_000_000) < 10


def test_yearly_cost_of_nothing_is_nothing() -> None:
    assert irr_annual([(DAY, 1_200), (date(2026, 7, 1), -600), (date(2027, 1, 1), -600)]) == 0


def test_the_text_stays_what_was_signed_after_a_new_rate() -> None:
    lpr = ((date(2025, 12, 20), "1Y", Decimal("0.03")), (date(2026, 12, 20), "1Y", Decimal("0.025")))
    terms = replace(bank(repricing="january"), lpr=lpr)
    life = Life(DAY, terms).active(periods=24)
    signed = life.see(GetContract())
    life.today = date(2027, 1, 5)
    life.ask(CloseDay(date=date(2027, 1, 4)))
    assert life.events(Repriced)
    after = life.see(GetContract())
    assert (after.text_zh, after.costs) == (signed.text_zh, signed.costs)
    assert hashlib.sha256(after.text_zh.encode()).hexdigest() == signed.contract_hash
    assert life.loan.terms.annual_rate == Decimal("0.055")
