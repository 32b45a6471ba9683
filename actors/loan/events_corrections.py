"""What takes a repayment back or makes it another: reversal (冲正), tombstone, correction (错账调整).

Part of `events.LoanEvent`. Nothing written is edited: such an event carries the money the loan should have by now, and
what the ledger needs so that it, too, is as it should be.
"""

from datetime import date

from msgspec import Struct

from actors.loan.events_rare import Approval
from actors.loan.money import Money
from actors.turn import Event


class Booked(Struct, frozen=True, array_like=True):
    """What is booked on the account of ``role`` (actors/ledger.py); red is negative. The whole of it balances."""

    role: str
    debit_fen: int
    credit_fen: int


class RepaymentReversed(Event, frozen=True, kw_only=True):
    """冲正 of the repayment written as ``original_version``, under the core's ``core_serial``, on the same day.

    The sums are the original's. ``booked``: its lines in red, and what changed for later operations of the day.
    """

    original_version: int
    linked_serial: str
    core_date: date
    core_serial: str
    value_date: date
    source: str
    amount_fen: int
    principal_fen: int = 0
    interest_fen: int = 0
    penalty_fen: int = 0
    compound_fen: int = 0
    fee_fen: int = 0
    suspense_fen: int = 0
    reason: str = ""
    booked: tuple[Booked, ...] = ()
    money: Money


class RepaymentCorrected(Event, frozen=True, kw_only=True):
    """错账调整: the repayment written as ``original_version`` should have been ``amount_fen`` (0: none) with value date
    ``value_date``; ``*_before`` is what it counted for until now. ``booked``: the differences, booked today."""

    original_version: int
    linked_serial: str
    amount_fen: int
    amount_fen_before: int
    value_date: date
    value_date_before: date
    approval: Approval
    booked: tuple[Booked, ...] = ()
    money: Money


class TombstoneLeft(Event, frozen=True, kw_only=True):
    """防悬挂: a reversal came before its original, which is refused when it comes late."""

    original_serial: str
    core_date: date
    core_serial: str
    reason: str = ""


CorrectionEvent = RepaymentReversed | RepaymentCorrected | TombstoneLeft
