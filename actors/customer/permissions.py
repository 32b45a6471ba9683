"""Consents (授权) that the person gives, and white lists (白名单) that the bank keeps."""

import re

from actors.codes import Code
from actors.customer.events import ConsentGiven, ConsentWithdrawn, WhiteListed, WhiteListEnded
from actors.customer.messages import GiveConsent, PutOnWhiteList, TakeOffWhiteList, WithdrawConsent
from actors.customer.state import CustomerState
from actors.turn import Accepted, Context, Decision, Refused

PURPOSES = frozenset({"bureau", "tax", "face", "contact"})
VERSION_LENGTH_MAX = 32
RATE_BP_MAX = 1_000
"""A list's own rate differs from the product's by 10 % a year at most; more is a wrong unit."""

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def give_consent(command: GiveConsent, ctx: Context) -> Decision:
    """A newer one replaces the older of the same purpose; the journal keeps both."""
    sound = (
        command.purpose in PURPOSES
        and 0 < len(command.version) <= VERSION_LENGTH_MAX
        and command.valid_until >= ctx.business_date
    )
    if not sound:
        return Refused(Code.BAD_CONSENT)
    if not _SHA256.fullmatch(command.text_hash):
        return Refused(Code.BAD_HASH)
    given = ConsentGiven(
        purpose=command.purpose,
        version=command.version,
        text_hash=command.text_hash,
        valid_until=command.valid_until,
        on=ctx.business_date,
        at_ms=ctx.now_ms,
    )
    return Accepted((given,))


def withdraw_consent(state: CustomerState, command: WithdrawConsent, ctx: Context) -> Decision:
    if valid_version(state, command.purpose, ctx) == "":
        return Refused(Code.CONSENT_MISSING)
    return Accepted((ConsentWithdrawn(purpose=command.purpose),))


def valid_version(state: CustomerState, purpose: str, ctx: Context) -> str:
    """Version of the consent that holds on the business date, "" when there is none."""
    consent = state.consents.get(purpose)
    holds = consent is not None and not consent.withdrawn and ctx.business_date <= consent.valid_until
    return consent.version if consent is not None and holds else ""


def put_on_white_list(command: PutOnWhiteList, ctx: Context) -> Decision:
    """A newer entry replaces the older of the same product."""
    product = ctx.bank.products.get(command.product)
    if product is None:
        return Refused(Code.UNKNOWN_PRODUCT)
    if command.limit_fen <= 0:
        return Refused(Code.BAD_AMOUNT)
    if command.limit_fen > product.amount_fen_max:
        return Refused(Code.AMOUNT_OUT_OF_RANGE)
    if abs(command.rate_bp) > RATE_BP_MAX:
        return Refused(Code.WRONG_TYPE, {"field": "rate_bp"})
    if command.valid_until < ctx.business_date:
        return Refused(Code.WRONG_TYPE, {"field": "valid_until"})
    listed = WhiteListed(
        product=command.product,
        limit_fen=command.limit_fen,
        rate_bp=command.rate_bp,
        valid_until=command.valid_until,
        batch=command.batch,
    )
    return Accepted((listed,))


def take_off_white_list(state: CustomerState, command: TakeOffWhiteList) -> Decision:
    if command.product not in state.white_list:
        return Refused(Code.NOT_ON_WHITE_LIST)
    return Accepted((WhiteListEnded(product=command.product),))
