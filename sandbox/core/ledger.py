"""The core's general ledger: vouchers of balanced lines per bank, accounting date and serial; a book of its own.

Every voucher knows on whose behalf it was booked (``source``: the asking system, "" for the core's own business), so
that a system can be told what it caused: `day_rows`, the ledger of one source and date.
"""

import re

from msgspec import Struct

CLEARING = "3001"
DEPOSITS = "2011"
LOANS = "1303"
INTEREST = "1132.01"
PENALTY = "1132.02"
COMPOUND = "1132.03"
FEES = "6021"
SUSPENSE = "2241"

_ACCOUNT = re.compile(r"(?:\d{4}|M\d)(?:\.\d{2})*")


class Line(Struct, frozen=True, array_like=True):
    """One line of a voucher in fen; a red line (reversal) is negative."""

    account: str
    debit_fen: int
    credit_fen: int


class Voucher(Struct, frozen=True, array_like=True):
    bank: str
    date: str
    serial: str
    lines: list[Line]
    source: str = ""
    daily: bool = False
    """A daily voucher of another system: moves the general ledger only, no account of a customer."""


class DayRow(Struct, frozen=True):
    """An account on a date: ``opening`` and ``closing`` are debit less credit."""

    account: str
    opening_fen: int
    debit_fen: int
    credit_fen: int

    @property
    def closing_fen(self) -> int:
        return self.opening_fen + self.debit_fen - self.credit_fen


class Unbalanced(AssertionError):
    """A bug in the core's own booking: debits differ from credits."""


class Ledger(Struct):
    """Vouchers in order and the running balance (debit less credit) of each (bank, account)."""

    vouchers: list[Voucher] = []
    balances: dict[str, dict[str, int]] = {}

    def post(
        self, bank: str, date: str, serial: str, lines: list[Line], source: str = "", *, daily: bool = False
    ) -> None:
        """Book a voucher; all lines or none."""
        if sum(line.debit_fen - line.credit_fen for line in lines):
            raise Unbalanced(serial)
        accounts = self.balances.setdefault(bank, {})
        for line in lines:
            accounts[line.account] = accounts.get(line.account, 0) + line.debit_fen - line.credit_fen
        self.vouchers.append(Voucher(bank, date, serial, lines, source, daily))

    def trial_balance(self) -> dict[str, dict[str, int]]:
        """Summed anew from the vouchers, not from the running balances: bank -> account -> debit less credit."""
        sums: dict[str, dict[str, int]] = {}
        for voucher in self.vouchers:
            accounts = sums.setdefault(voucher.bank, {})
            for line in voucher.lines:
                accounts[line.account] = accounts.get(line.account, 0) + line.debit_fen - line.credit_fen
        return sums

    def day_rows(self, bank: str, date: str, source: str) -> list[DayRow]:
        """What ``source`` caused at ``bank`` up to the end of ``date``, by account in order of codes."""
        sums: dict[str, list[int]] = {}
        for voucher in self.vouchers:
            if voucher.bank != bank or voucher.source != source or voucher.date > date:
                continue
            for line in voucher.lines:
                row = sums.setdefault(line.account, [0, 0, 0])
                if voucher.date < date:
                    row[0] += line.debit_fen - line.credit_fen
                else:
                    row[1] += line.debit_fen
                    row[2] += line.credit_fen
        return [DayRow(account, *sums[account]) for account in sorted(sums)]


def red(lines: list[Line]) -> list[Line]:
    """The same lines negative (红字冲正)."""
    return [Line(line.account, -line.debit_fen, -line.credit_fen) for line in lines]


def is_account(code: str) -> bool:
    """Whether the code has the form of an account of this ledger: four digits and subaccounts, or M and a digit."""
    return _ACCOUNT.fullmatch(code) is not None
