"""Wording of the contract by what was agreed: one function a clause, each option of the terms a phrase.

Used by template 2 (contract.py). Texts for people are Chinese; a phrase is data that a lending person can review.
"""

from decimal import Decimal
from typing import Final

from actors.loan.state import Terms
from actors.schedule.terms import PlanTerms

DAY_COUNTS_ZH: Final = {
    "30/360": "每月按30天、一年按360天",
    "30/364": "每月按30天、一年按364天",
    "30/365": "每月按30天、一年按365天",
    "30/actual": "每月按30天、一年按当年实际天数",
    "actual/360": "按实际天数、一年360天",
    "actual/364": "按实际天数、一年364天",
    "actual/365": "按实际天数、一年365天",
    "actual/actual": "按实际天数、一年按当年实际天数",
}
METHODS_ZH: Final = {
    "equal_instalment": "等额本息",
    "equal_principal": "等额本金",
    "interest_only": "先息后本（按期付息、到期还本）",
    "bullet": "利随本清（到期一次还本付息）",
    "pay_anytime": "随借随还（按日计息）",
    "flat": "等本等息",
}
UNITS_ZH: Final = {"month": "个月", "week": "周", "day": "天"}
SHORT_MONTH_ZH: Final = {
    "last_day": "当月无该日的为当月最后一日",
    "next_month": "当月无该日的顺延计入次月",
    "second_to_fourth": "29日、30日、31日分别对应次月2日、3日、4日",
}
REPRICING_ZH: Final = {
    "january": "每年1月1日按最近一期LPR加减点调整，当期分段计息，自下一还款日起重算还款额",
    "anniversary": "每满一年之日按最近一期LPR加减点调整，当期分段计息，自下一还款日起重算还款额",
}
HOLIDAYS_ZH: Final = {
    "none": "",
    "grace_only": "；宽限期末日为非工作日的，宽限期顺延至下一工作日",
    "shift": "；还款日为非工作日的，顺延至下一工作日，当期利息按实际天数计算，其后各还款日不变",
}
AT_ONCE: Final = ("bullet", "pay_anytime")


def yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}元"


def percent(rate: Decimal) -> str:
    text = f"{rate * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def term(plan: PlanTerms) -> str:
    """期限: in months, weeks or days, and in how many periods."""
    whole = f"{plan.periods * plan.every}{UNITS_ZH[plan.unit]}"
    if plan.method in AT_ONCE or (plan.every == 1 and plan.unit == "month"):
        return whole
    return f"{whole}，分{plan.periods}期，每{plan.every}{UNITS_ZH[plan.unit]}为一期"


def accrual(plan: PlanTerms) -> str:
    """计息: how whole and odd periods, and days, bear interest."""
    count = DAY_COUNTS_ZH[plan.day_count]
    if plan.method in AT_ONCE:
        return f"利息按日计算，{count}；放款日计息，还款日不计息"
    if plan.unit != "month" or plan.whole_periods == "by_days":
        return f"各期利息{count}计息；放款日计息，还款日不计息"
    whole = "整月按年利率除以12计息" if plan.every == 1 else f"整期按年利率除以12再乘以{plan.every}计息"
    odd = f"不足整{'月' if plan.every == 1 else '期'}{count}计息"
    if plan.odd_days == "thirtieths":
        odd = f"首期不足或超过整期的按每月30天折算计息，其余{odd}"
    return f"{whole}，{odd}；放款日计息，还款日不计息"


def rate(terms: Terms, irr_annual: str) -> str:
    """利率: never the flat rate of 等本等息, which says less than the loan costs."""
    floating = REPRICING_ZH.get(terms.repricing)
    if terms.plan.method == "flat":
        return f"每期利息以借款本金计算、各期相等，折合年化利率（内部收益率）{percent(Decimal(irr_annual))}"
    kind = f"浮动利率，{floating}" if floating else "固定利率"
    return f"年利率{percent(terms.annual_rate)}（单利，{kind}）"


