"""Commands, queries, events' public names and views of the customer actor (bank, person). Money in fen."""

from datetime import date

from msgspec import Struct

from actors.turn import Command, Query, SettleEffect, View


class RegisterCustomer(Command, frozen=True, kw_only=True):
    """Identity number by GB 11643; the id of the customer comes from the operation (actors/address.py).

    ``account_no``: the person's own settlement account or card at the bank: pay-out and repayment go there.
    """

    bank: str
    name: str
    identity_number: str
    phone: str
    account_no: str


class GiveConsent(Command, frozen=True, kw_only=True):
    """``purpose``: bureau, tax, face, contact. ``text_hash``: SHA-256 hex of the text shown to the person."""

    purpose: str
    version: str
    text_hash: str
    valid_until: date


class WithdrawConsent(Command, frozen=True, kw_only=True):
    purpose: str


class PutOnWhiteList(Command, frozen=True, kw_only=True):
    """``rate_bp`` is added to the product's spread (may be negative)."""

    product: str
    limit_fen: int
    rate_bp: int = 0
    valid_until: date
    batch: str = ""


class TakeOffWhiteList(Command, frozen=True, kw_only=True):
    product: str


class GrantLine(Command, frozen=True, kw_only=True):
    """From the credit-application process; one line per product, a new grant replaces limit, rate and expiry."""

    product: str
    limit_fen: int
    annual_rate: str
    expires_on: date
    process_id: str


class FreezeLine(Command, frozen=True, kw_only=True):
    product: str
    reason: str


class UnfreezeLine(Command, frozen=True, kw_only=True):
    product: str


class CheckDraw(Command, frozen=True, kw_only=True):
    """Asked by a new loan: may this be contracted? Answers `DrawTermsView` or refuses; reserves nothing."""

    product: str
    loan_id: str
    amount_fen: int


class ReserveLine(Command, frozen=True, kw_only=True):
    """预占. ``check_at_ms``: wall time from which the customer asks the process what became of it."""

    product: str
    loan_id: str
    process_id: str
    amount_fen: int
    check_at_ms: int


class ConfirmReservation(Command, frozen=True, kw_only=True):
    """占用: paid out. Only from the process that reserved."""

    loan_id: str
    process_id: str


class ReleaseReservation(Command, frozen=True, kw_only=True):
    """Only after a definite failure, only from the process that reserved; what is not there changes nothing."""

    loan_id: str
    process_id: str


class CheckReservations(Command, frozen=True, kw_only=True):
    """Sent by the runtime at the customer's wake-up: ask the processes of overdue reservations what became of them."""


class RestoreLine(Command, frozen=True, kw_only=True):
    """恢复: principal repaid (or a disbursement reversed: ``reversed`` true). From the loan.

    Negative: so much more is outstanding (a repayment reversed, interest that became principal).
    ``lost_fen`` of it was waived: it leaves the draw and does not come back. ``written_off``: nor does the rest of the
    draw, and the line ends.
    """

    loan_id: str
    amount_fen: int
    settled: bool = False
    reversed: bool = False
    lost_fen: int = 0
    written_off: bool = False


class ReopenDraw(Command, frozen=True, kw_only=True):
    """From a loan whose end was taken back (the repayment that settled it was reversed or corrected): ``amount_fen`` is
    outstanding again, on its old place of the line, whose use may pass the limit (超额)."""

    loan_id: str
    product: str
    process_id: str
    amount_fen: int


class NoteOverdue(Command, frozen=True, kw_only=True):
    """From the loan: it became overdue or is so no longer; no draw while any loan is overdue."""

    loan_id: str
    overdue: bool


class BlockDraws(Command, frozen=True, kw_only=True):
    """From the loan: no draw while it is written off or misused, or the borrower is dead; ``reason`` "": no longer."""

    loan_id: str
    reason: str = ""


class ChangeSettlementAccount(Command, frozen=True, kw_only=True):
    """账户变更: the person's own settlement account at the bank, its holder's name checked (maker, checker)."""

    account_no: str
    maker: str
    checker: str


class TellAccount(Command, frozen=True, kw_only=True):
    """Asked by a loan that changes its repayment account: answers `AccountView`."""

    loan_id: str


class ExpireLines(Command, frozen=True, kw_only=True):
    """日终: note the lines whose last day was ``date`` or before: the promise leaves the books. Idempotent.

    The day's end sends it when the date has moved on; expiry itself is by date, noted or not.
    """

    date: date


class RemindDue(Command, frozen=True, kw_only=True):
    """还款提醒: tell the person by SMS that something falls due on ``due``; once for all loans of that day."""

    due: date


