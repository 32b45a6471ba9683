"""The loan's life: which command is allowed in which status and where it may lead; then dull dispatch to the rules.

A command missing in a status is refused by `refusal`. `SettleEffect` brings results from outside and is never refused.
Called by runtime/turn.py; rules live in opening, signing, disburse, debit, post, day, proof; `evolve` in evolve.py.
"""

from typing import Final

from actors.codes import Code
from actors.loan import events, messages
from actors.loan.correction import correct_repayment
from actors.loan.day import close_day
from actors.loan.debit import collect_due, repay
from actors.loan.disburse import disburse, prepare_draw, reverse
from actors.loan.evolve import evolve
from actors.loan.messages_corrections import CorrectRepayment, ReverseRepayment
from actors.loan.opening import open_contract
from actors.loan.outcome import settle
from actors.loan.post import post_repayment
from actors.loan.postings import postings
from actors.loan.proof import upload_proof
from actors.loan.rare import CELLS, decide_rarely
from actors.loan.reversal import reverse_repayment
from actors.loan.signing import sign
from actors.loan.state import LoanState
from actors.loan.views import columns, respond
from actors.turn import Context, Decision, Effect, Refused, SettleEffect

TABLE: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "": {
        "OpenContract": ("drafting",),
    },
    "drafting": {
        "SettleEffect": ("drafting", "contract", "refused"),
        "CloseDay": ("drafting",),
    },
    "refused": {
        "SettleEffect": ("refused",),
        "CloseDay": ("refused",),
    },
    "contract": {
        "Sign": ("signing",),
        "SettleEffect": ("contract",),
        "CloseDay": ("contract",),
    },
    "signing": {
        "SettleEffect": ("signing", "signed", "contract"),
        "CloseDay": ("signing",),
    },
    "signed": {
        "PrepareDraw": ("signed",),
        "Disburse": ("disbursing",),
        "SettleEffect": ("signed",),
        "CloseDay": ("signed",),
    },
    "disbursing": {
        "SettleEffect": ("disbursing", "active", "signed"),
    },
    "active": {
        "Repay": ("active", "overdue"),
        "CollectDue": ("active", "overdue"),
        "PostRepayment": ("active", "overdue", "settled"),
        "ReverseDisbursement": ("reversing",),
        "CloseDay": ("active", "overdue"),
        "UploadProof": ("active",),
        "SettleEffect": ("active", "overdue", "settled"),
        "ReverseRepayment": ("active", "overdue"),
        "CorrectRepayment": ("active", "overdue", "settled"),
    }
    | CELLS["active"],
    "overdue": {
        "Repay": ("overdue",),
        "CollectDue": ("overdue",),
        "PostRepayment": ("overdue", "active", "settled"),
        "CloseDay": ("overdue",),
        "UploadProof": ("overdue",),
        "SettleEffect": ("overdue", "active", "settled"),
        "ReverseRepayment": ("overdue",),
        "CorrectRepayment": ("overdue", "active", "settled"),
    }
    | CELLS["overdue"],
    "settled": {
        "CloseDay": ("settled",),
        "UploadProof": ("settled",),
        "SettleEffect": ("settled",),
        "ReverseRepayment": ("settled", "active", "overdue", "written_off"),
        "CorrectRepayment": ("settled", "active", "overdue", "written_off"),
    }
    | CELLS["settled"],
    "written_off": {
        "ReverseRepayment": ("written_off",),
        "CorrectRepayment": ("written_off", "settled"),
    }
    | CELLS["written_off"],
    "reversing": {
        "ReverseDisbursement": ("reversing",),
        "SettleEffect": ("reversing", "reversed", "active"),
    },
    "reversed": {
        "ReverseDisbursement": ("reversed",),
        "CloseDay": ("reversed",),
        "SettleEffect": ("reversed",),
    },
}
"""Status ("" : no loan yet) -> command -> statuses it may lead to."""

EVENTS = events.LoanEvent
STATE = LoanState
CREATES = (messages.OpenContract,)
HISTORY = (ReverseRepayment, CorrectRepayment)
"""Commands that are decided by all events so far (``ctx.history``)."""


def refusal(status: str, command: messages.LoanCommand) -> Refused:
    """The code of a missing cell."""
    code = Code.ALREADY_SETTLED if status == "settled" else Code.LOAN_STATUS
    return Refused(code, {"status": status, "command": type(command).__name__})


def decide(state: LoanState | None, command: messages.LoanCommand, ctx: Context) -> Decision:
    if state is None:
        if isinstance(command, messages.OpenContract):
            return open_contract(command, ctx)
        return Refused(Code.NOT_FOUND)
    if type(command).__name__ not in TABLE[state.status]:
        return refusal(state.status, command)
    match command:
        case messages.PostRepayment():
            return post_repayment(state, command, ctx)
        case SettleEffect():
            return settle(state, command, ctx)
        case messages.CloseDay():
            return close_day(state, command, ctx)
        case messages.CollectDue():
            return collect_due(state, command, ctx)
        case messages.Repay():
            return repay(state, command, ctx)
        case messages.Sign():
            return sign(state, command, ctx)
        case messages.PrepareDraw():
            return prepare_draw(state, ctx)
        case messages.Disburse():
            return disburse(state, command, ctx)
        case messages.ReverseDisbursement():
            return reverse(state, command, ctx)
        case messages.UploadProof():
            return upload_proof(state, command, ctx)
        case messages.OpenContract():
            return Refused(Code.ALREADY_EXISTS)
        case ReverseRepayment():
            return reverse_repayment(state, command, ctx)
        case CorrectRepayment():
            return correct_repayment(state, command, ctx)
        case _:
            return decide_rarely(state, command, ctx)


def effects(state: LoanState) -> dict[str, Effect]:
    """What was asked of others and is not settled yet; the runtime issues it again at its wake-up."""
    return state.effects


__all__ = [
    "CREATES",
    "EVENTS",
    "HISTORY",
    "STATE",
    "TABLE",
    "columns",
    "decide",
    "effects",
    "evolve",
    "postings",
    "respond",
]