def due_day(plan: PlanTerms) -> str:
    """还款日, with the rule for short months and for non-working days."""
    if plan.method in AT_ONCE:
        day = "到期日"
    elif plan.unit != "month":
        day = f"自放款日起每{plan.every}{UNITS_ZH[plan.unit]}的对应日"
    else:
        each = "每月" if plan.every == 1 else f"每{plan.every}个月"
        anchor = f"{each}{plan.due_day}日" if plan.due_day else f"{each}与放款日对应之日"
        day = f"{anchor}（{SHORT_MONTH_ZH[plan.short_month]}）"
    return day + HOLIDAYS_ZH[plan.holidays]


def grace_of_plan(plan: PlanTerms) -> str:
    """还本、付息的宽限 of the first periods, and periods free of interest."""
    parts = []
    if plan.principal_grace:
        parts.append(f"前{plan.principal_grace}期只付息不还本")
    if plan.interest_grace:
        parts.append(f"前{plan.interest_grace}期不付息，所计利息并入其后首期支付")
    return "；" + "，".join(parts) if parts else ""


def overdue(terms: Terms) -> str:
    """逾期: grace, penalty in place of interest, compound if agreed, and what a misused loan bears."""
    grace = f"{terms.grace_days}天，宽限期内还清的不计罚息" if terms.grace_days else "无"
    text = (
        f"宽限期{grace}；逾期本金自到期日起至清偿日止按年利率{percent(terms.annual_rate * terms.penalty_factor)}"
        "计收罚息，代替同期合同利息"
    )
    if terms.compound_on != "off":
        base = "未按期支付的利息" if terms.compound_on == "interest" else "未按期支付的利息、罚息和复利"
        times = "按月" if terms.compound_months == 1 else f"每{terms.compound_months}个月"
        at = "期限内按合同利率、逾期后按罚息利率" if terms.compound_rate == "until_maturity" else "按罚息利率"
        text += f"；对{base}{times}计收复利，{at}"
    misuse = percent(terms.annual_rate * terms.misuse_factor)
    return f"{text}；未按约定用途使用的部分自改变用途之日起按年利率{misuse}计收罚息，两者择其重，不并处"


def prepayment_fee(terms: Terms) -> str:
    """违约金 by the month of the loan's life."""
    if not any(share for _, share in terms.prepay_fees):
        return "不收违约金"
    parts, since = [], 1
    for until, share in terms.prepay_fees:
        months = f"第{since}个月" if since == until else f"第{since}至第{until}个月"
        parts.append(f"借款后{months}内按提前归还本金的{percent(share)}" + ("收取" if share else "（不收取）"))
        since = until + 1
    return f"违约金：{'、'.join(parts)}，此后不收"


def prepayment(terms: Terms) -> str:
    """提前还款: minimum and multiple, fee, and what a part of it changes."""
    plan = terms.plan
    limits = ""
    if terms.prepay_fen_min:
        limits = f"，部分提前还款每次不低于{yuan(terms.prepay_fen_min)}"
        if terms.prepay_fen_step > 1:
            limits += f"且为{yuan(terms.prepay_fen_step)}的整数倍"
    if plan.method in AT_ONCE or plan.method == "interest_only":
        after = "归还后利息按剩余本金计算"
    else:
        keeps = "还款期限不变、重算每期还款额" if plan.prepay_keeps == "term" else "每期还款额不变、缩短还款期限"
        after = f"部分提前还款的，{keeps}"
    if plan.method == "pay_anytime" and plan.pay_anytime_interest == "on_repaid":
        after = "提前归还部分只结清该部分本金的利息，" + after
    return f"借款人可随时提前归还部分或全部借款{limits}，{prepayment_fee(terms)}；{after}。利息计至还款日前一日"


def allocation(terms: Terms) -> str:
    """还款顺序, and how it changes when the loan is long overdue."""
    text = _ORDERS_ZH[terms.allocation]
    for days, order in terms.allocation_overdue:
        text += f"；逾期{days}天起，{_ORDERS_ZH[order]}"
    return text


_ORDERS_ZH: Final = {
    "by_instalment": "先还最早到期的一期，同一期内依次为费用、罚息、复利、利息、本金",
    "by_component": "各期合计依次归还费用、罚息、复利、利息、本金",
}
