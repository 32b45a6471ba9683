"""What the terms of a bank as a whole must satisfy, one rule a line, as cluster/product_rules.py does for a product."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from actors.bank import BankTerms
from actors.ledger import ACCOUNTS, MEMO
from cluster.holidays import good_years, non_working

FACTORS = (Decimal(1), Decimal(2))
"""No factor of a contract rate may leave these, whatever a bank's own bounds say."""


class BankRule(NamedTuple):
    """``holds`` of a bank's terms; ``zh`` and ``en`` say what must be."""

    name: str
    field: str
    holds: Callable[[BankTerms], bool]
    zh: str
    en: str


def _ascending(figures: tuple[int, ...]) -> bool:
    return all(a < b for a, b in pairwise(figures))


def _accounts_apart(terms: BankTerms) -> bool:
    codes = [*(ACCOUNTS | terms.accounts).values()]
    return len(set(codes)) == len(codes)


def _account_forms(terms: BankTerms) -> bool:
    """Memo roles have codes M.., the others digits with dots: a line can never be taken for one of the other kind."""
    for role, code in terms.accounts.items():
        number = code.removeprefix("M") if role in MEMO else code
        if (role in MEMO) is not code.startswith("M") or not number.replace(".", "0").isdigit() or not code.isascii():
            return False
    return True


def _factor_bounds(terms: BankTerms) -> bool:
    b = terms.bounds
    return (
        FACTORS[0] <= b.penalty_factor_min <= b.penalty_factor_max <= FACTORS[1]
        and FACTORS[0] <= b.misuse_factor_min <= b.misuse_factor_max <= FACTORS[1]
        and b.penalty_factor_max <= b.misuse_factor_max
    )


def _calendar_days(terms: BankTerms) -> bool:
    return all(terms.calendar_years[0] <= day.year <= terms.calendar_years[1] for day in terms.calendar)


def _holidays(terms: BankTerms) -> bool:
    """Ascending days of the covered years; every stated day is among them or not, as stated."""
    days = set(terms.holidays)
    first, last = terms.calendar_years
    return (
        list(terms.holidays) == sorted(days)
        and all(first <= day.year <= last for day in days)
        and all((day in days) is (word == "holiday") for day, word in terms.calendar.items())
        and (bool(days) or non_working(terms.calendar_years, terms.calendar) == ())
    )


def _rates_in_order(terms: BankTerms) -> bool:
    known = terms.parameters
    return 0 < known.get("rate_bp_min", 1) <= known.get("rate_bp_max", 10_000) <= 10_000


