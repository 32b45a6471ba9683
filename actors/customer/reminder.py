"""还款提醒: the message that something falls due soon; asked for in permitted hours by cluster/eod/reminders.py."""

from actors.codes import Code
from actors.customer.messages import RemindDue
from actors.customer.state import CustomerState
from actors.turn import Accepted, Context, Decision, Refused, ask_outside

TEMPLATE = "due_soon"


def remind_due(state: CustomerState, command: RemindDue, ctx: Context) -> Decision:
    """One SMS by the bank's template `TEMPLATE`. What is due already is no matter of a reminder; the dead
    get none."""
    if "death" in state.blocked.values():
        return Refused(Code.BORROWER_DECEASED)
    if command.due < ctx.business_date:
        return Refused(Code.DATE_CLOSED, {"business_date": ctx.business_date.isoformat()})
    payload = {
        "bank": state.bank,
        "customer_id": state.id,
        "phone_sealed": state.phone_sealed,
        "template": TEMPLATE,
        "params": {"bank": ctx.bank.name_zh, "due_date": command.due.isoformat()},
    }
    return Accepted((ask_outside(ctx, 0, "sms.send", payload),))
