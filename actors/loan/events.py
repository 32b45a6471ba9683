"""What can happen to a loan. Every event carries each sum its postings need; read by evolve.py and postings.py.

Invariant 1 from events alone: Disbursed.amount_fen - DisbursementReversed.amount_fen = outstanding + the sum of
Repaid.principal_fen (waivers and write-offs come with later events).
"""

from datetime import date

from msgspec import Struct

from actors.loan.state import Contract, Instalment, Terms
from actors.turn import EffectDoubted, EffectRequested, EffectSettled, Event, IncidentOpened


class ContractRequested(Event, frozen=True, kw_only=True):
    """OpenContract was taken: the customer is asked for rate and room."""

    bank: str
    customer_id: str
    terms: Terms


class ContractDrawn(Event, frozen=True, kw_only=True):
    """合同已生成: ``terms`` now with the rate. ``*_sealed`` are sealed for the customer's id."""

    terms: Terms
    contract: Contract
    account_sealed: bytes
    name_sealed: bytes
    identity_sealed: bytes


class ContractRefused(Event, frozen=True, kw_only=True):
    """The customer or the terms do not allow this contract; the loan ends here."""

    code: str


class SigningRequested(Event, frozen=True, kw_only=True):
    """The person confirmed costs and text; the CA signs."""

    contract_hash: str


class Signed(Event, frozen=True, kw_only=True):
    """``signed_at`` as the CA wrote it."""

    certificate_no: str
    signature: str
    signed_at: str


class SigningRefused(Event, frozen=True, kw_only=True):
    code: str


class DisbursementRequested(Event, frozen=True, kw_only=True):
    """放款 instructed under ``effect_id``; the drawdown process waits on ``process_effect``."""

    amount_fen: int
    effect_id: str
    process_id: str
    process_effect: str


class Disbursed(Event, frozen=True, kw_only=True):
    """Paid out on ``core_date``; the schedule runs from there."""

    amount_fen: int
    core_date: date
    core_serial: str
    instalment_fen: int
    rows: tuple[Instalment, ...]


class DisbursementFailed(Event, frozen=True, kw_only=True):
    """The core definitely did not pay out."""

    amount_fen: int
    code: str


class ReversalRequested(Event, frozen=True, kw_only=True):
    """冲正 asked for: why, and for what effect."""

    effect_id: str
    reason: str


class DisbursementReversed(Event, frozen=True, kw_only=True):
    """The pay-out is undone; ``linked_serial`` is the core's number of the original."""

    amount_fen: int
    core_date: date
    core_serial: str
    linked_serial: str


class ReversalRefused(Event, frozen=True, kw_only=True):
    code: str


class FellDue(Struct, frozen=True, array_like=True):
    """Row ``no`` (from 1) was billed: its principal, what was not yet paid of its interest, and that interest's VAT."""

    no: int
    principal_fen: int
    interest_fen: int
    vat_fen: int


class Lapsed(Struct, frozen=True, array_like=True):
    """Row ``no`` was still unpaid when its grace ended: ``principal_fen`` moves to the overdue account."""

    no: int
    principal_fen: int


class PenaltyAccrued(Struct, frozen=True, array_like=True):
    """Row ``no`` bears ``penalty_fen`` more."""

    no: int
    penalty_fen: int


class DayClosed(Event, frozen=True, kw_only=True):
    """日终: the days ``from_date``..``to_date`` are closed, both included; usually one day.

    ``accrued_fen`` is interest including ``accrued_vat_fen``; sums of all periods that the days touch.
    """

    from_date: date
    to_date: date
    accrued_fen: int = 0
    accrued_vat_fen: int = 0
    due: tuple[FellDue, ...] = ()
    lapsed: tuple[Lapsed, ...] = ()
    penalties: tuple[PenaltyAccrued, ...] = ()
    penalty_vat_fen: int = 0


class RepaymentRequested(Event, frozen=True, kw_only=True):
    """扣款 instructed: the figures are pinned to ``on``."""

    effect_id: str
    kind: str
    amount_fen: int
    on: date


class RepaymentFailed(Event, frozen=True, kw_only=True):
    """The core definitely took nothing."""

    effect_id: str
    code: str


class Part(Struct, frozen=True, array_like=True):
    """What a repayment paid of row ``no`` (from 1)."""

    no: int
    penalty_fen: int
    interest_fen: int
    principal_fen: int


class Planned(Struct, frozen=True, array_like=True):
    """Principal and interest of a row after a prepayment; due dates stay."""

    principal_fen: int
    interest_fen: int


class Repaid(Event, frozen=True, kw_only=True):
    """A repayment was posted with value date ``value_date``; the three sums are the totals over all of it.

    ``parts``: what had fallen due, in order of allocation. Beyond: ``interest_fen_accrued`` (accrued, not due) with
    ``vat_fen``, its VAT that is due now; ``principal_fen_prepaid``, after which rows from the running period on are
    ``replanned`` around ``instalment_fen`` (fewer rows: the rest fell away). ``suspense_fen``: surplus, held.
    ``effect_id``: of the auto-debit that collected it, "" when it was collected elsewhere.
    """

    amount_fen: int
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    suspense_fen: int = 0
    source: str
    value_date: date
    core_date: date
    core_serial: str
    effect_id: str = ""
    parts: tuple[Part, ...] = ()
    interest_fen_accrued: int = 0
    vat_fen: int = 0
    principal_fen_prepaid: int = 0
    instalment_fen: int = 0
    replanned: tuple[Planned, ...] | None = None


class LoanSettled(Event, frozen=True, kw_only=True):
    """结清: nothing is owed any more."""

    on: date


class ProofUploaded(Event, frozen=True, kw_only=True):
    """消费凭证; the document lies in content management."""

    document_hash: str
    amount_fen: int
    document_kind: str


LoanEvent = (
    ContractRequested
    | ContractDrawn
    | ContractRefused
    | SigningRequested
    | Signed
    | SigningRefused
    | DisbursementRequested
    | Disbursed
    | DisbursementFailed
    | ReversalRequested
    | DisbursementReversed
    | ReversalRefused
    | DayClosed
    | RepaymentRequested
    | RepaymentFailed
    | Repaid
    | LoanSettled
    | ProofUploaded
    | EffectRequested
    | EffectSettled
    | EffectDoubted
    | IncidentOpened
)
