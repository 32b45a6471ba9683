"""What the core keeps: instructions received, deposit accounts, loan accounts; JSON-able (sandbox/keep.py)."""

from msgspec import Struct, field

from sandbox.core.ledger import Ledger, Line


class Order(Struct, frozen=True):
    """An instruction as it came, read from the wire. Money in fen; ``parts``: principal, interest, penalty.

    ``allocation``: the same in the order in which a partial debit is to be booked, item by item; empty: fee, penalty,
    compound, interest, principal. ``lines`` and ``book_date`` belong to a daily voucher.
    """

    operation: str
    consumer: str
    sequence: str
    bank: str
    digest: str
    loan_no: str = ""
    account: str = ""
    amount_fen: int = 0
    parts: tuple[int, int, int] = (0, 0, 0)
    partial: bool = False
    allocation: tuple[tuple[str, int], ...] = ()
    original: str = ""
    customer_no: str = ""
    product: str = ""
    annual_rate: str = ""
    periods: int = 0
    method: str = ""
    compound_fen: int = 0
    fee_fen: int = 0
    lines: tuple[Line, ...] = ()
    book_date: str = ""

    @property
    def key(self) -> str:
        """Idempotency of the core: consumer and sequence, without the date, since a re-send may come after midnight."""
        return f"{self.consumer}|{self.sequence}"


class Split(Struct, frozen=True, array_like=True):
    """What a debit was booked as, in fen. ``surplus_fen``: more than was owed, held in suspense."""

    principal_fen: int = 0
    interest_fen: int = 0
    penalty_fen: int = 0
    compound_fen: int = 0
    fee_fen: int = 0
    surplus_fen: int = 0


class PlanRow(Struct):
    """An instalment as the core itself reckons it; dates yyyy-mm-dd. ``penalty_fen``: borne up to ``penalty_to``."""

    due: str
    principal_fen: int
    interest_fen: int
    principal_fen_paid: int = 0
    interest_fen_paid: int = 0
    penalty_fen: int = 0
    penalty_fen_paid: int = 0
    penalty_to: str = ""


class Plan(Struct):
    """The core's own schedule of a loan, kept where it calculates (core_calculated).

    The running period bears ``segment_fen`` until ``segment_from``, and what is not due since then.
    """

    rows: list[PlanRow]
    segment_from: str
    segment_fen: int = 0


class Instruction(Struct):
    """An instruction and what became of it. ``status``: P processing, S success, F failed. ``voucher``: its place among
    the ledger's vouchers, -1 when nothing was booked. ``split``: of a debit, as booked; ``calculated`` when by the
    core's own reckoning, whose plan before it is ``plan_before``."""

    order: Order
    status: str = "P"
    code: str = ""
    received: int = 1
    applied: int = 0
    moved_fen: int = 0
    core_date: str = ""
    serial: str = ""
    voucher: int = -1
    reversed_by: str = ""
    split: Split = Split()
    calculated: bool = False
    plan_before: Plan | None = None


class Deposit(Struct):
    """A customer's settlement account."""

    balance_fen: int = 0
    frozen: bool = False
    closed: bool = False


class LoanAccount(Struct):
    """``status``: open, settled, reversed. ``movements``: keys of the instructions that moved it, oldest first."""

    customer_no: str
    product: str
    account: str
    disbursed_fen: int
    principal_fen_outstanding: int
    annual_rate: str
    periods: int
    method: str
    opened: str
    status: str = "open"
    movements: list[str] = []
    plan: Plan | None = None


class Books(Struct):
    """The whole memory of the core. Accounts by bank, then number; ``tombstones``: key of an original that must never
    be done any more (its reversal came first) -> the reversal's key. ``dates``: bank ("*" for
    all others) -> accounting date. ``modes``: bank -> how it keeps our loans (sandbox/core/booking.py), instructed
    unless said; ``closed``: bank -> the last date for which no daily voucher is taken any more."""

    instructions: dict[str, Instruction] = {}
    tombstones: dict[str, str] = {}
    deposits: dict[str, dict[str, Deposit]] = {}
    loans: dict[str, dict[str, LoanAccount]] = {}
    ledger: Ledger = field(default_factory=Ledger)
    dates: dict[str, str] = {}
    serials: dict[str, int] = {}
    auto_create: bool = True
    default_balance_fen: int = 0
    modes: dict[str, str] = {}
    closed: dict[str, str] = {}
