"""Commands of the rarer events of a loan's life; maker (经办) and checker (复核) where money or class is at stake.

Part of `messages.LoanCommand`. Money in fen, rates per year as decimal text. All take effect on the business date.
"""

from datetime import date
from typing import Literal

from actors.schedule.terms import Method
from actors.turn import Command, Query, View

Arrears = Literal["capitalise", "principal", "keep"]
"""What a restructuring does with arrears: all of them into the new plan as principal (利息转本), only the principal,
or nothing: they stay due."""


class Approved(Command, frozen=True, kw_only=True):
    """Base of commands that need two persons: staff ids of two different people, and why."""

    maker: str
    checker: str
    reason: str = ""


class Waive(Approved, frozen=True, kw_only=True):
    """减免: at most what is owed of each; oldest rows first, then what is accrued and not due. Settles a loan that owes
    nothing after it. Of a written-off loan: of its claim."""

    principal_fen: int = 0
    interest_fen: int = 0
    penalty_fen: int = 0
    compound_fen: int = 0


class WriteOff(Approved, frozen=True, kw_only=True):
    """核销 against the allowance, which is topped up first; the claim is kept (账销案存), the line ends."""


class ExtendLoan(Approved, frozen=True, kw_only=True):
    """展期 by ``periods`` more periods, from the running one on; ``annual_rate`` "": unchanged. Not with arrears."""

    periods: int
    annual_rate: str = ""


class Restructure(Approved, frozen=True, kw_only=True):
    """重组: a new plan for everything owed from the business date on; ``annual_rate`` "" keeps the rate."""

    method: Method
    periods: int
    arrears: Arrears
    annual_rate: str = ""


class Accelerate(Approved, frozen=True, kw_only=True):
    """提前到期: all principal not due and the interest accrued fall due on the business date."""


class MarkMisuse(Approved, frozen=True, kw_only=True):
    """挪用: ``amount_fen`` of the principal outstanding bears the misuse rate from ``from_date`` on, past days too."""

    amount_fen: int
    from_date: date


class Reclassify(Approved, frozen=True, kw_only=True):
    """分类人工调整: the class now, and not better than it up to the day before ``until`` (None: for ever).

    ``risk_class`` 1 normal .. 5 loss; never better than the overdue days, or a restructuring under watch, say.
    """

    risk_class: int
    until: date | None = None


class SetAllowance(Approved, frozen=True, kw_only=True):
    """The allowance an expected-credit-loss model asks for; None: by class again."""

    ecl_fen: int | None = None


class ChangeAccount(Approved, frozen=True, kw_only=True):
    """还款账户变更: to the settlement account that the customer has now, which is in the borrower's own name."""


class FreezeLoan(Command, frozen=True, kw_only=True):
    """司法冻结: no auto-debit, no online repayment, no refund; what the core collects itself is still posted."""

    document_no: str
    reason: str = ""


class UnfreezeLoan(Command, frozen=True, kw_only=True):
    document_no: str


class RefundSuspense(Approved, frozen=True, kw_only=True):
    """退溢缴款 to the repayment account through the core; ``amount_fen`` 0: all that is held."""

    amount_fen: int = 0


class MarkDispute(Command, frozen=True, kw_only=True):
    """征信异议: a note on the loan; ``note`` "" takes it off."""

    note: str = ""


class RecordDeath(Approved, frozen=True, kw_only=True):
    """借款人死亡: no auto-debit, no draws and so no messages any more; ``died_on`` None takes an error back."""

    died_on: date | None = None


class GetSettlementCertificate(Query, frozen=True, kw_only=True):
    """结清证明 data; empty for a loan that is not settled."""


RareCommand = (
    Waive
    | WriteOff
    | ExtendLoan
    | Restructure
    | Accelerate
    | MarkMisuse
    | Reclassify
    | SetAllowance
    | ChangeAccount
    | FreezeLoan
    | UnfreezeLoan
    | RefundSuspense
    | MarkDispute
    | RecordDeath
)


class CertificateView(View, frozen=True, kw_only=True):
    """结清证明: dates, sums paid by component (recoveries after a write-off included) and given up, in words as well.

    ``certificate_no`` "" and no sums while ``status`` is not settled.
    """

    loan_id: str
    status: str
    certificate_no: str
    contract_no: str
    product: str
    amount_fen: int
    amount_words: str
    disbursed_on: date | None
    settled_on: date | None
    principal_fen_paid: int
    interest_fen_paid: int
    penalty_fen_paid: int
    compound_fen_paid: int
    fee_fen_paid: int
    total_fen_paid: int
    total_words: str
    waived_fen: int
    written_off: bool