class NoteRefusal(Command, frozen=True, kw_only=True):
    """From the application process: refused, so no new application for ``product`` before ``until`` has passed.

    A refusal inside the cool-off days does not prolong them.
    """

    product: str
    until: date


class SnapshotCustomer(Command, frozen=True, kw_only=True):
    """Asked by the application process: facts for the decision as `CustomerSnapshot` (commits nothing)."""

    product: str


class GetCustomer(Query, frozen=True, kw_only=True):
    pass


class GetLines(Query, frozen=True, kw_only=True):
    pass


CustomerCommand = (
    RegisterCustomer
    | GiveConsent
    | WithdrawConsent
    | PutOnWhiteList
    | TakeOffWhiteList
    | GrantLine
    | FreezeLine
    | UnfreezeLine
    | CheckDraw
    | ReserveLine
    | ConfirmReservation
    | ReleaseReservation
    | CheckReservations
    | NoteRefusal
    | RestoreLine
    | ReopenDraw
    | NoteOverdue
    | BlockDraws
    | ChangeSettlementAccount
    | TellAccount
    | ExpireLines
    | RemindDue
    | SnapshotCustomer
    | SettleEffect
)
CustomerQuery = GetCustomer | GetLines


class ConsentView(View, frozen=True, kw_only=True):
    purpose: str
    version: str
    given_on: date
    valid_until: date
    withdrawn: bool


class LineView(View, frozen=True, kw_only=True):
    """``status``: active, frozen, expired, ended. ``available_fen`` is 0 unless active."""

    product: str
    status: str
    limit_fen: int
    reserved_fen: int
    used_fen: int
    available_fen: int
    annual_rate: str
    expires_on: date


class CustomerView(View, frozen=True, kw_only=True):
    customer_id: str
    bank: str
    status: str
    name_masked: str
    identity_masked: str
    phone_masked: str
    account_masked: str
    registered_on: date
    consents: tuple[ConsentView, ...]
    white_list: tuple[str, ...]
    lines: tuple[LineView, ...]
    version: int = 0
    draws_blocked: tuple[str, ...] = ()


class LinesView(View, frozen=True, kw_only=True):
    customer_id: str
    lines: tuple[LineView, ...]


class RegisteredView(View, frozen=True, kw_only=True):
    customer_id: str


class ReservedView(View, frozen=True, kw_only=True):
    """Room on the line is held for ``loan_id``. ``phone_sealed`` lets the process tell the person."""

    loan_id: str
    product: str
    amount_fen: int
    phone_sealed: bytes


class AccountView(View, frozen=True, kw_only=True):
    """``account_sealed``: sealed for the customer's id."""

    account_sealed: bytes
    account_masked: str


class DrawTermsView(View, frozen=True, kw_only=True):
    """``*_sealed``: sealed for the customer's id; only the actors of outside systems unseal them."""

    product: str
    annual_rate: str
    available_fen: int
    account_sealed: bytes
    name_sealed: bytes
    identity_sealed: bytes
    birth_date: date


class CustomerSnapshot(View, frozen=True, kw_only=True):
    """``*_sealed`` are sealed for the customer's id; ``white_listed_fen`` is 0 when not on the product's list.

    ``consents``: purposes with a valid consent. ``limit_fen_other_lines``: of live lines for other products.
    """

    customer_id: str
    status: str
    birth_date: date
    division: str
    consents: tuple[str, ...]
    white_listed_fen: int
    white_list_rate_bp: int
    limit_fen_all_lines: int
    limit_fen_other_lines: int
    any_overdue: bool
    name_sealed: bytes
    identity_sealed: bytes
    phone_sealed: bytes
    refused_until: date | None = None
    bureau_consent_version: str = ""


class Facts(Struct, frozen=True, kw_only=True):
    """What the applicant declares; goes to the score model. Income and debts per month in fen.

    ``housing``: own, rent, free. ``employment_years``: 0 unemployed or under a year. Bands, as in German credit data:
    ``checking_band`` 0 overdrawn, 1 below 200, 2 200 and more or salary for a year, 3 none known;
    ``savings_band`` 0 none or unknown, 1 <100, 2 <500, 3 <1000, 4 >=1000;
    ``history_band`` 0 none taken or all repaid, 1 all at this bank repaid, 2 existing ones duly paid, 3 delays in the
    past, 4 critical account or credits elsewhere.
    """

    monthly_income_fen: int = 0
    monthly_debt_fen: int = 0
    employment_years: int = 0
    housing: str = ""
    purpose: str = ""
    existing_loans: int = 0
    dependants: int = 0
    savings_band: int = 0
    checking_band: int = 0
    history_band: int = 0
