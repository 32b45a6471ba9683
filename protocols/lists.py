"""Lists for the fronts: loans of a customer, transactions of a loan, products of a bank; paged by key.

The rows come from storage/queries.py through `Reader`. Transactions show sums, dates and the core's references only:
the fields of an event that may be seen are named here, everything else stays inside.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

import msgspec

from actors.bank import BankTerms
from protocols.daily_sheet import AccountTotal
from protocols.follow import DONE, PROCESSING, Judged
from protocols.requests import LoansOfCustomerRequest, TransactionsRequest

TRANSACTIONS: tuple[str, ...] = (
    "Disbursed",
    "DisbursementReversed",
    "Repaid",
    "RepaymentFailed",
    "RepaymentReversed",
    "RepaymentCorrected",
    "LoanSettled",
    "Waived",
    "WrittenOff",
    "Recovered",
    "Extended",
    "Restructured",
    "Accelerated",
    "MisuseMarked",
    "SuspenseRefunded",
    "RefundFailed",
)
"""Events of the loan that a customer would call a transaction."""

_FACTS = frozenset(
    ("source", "core_date", "core_serial", "linked_serial", "value_date", "on", "code", "due_day", "from_date")
)
_REPAYMENT_ENDS = ["Repaid", "RepaymentFailed"]
_REPAYMENTS_BETWEEN = 100


class LoanSummary(Protocol):
    """What a list needs of storage/queries.py's row."""

    @property
    def id(self) -> str: ...
    @property
    def product(self) -> str | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def principal_fen_outstanding(self) -> int | None: ...
    @property
    def next_due(self) -> date | None: ...


class Entry(Protocol):
    """What a list needs of a row of the journal."""

    @property
    def version(self) -> int: ...
    @property
    def business_date(self) -> date: ...
    @property
    def at_ms(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Reader(Protocol):
    """Reads of committed rows, each limited to one bank."""

    async def loans_of_customer(self, bank: str, customer_id: str, after: str, limit: int) -> Sequence[LoanSummary]: ...

    async def transactions(
        self, bank: str, loan_id: str, after_version: int, limit: int, types: list[str] | None = None
    ) -> Sequence[Entry]: ...

    async def account_totals(self, bank: str, on: date) -> Sequence[AccountTotal]: ...


class BankNow(Protocol):
    """What a list needs of runtime/banks.py's `Bank`."""

    @property
    def terms(self) -> BankTerms: ...
    @property
    def business_date(self) -> date: ...


async def loan_page(reader: Reader, bank: str, request: LoansOfCustomerRequest) -> dict[str, Any]:
    """One page as `replies.LoanPage`; one row more is read to know whether there is a next one."""
    rows = await reader.loans_of_customer(bank, request.customer_id, request.after, request.limit + 1)
    shown = rows[: request.limit]
    items = [
        {
            "loan_id": row.id,
            "product": row.product or "",
            "status": row.status or "",
            "principal_fen_outstanding": row.principal_fen_outstanding or 0,
            "next_due": row.next_due,
        }
        for row in shown
    ]
    return {"items": items, "next": shown[-1].id if len(rows) > request.limit else ""}


async def transaction_page(reader: Reader, bank: str, request: TransactionsRequest) -> dict[str, Any]:
    """One page as `replies.TransactionPage`."""
    rows = await reader.transactions(bank, request.loan_id, request.after, request.limit + 1, list(TRANSACTIONS))
    shown = rows[: request.limit]
    items = [
        {
            "version": row.version,
            "business_date": row.business_date,
            "at_ms": row.at_ms,
            "type": row.type,
            "facts": _facts(row.body),
        }
        for row in shown
    ]
    return {"items": items, "next": shown[-1].version if len(rows) > request.limit else 0}


async def repayment_end(reader: Reader, bank: str, loan_id: str, effect_id: str) -> Judged:
    """How the auto-debit of this effect ended, by the journal: other repayments may have come since."""
    begun_at = int(effect_id.split("-")[1])
    for row in await reader.transactions(bank, loan_id, begun_at, _REPAYMENTS_BETWEEN, _REPAYMENT_ENDS):
        event = msgspec.msgpack.decode(row.body)
        if event.get("effect_id") == effect_id:
            return DONE if row.type == "Repaid" else Judged("done", event["code"])
    return PROCESSING


def _facts(body: bytes) -> dict[str, Any]:
    """The fields of an event that may be shown."""
    event = msgspec.msgpack.decode(body)
    return {
        name: value
        for name, value in event.items()
        if ("_fen" in name or name in _FACTS) and isinstance(value, int | str)
    }


def product_list(bank: BankNow) -> dict[str, Any]:
    """`replies.ProductList` of the bank's present terms."""
    products = [
        {
            "code": p.code,
            "name_zh": p.name_zh,
            "name_en": p.name_en,
            "white_list_only": p.white_list_only,
            "amount_fen_min": p.amount_fen_min,
            "amount_fen_max": p.amount_fen_max,
            "amount_fen_step": p.amount_fen_step,
            "periods_min": p.periods_min,
            "periods_max": p.periods_max,
            "methods": p.methods,
            "revolving": p.revolving,
            "lpr_tenor": p.lpr_tenor,
            "lpr_spread_bp": p.lpr_spread_bp,
            "uses": p.uses,
        }
        for p in bank.terms.products.values()
        if p.on_sale
    ]
    return {"bank": bank.terms.code, "business_date": bank.business_date, "products": products}
