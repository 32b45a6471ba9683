"""Postings of a loan, from the state before an event and the event alone; one branch a row of the posting table.

| event | Dr / Cr |
| --- | --- |
| DisbursementRequested | loans_performing / clearing (on its way) |
| Disbursed | clearing / deposits |
| DisbursementFailed | the request's lines in red |
| DisbursementReversed | loans_performing / deposits in red, linked to the original's serial |
| DayClosed: accrue | interest_accrued / interest_income net + vat_deferred |
| DayClosed: fall due | interest_due / interest_accrued; vat_deferred / vat_output |
| DayClosed: overdue | loans_overdue / loans_performing |
| DayClosed: penalty | penalty_due / interest_income net + vat_output |
| Repaid | deposits / penalty_due, interest_due, loans_*; accrued: interest_accrued, vat_deferred / vat_output |
| Repaid: surplus | clearing / suspense |

The line's memo entries (drawn, restored) belong to the customer.
"""

from actors.bank import BankTerms
from actors.ledger import entry
from actors.loan.events import (
    DayClosed,
    Disbursed,
    DisbursementFailed,
    DisbursementRequested,
    DisbursementReversed,
    LoanEvent,
    Repaid,
)
from actors.loan.state import LoanState
from actors.turn import Posting


def postings(state: LoanState | None, event: LoanEvent, bank: BankTerms) -> tuple[Posting, ...]:
    """The balanced lines of ``event``; () when it moves no money."""
    match event:
        case Repaid():
            assert state is not None
            return _repaid(state, event, bank)
        case DayClosed():
            return _closed(event, bank)
        case DisbursementRequested():
            return entry(bank, (("loans_performing", event.amount_fen),), (("clearing", event.amount_fen),))
        case Disbursed():
            return entry(bank, (("clearing", event.amount_fen),), (("deposits", event.amount_fen),))
        case DisbursementFailed():
            return entry(bank, (("loans_performing", -event.amount_fen),), (("clearing", -event.amount_fen),))
        case DisbursementReversed():
            return entry(bank, (("loans_performing", -event.amount_fen),), (("deposits", -event.amount_fen),))
        case _:
            return ()


def _closed(event: DayClosed, bank: BankTerms) -> tuple[Posting, ...]:
    due = sum(row.interest_fen for row in event.due)
    due_vat = sum(row.vat_fen for row in event.due)
    lapsed = sum(row.principal_fen for row in event.lapsed)
    penalty = sum(row.penalty_fen for row in event.penalties)
    return entry(
        bank,
        (
            ("interest_accrued", event.accrued_fen),
            ("interest_due", due),
            ("vat_deferred", due_vat),
            ("loans_overdue", lapsed),
            ("penalty_due", penalty),
        ),
        (
            ("interest_income", event.accrued_fen - event.accrued_vat_fen),
            ("vat_deferred", event.accrued_vat_fen),
            ("interest_accrued", due),
            ("vat_output", due_vat),
            ("loans_performing", lapsed),
            ("interest_income", penalty - event.penalty_vat_fen),
            ("vat_output", event.penalty_vat_fen),
        ),
    )


def _repaid(state: LoanState, event: Repaid, bank: BankTerms) -> tuple[Posting, ...]:
    overdue = 0
    for part in event.parts:
        if part.no <= state.lapsed:
            overdue += part.principal_fen
    return entry(
        bank,
        (
            ("deposits", event.amount_fen - event.suspense_fen),
            ("clearing", event.suspense_fen),
            ("vat_deferred", event.vat_fen),
        ),
        (
            ("penalty_due", event.penalty_fen),
            ("interest_due", event.interest_fen - event.interest_fen_accrued),
            ("interest_accrued", event.interest_fen_accrued),
            ("loans_overdue", overdue),
            ("loans_performing", event.principal_fen - overdue),
            ("vat_output", event.vat_fen),
            ("suspense", event.suspense_fen),
        ),
    )
