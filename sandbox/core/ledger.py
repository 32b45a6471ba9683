"""The core's general ledger: vouchers of balanced lines per bank, accounting date and serial; a book of its own."""

from msgspec import Struct

CLEARING = "3001"
DEPOSITS = "2011"
LOANS = "1303"
INTEREST = "6011.01"
PENALTY = "6011.02"


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


class Unbalanced(AssertionError):
    """A bug in the core's own booking: debits differ from credits."""


class Ledger(Struct):
    """Vouchers in order and the running balance (debit less credit) of each (bank, account)."""

    vouchers: list[Voucher] = []
    balances: dict[str, dict[str, int]] = {}

    def post(self, bank: str, date: str, serial: str, lines: list[Line]) -> None:
        """Book a voucher; all lines or none."""
        if sum(line.debit_fen - line.credit_fen for line in lines):
            raise Unbalanced(serial)
        accounts = self.balances.setdefault(bank, {})
        for line in lines:
            accounts[line.account] = accounts.get(line.account, 0) + line.debit_fen - line.credit_fen
        self.vouchers.append(Voucher(bank, date, serial, lines))

    def trial_balance(self) -> dict[str, dict[str, int]]:
        """Summed anew from the vouchers, not from the running balances: bank -> account -> debit less credit."""
        sums: dict[str, dict[str, int]] = {}
        for voucher in self.vouchers:
            accounts = sums.setdefault(voucher.bank, {})
            for line in voucher.lines:
                accounts[line.account] = accounts.get(line.account, 0) + line.debit_fen - line.credit_fen
        return sums


def red(lines: list[Line]) -> list[Line]:
    """The same lines negative (红字冲正)."""
    return [Line(line.account, -line.debit_fen, -line.credit_fen) for line in lines]
