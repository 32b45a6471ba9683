"""What the customer must hear of a loan: principal to restore on the line, the end of the loan, overdue, blocked draws.

One notice of a sort is under way at a time, so they arrive in order; what comes up meanwhile goes with the next.
"""

from collections.abc import Iterator

from actors.customer.messages import BlockDraws, NoteOverdue, ReopenDraw, RestoreLine
from actors.loan.state import LoanState
from actors.turn import Command


def notices(state: LoanState, loan_id: str) -> Iterator[Command]:
    """Notices to send now. Revolving products hear of each principal repaid, the others only of the end."""
    restore, block = _restore(state, loan_id), blocking(state)
    overdue = state.status == "overdue"
    if restore is None and overdue is state.overdue_told and block == state.block_told:
        return
    under_way = {_command_type(effect.payload) for effect in state.effects.values()}
    if block != state.block_told and "BlockDraws" not in under_way:
        yield BlockDraws(loan_id=loan_id, reason=block)
    if restore is not None and under_way.isdisjoint(("RestoreLine", "ReopenDraw")):
        yield restore
    if overdue is not state.overdue_told and "NoteOverdue" not in under_way:
        yield NoteOverdue(loan_id=loan_id, overdue=overdue)


def blocking(state: LoanState) -> str:
    """Why the borrower may draw no more: death, written_off until the claim is met, misuse until the loan is over."""
    if state.died_on is not None:
        return "death"
    if state.status == "written_off":
        return "written_off"
    return "misuse" if state.misuse is not None and state.status in ("active", "overdue") else ""


def _restore(state: LoanState, loan_id: str) -> RestoreLine | ReopenDraw | None:
    """Principal waived leaves the draw with what was repaid, but does not come back to the line. What became principal
    (利息转本) or is outstanding again is taken off: then the sum is negative and the draw grows.
    One that was over is opened again when the loan's end was taken back."""
    waiting = state.restore_fen_waiting + state.lost_fen_waiting
    if state.status in ("settled", "written_off"):
        waiting = max(0, waiting)
    lost = min(state.lost_fen_waiting, max(0, waiting))
    match state.status:
        case "reversed" if waiting:
            return RestoreLine(loan_id=loan_id, amount_fen=waiting, reversed=True)
        case "settled" if not state.settlement_told:
            return RestoreLine(loan_id=loan_id, amount_fen=waiting, settled=True, lost_fen=lost)
        case "written_off" if not state.settlement_told:
            return RestoreLine(loan_id=loan_id, amount_fen=waiting, written_off=True, lost_fen=lost)
        case "active" | "overdue" if state.settlement_told:
            return ReopenDraw(
                loan_id=loan_id,
                product=state.terms.product,
                process_id=state.process_id,
                amount_fen=state.principal_fen_outstanding,
            )
        case "active" | "overdue" if waiting and state.terms.revolving:
            return RestoreLine(loan_id=loan_id, amount_fen=waiting, lost_fen=lost)
        case _:
            return None


def _command_type(payload: dict[str, object]) -> object:
    command = payload.get("command")
    return command["type"] if isinstance(command, dict) else None
