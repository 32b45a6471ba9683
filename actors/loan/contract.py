"""借款合同: its text, its SHA-256 and the financing-cost table, all made from the terms agreed.

The text holds no personal data: the borrower is named by customer number, the CA's certificate binds the person to the
hash. It is made again when asked for, so a template is never changed: a new wording is a new template number.
"""

from datetime import date
from decimal import Decimal
from hashlib import sha256

from actors.bank import BankTerms
from actors.loan import contract_wording as say
from actors.loan.amount_words import in_words
from actors.loan.contract_wording import DAY_COUNTS_ZH, METHODS_ZH, percent, yuan
from actors.loan.schedule import plan
from actors.loan.state import Contract, LoanState, Terms
from actors.schedule.annual_cost import irr_of

TEMPLATE = 2
USES_ZH = {
    "consumption": "日常消费",
    "appliances": "家用电器",
    "furniture": "家具",
    "decoration": "装修",
    "education": "教育",
    "medical": "医疗",
    "travel": "旅游",
    "vehicle": "购车",
    "wedding": "婚庆",
    "farming": "涉农生产经营",
}
Costs = tuple[tuple[str, str], ...]


def contract_no(loan_id: str) -> str:
    return f"JK{loan_id[1:]}"


def draw(loan_id: str, bank: BankTerms, customer_id: str, terms: Terms, today: date) -> Contract:
    """The contract of these terms as of ``today``; its schedule assumes pay-out today."""
    product = bank.products.get(terms.product)
    rows = plan(terms, today).rows
    contract = Contract(
        template=TEMPLATE,
        drawn_on=today,
        bank_zh=bank.name_zh,
        product_zh=product.name_zh if product else terms.product,
        hash="",
        irr_annual=str(irr_of(today, terms.amount_fen, [(r.due, r.principal_fen + r.interest_fen) for r in rows])),
    )
    text = text_zh(loan_id, customer_id, terms, contract)
    return Contract(
        contract.template,
        contract.drawn_on,
        contract.bank_zh,
        contract.product_zh,
        sha256(text.encode()).hexdigest(),
        contract.irr_annual,
    )


def text_of(loan_id: str, state: LoanState) -> str:
    assert state.contract is not None
    return text_zh(loan_id, state.customer_id, state.contract_terms, state.contract)


def costs(terms: Terms, contract: Contract) -> Costs:
    """综合融资成本表: each fee, how and by whom it is charged, overdue costs apart.

    Interest is that of the schedule as of the contract's day, due dates not moved off holidays.
    """
    interest = sum(row.interest_fen for row in plan(terms, contract.drawn_on).rows)
    if contract.template == 1:
        return _costs_1(terms, contract, interest)
    return (
        ("贷款本金", yuan(terms.amount_fen)),
        ("利息（收取方：贷款人；按期支付）", f"{say.rate(terms, contract.irr_annual)}，预计合计{yuan(interest)}"),
        ("服务费、担保费及其他费用", "不收取"),
        ("提前还款违约金（仅提前还款时发生；收取方：贷款人）", say.prepayment_fee(terms)),
        ("综合年化成本（内部收益率，按期足额还款）", percent(Decimal(contract.irr_annual))),
        ("逾期及违约成本（仅逾期或违约时发生，与正常成本分列）", say.overdue(terms)),
    )


def _costs_1(terms: Terms, contract: Contract, interest_fen: int) -> Costs:
    return (
        ("贷款本金", yuan(terms.amount_fen)),
        (
            "利息（收取方：贷款人；按期支付）",
            f"年利率{percent(terms.annual_rate)}（单利），预计合计{yuan(interest_fen)}",
        ),
        ("服务费、担保费及其他费用", "不收取"),
        ("提前还款违约金", "不收取"),
        ("综合年化成本（内部收益率，按期足额还款）", percent(Decimal(contract.irr_annual))),
        (
            "罚息（仅逾期时发生，与正常成本分列）",
            f"逾期本金按年利率{percent(terms.annual_rate * terms.penalty_factor)}计收，代替同期利息",
        ),
    )


