"""What one loan holds of each account of the general ledger, from its state: the sub-ledger, summed by check.py.

By role of the posting table, debit less credit in fen. In non-accrual principal stands in one account and what interest
was claimed stands off balance; a written-off loan is off balance whole. Deposits, clearing, income and VAT paid over
are flows: no loan holds them.
"""

from typing import Final

from actors.loan.state import Instalment, LoanState

_NOTHING: Final = dict.fromkeys(
    (
        "loans_performing",
        "loans_overdue",
        "loans_non_accrual",
        "interest_accrued",
        "interest_due",
        "penalty_due",
        "compound_due",
        "other_receivables",
        "vat_deferred",
        "allowance",
        "suspense",
        "memo_uncollected_interest",
        "memo_written_off",
    ),
    0,
)


def held(state: LoanState | None) -> dict[str, int]:
    """Role -> fen; every role there is, so that None tells which they are."""
    sums = dict(_NOTHING)
    if state is None:
        return sums
    sums["suspense"] = -state.suspense_fen
    sums["allowance"] = -state.allowance_fen
    sums["other_receivables"] = state.vat_fen_receivable
    if state.status == "disbursing":
        sums["loans_performing"] = state.terms.amount_fen  # against clearing, until the core has paid out
    if state.claim is not None:
        sums["memo_written_off"] = sum(state.claim.left)
        return sums
    rows = state.rows[state.first_unpaid : state.fallen]
    interest, penalty, compound = _claims(rows)
    if state.misuse is not None:
        penalty += state.misuse.fen - state.misuse.fen_paid
    if state.non_accrual:
        sums["loans_non_accrual"] = state.principal_fen_outstanding
        sums["memo_uncollected_interest"] = state.accrued_fen + interest + penalty + compound
        return sums
    overdue = sum(row.principal_fen_unpaid for row in state.rows[: state.lapsed])
    sums["loans_overdue"] = overdue
    sums["loans_performing"] += state.principal_fen_outstanding - overdue
    sums["interest_accrued"] = state.accrued_fen
    sums["interest_due"], sums["penalty_due"], sums["compound_due"] = interest, penalty, compound
    sums["vat_deferred"] = -state.vat_fen_deferred
    return sums


def _claims(rows: tuple[Instalment, ...]) -> tuple[int, int, int]:
    """Unpaid interest, penalty and compound of rows that fell due."""
    return (
        sum(row.interest_fen_unpaid for row in rows),
        sum(row.penalty_fen_unpaid for row in rows),
        sum(row.compound_fen_unpaid for row in rows),
    )
