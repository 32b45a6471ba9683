"""Every parameter of product and bank in words: Chinese name, unit, meaning. docs/products.md is made from this table.

``python -m cluster.product_page docs/products.md`` writes the page; a test fails when a field has no line here, or the
page is not what the table makes.
"""

from typing import NamedTuple


class Word(NamedTuple):
    """``unit``: 分 fen, 天 days, ...; "" where a value is a word or a list. ``means``: what a person must know."""

    zh: str
    unit: str
    means: str


PRODUCT: dict[str, Word] = {
    "code": Word("产品代码", "", "不变，借据以此引用 never changes, loans refer to it"),
    "name_zh": Word("中文名称", "", ""),
    "name_en": Word("英文名称", "", ""),
    "white_list_only": Word("仅限白名单", "", "只受理名单内客户 only people on the bank's list"),
    "amount_fen_min": Word("最低金额", "分 fen", ""),
    "amount_fen_max": Word("最高金额", "分 fen", ""),
    "amount_fen_step": Word("金额步长", "分 fen", "借款金额须为其倍数 a loan is a multiple of it"),
    "periods_min": Word("最少期数", "期 periods", "期长见还款频率 a period's length is that of frequency"),
    "periods_max": Word("最多期数", "期 periods", ""),
    "methods": Word(
        "还款方式",
        "",
        "等额本息 equal_instalment、等额本金 equal_principal、先息后本 interest_only、利随本清 bullet、随借随还 pay_anytime、等本等息 flat",
    ),
    "frequency": Word("还款频率", "", "按月、双周、按季 monthly, biweekly, quarterly"),
    "revolving": Word("额度可循环", "", "还本后恢复额度 principal repaid comes back to the line"),
    "line_months": Word("额度有效期", "月 months", ""),
    "lpr_tenor": Word("LPR期限品种", "", "定价日之前最新公布值 latest published before the pricing day"),
    "lpr_spread_bp": Word("LPR加点", "基点 bp", ""),
    "repricing": Word("重定价", "", "固定、每年1月1日、放款周年 fixed, 1 January, anniversary of the pay-out"),
    "day_count": Word("日计息基础", "", "按日计息时的日利率 a day's share of a year where interest runs by days"),
    "whole_periods": Word("整期计息", "", "年利率按月均分，或按实际天数 twelfths of the annual rate, or by days"),
    "rounding": Word("舍入", "", "四舍五入，或四舍六入五成双 half up, or half to even"),
    "last_row": Word("末期处理", "", "重算利息、保持月供、平滑 recompute its interest, keep the instalment, smooth"),
    "first_period": Word("首期规则", "", "最短天数，或一律次月 at least so many days, or always the next month"),
    "first_period_days_min": Word("首期最短天数", "天 days", "不足则顺延一期 a nearer due day begins a period later"),
    "odd_days": Word("零头天数计息", "", "按日，或天数/30 by days, or days / 30 of a month"),
    "short_month": Word(
        "29至31日还款日", "", "小月取月末，或次月1至3日 a short month's last day, or day 1..3 of the next"
    ),
    "holidays": Word("节假日处理", "", "不处理、只宽限、顺延 none, only grace, shift the due date"),
    "principal_grace": Word("本金宽限期数", "期 periods", "期初若干期只还利息 leading periods without principal"),
    "interest_grace": Word("利息宽限期数", "期 periods", "期初若干期不还利息 leading periods without interest due"),
    "instalment_step_fen": Word("月供取整", "分 fen", "0为到分 0: to the fen"),
    "pay_anytime_interest": Word(
        "随借随还结息", "", "只结所还本金的利息，或全部应计 on what is repaid, or all accrued"
    ),
    "grace_days": Word("宽限期", "天 days", "期内还清不计罚息、不上报逾期 paid within it: no penalty, no record"),
    "penalty_factor": Word(
        "逾期罚息倍数", "倍 times", "合同利率的倍数，代替合同利息 of the contract rate, in its place"
    ),
    "misuse_factor": Word("挪用罚息倍数", "倍 times", "自挪用日起 from the day of misuse"),
    "compound_on": Word("复利", "", "不计、只计未付利息、含罚息与复利 off, on unpaid interest, on all"),
    "compound_months": Word("复利周期", "月 months", "按月1或按季3 monthly 1 or quarterly 3"),
    "compound_rate": Word(
        "复利利率", "", "到期前合同利率，或一律罚息利率 contract rate until maturity, or the penalty rate"
    ),
    "allocation": Word(
        "冲账顺序", "", "先旧期后新期，或逐项跨期 oldest instalment first, or each component across all"
    ),
    "allocation_overdue": Word("逾期冲账顺序", "天 days", "（起始逾期天数，顺序） (overdue days from which, order)"),
    "prepay_fen_min": Word("最低提前还款", "分 fen", "部分提前还款 of a partial prepayment"),
    "prepay_fen_step": Word("提前还款步长", "分 fen", "须为其倍数 a partial prepayment is a multiple of it"),
    "prepay_keeps": Word("提前还款后", "", "期限不变，或月供不变 keeps the term, or the instalment"),
    "prepay_fees": Word(
        "提前还款违约金", "比例 share", "（至第几个月，比例） (up to this month, share of the principal prepaid)"
    ),
    "uses": Word("贷款用途", "", "允许的用途代码 use codes allowed"),
    "age_min": Word("最低年龄", "岁 years", "申请时 when applying"),
    "age_at_maturity_max": Word("到期最高年龄", "岁 years", ""),
    "proof_of_use_days": Word(
        "消费凭证期限", "天 days", "逾期未交停止新提款；0为不要求 then new draws stop; 0: none asked"
    ),
    "on_sale": Word("在售", "", "停售后不再受理，已签的照旧 off: nothing new, what is agreed goes on"),
}

