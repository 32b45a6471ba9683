"""A legal-entity bank's terms as data: products, accounts, flows, decision models, white lists. Read-only to actors.

Files under cluster/banks/ (province default, bank override) become one `BankTerms` per bank and version, stored in the
table ``bank`` by ``miaodai bank load``; hosts and gateways read it from there.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

Method = Literal["equal_instalment", "bullet"]
"""Repayment method: 等额本息, 利随本清."""

Rounding = Literal["HALF_UP", "HALF_EVEN"]

LastRow = Literal["recompute", "keep_instalment", "smooth"]
"""Last row of equal instalments: recomputes its interest (and differs by some fen); keeps the instalment, interest
being the rest; or recomputes it, and the instalment is moved first so that the last row comes near it."""


class Product(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A loan product of one bank. Rates per year as Decimal, money in fen, ratios in basis points.

    ``prepay_keeps``: a partial prepayment keeps the term (default) or the instalment. ``first_period_days_min``:
    a due day nearer to the pay-out than this begins a month later.
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
    revolving: bool = True
    line_months: int = 12
    lpr_tenor: str = "1Y"
    lpr_spread_bp: int = 0
    day_count: int = 360
    rounding: Rounding = "HALF_UP"
    grace_days: int = 0
    penalty_factor: Decimal = Decimal("1.5")
    prepay_fen_min: int = 0
    prepay_keeps: Literal["term", "instalment"] = "term"
    last_row: LastRow = "recompute"
    first_period_days_min: int = 15
    uses: tuple[str, ...] = ()
    age_min: int = 18
    age_at_maturity_max: int = 65
    proof_of_use_days: int = 90


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
    cool_off_days: int = 30
    effect_retry_s: int = 5
    reservation_check_s: int = 300
    sms_templates: dict[str, str] = {}
