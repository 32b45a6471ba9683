"""罚息, 复利 and 挪用罚息 as functions of time: what an overdue row and a misused balance bear for the days before one.

Penalty takes the place of contract interest on overdue principal, from the due date (inclusive) to the day paid
(exclusive). Compound runs on unpaid contract interest from the due date, at the contract rate until maturity and the
penalty rate after it, or at the penalty rate throughout; with ``compound_on`` all also on penalty and compound that
were charged up to the last compounding day. Misuse: the heavier of its rate and the other only.
"""

from datetime import date

from actors.loan.interest import micro_between
from actors.loan.state import MICRO_PER_FEN, Instalment, LoanState
from actors.schedule.due_dates import add_months
from actors.schedule.rounding import round_ratio


def penalty_micro_as_of(row: Instalment, morning: date, state: LoanState) -> int:
    """Penalty of an overdue row for its days before ``morning``, in micro-yuan."""
    terms = state.terms
    unpaid, start = row.principal_fen - row.principal_fen_paid, row.penalty_from or row.due
    return row.penalty_micro + micro_between(unpaid, terms.penalty_e10, start, morning, terms.plan.day_count)


def penalty_fen_as_of(row: Instalment, morning: date, state: LoanState) -> int:
    return round_ratio(penalty_micro_as_of(row, morning, state), MICRO_PER_FEN, state.terms.plan.rounding)


def compound_micro_as_of(row: Instalment, morning: date, state: LoanState) -> int:
    """Compound of an overdue row for its days before ``morning``, in micro-yuan."""
    terms, start = state.terms, row.compound_from or row.due
    base = row.interest_fen - row.interest_fen_paid + row.compound_base_fen
    if not base:
        return row.compound_micro
    count, matures = terms.plan.day_count, state.matures_on
    if terms.compound_rate == "penalty" or matures is None or start >= matures:
        return row.compound_micro + micro_between(base, terms.penalty_e10, start, morning, count)
    grown = micro_between(base, terms.annual_e10, start, min(morning, matures), count)
    if morning > matures:
        grown += micro_between(base, terms.penalty_e10, matures, morning, count)
    return row.compound_micro + grown


def compound_fen_as_of(row: Instalment, morning: date, state: LoanState) -> int:
    return round_ratio(compound_micro_as_of(row, morning, state), MICRO_PER_FEN, state.terms.plan.rounding)


def compounding_day_after(row: Instalment, day: date, every: int) -> date:
    """The first compounding day of a row later than ``day``: every ``every`` months from its due date."""
    months = every
    while (found := add_months(row.due, months, row.due.day)) <= day:
        months += every
    return found


def compound_base_on(row: Instalment, morning: date, state: LoanState, compound_fen: int) -> int:
    """The new base beside the unpaid interest when ``morning`` is a compounding day, else the old one.

    ``compound_fen``: the row's compound as of ``morning``, that of this close included.
    """
    terms = state.terms
    if (
        terms.compound_on != "all"
        or compounding_day_after(row, morning - date.resolution, terms.compound_months) != morning
    ):
        return row.compound_base_fen
    penalty = penalty_fen_as_of(row, morning, state) - row.penalty_fen_paid
    return penalty + compound_fen - row.compound_fen_paid


def misuse_micro_as_of(state: LoanState, morning: date) -> int:
    """Extra penalty of a misused balance for the days before ``morning``, beyond what the schedule and the penalty for
    arrears charge anyway: misuse rate less contract rate on the part not due, less penalty rate on the overdue part.
    """
    misuse, terms = state.misuse, state.terms
    assert misuse is not None
    held = min(misuse.amount_fen, state.principal_fen_outstanding)
    not_due = min(held, state.balance_fen)
    count = terms.plan.day_count
    grown = micro_between(not_due, terms.misuse_e10 - terms.annual_e10, misuse.segment_from, morning, count)
    heavier = terms.misuse_e10 - terms.penalty_e10
    if heavier > 0:
        grown += micro_between(held - not_due, heavier, misuse.segment_from, morning, count)
    return misuse.micro + grown


def misuse_fen_as_of(state: LoanState, morning: date) -> int:
    return round_ratio(misuse_micro_as_of(state, morning), MICRO_PER_FEN, state.terms.plan.rounding)
