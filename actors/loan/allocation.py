"""冲账顺序: how a repayment is spread. BY_INSTALMENT, oldest first; within a row penalty -> interest -> principal.

What had fallen due comes first. Beyond it (prepayment): interest accrued and not due yet, then principal not due yet.
What is left after the payoff is surplus and goes to suspense.
"""

from typing import NamedTuple

from actors.loan.events import Part
from actors.loan.state import LoanState


class Allocation(NamedTuple):
    """Sums of one repayment; ``principal``, ``interest``, ``penalty`` are totals, prepaid ones included."""

    parts: tuple[Part, ...]
    penalty_fen: int
    interest_fen: int
    principal_fen: int
    interest_fen_accrued: int
    principal_fen_prepaid: int
    surplus_fen: int


def allocate(state: LoanState, amount_fen: int, *, prepay: bool) -> Allocation:
    """Spread ``amount_fen`` over what is owed now; without ``prepay`` only over what has fallen due."""
    left = amount_fen
    penalty = interest = principal = accrued = prepaid = 0
    parts: list[Part] = []
    for index in range(state.first_unpaid, state.fallen):
        if not left:
            break
        row = state.rows[index]
        row_penalty = min(left, row.penalty_fen - row.penalty_fen_paid)
        left -= row_penalty
        row_interest = min(left, row.interest_fen - row.interest_fen_paid)
        left -= row_interest
        row_principal = min(left, row.principal_fen - row.principal_fen_paid)
        left -= row_principal
        if row_penalty or row_interest or row_principal:
            parts.append(Part(index + 1, row_penalty, row_interest, row_principal))
            penalty += row_penalty
            interest += row_interest
            principal += row_principal
    if left and prepay:
        accrued = min(left, state.accrued_fen)
        left -= accrued
        prepaid = min(left, state.balance_fen)
        left -= prepaid
    return Allocation(tuple(parts), penalty, interest + accrued, principal + prepaid, accrued, prepaid, left)


def due_fen(state: LoanState) -> int:
    """What has fallen due and is unpaid, penalty included."""
    return sum(row.unpaid_fen for row in state.rows[state.first_unpaid : state.fallen])


def payoff_fen(state: LoanState) -> int:
    """What settles the loan on the day after ``closed_to``; interest excludes that day."""
    return due_fen(state) + state.accrued_fen + state.balance_fen
