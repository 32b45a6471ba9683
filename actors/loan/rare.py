"""Dispatch of the rarer commands to their rules; lifecycle.py has their cells in its table."""

from typing import Final, assert_never

from actors.loan import messages_rare as m
from actors.loan.acceleration import accelerate
from actors.loan.classification import reclassify, set_allowance
from actors.loan.extension import extend
from actors.loan.misuse import mark_misuse
from actors.loan.refund import refund
from actors.loan.restructuring import restructure
from actors.loan.standing import change_account, freeze, mark_dispute, record_death, unfreeze
from actors.loan.state import LoanState
from actors.loan.waiver import waive
from actors.loan.write_off import write_off
from actors.turn import Context, Decision

Cells = dict[str, tuple[str, ...]]


def _stays(status: str) -> Cells:
    """What is noted of a loan without moving its debt."""
    names = ("ChangeAccount", "FreezeLoan", "UnfreezeLoan", "RefundSuspense", "MarkDispute", "RecordDeath")
    return dict.fromkeys(names, (status,))


CELLS: Final[dict[str, Cells]] = {
    "active": {
        "Waive": ("active", "overdue", "settled"),
        "WriteOff": ("written_off",),
        "ExtendLoan": ("active",),
        "Restructure": ("active", "overdue"),
        "Accelerate": ("active", "overdue"),
        "MarkMisuse": ("active", "overdue"),
        "Reclassify": ("active", "overdue"),
        "SetAllowance": ("active", "overdue"),
    }
    | _stays("active"),
    "overdue": {
        "Waive": ("overdue", "active", "settled"),
        "WriteOff": ("written_off",),
        "Restructure": ("overdue", "active"),
        "Accelerate": ("overdue",),
        "MarkMisuse": ("overdue",),
        "Reclassify": ("overdue",),
        "SetAllowance": ("overdue",),
    }
    | _stays("overdue"),
    "written_off": {
        "Waive": ("written_off", "settled"),
        "PostRepayment": ("written_off", "settled"),
        "SettleEffect": ("written_off", "settled"),
        "CloseDay": ("written_off",),
        "UploadProof": ("written_off",),
    }
    | _stays("written_off"),
    "settled": {
        "RefundSuspense": ("settled",),
        "MarkDispute": ("settled",),
    },
}
"""Added to `lifecycle.TABLE`: status -> command -> statuses it may lead to."""


def decide_rarely(state: LoanState, command: m.RareCommand, ctx: Context) -> Decision:
    match command:
        case m.Waive():
            return waive(state, command, ctx)
        case m.WriteOff():
            return write_off(state, command, ctx)
        case m.ExtendLoan():
            return extend(state, command, ctx)
        case m.Restructure():
            return restructure(state, command, ctx)
        case m.Accelerate():
            return accelerate(state, command, ctx)
        case m.MarkMisuse():
            return mark_misuse(state, command, ctx)
        case m.Reclassify():
            return reclassify(state, command, ctx)
        case m.SetAllowance():
            return set_allowance(state, command, ctx)
        case m.ChangeAccount():
            return change_account(state, command, ctx)
        case m.FreezeLoan():
            return freeze(state, command, ctx)
        case m.UnfreezeLoan():
            return unfreeze(state, command, ctx)
        case m.RefundSuspense():
            return refund(state, command, ctx)
        case m.MarkDispute():
            return mark_dispute(state, command, ctx)
        case m.RecordDeath():
            return record_death(state, command, ctx)
        case _:
            assert_never(command)
