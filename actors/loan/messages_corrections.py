"""Commands that take a repayment back or make it another, and what they answer. Part of `messages.LoanCommand`."""

from datetime import date

from actors.loan.messages_rare import Approved
from actors.turn import Command, View


class ReverseRepayment(Command, frozen=True, kw_only=True):
    """冲正 by the core or the counter, on the accounting day of the original: business date = ``core_date`` = the
    original's. ``core_serial`` is the core's number of the reversal.

    A second one succeeds and does nothing. One that comes before its original leaves a tombstone: the late original is
    refused (REVERSED_BEFORE). NOT_SAME_DAY, LATER_OPERATIONS (the loan is settled or written off by something later).
    """

    original_serial: str
    core_date: date
    core_serial: str
    reason: str = ""


class CorrectRepayment(Approved, frozen=True, kw_only=True):
    """错账调整 of an earlier repayment: what it should have been. ``amount_fen`` 0: it should not have been at all.

    ``value_date`` None keeps the original's. ``core_date`` of the original: when its serial is not unique.
    """

    original_serial: str
    amount_fen: int
    value_date: date | None = None
    core_date: date | None = None


CorrectionCommand = ReverseRepayment | CorrectRepayment


class CorrectionView(View, frozen=True, kw_only=True):
    """``outcome``: reversed, corrected, nothing (it was reversed before), tombstone. The sums are changes of what is
    paid of each (negative: owed again); ``suspense_fen`` of what is held."""

    loan_id: str
    outcome: str
    status: str
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    compound_fen: int
    fee_fen: int
    suspense_fen: int
    principal_fen_outstanding: int
