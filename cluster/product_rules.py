"""What the terms of a product must satisfy, one rule a line: field, rule, what is wrong otherwise.

Checked whenever terms are saved (cluster/bank_checks.py); docs/products.md shows the texts. The figures of the caps are
themselves dated parameters of the bank (`actors.bank.Bounds`). Names of rules are stable.
"""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from actors.bank import BankTerms, Product
from actors.loan.contract import USES_ZH

ONE_GO = frozenset({"bullet", "interest_only", "pay_anytime"})
"""Methods that repay principal in one go: for one year at most."""
DAYS_OF_PERIOD = {"biweekly": 14, "monthly": 30, "quarterly": 91}


class ProductRule(NamedTuple):
    """``holds`` of a product and its bank's terms; ``zh`` and ``en`` say what must be."""

    name: str
    field: str
    holds: Callable[[Product, BankTerms], bool]
    zh: str
    en: str


def months(product: Product, periods: int) -> Decimal:
    """So many periods in months; a year has 26 fortnights."""
    if product.frequency == "biweekly":
        return Decimal(periods) * 12 / 26
    return Decimal(periods) * (3 if product.frequency == "quarterly" else 1)


def _is_code(text: str) -> bool:
    return text.isascii() and text.replace("_", "a").isalnum() and text == text.lower() and len(text) <= 32


def _rates(product: Product, terms: BankTerms) -> bool:
    """Latest LPR + spread is above zero and within the bank's own range of rates, where it states one."""
    published = [rate for _, tenor, rate in terms.lpr if tenor == product.lpr_tenor]
    if not published:
        return True  # refused by another rule
    bp = int(published[-1] * 10_000) + product.lpr_spread_bp
    return 0 < bp <= terms.parameters.get("rate_bp_max", 10_000)


def _ascending(figures: list[int], least: int) -> bool:
    return all(n >= least for n in figures) and all(a < b for a, b in pairwise(figures))


def _fees(product: Product) -> bool:
    until = [month for month, _ in product.prepay_fees]
    shares = [share for _, share in product.prepay_fees]
    return _ascending(until, 1) and all(0 < share < 1 for share in shares) and all(a > b for a, b in pairwise(shares))


def _buckets(product: Product) -> bool:
    """Overdue days ascending from 1; each bucket changes the order of the one before, else it would be none."""
    orders = [product.allocation, *(order for _, order in product.allocation_overdue)]
    return _ascending([days for days, _ in product.allocation_overdue], 1) and all(a != b for a, b in pairwise(orders))


