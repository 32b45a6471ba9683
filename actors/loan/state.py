"""What a loan is: the terms it was signed with, its instalments, what accrues, and what is under way outside.

Kept compact (one row of about a kilobyte): terms and instalments are array-like, a default is not stored. All sums are
fen; ``*_micro`` are micro-yuan (1 fen = 10,000); rates are integers of 10^-10 a year, so that nothing is ever rounded.
"""

from datetime import date
from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct

from actors.bank import Allocation, FeeTier
from actors.schedule.terms import PlanTerms
from actors.turn import Effect

RATE_SCALE: Final = 10**10
MICRO_PER_FEN: Final = 10_000

Status = Literal[
    "drafting",
    "refused",
    "contract",
    "signing",
    "signed",
    "disbursing",
    "active",
    "overdue",
    "settled",
    "reversing",
    "reversed",
    "written_off",
]


class Terms(Struct, frozen=True, array_like=True):
    """What was agreed: the product's terms of the day the contract was asked for. New fields go to the end.

    ``annual_rate`` and what follows from it are known with the contract. ``misuse_e10`` is the rate of a misused
    balance, ``penalty_e10`` that of overdue principal; both follow the contract rate when it is repriced.
    """

    product: str
    amount_fen: int
    use_code: str
    plan: PlanTerms
    grace_days: int
    penalty_factor: Decimal
    prepay_fen_min: int
    age_min: int
    age_at_maturity_max: int
    revolving: bool
    annual_rate: Decimal = Decimal(0)
    annual_e10: int = 0
    penalty_e10: int = 0
    misuse_factor: Decimal = Decimal(2)
    misuse_e10: int = 0
    compound_on: Literal["off", "interest", "all"] = "off"
    compound_months: int = 1
    compound_rate: Literal["until_maturity", "penalty"] = "until_maturity"
    allocation: Allocation = "by_instalment"
    allocation_overdue: tuple[tuple[int, Allocation], ...] = ()
    prepay_fen_step: int = 1
    prepay_fees: tuple[FeeTier, ...] = ()
    repricing: Literal["fixed", "january", "anniversary"] = "fixed"
    lpr_tenor: str = "1Y"
    spread_bp: int = 0


class Instalment(Struct, frozen=True, array_like=True):
    """A row of the schedule. ``interest_fen`` is contract interest of the period; ``*_paid`` what was paid or waived.

    Penalty: ``penalty_fen`` is booked up to the last close; it is ``penalty_micro`` of stretches before
    ``penalty_from`` plus what the unpaid principal bears since then. ``penalty_from`` None: bears none. Compound (复利)
    likewise, on the unpaid interest and on ``compound_base_fen`` (penalty and compound that were charged before).
    """

    due: date
    principal_fen: int
    interest_fen: int
    principal_fen_paid: int = 0
    interest_fen_paid: int = 0
    penalty_fen: int = 0
    penalty_fen_paid: int = 0
    penalty_micro: int = 0
    penalty_from: date | None = None
    compound_fen: int = 0
    compound_fen_paid: int = 0
    compound_micro: int = 0
    compound_from: date | None = None
    compound_base_fen: int = 0

    @property
    def principal_fen_unpaid(self) -> int:
        return self.principal_fen - self.principal_fen_paid

    @property
    def interest_fen_unpaid(self) -> int:
        return self.interest_fen - self.interest_fen_paid

    @property
    def penalty_fen_unpaid(self) -> int:
        return self.penalty_fen - self.penalty_fen_paid

    @property
    def compound_fen_unpaid(self) -> int:
        return self.compound_fen - self.compound_fen_paid

    @property
    def unpaid_fen(self) -> int:
        return (
            self.principal_fen
            - self.principal_fen_paid
            + self.interest_fen
            - self.interest_fen_paid
            + self.penalty_fen
            - self.penalty_fen_paid
            + self.compound_fen
            - self.compound_fen_paid
        )


class Contract(Struct, frozen=True, array_like=True):
    """What the contract's text is made of besides `Terms`; the text itself is made again from these when asked for."""

    template: int
    drawn_on: date
    bank_zh: str
    product_zh: str
    hash: str
    irr_annual: str
    certificate_no: str = ""
    signed_at: str = ""


