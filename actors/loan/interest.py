"""Interest as a pure function of time: micro-yuan by days, whole months by a twelfth; VAT contained in it.

The first day counts, the last does not: interest "as of" a date is that of all days before it. A day's share of a year
by the terms' day count; twelfths of the annual rate only for a whole period with balance and rate unchanged. The close
of days walks from one `Running` period to the next; a row in interest grace hands its interest on to the next.
"""

from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from actors.loan.state import MICRO_PER_FEN, RATE_SCALE, LoanState
from actors.schedule.day_count import year_part
from actors.schedule.due_dates import anchor_of
from actors.schedule.rounding import round_ratio
from actors.schedule.shares import Share, share_of, shares_of
from actors.schedule.terms import DayCount

_MICRO_SCALE = RATE_SCALE // MICRO_PER_FEN


def rate_e10(rate: Decimal) -> int | None:
    """The annual rate as an integer of 10^-10; None when it has more digits than that or is negative."""
    scaled = rate * RATE_SCALE
    whole = int(scaled.to_integral_value(ROUND_FLOOR))
    return whole if scaled == whole and whole >= 0 else None


def micro_between(balance_fen: int, annual_e10: int, start: date, end: date, count: DayCount) -> int:
    """balance x share of a year x annual in whole micro-yuan, rounded down; negative when ``end`` is before."""
    part, year = year_part(start, end, count)
    return balance_fen * part * annual_e10 // (_MICRO_SCALE * year)


class Running(NamedTuple):
    """A running period: row ``no`` (from 0), ``micro`` accrued before ``since``, ``balance_fen`` bears interest since.

    ``micro`` holds what earlier rows in interest grace left to this one; what was paid of the row is part of it.
    """

    no: int
    since: date
    micro: int
    balance_fen: int


def running(state: LoanState) -> Running:
    """The period that runs after ``closed_to``."""
    assert state.segment_from is not None
    return Running(state.fallen, state.segment_from, state.segment_micro, state.balance_fen)


def row_started(state: LoanState, index: int) -> date:
    """Where the period of row ``index`` begins."""
    started = state.rows[index - 1].due if index else state.disbursed_on
    assert started is not None
    return started


def share_of_row(state: LoanState, index: int) -> Share:
    """The share of a year that row ``index`` bears with balance and rate unchanged."""
    assert state.disbursed_on is not None
    plan, started = state.terms.plan, row_started(state, index)
    if plan.method in ("bullet", "pay_anytime"):
        return shares_of(plan, started, (state.rows[index].due,), 0, first=True)[0]
    anchor = anchor_of(plan, state.disbursed_on)
    return share_of(plan, started, state.rows[index].due, anchor, first=index == 0)


def deferring(state: LoanState, index: int) -> bool:
    """Whether row ``index`` lies in interest grace: none of it is unpaid, what it bears falls into a later row."""
    if not state.terms.plan.interest_grace or index >= len(state.rows) - 1:
        return False
    return state.rows[index].interest_fen_unpaid <= 0


def billed_fen(state: LoanState, index: int) -> int:
    """The interest that is billed for the days of row ``index``: its own, or that of the row it is deferred into."""
    billed = state.rows[index].interest_fen
    while deferring(state, index):
        index += 1
        billed += state.rows[index].interest_fen
    return billed


def micro_at(state: LoanState, run: Running, day: date) -> int:
    """Interest of ``run`` for its days before ``day``, in micro-yuan, whether paid or not.

    Flat interest is no share of the balance: what is billed runs evenly from day to day.
    """
    plan = state.terms.plan
    if plan.method != "flat":
        return run.micro + micro_between(run.balance_fen, state.terms.annual_e10, run.since, day, plan.day_count)
    last = run.no
    while deferring(state, last):
        last += 1
    days = (state.rows[last].due - run.since).days
    rest = billed_fen(state, run.no) * MICRO_PER_FEN - run.micro
    return run.micro + (rest * (day - run.since).days // days if days else rest)


def accrued_at(state: LoanState, run: Running, day: date) -> int:
    """Interest of ``run`` as of ``day`` (not after its due date) in fen: never more than is billed, and on the due date
    exactly that, unless the row lies in interest grace."""
    row = state.rows[run.no]
    if day >= row.due:
        return _deferred(state, run) if deferring(state, run.no) else row.interest_fen
    micro = micro_at(state, run, day)
    return min(round_ratio(micro, MICRO_PER_FEN, state.terms.plan.rounding), billed_fen(state, run.no))


def after_due(state: LoanState, run: Running) -> Running:
    """The period after ``run`` has fallen due; interest that is deferred goes with it, less what was paid of it."""
    row = state.rows[run.no]
    micro = (_deferred(state, run) - row.interest_fen) * MICRO_PER_FEN if deferring(state, run.no) else 0
    return Running(run.no + 1, row.due, micro, run.balance_fen - row.principal_fen)


def _deferred(state: LoanState, run: Running) -> int:
    """Interest of a whole row in interest grace, in fen, with what it took over; at most what will be billed."""
    row, terms = state.rows[run.no], state.terms
    if terms.plan.method != "flat" and run.since == row_started(state, run.no):
        part, year = share_of_row(state, run.no)
        own = round_ratio(run.balance_fen * terms.annual_e10 * part, RATE_SCALE * year, terms.plan.rounding)
        fen = round_ratio(run.micro, MICRO_PER_FEN, terms.plan.rounding) + own
    else:
        fen = round_ratio(micro_at(state, run, row.due), MICRO_PER_FEN, terms.plan.rounding)
    return min(fen, billed_fen(state, run.no))


def micro_as_of(state: LoanState, day: date) -> int:
    """Contract interest of the running period for its days before ``day``, in micro-yuan, whether paid or not."""
    if state.fallen >= len(state.rows):
        return state.segment_micro
    return micro_at(state, running(state), day)


def fen_as_of(state: LoanState, day: date) -> int:
    """`micro_as_of` in fen, never more than what is billed for it; on the due date exactly the row's interest."""
    return accrued_at(state, running(state), day) if state.fallen < len(state.rows) else 0


def vat_within(gross_fen: int, vat_rate: Decimal) -> int:
    """VAT contained in a gross sum: gross x rate / (1 + rate), HALF_UP."""
    rate = rate_e10(vat_rate)
    assert rate is not None, vat_rate
    return round_ratio(gross_fen * rate, RATE_SCALE + rate, "HALF_UP")
