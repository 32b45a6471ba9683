"""等额本息: the same instalment every month, interest on what is left, the last row takes the rest.

A = P r (1+r)^n / ((1+r)^n - 1) with r = annual / 12, computed as an exact fraction and rounded once; interest of a row
= round(balance x r); the last row takes the remaining principal and recomputes its interest. Options: it keeps A, or A
is smoothed first.
"""

from functools import lru_cache

from actors.loan.events import Planned
from actors.loan.state import RATE_SCALE, Terms
from actors.schedule.rounding import round_ratio
from actors.schedule.terms import Rounding

MONTHS_SCALE = RATE_SCALE * 12
SMOOTHING_ROUNDS = 3


@lru_cache(maxsize=4096)
def _powers(annual_e10: int, periods: int) -> tuple[int, int]:
    """(1+r)^n as numerator and denominator."""
    return (MONTHS_SCALE + annual_e10) ** periods, MONTHS_SCALE**periods


def instalment_fen(principal_fen: int, annual_e10: int, periods: int, rounding: Rounding) -> int:
    """A, exact until the one rounding; P / n at a rate of zero."""
    if annual_e10 == 0:
        return round_ratio(principal_fen, periods, rounding)
    grown, whole = _powers(annual_e10, periods)
    return round_ratio(principal_fen * annual_e10 * grown, MONTHS_SCALE * (grown - whole), rounding)


def smoothed(balance_fen: int, periods: int, instalment: int, terms: Terms) -> int:
    """The instalment moved by a share of what the last row differs, while that gets smaller; at most three times.

    Only when the last row differs by more than half a fen a row.
    """
    difference = _last_differs(balance_fen, periods, instalment, terms)
    for _ in range(SMOOTHING_ROUNDS):
        if 2 * abs(difference) <= periods:
            break
        share = round_ratio(abs(difference), periods, terms.plan.rounding)
        moved = instalment + (share if difference > 0 else -share)
        after = _last_differs(balance_fen, periods, moved, terms)
        if abs(after) >= abs(difference):
            break
        instalment, difference = moved, after
    return instalment


def _last_differs(balance_fen: int, periods: int, instalment: int, terms: Terms) -> int:
    last = rows(balance_fen, periods, instalment, terms)[-1]
    return last.principal_fen + last.interest_fen - instalment


def rows(balance_fen: int, periods: int, instalment: int, terms: Terms) -> list[Planned]:
    """At most ``periods`` rows that repay ``balance_fen``; fewer when the instalment repays it sooner."""
    rate, half_up = terms.annual_e10, terms.plan.rounding == "HALF_UP"
    keep = terms.plan.last_row == "keep_instalment"
    planned: list[Planned] = []
    for left in range(periods, 0, -1):
        if half_up:
            interest = (2 * balance_fen * rate + MONTHS_SCALE) // (2 * MONTHS_SCALE)
        else:
            interest = round_ratio(balance_fen * rate, MONTHS_SCALE, terms.plan.rounding)
        principal = instalment - interest
        if left == 1 or principal >= balance_fen:
            if keep and left == 1 and instalment >= balance_fen:
                interest = instalment - balance_fen
            planned.append(Planned(balance_fen, interest))
            return planned
        principal = max(principal, 0)
        planned.append(Planned(principal, interest))
        balance_fen -= principal
    return planned
