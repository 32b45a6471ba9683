"""等额本息: the equal instalment, as an exact fraction rounded once, to the fen or to the product's step.

A = P (1+r1)(1+r2)..(1+rn) / f with f = 1, then f = 1 + f (1+rk) for k = 2..n; where every period bears the same r this
is P r (1+r)^n / ((1+r)^n - 1). Without interest P / n.
"""

from collections.abc import Sequence
from functools import lru_cache

from actors.schedule.rounding import round_ratio, round_step
from actors.schedule.shares import Share
from actors.schedule.terms import RATE_SCALE, PlanTerms


@lru_cache(maxsize=4096)
def _of_equal(annual_e10: int, share: Share, periods: int) -> tuple[int, int]:
    """A / P as (numerator, denominator) when all periods bear the same share of a year."""
    scale = RATE_SCALE * share[1]
    rate = annual_e10 * share[0]
    if not rate:
        return 1, periods
    grown, whole = (scale + rate) ** periods, scale**periods
    return rate * grown, scale * (grown - whole)


@lru_cache(maxsize=512)
def _of_unequal(annual_e10: int, shares: tuple[Share, ...]) -> tuple[int, int]:
    part, year = shares[0]
    first = RATE_SCALE * year
    grown = first + annual_e10 * part
    sums, scales = 1, 1
    for part, year in shares[1:]:
        scale = RATE_SCALE * year
        growth = scale + annual_e10 * part
        scales *= scale
        sums = scales + sums * growth
        grown *= growth
    return grown, first * sums


def instalment_fen(balance_fen: int, annual_e10: int, shares: Sequence[Share], terms: PlanTerms) -> int:
    """A of ``balance_fen`` over the periods that bear ``shares``; a step too large to leave anything is not applied."""
    if shares.count(shares[0]) == len(shares):
        numerator, denominator = _of_equal(annual_e10, shares[0], len(shares))
    else:
        numerator, denominator = _of_unequal(annual_e10, tuple(shares))
    return to_step(balance_fen * numerator, denominator, terms)


def to_step(numerator: int, denominator: int, terms: PlanTerms) -> int:
    """A fraction of fen rounded to fen, then to the instalment's step where there is one."""
    fen = round_ratio(numerator, denominator, terms.rounding)
    if terms.instalment_step_fen > 1:
        return round_step(fen, terms.instalment_step_fen, terms.rounding) or fen
    return fen
