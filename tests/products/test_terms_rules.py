"""Contradictory terms are refused when saved: every rule of the tables, each broken alone, names its field."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from products_support import BANK, BANKS, PRODUCT, replace, with_product

from actors.bank import BankTerms, Bounds
from cluster.bank_checks import breaches
from cluster.bank_rules import BANK_RULES
from cluster.product_rules import PRODUCT_RULES

TERMS = BANKS[BANK]
Changes = dict[str, Any]

PRODUCTS: list[tuple[str, str, Changes]] = [
    ("code_form", "code", {"code": "Standard"}),
    ("code_form", "code", {"code": "other"}),
    ("names", "name_zh", {"name_en": " "}),
    ("amount_range", "amount_fen_min", {"amount_fen_min": 0}),
    ("amount_range", "amount_fen_min", {"amount_fen_min": 300_000, "amount_fen_max": 200_000}),
    ("amount_cap", "amount_fen_min", {"amount_fen_min": 20_000_100, "amount_fen_max": 20_000_200}),
    ("amount_step", "amount_fen_step", {"amount_fen_step": 0}),
    ("amount_step", "amount_fen_step", {"amount_fen_step": 30_000}),
    ("periods_range", "periods_min", {"periods_min": 0}),
    ("periods_range", "periods_min", {"periods_min": 7, "periods_max": 6, "repricing": "fixed"}),
    ("term_longest", "periods_max", {"periods_max": 61}),
    ("term_longest", "periods_max", {"frequency": "quarterly", "periods_max": 21}),
    ("term_longest", "periods_max", {"frequency": "biweekly", "periods_max": 131, "holidays": "none"}),
    ("term_one_go", "periods_max", {"methods": ("bullet",), "periods_max": 13, "last_row": "recompute"}),
    ("term_one_go", "periods_max", {"methods": ("equal_instalment", "interest_only"), "periods_max": 13}),
    ("term_one_go", "periods_max", {"methods": ("equal_instalment", "pay_anytime"), "periods_max": 13}),
    ("methods_named", "methods", {"methods": (), "last_row": "recompute"}),
    ("methods_named", "methods", {"methods": ("equal_instalment", "equal_instalment")}),
    ("uses_named", "uses", {"uses": ()}),
    ("uses_named", "uses", {"uses": ("travel", "travel")}),
    ("uses_known", "uses", {"uses": ("travel", "stocks")}),
    ("line_months", "line_months", {"line_months": 0}),
    ("lpr_tenor", "lpr_tenor", {"lpr_tenor": "10Y"}),
    ("rate_range", "lpr_spread_bp", {"lpr_spread_bp": -300}),
    ("rate_range", "lpr_spread_bp", {"lpr_spread_bp": 2_200}),
    ("flat_fixed", "repricing", {"methods": ("equal_instalment", "flat"), "repricing": "january"}),
    ("anniversary_reached", "repricing", {"periods_max": 12, "repricing": "anniversary"}),
    ("last_row_of_instalment", "last_row", {"methods": ("equal_principal",), "last_row": "smooth"}),
    ("first_period_days", "first_period_days_min", {"first_period_days_min": 32}),
    ("principal_grace", "principal_grace", {"periods_min": 3, "principal_grace": 3}),
    ("principal_grace", "principal_grace", {"principal_grace": -1}),
    ("interest_grace", "interest_grace", {"periods_min": 3, "interest_grace": 3}),
    (
        "grace_of_instalments",
        "principal_grace",
        {"methods": ("equal_instalment", "pay_anytime"), "periods_max": 12, "principal_grace": 1, "repricing": "fixed"},
    ),
    ("grace_of_instalments", "principal_grace", {"methods": ("flat",), "interest_grace": 1, "repricing": "fixed"}),
    ("instalment_step", "instalment_step_fen", {"instalment_step_fen": -1}),
    ("instalment_step", "instalment_step_fen", {"methods": ("equal_principal",), "instalment_step_fen": 100}),
    ("instalment_step", "instalment_step_fen", {"instalment_step_fen": 10_000, "periods_max": 36}),
    ("grace_days", "grace_days", {"grace_days": 6}),
    ("grace_days", "grace_days", {"grace_days": -1}),
    ("penalty_range", "penalty_factor", {"penalty_factor": Decimal("1.29")}),
    ("penalty_range", "penalty_factor", {"penalty_factor": Decimal("1.51")}),
    ("misuse_range", "misuse_factor", {"misuse_factor": Decimal("2.01")}),
    ("misuse_range", "misuse_factor", {"misuse_factor": Decimal("1.49"), "penalty_factor": Decimal("1.3")}),
    ("compound_months", "compound_months", {"compound_months": 2}),
    ("compound_off", "compound_rate", {"compound_on": "off", "compound_rate": "penalty"}),
    ("allocation_buckets", "allocation_overdue", {"allocation_overdue": ((0, "by_component"),)}),
    ("allocation_buckets", "allocation_overdue", {"allocation_overdue": ((31, "by_component"), (31, "by_instalment"))}),
    ("allocation_buckets", "allocation_overdue", {"allocation_overdue": ((31, "by_instalment"),)}),
    ("prepay_range", "prepay_fen_min", {"prepay_fen_min": -100}),
    ("prepay_range", "prepay_fen_min", {"prepay_fen_min": 20_000_100}),
    ("prepay_step", "prepay_fen_step", {"prepay_fen_step": 0}),
    ("prepay_step", "prepay_fen_step", {"prepay_fen_min": 10_000, "prepay_fen_step": 3_000}),
    ("prepay_fees", "prepay_fees", {"prepay_fees": ((6, Decimal("0.01")), (6, Decimal("0.005")))}),
    ("prepay_fees", "prepay_fees", {"prepay_fees": ((6, Decimal("0.01")), (12, Decimal("0.02")))}),
    ("prepay_fees", "prepay_fees", {"prepay_fees": ((6, Decimal(1)),)}),
    ("prepay_fees_in_term", "prepay_fees", {"periods_max": 12, "prepay_fees": ((13, Decimal("0.01")),)}),
    (
        "anytime_no_fee",
        "prepay_fees",
        {"methods": ("pay_anytime",), "periods_max": 12, "prepay_fees": ((6, Decimal("0.01")),)},
    ),
    ("age_range", "age_min", {"age_min": 17}),
    ("age_range", "age_min", {"age_min": 60, "age_at_maturity_max": 60}),
    ("age_range", "age_min", {"age_at_maturity_max": 71}),
    ("proof_of_use", "proof_of_use_days", {"proof_of_use_days": 91}),
]

BANK_WIDE: list[tuple[str, str, Changes]] = [
    ("names", "name_zh", {"name_zh": ""}),
    ("vat_rate", "vat_rate", {"vat_rate": Decimal("0.05")}),
    ("customer_cap", "customer_fen_cap", {"customer_fen_cap": 0}),
    ("customer_cap", "customer_fen_cap", {"customer_fen_cap": 20_000_001}),
    ("cool_off", "cool_off_days", {"cool_off_days": -1}),
    ("effect_retry", "effect_retry_s", {"effect_retry_s": 0}),
    ("reservation_check", "reservation_check_s", {"reservation_check_s": 0}),
    ("products_offered", "products", {"products": {}}),
    ("divisions", "divisions", {"divisions": ("11x",)}),
    ("divisions", "divisions", {"divisions": ("1101011",)}),
    ("account_roles", "accounts", {"accounts": {"bonus": "9999"}, "chart": {}}),
    ("accounts_apart", "accounts", {"accounts": {"deposits": "3001"}, "chart": {}}),
    ("accounts_apart", "accounts", {"accounts": {"memo_contra": "M1"}, "chart": {}}),
    ("account_forms", "accounts", {"accounts": {"deposits": "M7"}, "chart": {}}),
    ("account_forms", "accounts", {"accounts": {"memo_contra": "7000"}, "chart": {}}),
    ("account_forms", "accounts", {"accounts": {"deposits": "２０１１"}, "chart": {}}),
    ("chart_covers", "chart", {"accounts": TERMS.accounts | {"deposits": "2012"}}),
    ("classes", "classes", {"classes": (0, 91, 271, 361)}),
    ("classes", "classes", {"classes": (1, 91, 91, 361)}),
    ("technical_overdue", "technical_overdue_days", {"technical_overdue_days": 8}),
    ("technical_overdue", "technical_overdue_days", {"technical_overdue_days": 3, "classes": (1, 3, 271, 361)}),
    ("watch_periods", "watch_periods", {"watch_periods": -1}),
    ("watch_months", "watch_months", {"watch_months": -1}),
    ("restructured_watch", "restructured_watch_months", {"restructured_watch_months": 11}),
    ("non_accrual", "non_accrual_days", {"non_accrual_days": 0}),
    ("non_accrual", "non_accrual_days", {"non_accrual_days": 362}),
    ("extension_months", "extension_short_months", {"extension_short_months": 0}),
    ("extension_percent", "extension_short_percent", {"extension_short_percent": 101}),
    ("extension_percent", "extension_short_percent", {"extension_long_percent": 101}),
    ("extension_percent", "extension_short_percent", {"extension_short_percent": 40, "extension_long_percent": 50}),
    ("provisions", "provision_bp", {"provision_bp": (100, 50, 2500, 5000, 10_000)}),
    ("provisions", "provision_bp", {"provision_bp": (100, 200, 2500, 5000, 10_001)}),
    ("rates", "parameters", {"parameters": {"rate_bp_min": 2_500, "rate_bp_max": 2_400}}),
    ("debt_service", "parameters", {"parameters": {"debt_service_pct": 0}}),
    ("factor_bounds", "bounds", {"bounds": Bounds(penalty_factor_min=Decimal("0.9"))}),
    ("factor_bounds", "bounds", {"bounds": Bounds(misuse_factor_max=Decimal("2.1"))}),
    (
        "factor_bounds",
        "bounds",
        {"bounds": Bounds(penalty_factor_max=Decimal(2), misuse_factor_max=Decimal("1.9"))},
    ),
    ("term_bounds", "bounds", {"bounds": Bounds(one_go_months_max=61)}),
    ("calendar_years", "calendar_years", {"calendar_years": (2027, 2026), "holidays": (), "calendar": {}}),
    ("calendar_years", "calendar_years", {"calendar_years": (2020, 2050), "holidays": (), "calendar": {}}),
    ("calendar_days", "calendar", {"calendar": {date(2099, 1, 1): "holiday"}}),
    ("holidays", "holidays", {"holidays": tuple(reversed(TERMS.holidays))}),
    ("holidays", "holidays", {"holidays": ()}),
    ("holidays", "holidays", {"calendar": {date(2026, 5, 20): "holiday"}}),
]


def found(terms: BankTerms) -> list[tuple[str, str]]:
    """(field, rule's name) of every breach."""
    return [(field, problem.split("]")[0].lstrip("[")) for field, problem in breaches(terms)]


def test_the_shipped_banks_break_no_rule() -> None:
    for terms in BANKS.values():
        assert found(terms) == []


@pytest.mark.parametrize(("rule", "field", "changes"), PRODUCTS)
def test_a_contradictory_product_is_refused_naming_the_field(rule: str, field: str, changes: Changes) -> None:
    assert (f"products.{PRODUCT}.{field}", rule) in found(with_product(TERMS, **changes))


@pytest.mark.parametrize(("rule", "field", "changes"), BANK_WIDE)
def test_contradictory_terms_of_a_bank_are_refused_naming_the_field(rule: str, field: str, changes: Changes) -> None:
    assert (field, rule) in found(replace(TERMS, **changes))


def test_rules_that_need_the_banks_other_terms() -> None:
    shifting = with_product(replace(TERMS, calendar_years=(0, 0), calendar={}, holidays=()), holidays="shift")
    assert (f"products.{PRODUCT}.holidays", "holidays_need_calendar") in found(shifting)
    lenient = replace(TERMS, bounds=Bounds(grace_days_max=20, misuse_factor_min=Decimal("1.2")))
    assert (f"products.{PRODUCT}.misuse_factor", "misuse_heavier") in found(
        with_product(lenient, penalty_factor=Decimal("1.5"), misuse_factor=Decimal("1.4"))
    )
    fortnight = with_product(lenient, frequency="biweekly", grace_days=14)
    assert (f"products.{PRODUCT}.grace_days", "grace_in_period") in found(fortnight)


def test_the_caps_are_parameters_themselves() -> None:
    longer = with_product(TERMS, periods_max=84)
    assert (f"products.{PRODUCT}.periods_max", "term_longest") in found(longer)
    assert found(replace(longer, bounds=Bounds(term_months_max=84))) == []


def test_no_rule_is_without_a_case() -> None:
    elsewhere = {"holidays_need_calendar", "misuse_heavier", "grace_in_period"}
    assert {rule.name for rule in PRODUCT_RULES} == {rule for rule, _, _ in PRODUCTS} | elsewhere
    assert {rule.name for rule in BANK_RULES} == {rule for rule, _, _ in BANK_WIDE}
    for rules in (PRODUCT_RULES, BANK_RULES):
        names = [rule.name for rule in rules]
        assert len(set(names)) == len(names)
