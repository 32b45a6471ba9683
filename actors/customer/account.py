"""The settlement account: changed by two persons at the bank, told sealed to a loan that is to be repaid from it."""

from actors.codes import Code
from actors.customer.events import AccountChanged
from actors.customer.identity import is_account, mask_account
from actors.customer.messages import AccountView, ChangeSettlementAccount
from actors.customer.state import CustomerState
from actors.turn import Accepted, Context, Decision, Refused


def change_account(command: ChangeSettlementAccount, ctx: Context) -> Decision:
    """The maker has checked that the account is the person's own (同名), the checker that he did."""
    maker, checker = command.maker.strip(), command.checker.strip()
    if not maker or not checker or maker == checker:
        return Refused(Code.TWO_PERSONS)
    if not is_account(command.account_no):
        return Refused(Code.BAD_ACCOUNT)
    changed = AccountChanged(
        account_sealed=ctx.vault.seal(ctx.actor_id, command.account_no),
        account_masked=mask_account(command.account_no),
        maker=maker,
        checker=checker,
    )
    return Accepted((changed,))


def account_view(state: CustomerState) -> AccountView:
    return AccountView(account_sealed=state.account_sealed, account_masked=state.account_masked)
