"""宽限期: up to when a row that fell due bears no penalty, no downgrade and no bureau record."""

from datetime import date, timedelta

from actors.bank import BankTerms
from actors.loan.state import LoanState


def grace_over(due: date, state: LoanState, bank: BankTerms) -> date:
    """The last day of grace: due date + grace days; that day's close makes an unpaid row overdue."""
    return due + timedelta(days=state.terms.grace_days)


def rows_lapsed(state: LoanState, to_date: date, fallen: int, bank: BankTerms) -> int:
    """How many rows' grace has ended with the close of ``to_date``."""
    index = state.lapsed
    while index < fallen and grace_over(state.rows[index].due, state, bank) <= to_date:
        index += 1
    return index
