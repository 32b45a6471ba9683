"""The repayment schedule of a loan: its rows when it is paid out, and from the running period on after a change.

The arithmetic is `actors/schedule`; here is what a loan's state brings to it: the interest of the running period so far
(its segments), the due dates left, the grace left, and what was paid of the running row already.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from actors.loan.events import Planned
from actors.loan.interest import billed_fen, deferring, micro_as_of, micro_between, row_started, share_of_row
from actors.loan.state import MICRO_PER_FEN, RATE_SCALE, Instalment, LoanState, Terms
from actors.schedule.due_dates import anchor_of
from actors.schedule.methods import Task, spread
from actors.schedule.rounding import round_ratio
from actors.schedule.shares import shares_of
from actors.schedule.whole import AT_ONCE as AT_ONCE
from actors.schedule.whole import first_task, planned_rows


class Plan(NamedTuple):
    """``instalment_fen``: the equal instalment, flat too, or the equal principal (0 where the method has none)."""

    instalment_fen: int
    rows: tuple[Instalment, ...]


def plan(terms: Terms, start: date, holidays: Sequence[date] = ()) -> Plan:
    """The schedule of a loan paid out on ``start``; ``holidays`` (ascending) matter only to terms that shift.

    An odd first period bears its own interest while its principal is that of a regular one. Bullet and pay-anytime
    loans have one row at maturity.
    """
    instalment, rows = planned_rows(terms.plan, terms.annual_e10, terms.amount_fen, start, holidays)
    return Plan(instalment, tuple([Instalment(*row) for row in rows]))


def replan(
    state: LoanState, day: date, prepaid_fen: int, interest_fen_paid_now: int
) -> tuple[int, tuple[Planned, ...]]:
    """(instalment, rows) from the running period on after ``prepaid_fen`` of principal was paid on ``day``.

    Begins with the next due date; keeps the term, or the instalment if the terms say so. With nothing left to repay
    only the running row stays, and only if interest was paid on it.
    """
    balance = state.balance_fen - prepaid_fen
    paid = state.rows[state.fallen].interest_fen_paid + interest_fen_paid_now
    if balance == 0:
        return 0, (Planned(0, paid),) if paid else ()
    return _from_running(state, state.terms, day, balance, paid)


def reprice(state: LoanState, terms: Terms, day: date) -> tuple[int, tuple[Planned, ...]]:
    """(instalment, rows) from the running period on when the rate becomes that of ``terms`` on ``day``.

    The running period is split by day; the instalment is recalculated from the next due date and keeps the term.
    ``state`` still has the old terms.
    """
    paid = state.rows[state.fallen].interest_fen_paid
    return _from_running(state, terms, day, state.balance_fen, paid)


def respread(
    state: LoanState, terms: Terms, day: date, dues: Sequence[date], balance_fen: int
) -> tuple[int, tuple[Instalment, ...]]:
    """(instalment, rows) that repay ``balance_fen`` on the new due dates ``dues`` by ``terms`` (展期, 重组).

    The first row bears what the running period has borne before ``day``, too, and keeps what was paid of it. A grace of
    ``terms`` counts from the new rows.
    """
    agreed = terms.plan
    assert state.disbursed_on is not None
    if agreed.method in AT_ONCE:
        dues = dues[-1:]
    task = first_task(agreed, terms.annual_e10, balance_fen, day, dues, anchor_of(agreed, state.disbursed_on))
    so_far, paid = micro_as_of(state, day), 0
    if state.fallen < len(state.rows):
        paid = state.rows[state.fallen].interest_fen_paid
    if so_far or agreed.method in AT_ONCE:
        own = task.first_fen if task.first_fen is not None else task.interest_fen(balance_fen, 0)
        task = task._replace(first_fen=own + round_ratio(so_far, MICRO_PER_FEN, agreed.rounding))
    done = spread(task._replace(principal_grace=agreed.principal_grace, interest_grace=agreed.interest_grace))
    rows = _paid_in_grace([Planned(*row) for row in done.rows], paid)
    return done.instalment_fen, tuple(
        Instalment(due, row.principal_fen, row.interest_fen, 0, 0 if index else paid)
        for index, (due, row) in enumerate(zip(dues, rows, strict=False))
    )


def _from_running(
    state: LoanState, terms: Terms, day: date, balance_fen: int, paid_fen: int
) -> tuple[int, tuple[Planned, ...]]:
    """Rows of ``balance_fen`` from the running period on, at the rate of ``terms`` from ``day`` on.

    ``paid_fen``: what was paid of the running row's interest; a row in interest grace is billed just that.
    """
    agreed, left = terms.plan, state.rows[state.fallen :]
    started = row_started(state, state.fallen)
    assert state.disbursed_on is not None
    anchor = anchor_of(agreed, state.disbursed_on)
    dues = [row.due for row in left]
    if state.fallen == 0:
        task = first_task(agreed, terms.annual_e10, balance_fen, started, dues, anchor)
    else:
        shares = shares_of(agreed, started, dues, anchor, first=False)
        task = Task(agreed, terms.annual_e10, balance_fen, shares)
    keep = terms is state.terms and agreed.prepay_keeps == "instalment"
    grace = _grace_left(state)
    task = task._replace(
        instalment_fen=state.instalment_fen if keep else 0,
        first_fen=_running_interest(state, terms, day, balance_fen),
        principal_grace=grace[0],
        interest_grace=grace[1],
        first_counts=0 < agreed.interest_grace == state.fallen,
        flat_fen=_flat_left(state, terms, balance_fen) if agreed.method == "flat" else (),
    )
    done = spread(task)
    return done.instalment_fen, tuple(_paid_in_grace([Planned(*row) for row in done.rows], paid_fen))


def _paid_in_grace(rows: list[Planned], paid_fen: int) -> list[Planned]:
    """What was paid of a first row that is billed less is billed with it, and taken off the row it is deferred into."""
    excess = paid_fen - rows[0].interest_fen
    if excess > 0:
        for index, row in enumerate(rows[1:], 1):
            if row.interest_fen >= excess:
                rows[0] = Planned(rows[0].principal_fen, paid_fen)
                rows[index] = Planned(row.principal_fen, row.interest_fen - excess)
                break
    return rows


def _grace_left(state: LoanState) -> tuple[int, int]:
    """How many rows from the running one on have no principal, and no interest, because of a grace."""
    principal, interest, last = state.fallen, state.fallen, len(state.rows) - 1
    if state.terms.plan.principal_grace:
        while principal < last and not state.rows[principal].principal_fen:
            principal += 1
    while deferring(state, interest):
        interest += 1
    return principal - state.fallen, interest - state.fallen


def _running_interest(state: LoanState, terms: Terms, day: date, balance_fen: int) -> int:
    """Interest of the running period with ``balance_fen`` and the rate of ``terms`` from ``day`` on.

    Segments by days; the period's own share when it begins on ``day``. Flat interest: what is left of it, in proportion
    to balance and rate.
    """
    agreed, index = terms.plan, state.fallen
    so_far, due = micro_as_of(state, day), state.rows[index].due
    if agreed.method == "flat":
        up, down = _flat_ratio(state, terms, balance_fen)
        rest = billed_fen(state, index) * MICRO_PER_FEN - so_far
        return round_ratio(so_far * down + max(rest, 0) * up, MICRO_PER_FEN * down, agreed.rounding)
    if day == row_started(state, index):
        part, year = share_of_row(state, index)
        rest = round_ratio(balance_fen * terms.annual_e10 * part, RATE_SCALE * year, agreed.rounding) * MICRO_PER_FEN
    else:
        rest = micro_between(balance_fen, terms.annual_e10, day, due, agreed.day_count)
    return round_ratio(so_far + rest, MICRO_PER_FEN, agreed.rounding)


def _flat_ratio(state: LoanState, terms: Terms, balance_fen: int) -> tuple[int, int]:
    """By what flat interest changes with the balance left and the rate; 1 where there was no rate before."""
    rates = (terms.annual_e10, state.terms.annual_e10) if state.terms.annual_e10 else (1, 1)
    return balance_fen * rates[0], state.balance_fen * rates[1]


def _flat_left(state: LoanState, terms: Terms, balance_fen: int) -> list[int]:
    """Flat interest of each row left, changed by `_flat_ratio`; told by the last row, which no grace changes."""
    last = len(state.rows) - 1
    agreed = state.terms.plan
    billed, (part, year) = state.rows[last].interest_fen, share_of_row(state, last)
    if not state.terms.annual_e10:
        billed = round_ratio(terms.amount_fen * terms.annual_e10 * part, RATE_SCALE * year, agreed.rounding)
    elif agreed.interest_grace >= last:
        billed //= last + 1
    up, down = _flat_ratio(state, terms, balance_fen)
    shares = [share_of_row(state, index) for index in range(state.fallen, last + 1)]
    return [round_ratio(billed * p * year * up, y * part * down, agreed.rounding) for p, y in shares]
