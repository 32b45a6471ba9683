"""The money of a loan: exactly those fields of `LoanState` that follow from pay-out, closes, repayments and plans.

A reversal or correction makes the loan's past anew and puts the money that should be in place of the money that is;
what is known of people, papers and effects under way stays as it is (`NOT_MONEY`).
"""

from datetime import date
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from actors.loan.state import Claim, Instalment, LoanState, Misuse, Status, Terms

NOT_MONEY: Final = frozenset(
    {
        "bank", "customer_id", "reason", "contract", "signed_terms", "account_sealed", "name_sealed", "identity_sealed",
        "account_masked", "disbursed_on", "proof_fen", "proofs", "money_version", "incidents", "effects", "doubted",
        "process_id", "process_effect", "disburse_effect", "core_serial", "debit", "repayment", "refund", "refund_end",
        "frozen", "disputed", "died_on", "serials_on", "serials", "tombstones", "restore_fen_waiting",
        "lost_fen_waiting", "settlement_told", "overdue_told", "block_told",
    }
)  # fmt: skip
"""Fields of `LoanState` that a correction leaves alone, or changes by rules of its own (evolve.py)."""


class Money(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Same names, types and defaults as in `LoanState`."""

    status: Status
    terms: Terms
    rows: tuple[Instalment, ...] = ()
    instalment_fen: int = 0
    fallen: int = 0
    lapsed: int = 0
    first_unpaid: int = 0
    balance_fen: int = 0
    accrued_fen: int = 0
    vat_fen_deferred: int = 0
    segment_from: date | None = None
    segment_micro: int = 0
    penalty_fen_booked: int = 0
    misuse: Misuse | None = None
    vat_fen_output: int = 0
    vat_fen_receivable: int = 0
    non_accrual: bool = False
    risk_class: int = 1
    class_floor: int = 1
    class_floor_until: date | None = None
    clear_since: date | None = None
    clear_fallen: int = 0
    allowance_fen: int = 0
    ecl_fen: int | None = None
    claim: Claim | None = None
    matures_on: date | None = None
    closed_to: date | None = None
    settled_on: date | None = None
    principal_fen_outstanding: int = 0
    principal_fen_repaid: int = 0
    interest_fen_repaid: int = 0
    penalty_fen_repaid: int = 0
    compound_fen_repaid: int = 0
    fee_fen_repaid: int = 0
    principal_fen_waived: int = 0
    interest_fen_waived: int = 0
    penalty_fen_waived: int = 0
    compound_fen_waived: int = 0
    principal_fen_capitalised: int = 0
    suspense_fen: int = 0
    extended: int = 0
    restructured_on: date | None = None
    accelerated_on: date | None = None
    plan_offset: int = 0


def money_of(state: LoanState) -> Money:
    return Money(**_fields(state))


def with_money(state: LoanState, money: Money) -> LoanState:
    """``state`` with ``money`` in place of its own."""
    return replace(state, **_fields(money))


def _fields(of: LoanState | Money) -> dict[str, Any]:
    return {name: getattr(of, name) for name in Money.__struct_fields__}
