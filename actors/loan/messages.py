"""Commands, queries and views of the loan actor (借据). Money in fen, rates per year as decimal text."""

from datetime import date

from actors.loan.messages_corrections import CorrectionCommand
from actors.loan.messages_rare import GetSettlementCertificate, RareCommand
from actors.schedule.terms import Method
from actors.turn import Command, Query, SettleEffect, View


class OpenContract(Command, frozen=True, kw_only=True):
    """Draw up the contract: the loan asks the customer (`CheckDraw`) for rate and room on the line.

    ``due_day`` 1..31 (0: the day of pay-out). ``use_code`` one of the product's uses.
    """

    customer_id: str
    product: str
    amount_fen: int
    periods: int
    method: Method
    due_day: int = 0
    use_code: str


class Sign(Command, frozen=True, kw_only=True):
    """The person signs: ``cost_confirmed`` says the financing-cost table was read and confirmed."""

    cost_confirmed: bool
    contract_hash: str


class Disburse(Command, frozen=True, kw_only=True):
    """From the drawdown process, after the reservation; answers "pending", then `ActivityDone` to ``process_id``."""

    process_id: str
    effect_id: str


class PrepareDraw(Command, frozen=True, kw_only=True):
    """From the drawdown process: answers `DrawFacts` when the loan is signed and not yet being paid out."""

    process_id: str


class Repay(Command, frozen=True, kw_only=True):
    """Repay through the core's auto-debit of the customer's account.

    ``kind``: ``due`` (what is due or overdue today, at most ``amount_fen`` when not 0), ``partial`` (prepayment of
    ``amount_fen``), ``full`` (payoff with ``quote``: the `PayoffQuote.quote` of this business date and version).
    """

    kind: str
    amount_fen: int = 0
    quote: str = ""


class PostRepayment(Command, frozen=True, kw_only=True):
    """A repayment already collected elsewhere (counter 柜面, court 司法扣划, channel): posted as it is, at once.

    ``core_date``/``core_serial``: the core's booking. Surplus over the payoff is held in suspense.
    """

    amount_fen: int
    source: str
    core_date: date
    core_serial: str


class ReverseDisbursement(Command, frozen=True, kw_only=True):
    """冲正 on the day of pay-out, while nothing came after it; a second one succeeds and does nothing."""

    reason: str


class CloseDay(Command, frozen=True, kw_only=True):
    """End of business date ``date`` for this loan: accrue, bill what falls due next day, overdue, penalty.

    Idempotent; dates in order; a missed day is caught up. Later money commands close earlier days by themselves.
    """

    date: date


class CollectDue(Command, frozen=True, kw_only=True):
    """Start the auto-debit of what is due or overdue at the business date (the day's run sends it)."""

    date: date


class UploadProof(Command, frozen=True, kw_only=True):
    """Proof of use (消费凭证): the document itself lies in content management; here its SHA-256 and sum."""

    document_hash: str
    amount_fen: int
    kind: str


class GetLoan(Query, frozen=True, kw_only=True):
    """``until``: wait (to the deadline) until the status is none of these words (comma separated)."""

    until_not: str = ""


class GetContract(Query, frozen=True, kw_only=True):
    pass


class GetSchedule(Query, frozen=True, kw_only=True):
    pass


class GetPayoffQuote(Query, frozen=True, kw_only=True):
    """Pinned to the business date and the loan's version."""


LoanCommand = (
    OpenContract
    | Sign
    | PrepareDraw
    | Disburse
    | Repay
    | PostRepayment
    | ReverseDisbursement
    | CloseDay
    | CollectDue
    | UploadProof
    | RareCommand
    | CorrectionCommand
    | SettleEffect
)
LoanQuery = GetLoan | GetContract | GetSchedule | GetPayoffQuote | GetSettlementCertificate


class LoanView(View, frozen=True, kw_only=True):
    """``status``: drafting, refused, contract, signing, signed, disbursing, active, overdue, settled, reversed,
    written_off.

    ``repayment``: "" or in_flight / unknown while an auto-debit is open, else the last one's end: repaid / failed.
    ``refund`` likewise: refunding / refund_unknown, refunded / refund_failed. ``account_masked``: "" as at signing.
    """

    loan_id: str
    bank: str
    customer_id: str
    product: str
    status: str
    reason: str
    amount_fen: int
    periods: int
    method: str
    annual_rate: str
    use_code: str
    disbursed_on: date | None
    matures_on: date | None
    disbursement_unknown: bool
    principal_fen_outstanding: int
    interest_fen_due: int
    penalty_fen_due: int
    principal_fen_due: int
    principal_fen_repaid: int
    interest_fen_repaid: int
    penalty_fen_repaid: int
    suspense_fen: int
    overdue_days: int
    next_due: date | None
    repayment: str
    incidents: int
    contract_hash: str
    certificate_no: str
    core_serial: str
    version: int = 0
    compound_fen_due: int = 0
    compound_fen_repaid: int = 0
    fee_fen_repaid: int = 0
    waived_fen: int = 0
    risk_class: int = 1
    non_accrual: bool = False
    frozen: str = ""
    claim_fen: int = 0
    refund: str = ""
    account_masked: str = ""
    misused_fen: int = 0
    disputed: str = ""
    died_on: date | None
    extended: int = 0
    restructured_on: date | None
    accelerated_on: date | None


class ContractView(View, frozen=True, kw_only=True):
    """Text in Chinese, hash of it, annualised cost (IRR, effective) beside the rate, and the financing-cost table."""

    loan_id: str
    status: str
    contract_no: str
    text_zh: str
    contract_hash: str
    annual_rate: str
    irr_annual: str
    costs: tuple[tuple[str, str], ...]


class InstalmentView(View, frozen=True, kw_only=True):
    """``status``: open, due, overdue, paid."""

    no: int
    due_date: date
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    paid_fen: int
    balance_fen_after: int
    status: str
    compound_fen: int = 0


class ScheduleView(View, frozen=True, kw_only=True):
    loan_id: str
    method: str
    instalments: tuple[InstalmentView, ...]


class PayoffQuote(View, frozen=True, kw_only=True):
    """What settles the loan on ``business_date``; interest excludes that day. ``fee_fen``: 提前还款违约金."""

    loan_id: str
    quote: str
    business_date: date
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    total_fen: int
    compound_fen: int = 0
    fee_fen: int = 0


class AcceptedView(View, frozen=True, kw_only=True):
    """The command is taken; follow ``loan_id``'s status.

    ``effect_id``: of the auto-debit that a `Repay` began, else "". By it a repeated `Repay` finds its own end, also
    when the loan has had other repayments since.
    """

    loan_id: str
    status: str
    effect_id: str = ""


class DrawFacts(View, frozen=True, kw_only=True):
    loan_id: str
    customer_id: str
    product: str
    amount_fen: int


class PendingView(View, frozen=True, kw_only=True):
    """The activity goes on; its end is told by `ActivityDone`."""

    pending: bool = True


class RepaidView(View, frozen=True, kw_only=True):
    """How a posted repayment was allocated."""

    loan_id: str
    status: str
    principal_fen: int
    interest_fen: int
    penalty_fen: int
    suspense_fen: int
    principal_fen_outstanding: int
    compound_fen: int = 0
    fee_fen: int = 0
