"""A bank's chart of accounts as the books use it: what a code is called, which side it stands on, its code at the core.

From the bank's terms (cluster/banks). A code that postings hold and the chart does not (an older map) is shown by its
code alone. Deposits and clearing are one thing towards the core, `settlement`: money that it moved and money on its
way; only their sum can agree, since the core's deposits are what it booked and ours what we know of it.
"""

from typing import Final

from actors.bank import Account, BankTerms
from actors.ledger import ACCOUNTS, code_of

SETTLEMENT: Final = "settlement"
PRINCIPAL_ROLES: Final = ("loans_performing", "loans_overdue", "loans_non_accrual")


class Chart:
    """The chart of one bank."""

    def __init__(self, terms: BankTerms) -> None:
        self.bank = terms.code
        self.bank_zh = terms.name_zh
        self.mode = terms.ledger_mode
        self._chart = terms.chart
        self._codes = {role: code_of(terms, role) for role in ACCOUNTS}
        self._settlement = {self.core(self._codes["deposits"]), self.core(self._codes["clearing"])}

    def code(self, role: str) -> str:
        """The account of a role of the posting table."""
        return self._codes[role]

    def account(self, code: str) -> Account:
        known = self._chart.get(code)
        if known is not None:
            return known
        return Account(name_zh=code, name_en=code, type="memo" if code.startswith("M") else "asset", direction="debit")

    def core(self, code: str) -> str:
        """The account of the core's ledger that holds ``code``."""
        known = self._chart.get(code)
        return (known.core if known is not None else "") or code

    def core_of_role(self, role: str) -> str:
        return self.core(self._codes[role])

    def agreeing(self, core_code: str) -> str:
        """What an account of the core is compared as: itself, or `SETTLEMENT`."""
        return SETTLEMENT if core_code in self._settlement else core_code
