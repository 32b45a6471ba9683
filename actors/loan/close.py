"""日终 of one loan: what the days up to a date bring, as one `DayClosed`, in steps per row and not per day.

For each day: interest accrues; what is due on the next day is billed at its close; a row still unpaid when its grace
has ended becomes overdue, and penalty (罚息) on its unpaid principal counts back to the due date, that day included.
"""

from datetime import date, timedelta
from decimal import Decimal

from actors.loan.events import DayClosed, FellDue, Lapsed, PenaltyAccrued
from actors.loan.interest import fen_as_of, micro_between, vat_within
from actors.loan.state import MICRO_PER_FEN, Instalment, LoanState
from actors.schedule.rounding import round_ratio

ONE_DAY = timedelta(days=1)


def close(state: LoanState, to_date: date, vat_rate: Decimal) -> DayClosed | None:
    """Close every day after ``closed_to`` up to ``to_date``; None when there is none to close."""
    closed = state.closed_to
    if closed is None or to_date <= closed:
        return None
    morning = to_date + ONE_DAY
    due, accrued, accrued_vat, fallen = _fall_due(state, morning, vat_rate)
    lapsed_to = rows_lapsed(state, to_date, fallen)
    lapsed = tuple(
        Lapsed(i + 1, state.rows[i].principal_fen_unpaid)
        for i in range(state.lapsed, lapsed_to)
        if state.rows[i].unpaid_fen
    )
    penalties = _penalties(state, morning, lapsed_to)
    penalty = sum(p.penalty_fen for p in penalties)
    booked = state.penalty_fen_booked
    return DayClosed(
        from_date=closed + ONE_DAY,
        to_date=to_date,
        accrued_fen=accrued,
        accrued_vat_fen=accrued_vat,
        due=due,
        lapsed=lapsed,
        penalties=penalties,
        penalty_vat_fen=vat_within(booked + penalty, vat_rate) - vat_within(booked, vat_rate) if penalty else 0,
    )


def _fall_due(state: LoanState, morning: date, vat_rate: Decimal) -> tuple[tuple[FellDue, ...], int, int, int]:
    """(rows billed, interest accrued, VAT in it, fallen): first the rows due by ``morning``, then the running one.

    VAT follows the accrued interest of the running period: deferred = VAT within what is accrued and not paid.
    """
    due: list[FellDue] = []
    accrued_total = vat_total = 0
    accrued, deferred, index = state.accrued_fen, state.vat_fen_deferred, state.fallen
    while index < len(state.rows) and state.rows[index].due <= morning:
        row = state.rows[index]
        interest = row.interest_fen - row.interest_fen_paid
        vat = vat_within(interest, vat_rate)
        accrued_total += interest - accrued
        vat_total += vat - deferred
        due.append(FellDue(index + 1, row.principal_fen, interest, vat))
        accrued = deferred = 0
        index += 1
    if index < len(state.rows):
        now = _accrued_of_running(state, index, morning)
        vat = vat_within(now, vat_rate)
        accrued_total += now - accrued
        vat_total += vat - deferred
    return tuple(due), accrued_total, vat_total, index


def _accrued_of_running(state: LoanState, index: int, morning: date) -> int:
    """Interest accrued and not paid of row ``index`` as of ``morning``, which lies before its due date."""
    row = state.rows[index]
    if index == state.fallen:
        return fen_as_of(state, morning) - row.interest_fen_paid
    terms = state.terms
    balance = state.balance_fen - sum(r.principal_fen for r in state.rows[state.fallen : index])
    micro = micro_between(balance, terms.annual_e10, state.rows[index - 1].due, morning, terms.plan.day_count)
    return min(round_ratio(micro, MICRO_PER_FEN, terms.plan.rounding), row.interest_fen)


def rows_lapsed(state: LoanState, to_date: date, fallen: int) -> int:
    """How many rows' grace has ended with the close of ``to_date``: due date + grace days lies in closed days."""
    last_due = to_date - timedelta(days=state.terms.grace_days)
    index = state.lapsed
    while index < fallen and state.rows[index].due <= last_due:
        index += 1
    return index


def _penalties(state: LoanState, morning: date, lapsed_to: int) -> tuple[PenaltyAccrued, ...]:
    grown: list[PenaltyAccrued] = []
    for index in range(state.first_unpaid, lapsed_to):
        row = state.rows[index]
        added = penalty_fen_as_of(row, morning, state) - row.penalty_fen
        if added:
            grown.append(PenaltyAccrued(index + 1, added))
    return tuple(grown)


def penalty_micro_as_of(row: Instalment, morning: date, state: LoanState) -> int:
    """Penalty of an overdue row for its days before ``morning``: penalty rate in place of contract interest."""
    terms = state.terms
    unpaid, start = row.principal_fen - row.principal_fen_paid, row.penalty_from or row.due
    return row.penalty_micro + micro_between(unpaid, terms.penalty_e10, start, morning, terms.plan.day_count)


def penalty_fen_as_of(row: Instalment, morning: date, state: LoanState) -> int:
    return round_ratio(penalty_micro_as_of(row, morning, state), MICRO_PER_FEN, state.terms.plan.rounding)
