"""A legal-entity bank's terms as data: products, accounts, flows, decision models, white lists. Read-only to actors.

Files under cluster/banks/ (province default, bank override) become one `BankTerms` per bank and version, stored in the
table ``bank`` by ``miaodai bank load``; hosts and gateways read it from there.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from actors.schedule.terms import DayCount, Holidays, LastRow, Method, Rounding, ShortMonth

Allocation = Literal["by_instalment", "by_component"]
"""Order of a repayment: oldest instalment first, or each component across all instalments."""

Frequency = Literal["monthly", "biweekly", "quarterly"]

FeeTier = tuple[int, Decimal]
"""Prepayment fee: up to this month of the loan's life (inclusive) this share of the principal prepaid."""


class Product(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A loan product of one bank. Rates per year as Decimal, money in fen, ratios in basis points.

    Schedule options are those of `PlanTerms`. ``prepay_fen_step``: a partial prepayment is a multiple of it.
    ``allocation``: the order of a repayment; ``allocation_overdue``: (overdue days from which, order), ascending.
    ``compound_on``: 复利 on unpaid contract interest, or also on penalty and compound charged at each compounding day
    (every ``compound_months`` from the due date); ``compound_rate``: the contract rate until maturity and the penalty
    rate after it, or the penalty rate throughout. ``misuse_factor``: of the contract rate on a misused balance.
    ``repricing``: fixed, or by the LPR on 1 January or on the anniversary of the pay-out.
    """

    code: str
    name_zh: str
    name_en: str
    white_list_only: bool = False
    amount_fen_min: int
    amount_fen_max: int
    amount_fen_step: int = 100
    periods_min: int = 1
    periods_max: int = 12
    methods: tuple[Method, ...] = ("equal_instalment", "bullet")
    frequency: Frequency = "monthly"
    revolving: bool = True
    line_months: int = 12
    lpr_tenor: str = "1Y"
    lpr_spread_bp: int = 0
    repricing: Literal["fixed", "january", "anniversary"] = "fixed"
    day_count: DayCount = "actual/360"
    whole_periods: Literal["twelfths", "by_days"] = "twelfths"
    rounding: Rounding = "HALF_UP"
    last_row: LastRow = "recompute"
    first_period: Literal["min_days", "next_month"] = "min_days"
    first_period_days_min: int = 15
    odd_days: Literal["by_days", "thirtieths"] = "by_days"
    short_month: ShortMonth = "last_day"
    holidays: Holidays = "none"
    principal_grace: int = 0
    interest_grace: int = 0
    instalment_step_fen: int = 0
    pay_anytime_interest: Literal["on_repaid", "all_accrued"] = "all_accrued"
    grace_days: int = 0
    penalty_factor: Decimal = Decimal("1.5")
    misuse_factor: Decimal = Decimal(2)
    compound_on: Literal["off", "interest", "all"] = "off"
    compound_months: int = 1
    compound_rate: Literal["until_maturity", "penalty"] = "until_maturity"
    allocation: Allocation = "by_instalment"
    allocation_overdue: tuple[tuple[int, Allocation], ...] = ()
    prepay_fen_min: int = 0
    prepay_fen_step: int = 1
    prepay_keeps: Literal["term", "instalment"] = "term"
    prepay_fees: tuple[FeeTier, ...] = ()
    uses: tuple[str, ...] = ()
    age_min: int = 18
    age_at_maturity_max: int = 65
    proof_of_use_days: int = 90
    on_sale: bool = True
    """Off: no new application, line or contract; what is agreed goes on."""


class Bounds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rules of the day allow products to be (lending-rules.md: caps, interest); checked when terms are saved.

    Of the dated parameters themselves: when a notice changes them, they change like any other term.
    """

    penalty_factor_min: Decimal = Decimal("1.3")
    penalty_factor_max: Decimal = Decimal("1.5")
    misuse_factor_min: Decimal = Decimal("1.5")
    misuse_factor_max: Decimal = Decimal(2)
    grace_days_max: int = 5
    term_months_max: int = 60
    one_go_months_max: int = 12
    """Longest term of a loan whose principal is repaid in one go."""
    customer_fen_max: int = 20_000_000
    age_least: int = 18
    age_at_maturity_most: int = 70
    technical_overdue_days_max: int = 7
    restructured_watch_months_min: int = 12
    proof_of_use_days_max: int = 90
    vat_rates: tuple[Decimal, ...] = (Decimal("0.03"), Decimal("0.06"))


class Flow(Struct, frozen=True, kw_only=True):
    """A compiled business flow (protocols/bpmn.py makes it, actors/process/flow.py runs it)."""

    key: str
    version: int
    start: str
    nodes: dict[str, "Node"]


class Node(Struct, frozen=True, kw_only=True):
    """A BPMN node: ``type`` start, end, service, rule or exclusive; ``service`` or ``decision`` names what it runs.

    A definite refusal of a ``mandatory`` service ends the process with its code, of another goes into ``outcome.code``.
    With ``wait`` False the token goes on at once (messages to people). ``outcome`` of an end: the process's status.

    ``flows`` are the outgoing edges in document order: (target node id, condition; "" for none); ``default`` is the
    target of an exclusive gateway's default edge.
    """

    id: str
    name: str
    type: Literal["start", "end", "service", "rule", "exclusive"]
    service: str = ""
    decision: str = ""
    flows: tuple[tuple[str, str], ...] = ()
    default: str = ""
    mandatory: bool = True
    wait: bool = True
    outcome: str = ""


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account of the chart of accounts (科目). ``direction``: the side on which its balance stands.

    ``core``: its code in the core's general ledger, when several of ours are one there; "" for the same code.
    """

    name_zh: str
    name_en: str
    type: Literal["asset", "liability", "common", "equity", "income", "expense", "memo"]
    direction: Literal["debit", "credit"]
    core: str = ""


class BankTerms(Struct, frozen=True, kw_only=True):
    """All that is configured for one bank. ``accounts`` maps the roles of lending-rules.md's table to account codes."""

    code: str
    name_zh: str
    name_en: str
    province: str
    version: int = 1
    divisions: tuple[str, ...] = ()
    """First digits of identity numbers / residence codes counted as local (territory rule)."""
    products: dict[str, Product] = {}
    accounts: dict[str, str] = {}
    chart: dict[str, Account] = {}
    """Chart of accounts by code: every code that ``accounts`` names."""
    vat_rate: Decimal = Decimal("0.06")
    ledger_mode: Literal["instructed", "core_calculated", "gl_summary"] = "instructed"
    customer_fen_cap: int = 20_000_000
    lpr: tuple[tuple[date, str, Decimal], ...] = ()
    """Published LPR: (date, tenor, rate per year)."""
    flows: dict[str, Flow] = {}
    """By ``key`` (the version to start now) and by ``key@version`` (for those running)."""
    decisions: dict[str, dict[str, Any]] = {}
    """ZEN decision models by key, as JSON objects."""
    parameters: dict[str, int] = {}
    """Figures that the decision models read as ``bank.<name>``: cut-offs, multiples, per cents, as integers."""
    classes: tuple[int, int, int, int] = (1, 91, 271, 361)
    """Overdue days from which a loan is special-mention 关注, substandard 次级, doubtful 可疑, loss 损失."""
    technical_overdue_days: int = 0
    """Up to so many overdue days a loan stays normal (技术性逾期); 0: no exemption."""
    watch_periods: int = 2
    watch_months: int = 6
    """A loan of substandard or worse whose arrears are clear rises after both, periods paid on time and months."""
    restructured_watch_months: int = 12
    non_accrual_days: int = 91
    """Overdue days from which interest is no longer recognised (逾期90天以上)."""
    non_accrual_principal_first: bool = True
    """A loan in non-accrual is repaid principal first."""
    provision_bp: tuple[int, int, int, int, int] = (100, 200, 2500, 5000, 10_000)
    """Share of principal provided for by class: normal, special-mention, substandard, doubtful, loss."""
    holidays: tuple[date, ...] = ()
    """Non-working days, weekends included, of the years that the calendar covers; ascending."""
    cool_off_days: int = 30
    effect_retry_s: int = 5
    reservation_check_s: int = 300
    sms_templates: dict[str, str] = {}
    bounds: Bounds = Bounds()
    calendar: dict[date, Literal["working", "holiday"]] = {}
    """Days that differ from the published calendar; ``holidays`` is made of both (cluster/holidays.py)."""
    extension_short_months: int = 12
    extension_short_percent: int = 100
    extension_long_percent: int = 50
    """展期: a loan of at most so many months may be extended by this share of its term in all, a longer one by that."""
    calendar_years: tuple[int, int] = (0, 0)
    """First and last year that ``holidays`` covers; (0, 0): none."""
