"""A whole schedule from its terms alone: due dates, shares, rows. What a loan and a trial both begin with."""

from collections.abc import Sequence
from datetime import date

from actors.schedule.due_dates import anchor_of, due_dates
from actors.schedule.methods import Task, spread
from actors.schedule.shares import regular_share, shares_of
from actors.schedule.terms import PlanTerms

AT_ONCE = ("bullet", "pay_anytime")
Dated = tuple[date, int, int]
"""Due date, principal and interest in fen."""


def planned_rows(
    terms: PlanTerms, annual_e10: int, amount_fen: int, start: date, holidays: Sequence[date] = ()
) -> tuple[int, list[Dated]]:
    """(instalment, rows) of ``amount_fen`` paid out on ``start``; ``holidays`` matter only to terms that shift.

    An odd first period bears its own interest while its principal is that of a regular one. Bullet and pay-anytime
    loans have one row at maturity.
    """
    dues = due_dates(terms, start, holidays)
    if terms.method in AT_ONCE:
        dues = dues[-1:]
    nominal = terms.holidays != "shift"
    task = first_task(terms, annual_e10, amount_fen, start, dues, anchor_of(terms, start), nominal=nominal)
    if terms.principal_grace or terms.interest_grace:
        task = task._replace(principal_grace=terms.principal_grace, interest_grace=terms.interest_grace)
    done = spread(task)
    return done.instalment_fen, [(due, *row) for due, row in zip(dues, done.rows, strict=False)]


def first_task(
    terms: PlanTerms,
    annual_e10: int,
    balance_fen: int,
    start: date,
    dues: Sequence[date],
    anchor: int,
    *,
    nominal: bool = False,
) -> Task:
    """The task of periods that begin with the first; where that is odd its principal goes by a regular period."""
    shares = shares_of(terms, start, dues, anchor, first=True, nominal=nominal)
    task = Task(terms, annual_e10, balance_fen, shares)
    if terms.method not in AT_ONCE:
        regular = regular_share(terms, start, dues[0], anchor)
        if regular != shares[0]:
            task = task._replace(first_fen=task.interest_fen(balance_fen, 0))
            shares[0] = regular
    return task
