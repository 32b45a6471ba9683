"""What closing a day's books came to; D's step prints it, `miaodai books close` too."""

from datetime import date

from msgspec import Struct

from actors.codes import Code
from cluster.failures import Failure


class BooksRefused(Failure):
    """The books refuse; ``code`` says why, nothing was changed."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(f"{code.zh} {code.en} ({code.word}): {detail}")
        self.code = code


class Agreement(Struct, frozen=True):
    """The general ledger against the loans, of one account or group of accounts; fen, debit less credit."""

    account: str
    ledger_fen: int
    loans_fen: int

    @property
    def agrees(self) -> bool:
        return self.ledger_fen == self.loans_fen


class BooksReport(Struct, frozen=True, kw_only=True):
    """A day's books as closed. ``trial_fen`` and ``memo_fen``: debits less credits in all, zero when sound.

    ``late``: accounts whose postings of the closed day before were written after its close, as texts.
    """

    bank: str
    date: date
    mode: str
    accounts: int
    lines: int
    debit_fen: int
    credit_fen: int
    trial_fen: int
    memo_fen: int
    agreements: tuple[Agreement, ...] = ()
    late: tuple[str, ...] = ()
    vouchers: tuple[str, ...] = ()
    splits: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        sound = not self.trial_fen and not self.memo_fen and not self.late
        return sound and all(one.agrees for one in self.agreements)
