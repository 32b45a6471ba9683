"""What the core keeps: instructions received, deposit accounts, loan accounts; JSON-able (sandbox/keep.py)."""

from msgspec import Struct, field

from sandbox.core.ledger import Ledger


class Order(Struct, frozen=True):
    """An instruction as it came, read from the wire. Money in fen; ``parts``: principal, interest, penalty.

    ``allocation``: the same in the order in which a partial debit is to be booked, item by item; empty: penalty,
    interest, principal."""

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

    @property
    def key(self) -> str:
        """Idempotency of the core: consumer and sequence, without the date, since a re-send may come after midnight."""
        return f"{self.consumer}|{self.sequence}"


class Instruction(Struct):
    """An instruction and what became of it. ``status``: P processing, S success, F failed. ``voucher``: its place among
    the ledger's vouchers, -1 when nothing was booked."""

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


class Books(Struct):
    """The whole memory of the core. Accounts by bank, then number; ``tombstones``: key of an original that must never
    be done any more (its reversal came first) -> the reversal's key. ``dates``: bank ("*" for
    all others) -> accounting date."""

    instructions: dict[str, Instruction] = {}
    tombstones: dict[str, str] = {}
    deposits: dict[str, dict[str, Deposit]] = {}
    loans: dict[str, dict[str, LoanAccount]] = {}
    ledger: Ledger = field(default_factory=Ledger)
    dates: dict[str, str] = {}
    serials: dict[str, int] = {}
    auto_create: bool = True
    default_balance_fen: int = 0
