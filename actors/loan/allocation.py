"""冲账顺序: how a repayment is spread over what fell due, and beyond it.

Components: (fees ->) penalty -> compound -> interest -> principal. BY_INSTALMENT: oldest row first, its components in
that order; BY_COMPONENT: each component over all rows; in non-accrual principal first if the bank says so. The penalty
for misuse is row 0. Beyond what fell due (prepayment): interest accrued and not due, then principal not due with its
fee. What is left after the payoff is surplus and goes to suspense.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from actors.bank import BankTerms
from actors.loan.events import Part
from actors.loan.prepayment import NOTHING, Prepaid, payoff_beyond_fen, prepaid
from actors.loan.state import LoanState

PENALTY, COMPOUND, INTEREST, PRINCIPAL = 0, 1, 2, 3
COMPONENTS = (PENALTY, COMPOUND, INTEREST, PRINCIPAL)
PRINCIPAL_FIRST = (PRINCIPAL, PENALTY, COMPOUND, INTEREST)
Due = list[list[int]]
"""Of each row that may be paid: number, then what is unpaid of each of `COMPONENTS`."""


class Allocation(NamedTuple):
    """Sums of one repayment; ``principal``, ``interest``, ... are totals, prepaid ones included."""

    parts: tuple[Part, ...]
    penalty_fen: int
    compound_fen: int
    interest_fen: int
    principal_fen: int
    interest_fen_accrued: int
    principal_fen_prepaid: int
    fee_fen: int
    surplus_fen: int
    steps: tuple[tuple[int, int], ...] = ()
    """(component, fen) in the order in which they were served, what had fallen due only."""


def allocate(state: LoanState, amount_fen: int, day: date, bank: BankTerms, *, prepay: bool) -> Allocation:
    """Spread ``amount_fen``, paid on ``day``, over what is owed; without ``prepay`` only over what has fallen due."""
    due, left = due_of(state), amount_fen
    paid: dict[int, list[int]] = {}
    steps: list[tuple[int, int]] = []
    for row, component in _order(state, due, day, bank):
        if not left:
            break
        fen = min(left, row[1 + component])
        if fen:
            left -= fen
            steps.append((component, fen))
            paid.setdefault(row[0], [0, 0, 0, 0])[component] += fen
    beyond = prepaid(state, left, day) if left and prepay else NOTHING
    return _allocation(paid, tuple(steps), beyond, left)


def allocate_split(state: LoanState, split: tuple[int, int, int, int], amount_fen: int) -> Allocation | None:
    """The core's own split (penalty, compound, interest, principal), oldest rows first in each; None if it does not
    fit what fell due, or does not add up."""
    due = due_of(state)
    paid: dict[int, list[int]] = {}
    steps: list[tuple[int, int]] = []
    if sum(split) > amount_fen or min(split) < 0:
        return None
    for component, wanted in zip(COMPONENTS, split, strict=True):
        for row in due:
            fen = min(wanted, row[1 + component])
            if fen:
                wanted -= fen
                steps.append((component, fen))
                paid.setdefault(row[0], [0, 0, 0, 0])[component] += fen
        if wanted:
            return None
    return _allocation(paid, tuple(steps), NOTHING, amount_fen - sum(split))


def due_of(state: LoanState) -> Due:
    """What has fallen due and is unpaid, oldest first; row 0 before them."""
    due: Due = []
    misuse = state.misuse
    if misuse is not None and misuse.fen > misuse.fen_paid:
        due.append([0, misuse.fen - misuse.fen_paid, 0, 0, 0])
    for index in range(state.first_unpaid, state.fallen):
        row = state.rows[index]
        due.append(
            [
                index + 1,
                row.penalty_fen - row.penalty_fen_paid,
                row.compound_fen - row.compound_fen_paid,
                row.interest_fen - row.interest_fen_paid,
                row.principal_fen - row.principal_fen_paid,
            ]
        )
    return due


def due_fen(state: LoanState) -> int:
    """What has fallen due and is unpaid, penalty and compound included."""
    return sum(sum(row[1:]) for row in due_of(state))


def payoff_fen(state: LoanState, day: date) -> int:
    """What settles the loan on ``day``, the days before it closed; interest excludes that day, a fee is included."""
    return due_fen(state) + payoff_beyond_fen(state, day)


def _order(state: LoanState, due: Due, day: date, bank: BankTerms) -> Iterator[tuple[list[int], int]]:
    if state.non_accrual and bank.non_accrual_principal_first:
        return ((row, component) for component in PRINCIPAL_FIRST for row in due)
    if _rule(state, day) == "by_component":
        return ((row, component) for component in COMPONENTS for row in due)
    return ((row, component) for row in due for component in COMPONENTS)


def _rule(state: LoanState, day: date) -> str:
    """By the bucket of overdue days if the terms have buckets, else the terms' order."""
    terms, rule = state.terms, state.terms.allocation
    if terms.allocation_overdue and state.overdue:
        days = (day - state.rows[state.first_unpaid].due).days
        for from_days, order in terms.allocation_overdue:
            if days >= from_days:
                rule = order
    return rule


def _allocation(
    paid: dict[int, list[int]], steps: tuple[tuple[int, int], ...], beyond: Prepaid, left_fen: int
) -> Allocation:
    parts = tuple(Part(no, p[PENALTY], p[INTEREST], p[PRINCIPAL], p[COMPOUND]) for no, p in sorted(paid.items()))
    return Allocation(
        parts,
        sum(part.penalty_fen for part in parts),
        sum(part.compound_fen for part in parts),
        sum(part.interest_fen for part in parts) + beyond.interest_fen,
        sum(part.principal_fen for part in parts) + beyond.principal_fen,
        beyond.interest_fen,
        beyond.principal_fen,
        beyond.fee_fen,
        left_fen - beyond.interest_fen - beyond.principal_fen - beyond.fee_fen,
        steps,
    )
