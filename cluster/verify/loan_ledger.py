"""What the ledger must hold of a loan, by role (debit less credit): from the loan's figures, not from its entries.

`FLOWS` are the roles whose sum no state of a loan tells; the story counts them event by event.
"""

from typing import Final

from cluster.verify.loan_story import COMPOUND, INTEREST, PENALTY, PRINCIPAL, LoanStory

FLOWS: Final = ("deposits", "interest_income", "fee_income", "impairment")
ROLES: Final = (
    "loans_performing",
    "loans_overdue",
    "loans_non_accrual",
    "interest_accrued",
    "interest_due",
    "penalty_due",
    "compound_due",
    "other_receivables",
    "allowance",
    "vat_deferred",
    "vat_output",
    "suspense",
    "clearing",
    *FLOWS,
    "memo_uncollected_interest",
    "memo_written_off",
    "memo_contra",
)
"""In the order of `balances_of`."""


def balances_of(story: LoanStory) -> tuple[int, ...]:
    """By `ROLES`. A pay-out on its way stands on the loan's account against clearing. Interest of a loan in non-accrual
    is claimed off the balance sheet (M2), a claim that was written off too (M3)."""
    principal, accrued = story.outstanding_fen, story.accrued_fen
    overdue = interest = penalty = compound = 0
    for no, due in story.dues.items():
        penalty += due[PENALTY]
        compound += due[COMPOUND]
        interest += due[INTEREST]
        if no <= story.lapsed:
            overdue += due[PRINCIPAL]
    flows, claimed = story.flows, sum(story.claim) if story.claim else 0
    own = (
        -story.allowance_fen,
        -story.vat_fen_deferred,
        -story.vat_fen_output,
        -story.suspense_fen,
        flows["clearing"] - story.on_its_way_fen,
        flows["deposits"],
        flows["interest_income"],
        flows["fee_income"],
        flows["impairment"],
    )
    if story.non_accrual:
        off = interest + penalty + compound + accrued
        return 0, 0, principal, 0, 0, 0, 0, story.vat_fen_receivable, *own, off, claimed, -off - claimed
    performing = principal - overdue + story.on_its_way_fen
    receivable = story.vat_fen_receivable
    return performing, overdue, 0, accrued, interest, penalty, compound, receivable, *own, 0, claimed, -claimed
