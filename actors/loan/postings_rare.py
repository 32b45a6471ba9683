"""Postings of the rarer events, from the state before an event and the event alone.

| event | Dr / Cr | memo |
| --- | --- | --- |
| Waived, accruing: due | interest_income net, vat_output / interest_due, penalty_due, compound_due | |
| Waived, accruing: accrued | interest_income net, vat_deferred / interest_accrued | |
| Waived, non-accrual: interest | | uncollected - |
| Waived: principal | impairment / allowance (topped up); allowance / loans_* | |
| Waived, written off | | written_off - |
| WrittenOff | impairment / allowance; allowance / loans_non_accrual | uncollected -, written_off + |
| Recovered | deposits / allowance (principal), interest_income + vat_output (other_receivables first) | written_off - |
| Recovered: surplus | clearing / suspense | |
| Restructured | loans_performing / loans_overdue; what became principal / interest_due, penalty_due, compound_due | |
| Restructured, Reclassified, AllowanceSet | impairment / allowance | |
| Accelerated | interest_due / interest_accrued; vat_deferred / vat_output | |
| MisuseMarked | penalty_due / interest_income net + vat_output; in non-accrual: | uncollected + |
| SuspenseRefunded | suspense / deposits | |

An extension moves no money. Called by postings.py.
"""

from actors.bank import BankTerms
from actors.ledger import Legs, entry, memo_entry
from actors.loan import events_rare as e
from actors.loan.events import LoanEvent
from actors.loan.state import LoanState
from actors.turn import Posting

UNCOLLECTED = "memo_uncollected_interest"
WRITTEN_OFF = "memo_written_off"


def postings_of(state: LoanState, event: LoanEvent, bank: BankTerms) -> tuple[Posting, ...]:
    """The balanced lines of ``event``; () when it moves no money."""
    match event:
        case e.Waived():
            return _waived(state, event, bank)
        case e.WrittenOff():
            return _written_off(event, bank)
        case e.Recovered():
            return _recovered(event, bank)
        case e.Restructured():
            return _restructured(state, event, bank)
        case e.Reclassified() | e.AllowanceSet():
            return entry(bank, (("impairment", event.provision_fen),), (("allowance", event.provision_fen),))
        case e.Accelerated():
            return _accelerated(state, event, bank)
        case e.MisuseMarked():
            return _misused(state, event, bank)
        case e.SuspenseRefunded():
            return entry(bank, (("suspense", event.amount_fen),), (("deposits", event.amount_fen),))
        case _:
            return ()


def _waived(state: LoanState, event: e.Waived, bank: BankTerms) -> tuple[Posting, ...]:
    gross = event.penalty_fen + event.compound_fen + event.interest_fen
    if event.claim:
        return memo_entry(bank, WRITTEN_OFF, -event.principal_fen - gross)
    overdue = sum(part.principal_fen for part in event.parts if 0 < part.no <= state.lapsed)
    given: Legs = (("impairment", event.provision_fen), ("allowance", event.principal_fen))
    taken: Legs = (("allowance", event.provision_fen),)
    if state.non_accrual:
        return entry(bank, given, (*taken, ("loans_non_accrual", event.principal_fen))) + memo_entry(
            bank, UNCOLLECTED, -gross
        )
    return entry(
        bank,
        (
            ("interest_income", gross - event.vat_fen - event.vat_fen_deferred),
            ("vat_output", event.vat_fen),
            ("vat_deferred", event.vat_fen_deferred),
            *given,
        ),
        (
            ("penalty_due", event.penalty_fen),
            ("compound_due", event.compound_fen),
            ("interest_due", event.interest_fen - event.interest_fen_accrued),
            ("interest_accrued", event.interest_fen_accrued),
            *taken,
            ("loans_overdue", overdue),
            ("loans_performing", event.principal_fen - overdue),
        ),
    )


def _written_off(event: e.WrittenOff, bank: BankTerms) -> tuple[Posting, ...]:
    gross = event.penalty_fen + event.compound_fen + event.interest_fen
    return (
        entry(
            bank,
            (("impairment", event.provision_fen), ("allowance", event.principal_fen)),
            (("allowance", event.provision_fen), ("loans_non_accrual", event.principal_fen)),
        )
        + memo_entry(bank, UNCOLLECTED, -gross)
        + memo_entry(bank, WRITTEN_OFF, event.principal_fen + gross)
    )


def _recovered(event: e.Recovered, bank: BankTerms) -> tuple[Posting, ...]:
    gross = event.penalty_fen + event.compound_fen + event.interest_fen
    return entry(
        bank,
        (("deposits", event.amount_fen - event.suspense_fen), ("clearing", event.suspense_fen)),
        (
            ("allowance", event.principal_fen),
            ("interest_income", gross - event.vat_fen),
            ("other_receivables", event.vat_fen_receivable),
            ("vat_output", event.vat_fen - event.vat_fen_receivable),
            ("suspense", event.suspense_fen),
        ),
    ) + memo_entry(bank, WRITTEN_OFF, -event.principal_fen - gross)


def _restructured(state: LoanState, event: e.Restructured, bank: BankTerms) -> tuple[Posting, ...]:
    overdue = 0 if state.non_accrual else event.principal_fen_overdue
    capital = event.interest_fen + event.penalty_fen + event.compound_fen
    return entry(
        bank,
        (("loans_performing", overdue + capital), ("impairment", event.provision_fen)),
        (
            ("loans_overdue", overdue),
            ("interest_due", event.interest_fen),
            ("penalty_due", event.penalty_fen),
            ("compound_due", event.compound_fen),
            ("allowance", event.provision_fen),
        ),
    )


def _accelerated(state: LoanState, event: e.Accelerated, bank: BankTerms) -> tuple[Posting, ...]:
    if state.non_accrual:
        return ()
    return entry(
        bank,
        (("interest_due", event.interest_fen), ("vat_deferred", event.vat_fen)),
        (("interest_accrued", event.interest_fen), ("vat_output", event.vat_fen)),
    )


def _misused(state: LoanState, event: e.MisuseMarked, bank: BankTerms) -> tuple[Posting, ...]:
    if state.non_accrual:
        return memo_entry(bank, UNCOLLECTED, event.penalty_fen)
    return entry(
        bank,
        (("penalty_due", event.penalty_fen),),
        (("interest_income", event.penalty_fen - event.vat_fen), ("vat_output", event.vat_fen)),
    )
