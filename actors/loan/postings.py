"""Postings of a loan, from the state before an event and the event alone; one branch a row of the posting table.

| event | Dr / Cr | memo |
| --- | --- | --- |
| DisbursementRequested | loans_performing / clearing (on its way) | |
| Disbursed | clearing / deposits | |
| DisbursementFailed | the request's lines in red | |
| DisbursementReversed | loans_performing / deposits in red, linked to the original's serial | |
| DayClosed: accrue | interest_accrued / interest_income net + vat_deferred | |
| DayClosed: fall due | interest_due / interest_accrued; vat_deferred / vat_output | |
| DayClosed: overdue | loans_overdue / loans_performing | |
| DayClosed: penalty, compound | penalty_due, compound_due / interest_income net + vat_output | |
| DayClosed: in non-accrual | | uncollected + |
| DayClosed, LoanSettled: provision | impairment / allowance | |
| AccrualStopped | income net, vat_deferred, other_receivables / due, accrued; loans_non_accrual / loans | + |
| AccrualResumed | loans_performing / loans_non_accrual; interest_accrued / income + vat_deferred | - |
| Repaid | deposits / penalty_due, compound_due, interest_due, loans_*; accrued: interest_accrued, VAT transfer | |
| Repaid: fee | deposits / fee_income net + vat_output | |
| Repaid in non-accrual | deposits / loans_non_accrual; interest / income + vat_output (other_receivables first) | - |
| Repaid: surplus | clearing / suspense | |

The line's memo entries (drawn, restored) belong to the customer. Rarer events: postings_rare.py;
reversals and corrections of repayments: postings_corrections.py.
"""

from actors.bank import BankTerms
from actors.ledger import entry, memo_entry
from actors.loan.events import (
    AccrualResumed,
    AccrualStopped,
    DayClosed,
    Disbursed,
    DisbursementFailed,
    DisbursementRequested,
    DisbursementReversed,
    LoanEvent,
    LoanSettled,
    Repaid,
    RepaymentCorrected,
    RepaymentReversed,
)
from actors.loan.postings_corrections import corrections
from actors.loan.postings_rare import postings_of
from actors.loan.state import LoanState
from actors.turn import Posting

UNCOLLECTED = "memo_uncollected_interest"


def postings(state: LoanState | None, event: LoanEvent, bank: BankTerms) -> tuple[Posting, ...]:
    """The balanced lines of ``event``; () when it moves no money."""
    match event:
        case Repaid():
            assert state is not None
            return _repaid_off_balance(event, bank) if state.non_accrual else _repaid(state, event, bank)
        case DayClosed():
            assert state is not None
            return _closed(event, bank, accruing=not state.non_accrual)
        case DisbursementRequested():
            return entry(bank, (("loans_performing", event.amount_fen),), (("clearing", event.amount_fen),))
        case Disbursed():
            return entry(bank, (("clearing", event.amount_fen),), (("deposits", event.amount_fen),))
        case DisbursementFailed():
            return entry(bank, (("loans_performing", -event.amount_fen),), (("clearing", -event.amount_fen),))
        case DisbursementReversed():
            return entry(bank, (("loans_performing", -event.amount_fen),), (("deposits", -event.amount_fen),))
        case RepaymentReversed() | RepaymentCorrected():
            return corrections(event, bank)
        case AccrualStopped():
            return _stopped(event, bank)
        case AccrualResumed():
            return _resumed(event, bank)
        case LoanSettled():
            return provision(bank, -event.allowance_fen) + entry(
                bank,
                (("interest_income", event.vat_fen_receivable),),
                (("other_receivables", event.vat_fen_receivable),),
            )
        case _:
            return () if state is None else postings_of(state, event, bank)


def provision(bank: BankTerms, fen: int) -> tuple[Posting, ...]:
    """计提 (or with negative ``fen`` 转回, in red): impairment / allowance."""
    return entry(bank, (("impairment", fen),), (("allowance", fen),))