def text_zh(loan_id: str, customer_id: str, terms: Terms, contract: Contract) -> str:
    """The text by the contract's own template."""
    head = [
        "个人借款合同（电子版）",
        f"合同编号：{contract_no(loan_id)}",
        f"借据编号：{loan_id}",
        f"贷款人：{contract.bank_zh}",
        f"借款人：客户号{customer_id}（身份信息以签署本合同的数字证书为准）",
        f"第一条 借款金额：人民币{in_words(terms.amount_fen)}（小写：{yuan(terms.amount_fen)}）。",
        f"第二条 产品：{contract.product_zh}。借款用途：{USES_ZH.get(terms.use_code, terms.use_code)}。借款人不得将借款"
        "用于购房、股票、债券、期货、金融衍生品、资产管理产品、股本权益性投资及其他禁止用途。",
    ]
    lines = [
        *head,
        *(_clauses_1(terms) if contract.template == 1 else _clauses_2(terms, contract)),
        "第九条 借款人授权贷款人在还款日自约定账户扣收到期款项；扣款后的剩余应还款项仍应由借款人清偿。",
        "第十条 争议解决：协商不成的，由贷款人住所地有管辖权的人民法院管辖。",
        "附：综合融资成本表",
        *(f"{name}：{value}" for name, value in costs(terms, contract)),
        f"签订日期：{contract.drawn_on:%Y}年{contract.drawn_on.month}月{contract.drawn_on.day}日",
    ]
    return "\n".join(lines) + "\n"


def _clauses_2(terms: Terms, contract: Contract) -> list[str]:
    """Template 2: every method, frequency and option has its words."""
    agreed = terms.plan
    return [
        f"第三条 借款期限：{say.term(agreed)}，自实际放款日起算，以借据记载为准。",
        f"第四条 利率：{say.rate(terms, contract.irr_annual)}。{say.accrual(agreed)}。",
        f"第五条 还款方式：{METHODS_ZH[agreed.method]}{say.grace_of_plan(agreed)}；还款日：{say.due_day(agreed)}；"
        "到期日还清全部剩余本息。",
        f"第六条 逾期与违约：{say.overdue(terms)}。",
        f"第七条 提前还款：{say.prepayment(terms)}。",
        f"第八条 还款顺序：{say.allocation(terms)}。",
    ]


def _clauses_1(terms: Terms) -> list[str]:
    """Template 1: monthly equal instalments and bullets at a fixed rate."""
    due_day = f"每月{terms.plan.due_day}日（当月无该日的为当月最后一日）" if terms.plan.due_day else "放款日的对应日"
    keeps = "还款期限不变、重算每期还款额" if terms.plan.prepay_keeps == "term" else "每期还款额不变、缩短还款期限"
    grace = f"{terms.grace_days}天，宽限期内还清的不计罚息" if terms.grace_days else "无"
    penalty = percent(terms.annual_rate * terms.penalty_factor)
    return [
        f"第三条 借款期限：{terms.plan.periods}个月，自实际放款日起算，以借据记载为准。",
        f"第四条 利率：年利率{percent(terms.annual_rate)}（单利，固定利率）。整月按年利率除以12计息，"
        f"不足整月{DAY_COUNTS_ZH[terms.plan.day_count]}计息；放款日计息，还款日不计息。",
        f"第五条 还款方式：{METHODS_ZH[terms.plan.method]}；还款日：{due_day}；到期日还清全部剩余本息。",
        f"第六条 逾期：宽限期{grace}；逾期本金自到期日起至清偿日止按年利率{penalty}计收罚息，代替同期合同利息。",
        f"第七条 提前还款：借款人可提前归还部分或全部借款，不收违约金；部分提前还款的，{keeps}。利息计至还款日前一日。",
        "第八条 还款顺序：先还最早到期的一期；同一期内依次为罚息、利息、本金。",
    ]
