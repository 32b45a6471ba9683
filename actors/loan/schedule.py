"""The repayment schedule: due dates and rows when the loan is paid out, new rows after a partial prepayment.

A method is one branch of `_rows`: given balance, dates left and the interest of the running period, it says how
principal and interest spread. The running period's interest (odd days, segments) is the same for every method.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from actors.loan import equal_instalment
from actors.loan.due_dates import is_whole_month, monthly
from actors.loan.events import Planned
from actors.loan.interest import fen_between, fen_of_month, micro_as_of, micro_between
from actors.loan.state import MICRO_PER_FEN, Instalment, LoanState, Terms
from actors.schedule.rounding import round_ratio


class Plan(NamedTuple):
    """``instalment_fen``: the equal instalment (0 where the method has none)."""

    instalment_fen: int
    rows: tuple[Instalment, ...]


def plan(terms: Terms, start: date) -> Plan:
    """The schedule of a loan paid out on ``start``: ``periods`` months; a bullet has one row at maturity.

    An odd first period bears interest by days while its principal is that of a whole month.
    """
    dues = monthly(start, terms.plan.periods, terms.plan.due_day, terms.plan.first_period_days_min)
    if terms.plan.method == "bullet":
        dues = dues[-1:]
        first = fen_between(terms.amount_fen, start, dues[0], terms)
    elif is_whole_month(start, dues[0], terms.plan.due_day):
        first = fen_of_month(terms.amount_fen, terms.annual_e10, terms.plan.rounding)
    else:
        first = fen_between(terms.amount_fen, start, dues[0], terms)
    instalment, rows = _rows(terms, terms.amount_fen, dues, 0, first)
    return Plan(
        instalment,
        tuple(Instalment(due, row.principal_fen, row.interest_fen) for due, row in zip(dues, rows, strict=False)),
    )


def replan(
    state: LoanState, day: date, prepaid_fen: int, interest_fen_paid_now: int
) -> tuple[int, tuple[Planned, ...]]:
    """(instalment, rows) from the running period on after ``prepaid_fen`` of principal was paid on ``day``.

    Begins with the next due date; keeps the term, or the instalment if the terms say so. With nothing left to repay
    only the running row stays, and only if interest was paid on it.
    """
    terms, left = state.terms, state.rows[state.fallen :]
    balance = state.balance_fen - prepaid_fen
    paid = left[0].interest_fen_paid + interest_fen_paid_now
    if balance == 0:
        return 0, (Planned(0, paid),) if paid else ()
    dues = [row.due for row in left]
    keep = state.instalment_fen if terms.plan.prepay_keeps == "instalment" else 0
    instalment, rows = _rows(terms, balance, dues, keep, _running_interest(state, day, balance))
    return instalment, tuple(rows)


def _running_interest(state: LoanState, day: date, balance_fen: int) -> int:
    """Interest of the running period when its balance is ``balance_fen`` from ``day`` on: segments by days, or a
    twelfth when the period is a whole month and begins on ``day``."""
    terms, row = state.terms, state.rows[state.fallen]
    started = state.rows[state.fallen - 1].due if state.fallen else state.disbursed_on
    assert started is not None
    whole = terms.plan.method != "bullet" and (state.fallen > 0 or is_whole_month(started, row.due, terms.plan.due_day))
    if whole and started == day:
        return fen_of_month(balance_fen, terms.annual_e10, terms.plan.rounding)
    rest = micro_between(balance_fen, terms.annual_e10, day, row.due, terms.plan.day_count)
    return round_ratio(micro_as_of(state, day) + rest, MICRO_PER_FEN, terms.plan.rounding)


def _rows(
    terms: Terms, balance_fen: int, dues: Sequence[date], instalment_fen: int, running_interest_fen: int
) -> tuple[int, list[Planned]]:
    """(instalment, rows) that repay ``balance_fen``; ``instalment_fen`` 0: to be computed for ``len(dues)`` rows."""
    match terms.plan.method:
        case "equal_instalment":
            instalment = instalment_fen or _equal(terms, balance_fen, len(dues))
            rows = equal_instalment.rows(balance_fen, len(dues), instalment, terms)
        case "bullet":
            instalment, rows = 0, [Planned(balance_fen, 0)]
        case other:
            raise NotImplementedError(other)
    if len(dues) > 1 or terms.plan.last_row != "keep_instalment" or terms.plan.method == "bullet":
        rows[0] = Planned(rows[0].principal_fen, running_interest_fen)
    return instalment, rows


def _equal(terms: Terms, balance_fen: int, periods: int) -> int:
    instalment = equal_instalment.instalment_fen(balance_fen, terms.annual_e10, periods, terms.plan.rounding)
    if terms.plan.last_row == "smooth":
        return equal_instalment.smoothed(balance_fen, periods, instalment, terms)
    return instalment