# fmt: off
PRODUCT_RULES: tuple[ProductRule, ...] = (
    ProductRule("code_form", "code", lambda p, t: p.code != "" and _is_code(p.code) and t.products.get(p.code) is p,
        "为小写字母、数字与下划线，至多32位，与所在键一致", "is lower-case letters, digits, _, at most 32, as its key"),
    ProductRule("names", "name_zh", lambda p, t: bool(p.name_zh.strip() and p.name_en.strip()),
        "中英文名称不能为空", "must not be empty, nor name_en"),
    ProductRule("amount_range", "amount_fen_min", lambda p, t: 0 < p.amount_fen_min <= p.amount_fen_max,
        "须大于零且不超过最高金额", "must be above zero and not over amount_fen_max"),
    ProductRule("amount_cap", "amount_fen_min", lambda p, t: p.amount_fen_min <= t.customer_fen_cap,
        "不得超过本行单户上限", "must not be over the bank's cap for one customer"),
    ProductRule("amount_step", "amount_fen_step",
        lambda p, t: p.amount_fen_step > 0 and not (p.amount_fen_min % p.amount_fen_step
                                                    or p.amount_fen_max % p.amount_fen_step),
        "须大于零且整除最低与最高金额", "must be above zero and divide amount_fen_min and amount_fen_max"),
    ProductRule("periods_range", "periods_min", lambda p, t: 1 <= p.periods_min <= p.periods_max,
        "至少一期且不超过最多期数", "must be 1 or more and not over periods_max"),
    ProductRule("term_longest", "periods_max", lambda p, t: months(p, p.periods_max) <= t.bounds.term_months_max,
        "不得超过最长期限", "must not be longer than bounds.term_months_max"),
    ProductRule("term_one_go", "periods_max",
        lambda p, t: not ONE_GO & set(p.methods) or months(p, p.periods_max) <= t.bounds.one_go_months_max,
        "一次性还本的期限不得超过一年", "principal in one go is for one year at most (bounds.one_go_months_max)"),
    ProductRule("methods_named", "methods", lambda p, t: 0 < len(p.methods) == len(set(p.methods)),
        "至少一种还款方式且不重复", "must name at least one, none twice"),
    ProductRule("uses_named", "uses", lambda p, t: 0 < len(p.uses) == len(set(p.uses)),
        "至少一种用途且不重复", "must name at least one, none twice"),
    ProductRule("uses_known", "uses", lambda p, t: set(p.uses) <= USES_ZH.keys(),
        "只能是已知且未被禁止的用途", "must be known uses, none that is forbidden"),
    ProductRule("line_months", "line_months", lambda p, t: p.line_months >= 1,
        "至少一个月", "must be a month or more"),
    ProductRule("lpr_tenor", "lpr_tenor", lambda p, t: p.lpr_tenor in {tenor for _, tenor, _ in t.lpr},
        "须为已公布的期限品种", "must be a tenor for which an LPR is published"),
    ProductRule("rate_range", "lpr_spread_bp", _rates,
        "LPR加点后须大于零且不超过rate_bp_max", "LPR and spread must be above zero and not over parameters.rate_bp_max"),
    ProductRule("flat_fixed", "repricing", lambda p, t: p.repricing == "fixed" or "flat" not in p.methods,
        "等本等息只能固定利率", "flat instalments are of a fixed rate"),
    ProductRule("anniversary_reached", "repricing",
        lambda p, t: p.repricing != "anniversary" or months(p, p.periods_max) > 12,
        "周年重定价的期限须超过一年", "an anniversary needs a term of more than a year"),
    ProductRule("last_row_of_instalment", "last_row",
        lambda p, t: p.last_row == "recompute" or "equal_instalment" in p.methods,
        "其他值只适用于等额本息", "must be recompute where equal instalments are not offered"),
    ProductRule("first_period_days", "first_period_days_min", lambda p, t: 0 <= p.first_period_days_min <= 31,
        "为0至31天", "must be 0 to 31"),
    ProductRule("principal_grace", "principal_grace", lambda p, t: 0 <= p.principal_grace < p.periods_min,
        "须少于最少期数", "must be 0 or more and fewer than periods_min"),
    ProductRule("interest_grace", "interest_grace", lambda p, t: 0 <= p.interest_grace < p.periods_min,
        "须少于最少期数", "must be 0 or more and fewer than periods_min"),
    ProductRule("grace_of_instalments", "principal_grace",
        lambda p, t: p.principal_grace == p.interest_grace == 0 or not (ONE_GO | {"flat"}) & set(p.methods),
        "与利息宽限只适用于等额本息与等额本金", "must be 0, and interest_grace, where another method than equal instalment and equal principal is offered"),
    ProductRule("instalment_step", "instalment_step_fen",
        lambda p, t: p.instalment_step_fen == 0
        or (p.instalment_step_fen > 0 and "equal_instalment" in p.methods
            and p.instalment_step_fen * p.periods_max < p.amount_fen_min),
        "为0，或用于等额本息且小于每期最少本金", "is 0, or of equal instalments and below the least principal of a period"),
    ProductRule("holidays_need_calendar", "holidays", lambda p, t: p.holidays == "none" or bool(t.holidays),
        "按节假日处理须有日历", "needs a calendar (calendar_years)"),
    ProductRule("grace_days", "grace_days", lambda p, t: 0 <= p.grace_days <= t.bounds.grace_days_max,
        "须在允许范围内", "must be 0 to bounds.grace_days_max"),
    ProductRule("grace_in_period", "grace_days", lambda p, t: p.grace_days < DAYS_OF_PERIOD[p.frequency],
        "须短于一期", "must be shorter than a period"),
    ProductRule("penalty_range", "penalty_factor",
        lambda p, t: t.bounds.penalty_factor_min <= p.penalty_factor <= t.bounds.penalty_factor_max,
        "须在允许范围内", "must be bounds.penalty_factor_min to _max"),
    ProductRule("misuse_range", "misuse_factor",
        lambda p, t: t.bounds.misuse_factor_min <= p.misuse_factor <= t.bounds.misuse_factor_max,
        "须在允许范围内", "must be bounds.misuse_factor_min to _max"),
    ProductRule("misuse_heavier", "misuse_factor", lambda p, t: p.misuse_factor >= p.penalty_factor,
        "不得小于逾期罚息倍数", "must not be below penalty_factor"),
    ProductRule("compound_months", "compound_months", lambda p, t: p.compound_months in (1, 3),
        "按月或按季", "must be 1 or 3"),
    ProductRule("compound_off", "compound_rate",
        lambda p, t: p.compound_on != "off" or p.compound_rate == "until_maturity",
        "不计复利时不得指定", "must not be stated while compound_on is off"),
    ProductRule("allocation_buckets", "allocation_overdue", lambda p, t: _buckets(p),
        "逾期天数须自1起递增，且每档顺序与前一档不同",
        "overdue days must ascend from 1 or more, each order differing from the one before"),
    ProductRule("prepay_range", "prepay_fen_min", lambda p, t: 0 <= p.prepay_fen_min <= p.amount_fen_max,
        "须在0与最高金额之间", "must be 0 to amount_fen_max"),
    ProductRule("prepay_step", "prepay_fen_step",
        lambda p, t: p.prepay_fen_step > 0 and not p.prepay_fen_min % p.prepay_fen_step,
        "须大于零且整除最低提前还款金额", "must be above zero and divide prepay_fen_min"),
    ProductRule("prepay_fees", "prepay_fees", lambda p, t: _fees(p),
        "月数须递增，费率须在0与1之间并递减", "months must ascend from 1, shares lie between 0 and 1 and descend"),
    ProductRule("prepay_fees_in_term", "prepay_fees",
        lambda p, t: all(month <= months(p, p.periods_max) for month, _ in p.prepay_fees),
        "各档须在最长期限之内", "every tier must lie within the longest term"),
    ProductRule("anytime_no_fee", "prepay_fees", lambda p, t: not p.prepay_fees or "pay_anytime" not in p.methods,
        "随借随还不收提前还款费", "pay-anytime bears no prepayment fee"),
    ProductRule("age_range", "age_min",
        lambda p, t: t.bounds.age_least <= p.age_min < p.age_at_maturity_max <= t.bounds.age_at_maturity_most,
        "须满最低年龄，到期年龄不超过上限", "must be bounds.age_least or more, age_at_maturity_max above it and within bounds"),
    ProductRule("proof_of_use", "proof_of_use_days",
        lambda p, t: 0 <= p.proof_of_use_days <= t.bounds.proof_of_use_days_max,
        "须在允许范围内", "must be 0 to bounds.proof_of_use_days_max"),
)
# fmt: on
