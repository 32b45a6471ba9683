"""Postings of reversals and corrections: the lines that the event names, by role; memo lines are an entry of their own.

| event | lines |
| --- | --- |
| RepaymentReversed | the original's in red (and what changed for later operations of the day) |
| RepaymentCorrected | the difference between the ledger as it should be and as it is, on the side where it belongs |
"""

from actors.bank import BankTerms
from actors.ledger import MEMO, entry
from actors.loan.events_corrections import Booked, RepaymentCorrected, RepaymentReversed
from actors.turn import Posting


def corrections(event: RepaymentReversed | RepaymentCorrected, bank: BankTerms) -> tuple[Posting, ...]:
    memo = tuple(line for line in event.booked if line.role in MEMO)
    return _entry(tuple(line for line in event.booked if line.role not in MEMO), bank) + _entry(memo, bank)


def _entry(lines: tuple[Booked, ...], bank: BankTerms) -> tuple[Posting, ...]:
    if not lines:
        return ()
    return entry(
        bank,
        tuple((line.role, line.debit_fen) for line in lines),
        tuple((line.role, line.credit_fen) for line in lines),
    )
