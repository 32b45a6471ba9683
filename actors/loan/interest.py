"""Interest as a pure function of time: micro-yuan by days, whole months by a twelfth; VAT contained in it.

The first day counts, the last does not: interest "as of" a date is that of all days before it. A day's share of a year
by the terms' day count; a twelfth of the annual rate only for a whole month with balance and rate unchanged.
"""

from datetime import date
from decimal import ROUND_FLOOR, Decimal

from actors.loan.state import MICRO_PER_FEN, RATE_SCALE, LoanState, Terms
from actors.schedule.day_count import year_part
from actors.schedule.rounding import round_ratio
from actors.schedule.terms import DayCount, Rounding

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


def fen_between(balance_fen: int, start: date, end: date, terms: Terms) -> int:
    """balance x share of a year x annual, rounded once to fen."""
    part, year = year_part(start, end, terms.plan.day_count)
    return round_ratio(balance_fen * part * terms.annual_e10, RATE_SCALE * year, terms.plan.rounding)


def fen_of_month(balance_fen: int, annual_e10: int, rounding: Rounding) -> int:
    """balance x annual / 12, rounded once to fen."""
    return round_ratio(balance_fen * annual_e10, RATE_SCALE * 12, rounding)


def micro_as_of(state: LoanState, day: date) -> int:
    """Contract interest of the running period for its days before ``day``, in micro-yuan, whether paid or not."""
    assert state.segment_from is not None
    terms = state.terms
    grown = micro_between(state.balance_fen, terms.annual_e10, state.segment_from, day, terms.plan.day_count)
    return state.segment_micro + grown


def fen_as_of(state: LoanState, day: date) -> int:
    """`micro_as_of` in fen, never more than the row's interest; on the due date exactly that."""
    if state.fallen >= len(state.rows):
        return 0
    row = state.rows[state.fallen]
    if day >= row.due:
        return row.interest_fen
    return min(round_ratio(micro_as_of(state, day), MICRO_PER_FEN, state.terms.plan.rounding), row.interest_fen)


def vat_within(gross_fen: int, vat_rate: Decimal) -> int:
    """VAT contained in a gross sum: gross x rate / (1 + rate), HALF_UP."""
    rate = rate_e10(vat_rate)
    assert rate is not None, vat_rate
    return round_ratio(gross_fen * rate, RATE_SCALE + rate, "HALF_UP")