BANK: dict[str, Word] = {
    "code": Word("法人代码", "", "目录名 the folder's name"),
    "name_zh": Word("中文名称", "", ""),
    "name_en": Word("英文名称", "", ""),
    "province": Word("省联社", "", ""),
    "version": Word("结构版本", "", ""),
    "divisions": Word("属地", "", "本地客户的行政区划前缀 prefixes of local division codes"),
    "products": Word("产品", "", "见上 see above"),
    "accounts": Word("科目", "", "角色到科目代码 role -> code of the general ledger"),
    "chart": Word("科目表", "", "科目代码到名称、类别与方向 code -> names, type, side; core: the core's code"),
    "vat_rate": Word("增值税率", "比例 share", ""),
    "ledger_mode": Word("记账模式", "", "核心按我方指令、核心计算、总账汇总 instructed, core_calculated, gl_summary"),
    "customer_fen_cap": Word("单户上限", "分 fen", "客户在本行的全部借款 all loans of a customer at the bank"),
    "lpr": Word("LPR", "", "随文件增长，miaodai lpr load grows by file"),
    "flows": Word("业务流程", "", "BPMN文件 files"),
    "decisions": Word("决策模型", "", "ZEN文件 files"),
    "parameters": Word("模型参数", "", "模型以bank.名称读取 models read them as bank.NAME"),
    "classes": Word(
        "五级分类起点", "天 days", "关注、次级、可疑、损失的逾期天数 overdue days of the four classes below normal"
    ),
    "technical_overdue_days": Word("技术性逾期", "天 days", "不超过则仍为正常 up to so many, a loan stays normal"),
    "watch_periods": Word("上调观察期数", "期 periods", "欠款结清后按期还款 paid on time after arrears are clear"),
    "watch_months": Word("上调观察期", "月 months", "与期数取长者 the longer of both"),
    "restructured_watch_months": Word("重组观察期", "月 months", ""),
    "non_accrual_days": Word(
        "停息天数", "天 days", "自此逾期天数起表外计息 from so many overdue days interest is off balance"
    ),
    "non_accrual_principal_first": Word("停息后先还本", "", ""),
    "provision_bp": Word("拨备率", "基点 bp", "正常、关注、次级、可疑、损失 by class, normal to loss"),
    "holidays": Word("非工作日", "", "由日历生成 made of the calendar"),
    "cool_off_days": Word("拒绝后冷静期", "天 days", ""),
    "effect_retry_s": Word("外部重试间隔", "秒 s", ""),
    "reservation_check_s": Word("预占核查间隔", "秒 s", ""),
    "sms_templates": Word("短信模板", "", ""),
    "bounds": Word("监管范围", "", "见下 see below"),
    "calendar": Word("自定日历", "", "日期为working或holiday，优先于公布安排 stated days win over published ones"),
    "extension_short_months": Word(
        "展期：短期界限", "月 months", "不超过此期限为短期 loans of at most so many months are short"
    ),
    "extension_short_percent": Word("展期：短期上限", "%", "展期合计占原期限 of the original term, in all"),
    "extension_long_percent": Word("展期：长期上限", "%", "展期合计占原期限 of the original term, in all"),
    "calendar_years": Word("日历年份", "年 years", "首年与末年 first and last"),
}

BOUNDS: dict[str, Word] = {
    "penalty_factor_min": Word("罚息倍数下限", "倍 times", ""),
    "penalty_factor_max": Word("罚息倍数上限", "倍 times", ""),
    "misuse_factor_min": Word("挪用倍数下限", "倍 times", ""),
    "misuse_factor_max": Word("挪用倍数上限", "倍 times", ""),
    "grace_days_max": Word("最长宽限期", "天 days", ""),
    "term_months_max": Word("最长期限", "月 months", "2025年通知为7年 84 under the 2025 notice"),
    "one_go_months_max": Word("一次性还本最长期限", "月 months", ""),
    "customer_fen_max": Word("单户监管上限", "分 fen", "2025年通知为30万元 30,000,000 under the 2025 notice"),
    "age_least": Word("年龄下限", "岁 years", ""),
    "age_at_maturity_most": Word("到期年龄上限", "岁 years", ""),
    "technical_overdue_days_max": Word("技术性逾期上限", "天 days", ""),
    "restructured_watch_months_min": Word("重组观察期下限", "月 months", ""),
    "proof_of_use_days_max": Word("消费凭证期限上限", "天 days", ""),
    "vat_rates": Word("允许的增值税率", "比例 share", ""),
}


def word_of(path: str) -> Word:
    """Of a field's path: ``products.CODE.FIELD``, ``bounds.FIELD``, ``FIELD`` or ``FIELD.KEY``."""
    parts = path.split(".")
    if parts[0] == "products" and len(parts) > 2:
        return PRODUCT.get(parts[2], Word("", "", ""))
    if parts[0] == "bounds" and len(parts) > 1:
        return BOUNDS.get(parts[1], Word("", "", ""))
    return BANK.get(parts[0], Word("", "", ""))
