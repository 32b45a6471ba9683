"""宽限期: up to when a row that fell due bears no penalty, no downgrade and no bureau record."""

from datetime import date

from actors.bank import BankTerms
from actors.loan.state import LoanState
from actors.schedule.due_dates import grace_ends


def grace_over(due: date, state: LoanState, bank: BankTerms) -> date:
    """The last day of grace; that day's close makes an unpaid row overdue. Non-working days lengthen it if the terms
    heed holidays."""
    terms = state.terms
    return grace_ends(due, terms.grace_days, bank.holidays if terms.plan.holidays != "none" else ())


def rows_lapsed(state: LoanState, to_date: date, fallen: int, bank: BankTerms) -> int:
    """How many rows' grace has ended with the close of ``to_date``."""
    index = state.lapsed
    while index < fallen and grace_over(state.rows[index].due, state, bank) <= to_date:
        index += 1
    return index