class Debit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An auto-debit under way. ``kind`` due, partial or full; ``on`` is the date whose figures it was made of."""

    effect_id: str
    kind: str
    amount_fen: int
    on: date


class Misuse(Struct, frozen=True, array_like=True):
    """挪用: ``amount_fen`` of the principal is used for what is forbidden, and bears the misuse rate since
    ``segment_from``. ``fen`` is booked, of it ``fen_paid`` was paid or waived; ``micro`` stems from earlier stretches.
    It is "row 0" of an allocation."""

    amount_fen: int
    segment_from: date
    micro: int = 0
    fen: int = 0
    fen_paid: int = 0


class Claim(Struct, frozen=True, array_like=True):
    """账销案存: what was written off, and what of it was recovered or waived since (``*_met``).

    ``waived``: of what was met; principal, interest, penalty, compound. The rest of it was recovered."""

    on: date
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    compound_fen: int
    principal_fen_met: int = 0
    interest_fen_met: int = 0
    penalty_fen_met: int = 0
    compound_fen_met: int = 0
    waived: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def left(self) -> tuple[int, int, int, int]:
        """Principal, interest, penalty, compound still claimed, in fen."""
        return (
            self.principal_fen - self.principal_fen_met,
            self.interest_fen - self.interest_fen_met,
            self.penalty_fen - self.penalty_fen_met,
            self.compound_fen - self.compound_fen_met,
        )


def tombstone(core_date: date, core_serial: str) -> str:
    """The mark of a core booking whose reversal came first; serials are unique a day."""
    return f"{core_date.isoformat()}/{core_serial}"


class LoanState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One loan (借据). Figures are as of the start of the day after ``closed_to``.

    ``fallen``: rows[:fallen] have fallen due, rows[fallen] is the running period. ``lapsed``: of rows[:lapsed] the
    grace is over, what is unpaid of them is overdue. ``first_unpaid``: rows[:first_unpaid] are paid in full.
    ``balance_fen``: principal not due yet. ``accrued_fen``: interest of the running period booked and not paid;
    ``segment_*``: where its computation starts. ``money_version`` counts pay-out and repayments (not closes of days,
    since interest is a function of time): quotes are pinned to it.

    ``penalty_fen_booked``: penalty, misuse and compound recognised as income, of which VAT follows. ``vat_fen_output``:
    output VAT of this loan so far; ``vat_fen_receivable``: of it what was due for interest that was reversed (1221).
    ``risk_class`` 1 normal .. 5 loss, not better than ``class_floor`` before ``class_floor_until`` (None: for ever);
    ``clear_since`` and ``clear_fallen``: the day on which the arrears were cleared and ``fallen`` on it.
    ``signed_terms``: those of the contract, once a new rate, extension or new plan has changed ``terms``.
    ``ecl_fen``: the allowance an ECL file asked for; None: by class. ``serials``: core serials posted on
    ``serials_on``; ``tombstones``: bookings whose reversal came before them.
    ``principal_fen_capitalised``: 利息转本 by restructuring; rows[:plan_offset] belong to the plan before it.
    ``refund``: under way; ``refund_end``: refunding, refund_unknown, refunded, refund_failed. ``lost_fen_waiting``:
    principal waived that the customer has still to hear of; ``block_told``: why it was told to block draws.
    """

    bank: str
    customer_id: str
    status: Status
    terms: Terms
    reason: str = ""
    contract: Contract | None = None
    signed_terms: Terms | None = None
    account_sealed: bytes = b""
    name_sealed: bytes = b""
    identity_sealed: bytes = b""
    # the schedule and what accrues on it
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
    disbursed_on: date | None = None
    matures_on: date | None = None
    closed_to: date | None = None
    settled_on: date | None = None
    # sums for people and for the invariants
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
    suspense_fen: int = 0
    proof_fen: int = 0
    proofs: int = 0
    money_version: int = 0
    incidents: int = 0
    # under way outside
    effects: dict[str, Effect] = {}
    doubted: tuple[str, ...] = ()
    process_id: str = ""
    process_effect: str = ""
    disburse_effect: str = ""
    core_serial: str = ""
    debit: Debit | None = None
    repayment: str = ""
    frozen: str = ""
    extended: int = 0
    restructured_on: date | None = None
    accelerated_on: date | None = None
    serials_on: date | None = None
    serials: tuple[str, ...] = ()
    tombstones: tuple[str, ...] = ()
    restore_fen_waiting: int = 0
    settlement_told: bool = False
    overdue_told: bool = False
    account_masked: str = ""
    principal_fen_capitalised: int = 0
    plan_offset: int = 0
    disputed: str = ""
    died_on: date | None = None
    refund: Debit | None = None
    refund_end: str = ""
    lost_fen_waiting: int = 0
    block_told: str = ""

    @property
    def contract_terms(self) -> Terms:
        """What was signed; the contract's text and cost table are made from these for ever."""
        return self.signed_terms or self.terms

    @property
    def overdue(self) -> bool:
        """Something unpaid whose grace is over."""
        return self.first_unpaid < self.lapsed
