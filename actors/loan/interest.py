"""Interest as a pure function of time: micro-yuan by days, whole months by a twelfth; VAT contained in it.

The first day counts, the last does not: interest "as of" a date is that of all days before it. Daily = annual / 360
(or the product's day count); a twelfth of the annual rate only for a whole period with balance and rate unchanged.
"""

from datetime import date
from decimal import ROUND_FLOOR, Decimal

from actors.bank import Rounding
from actors.loan.rounding import round_ratio
from actors.loan.state import MICRO_PER_FEN, RATE_SCALE, LoanState, Terms

_MICRO_SCALE = RATE_SCALE // MICRO_PER_FEN


def rate_e10(rate: Decimal) -> int | None:
    """The annual rate as an integer of 10^-10; None when it has more digits than that or is negative."""
    scaled = rate * RATE_SCALE
    whole = int(scaled.to_integral_value(ROUND_FLOOR))
    return whole if scaled == whole and whole >= 0 else None


def micro_by_days(balance_fen: int, annual_e10: int, days: int, day_count: int) -> int:
    """balance x days x annual / day count in whole micro-yuan, rounded down."""
    return balance_fen * days * annual_e10 // (_MICRO_SCALE * day_count)


def fen_by_days(balance_fen: int, days: int, terms: Terms) -> int:
    """balance x days x annual / day count, rounded once to fen."""
    return round_ratio(balance_fen * days * terms.annual_e10, RATE_SCALE * terms.day_count, terms.rounding)


def fen_of_month(balance_fen: int, annual_e10: int, rounding: Rounding) -> int:
    """balance x annual / 12, rounded once to fen."""
    return round_ratio(balance_fen * annual_e10, RATE_SCALE * 12, rounding)


def micro_as_of(state: LoanState, day: date) -> int:
    """Contract interest of the running period for its days before ``day``, in micro-yuan, whether paid or not."""
    assert state.segment_from is not None
    days = (day - state.segment_from).days
    terms = state.terms
    return state.segment_micro + micro_by_days(state.balance_fen, terms.annual_e10, days, terms.day_count)


def fen_as_of(state: LoanState, day: date) -> int:
    """`micro_as_of` in fen, never more than the row's interest; on the due date exactly that."""
    if state.fallen >= len(state.rows):
        return 0
    row = state.rows[state.fallen]
    if day >= row.due:
        return row.interest_fen
    return min(round_ratio(micro_as_of(state, day), MICRO_PER_FEN, state.terms.rounding), row.interest_fen)


def vat_within(gross_fen: int, vat_rate: Decimal) -> int:
    """VAT contained in a gross sum: gross x rate / (1 + rate), HALF_UP."""
    rate = rate_e10(vat_rate)
    assert rate is not None, vat_rate
    return round_ratio(gross_fen * rate, RATE_SCALE + rate, "HALF_UP")