def _closed(event: DayClosed, bank: BankTerms, *, accruing: bool) -> tuple[Posting, ...]:
    due = sum(row.interest_fen for row in event.due)
    due_vat = sum(row.vat_fen for row in event.due)
    lapsed = sum(row.principal_fen for row in event.lapsed)
    penalty = sum(row.penalty_fen for row in event.penalties) + event.misuse_fen
    compound = sum(row.compound_fen for row in event.compounds)
    provided = ("impairment", event.provision_fen), ("allowance", event.provision_fen)
    if not accruing:
        uncollected = event.accrued_fen + penalty + compound
        return entry(bank, provided[:1], provided[1:]) + memo_entry(bank, UNCOLLECTED, uncollected)
    return entry(
        bank,
        (
            ("interest_accrued", event.accrued_fen),
            ("interest_due", due),
            ("vat_deferred", due_vat),
            ("loans_overdue", lapsed),
            ("penalty_due", penalty),
            ("compound_due", compound),
            provided[0],
        ),
        (
            ("interest_income", event.accrued_fen - event.accrued_vat_fen),
            ("vat_deferred", event.accrued_vat_fen),
            ("interest_accrued", due),
            ("vat_output", due_vat),
            ("loans_performing", lapsed),
            ("interest_income", penalty + compound - event.penalty_vat_fen),
            ("vat_output", event.penalty_vat_fen),
            provided[1],
        ),
    )


def _stopped(event: AccrualStopped, bank: BankTerms) -> tuple[Posting, ...]:
    gross = event.interest_fen_due + event.penalty_fen_due + event.compound_fen_due + event.accrued_fen
    vat = event.vat_fen_deferred + event.vat_fen_receivable
    principal = event.principal_fen_performing + event.principal_fen_overdue
    return entry(
        bank,
        (
            ("interest_income", gross - vat),
            ("vat_deferred", event.vat_fen_deferred),
            ("other_receivables", event.vat_fen_receivable),
            ("loans_non_accrual", principal),
        ),
        (
            ("interest_due", event.interest_fen_due),
            ("penalty_due", event.penalty_fen_due),
            ("compound_due", event.compound_fen_due),
            ("interest_accrued", event.accrued_fen),
            ("loans_performing", event.principal_fen_performing),
            ("loans_overdue", event.principal_fen_overdue),
        ),
    ) + memo_entry(bank, UNCOLLECTED, gross)


def _resumed(event: AccrualResumed, bank: BankTerms) -> tuple[Posting, ...]:
    return entry(
        bank,
        (
            ("loans_performing", event.principal_fen),
            ("interest_accrued", event.accrued_fen),
            ("interest_income", event.vat_fen_receivable),
        ),
        (
            ("loans_non_accrual", event.principal_fen),
            ("interest_income", event.accrued_fen - event.vat_fen),
            ("vat_deferred", event.vat_fen),
            ("other_receivables", event.vat_fen_receivable),
        ),
    ) + memo_entry(bank, UNCOLLECTED, -event.accrued_fen)


def _repaid(state: LoanState, event: Repaid, bank: BankTerms) -> tuple[Posting, ...]:
    overdue = 0
    for part in event.parts:
        if 0 < part.no <= state.lapsed:
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
            ("compound_due", event.compound_fen),
            ("interest_due", event.interest_fen - event.interest_fen_accrued),
            ("interest_accrued", event.interest_fen_accrued),
            ("loans_overdue", overdue),
            ("loans_performing", event.principal_fen - overdue),
            ("vat_output", event.vat_fen),
            ("fee_income", event.fee_fen - event.fee_vat_fen),
            ("vat_output", event.fee_vat_fen),
            ("suspense", event.suspense_fen),
        ),
    )


def _repaid_off_balance(event: Repaid, bank: BankTerms) -> tuple[Posting, ...]:
    """In non-accrual: interest is income when it comes; VAT that was due before is taken off other receivables."""
    gross = event.penalty_fen + event.compound_fen + event.interest_fen
    return entry(
        bank,
        (
            ("deposits", event.amount_fen - event.suspense_fen),
            ("clearing", event.suspense_fen),
        ),
        (
            ("loans_non_accrual", event.principal_fen),
            ("interest_income", gross - event.vat_fen),
            ("other_receivables", event.vat_fen_receivable),
            ("vat_output", event.vat_fen - event.vat_fen_receivable),
            ("fee_income", event.fee_fen - event.fee_vat_fen),
            ("vat_output", event.fee_vat_fen),
            ("suspense", event.suspense_fen),
        ),
    ) + memo_entry(bank, UNCOLLECTED, -gross)
