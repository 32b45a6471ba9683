"""What the customer must hear of a loan: principal to restore on the line, the end of the loan, overdue or not.

One notice of a sort is under way at a time, so they arrive in order; what comes up meanwhile goes with the next.
"""

from collections.abc import Iterator

from actors.customer.messages import NoteOverdue, RestoreLine
from actors.loan.state import LoanState
from actors.turn import Command


def notices(state: LoanState, loan_id: str) -> Iterator[Command]:
    """Notices to send now. Revolving products hear of each principal repaid, the others only of the end."""
    restore = _restore(state, loan_id)
    overdue = state.status == "overdue"
    if restore is None and overdue is state.overdue_told:
        return
    under_way = {_command_type(effect.payload) for effect in state.effects.values()}
    if restore is not None and "RestoreLine" not in under_way:
        yield restore
    if overdue is not state.overdue_told and "NoteOverdue" not in under_way:
        yield NoteOverdue(loan_id=loan_id, overdue=overdue)


def _restore(state: LoanState, loan_id: str) -> RestoreLine | None:
    waiting = state.restore_fen_waiting
    match state.status:
        case "reversed" if waiting:
            return RestoreLine(loan_id=loan_id, amount_fen=waiting, reversed=True)
        case "settled" if not state.settlement_told:
            return RestoreLine(loan_id=loan_id, amount_fen=waiting, settled=True)
        case "active" | "overdue" if waiting and state.terms.revolving:
            return RestoreLine(loan_id=loan_id, amount_fen=waiting)
        case _:
            return None


def _command_type(payload: dict[str, object]) -> object:
    command = payload.get("command")
    return command["type"] if isinstance(command, dict) else None
