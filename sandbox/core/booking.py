"""How the core books what it is told, by the bank's mode: the accounts of its own vouchers.

| mode | pay-out | debit |
| --- | --- | --- |
| instructed | 1303 / 2011 | 2011 / 1303, 1132.01, 1132.02, 1132.03, 6021 by the order's split |
| core_calculated | 1303 / 2011 | the same accounts by the core's own split (sandbox/core/reckon.py), surplus to 2241 |
| gl_summary | 3001 / 2011 | 2011 / 3001: the thin core knows no loans, their ledger comes in daily vouchers |

A surplus goes back by 2241 / 2011, in gl_summary by 3001 / 2011.
"""

from typing import Final

from sandbox.core import codes
from sandbox.core.ledger import CLEARING, COMPOUND, DEPOSITS, FEES, INTEREST, LOANS, PENALTY, SUSPENSE, Line, is_account
from sandbox.core.records import Order, Split

INSTRUCTED: Final = "instructed"
CALCULATED: Final = "core_calculated"
THIN: Final = "gl_summary"
MODES: Final = (INSTRUCTED, CALCULATED, THIN)

PRINCIPAL_ITEM, INTEREST_ITEM, PENALTY_ITEM = "PRINCIPAL", "INTEREST", "PENALTY"
COMPOUND_ITEM, FEE_ITEM = "COMPOUND", "FEE"


class CoreRefusal(Exception):
    """A business refusal with a code of sandbox/core/codes.py; becomes the instruction's stored failure."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def paid_out_lines(mode: str, amount_fen: int) -> list[Line]:
    return [Line(CLEARING if mode == THIN else LOANS, amount_fen, 0), Line(DEPOSITS, 0, amount_fen)]


def refunded_lines(mode: str, amount_fen: int) -> list[Line]:
    return [Line(CLEARING if mode == THIN else SUSPENSE, amount_fen, 0), Line(DEPOSITS, 0, amount_fen)]


def debited_lines(mode: str, taken_fen: int, split: Split) -> list[Line]:
    parts = ((CLEARING, taken_fen),) if mode == THIN else _parts(split)
    return [Line(DEPOSITS, taken_fen, 0)] + [Line(account, 0, part) for account, part in parts if part]


def _parts(split: Split) -> tuple[tuple[str, int], ...]:
    return (
        (LOANS, split.principal_fen),
        (INTEREST, split.interest_fen),
        (PENALTY, split.penalty_fen),
        (COMPOUND, split.compound_fen),
        (FEES, split.fee_fen),
        (SUSPENSE, split.surplus_fen),
    )


def ordered_split(order: Order, taken_fen: int) -> Split:
    """The order's own split of ``taken_fen``; an allocation that is not the split is refused."""
    principal, interest, penalty = order.parts
    steps = order.allocation or (
        (FEE_ITEM, order.fee_fen),
        (PENALTY_ITEM, penalty),
        (COMPOUND_ITEM, order.compound_fen),
        (INTEREST_ITEM, interest),
        (PRINCIPAL_ITEM, principal),
    )
    told = Split(principal, interest, penalty, order.compound_fen, order.fee_fen)
    if min(order.parts) < 0 or order.compound_fen < 0 or order.fee_fen < 0 or _served(steps, order.amount_fen) != told:
        raise CoreRefusal(codes.BAD_AMOUNT)
    return _served(steps, taken_fen)


def _served(steps: tuple[tuple[str, int], ...], taken_fen: int) -> Split:
    """What of ``taken_fen`` goes to each item when the steps are served one after the other."""
    booked = {PRINCIPAL_ITEM: 0, INTEREST_ITEM: 0, PENALTY_ITEM: 0, COMPOUND_ITEM: 0, FEE_ITEM: 0}
    for item, wanted_fen in steps:
        if item not in booked or wanted_fen < 0:
            raise CoreRefusal(codes.BAD_AMOUNT)
        served = min(wanted_fen, taken_fen)
        booked[item] += served
        taken_fen -= served
    return Split(
        booked[PRINCIPAL_ITEM],
        booked[INTEREST_ITEM],
        booked[PENALTY_ITEM],
        booked[COMPOUND_ITEM],
        booked[FEE_ITEM],
        taken_fen,
    )


def check_voucher(order: Order) -> None:
    """A daily voucher must balance, name accounts of this ledger and say its total (of the debits) right."""
    if not order.lines or not all(is_account(line.account) for line in order.lines):
        raise CoreRefusal(codes.NO_GL_ACCOUNT)
    if any(line.debit_fen and line.credit_fen for line in order.lines):
        raise CoreRefusal(codes.UNBALANCED)
    debit, credit = (sum(line.debit_fen for line in order.lines), sum(line.credit_fen for line in order.lines))
    if debit != credit or debit != order.amount_fen:
        raise CoreRefusal(codes.UNBALANCED)
