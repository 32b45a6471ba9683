"""综合年化成本: the yearly rate at which what the customer pays equals what the customer gets (IRR, actual/365)."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, localcontext

CashFlow = tuple[date, int]
"""A day and the fen the customer gets (positive) or pays (negative)."""
_TOLERANCE = Decimal("1e-14")
_ROUNDS_MAX = 60


def irr_annual(flows: Sequence[CashFlow]) -> Decimal:
    """Effective yearly rate x with sum of flow / (1+x)^(days/365) = 0, to 10^-6.

    Newton's method on the daily discount factor v = (1+x)^(-1/365), in decimals; the first flow is the pay-out.
    """
    start = flows[0][0]
    terms = [((day - start).days, Decimal(fen)) for day, fen in flows]
    with localcontext() as context:
        context.prec = 24
        v = Decimal(1)
        for _ in range(_ROUNDS_MAX):
            value = slope = Decimal(0)
            for days, fen in terms:
                power = v ** (days - 1) if days else Decimal(0)
                slope += fen * days * power
                value += fen * power * v if days else fen
            if not slope:
                break
            step = value / slope
            v -= step
            if abs(step) < _TOLERANCE:
                break
        return (v**-365 - 1).quantize(Decimal("0.000001"))


def irr_of(start: date, amount_fen: int, payments: Iterable[CashFlow], fees_fen: int = 0) -> Decimal:
    """The IRR of a loan paid out on ``start`` less ``fees_fen`` kept back, repaid by ``payments`` (all positive)."""
    return irr_annual([(start, amount_fen - fees_fen), *((day, -fen) for day, fen in payments)])


def effective_of(annual_rate: Decimal, times_a_year: int) -> Decimal:
    """The effective yearly rate of a nominal one that is charged ``times_a_year`` times, to 10^-6."""
    with localcontext() as context:
        context.prec = 24
        return ((1 + annual_rate / times_a_year) ** times_a_year - 1).quantize(Decimal("0.000001"))
