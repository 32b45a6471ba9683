"""What the ledgers hold of a loan, derived from its state alone: role -> balance in fen, debit less credit.

Postings are derived from events; this is the other way to the same figures. A correction posts the difference between
two of these, and the tests hold the sum of all postings against it. Roles whose balance the state does not tell
(deposits, clearing of money on its way, income) are left out.
"""

from actors.loan.state import LoanState


def books(state: LoanState) -> dict[str, int]:
    """Balances by role of actors/ledger.py; zero ones included."""
    overdue = sum(row.principal_fen_unpaid for row in state.rows[state.first_unpaid : state.lapsed])
    unpaid = state.rows[state.first_unpaid : state.fallen]
    interest = sum(row.interest_fen_unpaid for row in unpaid)
    penalty = sum(row.penalty_fen_unpaid for row in unpaid)
    if state.misuse is not None:
        penalty += state.misuse.fen - state.misuse.fen_paid
    compound = sum(row.compound_fen_unpaid for row in unpaid)
    principal, accrued, off = state.principal_fen_outstanding, state.accrued_fen, state.non_accrual
    if state.status == "written_off":
        principal = interest = penalty = compound = accrued = overdue = 0
    return {
        "loans_performing": 0 if off else principal - overdue,
        "loans_overdue": 0 if off else overdue,
        "loans_non_accrual": principal if off else 0,
        "interest_accrued": 0 if off else accrued,
        "interest_due": 0 if off else interest,
        "penalty_due": 0 if off else penalty,
        "compound_due": 0 if off else compound,
        "other_receivables": state.vat_fen_receivable,
        "allowance": -state.allowance_fen,
        "vat_deferred": -state.vat_fen_deferred,
        "vat_output": -state.vat_fen_output,
        "suspense": -state.suspense_fen,
        "memo_uncollected_interest": interest + penalty + compound + accrued if off else 0,
        "memo_written_off": sum(state.claim.left) if state.claim is not None else 0,
    }
