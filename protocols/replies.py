"""What operations answer beyond the actors' own views: outcomes with their state, pages, products.

``state`` is ``done`` or ``processing``: the command is stored either way; ask again (or repeat it with the same id) to
see how it ended.
"""

from datetime import date
from typing import Any, Literal

from msgspec import Struct

from actors.loan.messages import LoanView
from actors.process.messages import ProcessView

State = Literal["done", "processing"]


class Reply(Struct, frozen=True, kw_only=True):
    """Base of the replies that the fronts put together."""


class CustomerChanged(Reply, frozen=True, kw_only=True):
    """The command on this customer is done; query it to see how it stands now."""

    customer_id: str


class LoanOutcome(Reply, frozen=True, kw_only=True):
    """The loan as committed now; ``state`` says whether the command asked for has ended."""

    loan_id: str
    state: State
    loan: LoanView


class ProcessOutcome(Reply, frozen=True, kw_only=True):
    """The process as committed now; ``state`` is ``done`` when it has ended (approved, refused, paid out)."""

    process_id: str
    state: State
    process: ProcessView


class LoanLine(Reply, frozen=True, kw_only=True):
    """One loan in a list."""

    loan_id: str
    product: str
    status: str
    principal_fen_outstanding: int
    next_due: date | None


class LoanPage(Reply, frozen=True, kw_only=True):
    """``next`` is the cursor of the page after, "" at the end."""

    items: tuple[LoanLine, ...]
    next: str


class TransactionLine(Reply, frozen=True, kw_only=True):
    """One entry of the loan's journal: ``type`` is what happened, ``facts`` its sums and dates (no personal data)."""

    version: int
    business_date: date
    at_ms: int
    type: str
    facts: dict[str, Any]


class TransactionPage(Reply, frozen=True, kw_only=True):
    """``next`` is the version to ask after, 0 at the end."""

    items: tuple[TransactionLine, ...]
    next: int


class SheetLine(Reply, frozen=True, kw_only=True):
    """An account on a day; ``opening_fen`` and ``closing_fen`` are debit less credit. ``memo``: off balance (表外)."""

    account: str
    name_zh: str
    name_en: str
    memo: bool
    opening_fen: int
    debit_fen: int
    credit_fen: int
    closing_fen: int


class DailySheet(Reply, frozen=True, kw_only=True):
    """日计表 of a day. ``state``: open, closed, or final (agreed with the core). ``balanced``: trial balance is zero;
    ``debit_fen`` and ``credit_fen`` are the day's, on balance."""

    bank: str
    date: date
    state: Literal["open", "closed", "final"]
    balanced: bool
    debit_fen: int
    credit_fen: int
    rows: tuple[SheetLine, ...]


class ProductLine(Reply, frozen=True, kw_only=True):
    """A product of the bank as customers may see it. ``lpr_spread_bp`` is added to the LPR of ``lpr_tenor``."""

    code: str
    name_zh: str
    name_en: str
    white_list_only: bool
    amount_fen_min: int
    amount_fen_max: int
    amount_fen_step: int
    periods_min: int
    periods_max: int
    methods: tuple[str, ...]
    revolving: bool
    lpr_tenor: str
    lpr_spread_bp: int
    uses: tuple[str, ...]


class ProductList(Reply, frozen=True, kw_only=True):
    bank: str
    business_date: date
    products: tuple[ProductLine, ...]
