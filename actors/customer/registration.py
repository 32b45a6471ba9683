"""Registering a person at a bank: checks in the order of the form, personal data sealed before it becomes an event."""

from actors.codes import Code
from actors.customer import identity
from actors.customer.events import CustomerRegistered
from actors.customer.messages import RegisterCustomer, RegisteredView
from actors.turn import Accepted, Context, Decision, Refused

AGE_MIN = 18
"""A person below full age gets no loan; products may ask for more (`Product.age_min`)."""
CONFLICT = "customer_identity"
"""Unique constraint of the table: (bank, identity index)."""


def register(command: RegisterCustomer, ctx: Context) -> Decision:
    if command.bank != ctx.bank.code:
        return Refused(Code.BANK_FORBIDDEN)
    if not identity.is_name(command.name):
        return Refused(Code.BAD_NAME)
    try:
        born = identity.birth_date(command.identity_number, ctx.business_date)
    except identity.BadIdentity:
        return Refused(Code.BAD_IDENTITY_NUMBER)
    if not identity.is_mobile(command.phone):
        return Refused(Code.BAD_PHONE)
    if not identity.is_account(command.account_no):
        return Refused(Code.BAD_ACCOUNT)
    if identity.years_between(born, ctx.business_date) < AGE_MIN:
        return Refused(Code.UNDER_AGE)
    if ctx.conflict == CONFLICT:
        return Refused(Code.IDENTITY_TAKEN)
    registered = CustomerRegistered(
        customer_id=ctx.actor_id,
        bank=ctx.bank.code,
        name_sealed=ctx.vault.seal(ctx.actor_id, command.name),
        identity_sealed=ctx.vault.seal(ctx.actor_id, command.identity_number),
        phone_sealed=ctx.vault.seal(ctx.actor_id, command.phone),
        account_sealed=ctx.vault.seal(ctx.actor_id, command.account_no),
        identity_index=ctx.vault.blind(command.identity_number),
        name_masked=identity.mask_name(command.name),
        identity_masked=identity.mask_identity(command.identity_number),
        phone_masked=identity.mask_phone(command.phone),
        account_masked=identity.mask_account(command.account_no),
        birth_date=born,
        division=identity.division(command.identity_number),
        on=ctx.business_date,
    )
    return Accepted((registered,), RegisteredView(customer_id=ctx.actor_id))
