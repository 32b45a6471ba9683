"""What can happen to a loan. Every event carries each sum its postings need; read by evolve.py and postings.py.

Invariant 1 from events alone: Disbursed.amount_fen - DisbursementReversed.amount_fen = outstanding + the sum of
Repaid.principal_fen + Waived.principal_fen + WrittenOff.principal_fen, less what reversals and corrections took back.
"""

from datetime import date

from msgspec import Struct

from actors.loan.event_parts import Part as Part
from actors.loan.event_parts import Planned as Planned
from actors.loan.events_corrections import CorrectionEvent as CorrectionEvent
from actors.loan.events_corrections import RepaymentCorrected as RepaymentCorrected
from actors.loan.events_corrections import RepaymentReversed as RepaymentReversed
from actors.loan.events_corrections import TombstoneLeft as TombstoneLeft
from actors.loan.events_rare import RareEvent
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


class CompoundAccrued(Struct, frozen=True, array_like=True):
    """Row ``no`` bears ``compound_fen`` more; ``base_fen`` is its new base of charged penalty and compound."""

    no: int
    compound_fen: int
    base_fen: int


class DayClosed(Event, frozen=True, kw_only=True):
    """日终: the days ``from_date``..``to_date`` are closed, both included; usually one day.

    ``accrued_fen`` is interest including ``accrued_vat_fen``; sums of all periods that the days touch. In non-accrual
    nothing is recognised: the sums are off balance and have no VAT. ``penalty_vat_fen``: of penalty, misuse, compound.
    ``lapsed_to``: the grace of rows up to this one is over now. ``risk_class`` 0: unchanged. ``provision_fen``: change
    of the allowance.
    """

    from_date: date
    to_date: date
    accrued_fen: int = 0
    accrued_vat_fen: int = 0
    due: tuple[FellDue, ...] = ()
    lapsed: tuple[Lapsed, ...] = ()
    penalties: tuple[PenaltyAccrued, ...] = ()
    compounds: tuple[CompoundAccrued, ...] = ()
    misuse_fen: int = 0
    penalty_vat_fen: int = 0
    lapsed_to: int = 0
    risk_class: int = 0
    provision_fen: int = 0


class AccrualStopped(Event, frozen=True, kw_only=True):
    """转非应计 at the close before ``on``: recognised unpaid interest is reversed and goes on off balance.

    Sums are what the accounts hold: principal by account, interest, penalty (misuse included) and compound due,
    interest accrued; ``vat_fen_deferred`` of it falls away, ``vat_fen_receivable`` was due already.
    """

    on: date
    principal_fen_performing: int = 0
    principal_fen_overdue: int = 0
    interest_fen_due: int = 0
    penalty_fen_due: int = 0
    compound_fen_due: int = 0
    accrued_fen: int = 0
    vat_fen_deferred: int = 0
    vat_fen_receivable: int = 0


class AccrualResumed(Event, frozen=True, kw_only=True):
    """转回应计 at the close before ``on``: arrears are clear and the class allows; what is still claimed is recognised.

    ``accrued_fen`` with ``vat_fen`` deferred; ``vat_fen_receivable`` is what is left of 1221 and goes to income.
    """

    on: date
    principal_fen: int
    accrued_fen: int = 0
    vat_fen: int = 0
    vat_fen_receivable: int = 0


class Repriced(Event, frozen=True, kw_only=True):
    """重定价 effective ``on``: the crossing period is split by day, the instalment follows from the next due date."""

    on: date
    annual_rate: str
    annual_e10: int
    penalty_e10: int
    misuse_e10: int
    instalment_fen: int
    replanned: tuple[Planned, ...]


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


class Repaid(Event, frozen=True, kw_only=True):
    """A repayment was posted with value date ``value_date``; the sums are the totals over all of it.

    ``parts``: what had fallen due, in order of allocation. Beyond: ``interest_fen_accrued`` (accrued, not due) with
    ``vat_fen``, its VAT that is due now; ``principal_fen_prepaid``, after which rows from the running period on are
    ``replanned`` around ``instalment_fen`` (fewer rows: the rest fell away). ``suspense_fen``: surplus, held.
    ``effect_id``: of the auto-debit that collected it, "" when it was collected elsewhere. In non-accrual ``vat_fen``
    is that of all interest, penalty and compound paid, of which ``vat_fen_receivable`` had been due before.
    ``fee_fen``: 提前还款违约金 including ``fee_vat_fen``.
    """

    amount_fen: int
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    compound_fen: int = 0
    fee_fen: int = 0
    fee_vat_fen: int = 0
    suspense_fen: int = 0
    source: str
    value_date: date
    core_date: date
    core_serial: str
    effect_id: str = ""
    parts: tuple[Part, ...] = ()
    interest_fen_accrued: int = 0
    vat_fen: int = 0
    vat_fen_receivable: int = 0
    principal_fen_prepaid: int = 0
    instalment_fen: int = 0
    replanned: tuple[Planned, ...] | None = None


class LoanSettled(Event, frozen=True, kw_only=True):
    """结清: nothing is owed any more; the allowance is released, 1221 is closed."""

    on: date
    allowance_fen: int = 0
    vat_fen_receivable: int = 0


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
    | AccrualStopped
    | AccrualResumed
    | Repriced
    | RepaymentRequested
    | RepaymentFailed
    | Repaid
    | LoanSettled
    | ProofUploaded
    | RareEvent
    | CorrectionEvent
    | EffectRequested
    | EffectSettled
    | EffectDoubted
    | IncidentOpened
)
