"""日计表 for the fronts: a bank's accounts on a day, with names from its chart, and whether the trial balance is zero.

The rows come from storage/account_totals.py through `Reader`; the reply is `replies.DailySheet`.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from actors.bank import BankTerms


class AccountTotal(Protocol):
    """What the sheet needs of storage/account_totals.py's row."""

    @property
    def state(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def memo(self) -> bool: ...
    @property
    def opening_fen(self) -> int: ...
    @property
    def debit_fen(self) -> int: ...
    @property
    def credit_fen(self) -> int: ...


def daily_sheet(terms: BankTerms, on: date, totals: Sequence[AccountTotal]) -> dict[str, Any]:
    """``balanced``: opening and closing add up to zero and debits equal credits, memo accounts apart."""
    rows = [
        {
            "account": total.account,
            "name_zh": terms.chart[total.account].name_zh if total.account in terms.chart else total.account,
            "name_en": terms.chart[total.account].name_en if total.account in terms.chart else total.account,
            "memo": total.memo,
            "opening_fen": total.opening_fen,
            "debit_fen": total.debit_fen,
            "credit_fen": total.credit_fen,
            "closing_fen": total.opening_fen + total.debit_fen - total.credit_fen,
        }
        for total in totals
    ]
    return {
        "bank": terms.code,
        "date": on,
        "state": totals[0].state if totals else "open",
        "balanced": all(_balanced([total for total in totals if total.memo is memo]) for memo in (False, True)),
        "debit_fen": sum(total.debit_fen for total in totals if not total.memo),
        "credit_fen": sum(total.credit_fen for total in totals if not total.memo),
        "rows": rows,
    }


def _balanced(totals: list[AccountTotal]) -> bool:
    opening = sum(total.opening_fen for total in totals)
    return not opening and sum(total.debit_fen for total in totals) == sum(total.credit_fen for total in totals)
