"""What rarely happens to a loan: waiver, write-off, recovery, change of plan, misuse, class, standing, refund.

Part of `events.LoanEvent`; ``maker`` and ``checker`` are staff ids. Each event carries every sum its postings need.
"""

from datetime import date

from msgspec import Struct

from actors.loan.event_parts import Part, Planned
from actors.loan.state import Instalment, Terms
from actors.turn import Event


class Approval(Struct, frozen=True, array_like=True):
    """Who asked (经办), who approved (复核), and why."""

    maker: str
    checker: str
    reason: str = ""


class Waived(Event, frozen=True, kw_only=True):
    """减免. Totals of each component; ``parts`` of what had fallen due, ``interest_fen_accrued`` and
    ``principal_fen_not_due`` beyond it. ``vat_fen``: output VAT taken back, ``vat_fen_deferred`` falls away.
    ``provision_fen`` tops the allowance up to the principal. ``claim``: of a written-off loan's claim, memo only.
    """

    on: date
    approval: Approval
    principal_fen: int = 0
    interest_fen: int = 0
    penalty_fen: int = 0
    compound_fen: int = 0
    parts: tuple[Part, ...] = ()
    interest_fen_accrued: int = 0
    vat_fen: int = 0
    vat_fen_deferred: int = 0
    principal_fen_not_due: int = 0
    instalment_fen: int = 0
    replanned: tuple[Planned, ...] | None = None
    provision_fen: int = 0
    claim: bool = False


class WrittenOff(Event, frozen=True, kw_only=True):
    """核销: everything owed leaves the balance sheet and becomes a claim. ``provision_fen`` makes the allowance equal
    to the principal, which then takes it all."""

    on: date
    approval: Approval
    principal_fen: int
    interest_fen: int = 0
    penalty_fen: int = 0
    compound_fen: int = 0
    provision_fen: int = 0


class Recovered(Event, frozen=True, kw_only=True):
    """核销后收回 on the claim. ``vat_fen`` of interest, penalty and compound, of it ``vat_fen_receivable`` had been due
    before. ``suspense_fen``: more than the claim, held."""

    amount_fen: int
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    compound_fen: int
    suspense_fen: int = 0
    vat_fen: int = 0
    vat_fen_receivable: int = 0
    source: str
    value_date: date
    core_date: date
    core_serial: str
    effect_id: str = ""


class Extended(Event, frozen=True, kw_only=True):
    """展期: ``rows`` from the running period on, by ``periods`` in all, ``added`` of them beyond the term first agreed.

    The running period is split on ``split_on`` (its own start where nothing changes in it).
    """

    on: date
    approval: Approval
    split_on: date
    periods: int
    added: int
    annual_rate: str
    annual_e10: int
    penalty_e10: int
    misuse_e10: int
    instalment_fen: int
    rows: tuple[Instalment, ...]


class Restructured(Event, frozen=True, kw_only=True):
    """重组 on ``on``: ``rows`` from the running period on by the new ``terms``.

    Of rows that had fallen due ``principal_fen_moved`` goes into the plan (``principal_fen_overdue`` of it was
    overdue), and with ``capitalised`` interest, penalty and compound become principal. ``risk_class`` and
    ``provision_fen`` at once; not better than ``class_floor`` before ``class_floor_until``.
    """

    on: date
    approval: Approval
    terms: Terms
    instalment_fen: int
    rows: tuple[Instalment, ...]
    principal_fen_moved: int = 0
    principal_fen_overdue: int = 0
    capitalised: bool = False
    interest_fen: int = 0
    penalty_fen: int = 0
    compound_fen: int = 0
    risk_class: int
    class_floor: int
    class_floor_until: date | None
    provision_fen: int = 0


class Accelerated(Event, frozen=True, kw_only=True):
    """提前到期: row ``no`` takes all that was not due; ``interest_fen`` is what was accrued and not paid."""

    on: date
    approval: Approval
    no: int
    principal_fen: int
    interest_fen: int
    vat_fen: int = 0


class MisuseMarked(Event, frozen=True, kw_only=True):
    """挪用 of ``amount_fen`` since ``from_date``: ``penalty_fen`` (``micro``) for the days before ``on``."""

    on: date
    approval: Approval
    amount_fen: int
    from_date: date
    micro: int
    penalty_fen: int
    vat_fen: int = 0


class Reclassified(Event, frozen=True, kw_only=True):
    """分类人工调整, with the allowance that follows; holds as a floor before ``until`` (None: for ever)."""

    on: date
    approval: Approval
    risk_class: int
    until: date | None
    provision_fen: int = 0


class AllowanceSet(Event, frozen=True, kw_only=True):
    """``ecl_fen`` None: by class again. ``provision_fen``: change of the allowance."""

    on: date
    approval: Approval
    ecl_fen: int | None
    provision_fen: int = 0


class AccountChangeRequested(Event, frozen=True, kw_only=True):
    """The customer is asked for the account."""

    approval: Approval


class AccountChanged(Event, frozen=True, kw_only=True):
    """还款账户变更; sealed for the customer's id."""

    account_sealed: bytes
    account_masked: str


class LoanFrozen(Event, frozen=True, kw_only=True):
    """司法冻结 by a document of the court."""

    document_no: str
    reason: str
    on: date


class LoanUnfrozen(Event, frozen=True, kw_only=True):
    document_no: str
    on: date


class RefundRequested(Event, frozen=True, kw_only=True):
    """退溢缴款 instructed."""

    effect_id: str
    amount_fen: int
    on: date
    approval: Approval


class SuspenseRefunded(Event, frozen=True, kw_only=True):
    """The core paid the surplus back to the customer's account."""

    effect_id: str
    amount_fen: int
    core_date: date
    core_serial: str


class RefundFailed(Event, frozen=True, kw_only=True):
    """The core definitely paid nothing back."""

    effect_id: str
    code: str


class DisputeMarked(Event, frozen=True, kw_only=True):
    """征信异议; ``note`` "" : over."""

    note: str
    on: date


class DeathRecorded(Event, frozen=True, kw_only=True):
    """借款人死亡; None: it was an error."""

    died_on: date | None
    approval: Approval


RareEvent = (
    Waived
    | WrittenOff
    | Recovered
    | Extended
    | Restructured
    | Accelerated
    | MisuseMarked
    | Reclassified
    | AllowanceSet
    | AccountChangeRequested
    | AccountChanged
    | LoanFrozen
    | LoanUnfrozen
    | RefundRequested
    | SuspenseRefunded
    | RefundFailed
    | DisputeMarked
    | DeathRecorded
)
