"""Granting, freezing and unfreezing a credit line; which status allows what stands in lifecycle.LINE_TRANSITIONS."""

from decimal import Decimal, InvalidOperation

from actors.codes import Code
from actors.customer.events import LineFrozen, LineGranted, LineUnfrozen
from actors.customer.line import limits_fen, outstanding_fen
from actors.customer.messages import FreezeLine, GrantLine, UnfreezeLine
from actors.customer.state import CustomerState
from actors.turn import Accepted, Context, Decision, Refused


def grant(state: CustomerState, command: GrantLine, ctx: Context) -> Decision:
    """One line per product: a new grant replaces limit, rate and expiry, and goes on with what is outstanding.

    All live lines together stay within the bank's cap for one borrower. None while a loan blocks draws.
    """
    if state.blocked:
        return Refused(Code.DRAWS_BLOCKED)
    if command.limit_fen <= 0:
        return Refused(Code.BAD_AMOUNT)
    if command.limit_fen > ctx.bank.products[command.product].amount_fen_max:
        return Refused(Code.AMOUNT_OUT_OF_RANGE)
    others_fen = limits_fen(state, ctx.business_date, without=command.product)
    if others_fen + command.limit_fen > ctx.bank.customer_fen_cap:
        return Refused(Code.AMOUNT_OUT_OF_RANGE, {"customer_fen_cap": ctx.bank.customer_fen_cap})
    if not _is_rate(command.annual_rate):
        return Refused(Code.WRONG_TYPE, {"field": "annual_rate"})
    if command.expires_on <= ctx.business_date:
        return Refused(Code.WRONG_TYPE, {"field": "expires_on"})
    granted = LineGranted(
        product=command.product,
        limit_fen=command.limit_fen,
        annual_rate=command.annual_rate,
        expires_on=command.expires_on,
        used_fen=outstanding_fen(state, command.product),
        process_id=command.process_id,
    )
    return Accepted((granted,))


def freeze(command: FreezeLine) -> Decision:
    return Accepted((LineFrozen(product=command.product, reason=command.reason),))


def unfreeze(command: UnfreezeLine) -> Decision:
    return Accepted((LineUnfrozen(product=command.product),))


def _is_rate(text: str) -> bool:
    """Decimal text of a rate per year above zero and below one."""
    try:
        return 0 < Decimal(text) < 1
    except InvalidOperation:
        return False
