"""Memo postings of the customer: undrawn lines (M1) with its contra, as lines are granted, drawn, restored, expire."""

from actors.bank import BankTerms
from actors.customer.events import (
    CustomerEvent,
    DrawReopened,
    LineEnded,
    LineExpired,
    LineGranted,
    LineRestored,
    ReservationConfirmed,
)
from actors.customer.evolution import evolve
from actors.customer.line import undrawn_fen
from actors.customer.state import CustomerState
from actors.ledger import memo_entry
from actors.turn import Posting

UNDRAWN = "memo_undrawn_lines"
MOVES_LINE = (LineGranted, ReservationConfirmed, LineRestored, DrawReopened, LineExpired, LineEnded)


def postings(state: CustomerState | None, event: CustomerEvent, bank: BankTerms) -> tuple[Posting, ...]:
    """+M1 when the promise grows, -M1 when it shrinks; always against the contra account."""
    if state is None or not isinstance(event, MOVES_LINE):
        return ()
    grown_fen = _promised_fen(evolve(state, event)) - _promised_fen(state)
    return memo_entry(bank, UNDRAWN, grown_fen) if grown_fen else ()


def _promised_fen(state: CustomerState) -> int:
    return sum(undrawn_fen(line) for line in state.lines.values())