# fmt: off
BANK_RULES: tuple[BankRule, ...] = (
    BankRule("names", "name_zh", lambda t: bool(t.name_zh.strip() and t.name_en.strip()),
        "中英文名称不能为空", "must not be empty, nor name_en"),
    BankRule("vat_rate", "vat_rate", lambda t: t.vat_rate in t.bounds.vat_rates,
        "须为允许的增值税率", "must be one of bounds.vat_rates"),
    BankRule("customer_cap", "customer_fen_cap", lambda t: 0 < t.customer_fen_cap <= t.bounds.customer_fen_max,
        "须大于零且不超过监管上限", "must be above zero and not over bounds.customer_fen_max"),
    BankRule("cool_off", "cool_off_days", lambda t: t.cool_off_days >= 0,
        "不能为负", "must not be negative"),
    BankRule("effect_retry", "effect_retry_s", lambda t: t.effect_retry_s >= 1,
        "至少一秒", "must be a second or more"),
    BankRule("reservation_check", "reservation_check_s", lambda t: t.reservation_check_s >= 1,
        "至少一秒", "must be a second or more"),
    BankRule("products_offered", "products", lambda t: bool(t.products),
        "至少一个产品", "must be one or more"),
    BankRule("divisions", "divisions", lambda t: all(d.isascii() and d.isdigit() and len(d) <= 6 for d in t.divisions),
        "为行政区划代码的前1至6位", "are the first one to six digits of division codes"),
    BankRule("account_roles", "accounts", lambda t: t.accounts.keys() <= ACCOUNTS.keys(),
        "须为已知的科目角色", "must be of known roles"),
    BankRule("accounts_apart", "accounts", _accounts_apart,
        "两个角色不得共用一个科目", "no two roles may share an account"),
    BankRule("account_forms", "accounts", _account_forms,
        "科目代码为数字与点，表外科目以M开头", "codes are digits and dots, those of memo accounts begin with M"),
    BankRule("chart_covers", "chart", lambda t: not t.chart or {*t.accounts.values()} <= t.chart.keys(),
        "须含在用的全部科目", "must hold every account that accounts names"),
    BankRule("classes", "classes", lambda t: t.classes[0] >= 1 and _ascending(t.classes),
        "逾期天数须自1起逐级递增", "overdue days must ascend from 1 or more"),
    BankRule("technical_overdue", "technical_overdue_days",
        lambda t: 0 <= t.technical_overdue_days <= min(t.bounds.technical_overdue_days_max, t.classes[1] - 1),
        "须在允许范围内", "must be 0 to bounds.technical_overdue_days_max and below substandard"),
    BankRule("watch_periods", "watch_periods", lambda t: t.watch_periods >= 0,
        "不能为负", "must not be negative"),
    BankRule("watch_months", "watch_months", lambda t: t.watch_months >= 0,
        "不能为负", "must not be negative"),
    BankRule("restructured_watch", "restructured_watch_months",
        lambda t: t.restructured_watch_months >= t.bounds.restructured_watch_months_min,
        "不得短于下限", "must not be shorter than bounds.restructured_watch_months_min"),
    BankRule("non_accrual", "non_accrual_days", lambda t: t.classes[0] <= t.non_accrual_days <= t.classes[3],
        "须在关注与损失的天数之间", "must lie between special-mention's and loss's days"),
    BankRule("extension_months", "extension_short_months", lambda t: t.extension_short_months >= 1,
        "至少一个月", "must be a month or more"),
    BankRule("extension_percent", "extension_short_percent",
        lambda t: 0 <= t.extension_long_percent <= t.extension_short_percent <= 100,
        "为0至100，长期不高于短期", "must be 0 to 100, extension_long_percent not above it"),
    BankRule("provisions", "provision_bp",
        lambda t: all(0 <= bp <= 10_000 for bp in t.provision_bp) and list(t.provision_bp) == sorted(t.provision_bp),
        "须在0与10000基点之间并逐级不减", "must be 0 to 10,000 and not fall from class to class"),
    BankRule("rates", "parameters", _rates_in_order,
        "rate_bp_min须大于零且不超过rate_bp_max", "rate_bp_min must be above zero and not over rate_bp_max"),
    BankRule("debt_service", "parameters", lambda t: 1 <= t.parameters.get("debt_service_pct", 50) <= 100,
        "debt_service_pct为1至100", "debt_service_pct must be 1 to 100"),
    BankRule("factor_bounds", "bounds", _factor_bounds,
        "罚息倍数的范围须在1至2之间，挪用不低于逾期", "factors must be ranges within 1 to 2, misuse reaching as high as penalty"),
    BankRule("term_bounds", "bounds",
        lambda t: 1 <= t.bounds.one_go_months_max <= t.bounds.term_months_max <= 360 and t.bounds.grace_days_max >= 0,
        "一次性还本不得长于最长期限，最长30年", "one_go_months_max must be 1 to term_months_max, that at most 360, grace_days_max not negative"),
    BankRule("calendar_years", "calendar_years", lambda t: good_years(t.calendar_years),
        "为起止年份，至多30年", "must be a first and a last year, 30 years at most, or both 0"),
    BankRule("calendar_days", "calendar", _calendar_days,
        "须在日历年份之内", "must be days within calendar_years"),
    BankRule("holidays", "holidays", _holidays,
        "须与日历相符", "must agree with calendar and calendar_years, of which it is made"),
)
# fmt: on
