"""Memo postings of the customer: undrawn lines (M1) with its contra, as lines are granted, drawn, restored, expire."""

from actors.bank import BankTerms
from actors.customer.events import (
    CustomerEvent,
    LineExpired,
    LineGranted,
    LineRestored,
    ReservationConfirmed,
)
from actors.customer.evolution import evolve
from actors.customer.line import undrawn_fen
from actors.customer.state import CustomerState
from actors.turn import Posting

UNDRAWN = "memo_undrawn_lines"
CONTRA = "memo_contra"
MOVES_LINE = (LineGranted, ReservationConfirmed, LineRestored, LineExpired)


def postings(state: CustomerState | None, event: CustomerEvent, bank: BankTerms) -> tuple[Posting, ...]:
    """+M1 when the promise grows, -M1 when it shrinks; always against the contra account."""
    if state is None or not isinstance(event, MOVES_LINE):
        return ()
    grown_fen = _promised_fen(evolve(state, event)) - _promised_fen(state)
    if grown_fen == 0:
        return ()
    undrawn, contra = bank.accounts[UNDRAWN], bank.accounts[CONTRA]
    debited, credited = (undrawn, contra) if grown_fen > 0 else (contra, undrawn)
    fen = abs(grown_fen)
    return (
        Posting(account=debited, debit_fen=fen, credit_fen=0, memo=True),
        Posting(account=credited, debit_fen=0, credit_fen=fen, memo=True),
    )


def _promised_fen(state: CustomerState) -> int:
    return sum(undrawn_fen(line) for line in state.lines.values())
