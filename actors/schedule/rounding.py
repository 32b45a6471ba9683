"""Rounding of exact fractions to whole fen: HALF_UP (default) or HALF_EVEN, in integers only."""

from actors.schedule.terms import Rounding


def round_ratio(numerator: int, denominator: int, rounding: Rounding) -> int:
    """numerator / denominator (>= 0, > 0) to the nearest integer; halves away from zero or to the even neighbour."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and (rounding == "HALF_UP" or quotient & 1)):
        return quotient + 1
    return quotient


def round_step(fen: int, step_fen: int, rounding: Rounding) -> int:
    """``fen`` to the nearest multiple of ``step_fen``."""
    return round_ratio(fen, step_fen, rounding) * step_fen
