"""提前还款 beyond what fell due: how much of a sum is interest, principal and fee (违约金).

Interest: all that is accrued first, then principal; or, with 随借随还 "on what is repaid", the share of the accrued
interest that belongs to the principal repaid. Fee: the tier's share of the principal prepaid, HALF_UP.
"""

from datetime import date
from typing import NamedTuple

from actors.loan.interest import rate_e10
from actors.loan.state import RATE_SCALE, LoanState
from actors.schedule.rounding import round_ratio


class Prepaid(NamedTuple):
    interest_fen: int
    principal_fen: int
    fee_fen: int


NOTHING = Prepaid(0, 0, 0)


def fee_rate_e10(state: LoanState, day: date) -> int:
    """The tier of the month of the loan's life in which ``day`` lies (the first month is 1); 0 after the last tier."""
    start = state.disbursed_on
    if not state.terms.prepay_fees or start is None:
        return 0
    month = (day.year - start.year) * 12 + day.month - start.month + (day.day >= start.day)
    for up_to, rate in state.terms.prepay_fees:
        if month <= up_to:
            scaled = rate_e10(rate)
            assert scaled is not None, rate
            return scaled
    return 0


def fee_fen(principal_fen: int, rate: int) -> int:
    return round_ratio(principal_fen * rate, RATE_SCALE, "HALF_UP")


def prepaid(state: LoanState, amount_fen: int, day: date) -> Prepaid:
    """What ``amount_fen`` pays of interest accrued, principal not due and fee; the rest, if any, is surplus."""
    balance, accrued = state.balance_fen, state.accrued_fen
    rate = fee_rate_e10(state, day)
    if _by_share(state):
        return _share(balance, accrued, rate, amount_fen)
    interest = min(amount_fen, accrued)
    left = amount_fen - interest
    principal = min(balance, left if not rate else left * RATE_SCALE // (RATE_SCALE + rate) + 1)
    while principal and principal + fee_fen(principal, rate) > left:
        principal -= 1
    return Prepaid(interest, principal, fee_fen(principal, rate))


def payoff_beyond_fen(state: LoanState, day: date) -> int:
    """What settles the part that has not fallen due: accrued interest, balance and its fee."""
    return state.accrued_fen + state.balance_fen + fee_fen(state.balance_fen, fee_rate_e10(state, day))


def _by_share(state: LoanState) -> bool:
    plan = state.terms.plan
    return plan.method == "pay_anytime" and plan.pay_anytime_interest == "on_repaid" and state.balance_fen > 0


def _share(balance: int, accrued: int, rate: int, amount: int) -> Prepaid:
    """The largest principal that with its share of the interest and its fee fits; a fen that rounding leaves over goes
    to interest."""

    def cost(principal: int) -> tuple[int, int]:
        return round_ratio(accrued * principal, balance, "HALF_UP"), fee_fen(principal, rate)

    principal = min(
        balance, amount * balance * RATE_SCALE // (balance * (RATE_SCALE + rate) + accrued * RATE_SCALE) + 1
    )
    while principal and principal + sum(cost(principal)) > amount:
        principal -= 1
    interest, fee = cost(principal)
    return Prepaid(min(accrued, amount - principal - fee) if principal < balance else interest, principal, fee)
