"""What a customer of one bank is: who (sealed), consents, white lists, credit lines, draws on them."""

from datetime import date

from msgspec import Struct

from actors.turn import Effect


class Consent(Struct, frozen=True, array_like=True):
    """授权: to what the person agreed, by the text whose SHA-256 is ``text_hash``."""

    version: str
    text_hash: str
    given_on: date
    valid_until: date
    withdrawn: bool = False


class Listing(Struct, frozen=True, array_like=True):
    """An entry of a product's white list; valid to the end of ``valid_until``."""

    limit_fen: int
    rate_bp: int
    valid_until: date
    batch: str


class Line(Struct, frozen=True, array_like=True):
    """授信额度 of one product. ``status`` active, frozen, expired (also by date: `line.status_on`), ended (核销).

    ``used_fen`` 占用: paid out and not restored; what is reserved stands in the draws.
    """

    status: str
    limit_fen: int
    annual_rate: str
    expires_on: date
    used_fen: int


class Draw(Struct, frozen=True, array_like=True):
    """One loan's place on a line. ``status``: reserved 预占, used 占用, closed (ended before its confirmation came).

    ``amount_fen``: what is reserved or still outstanding. ``check_at_ms``: when to ask the process (0: not by time);
    ``asked``: the effect that is asking it. ``unconfirmed``: used because the loan is being repaid; the process has yet
    to confirm.
    """

    product: str
    process_id: str
    amount_fen: int
    status: str
    check_at_ms: int = 0
    asked: str = ""
    unconfirmed: bool = False


class CustomerState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """(bank, person). ``*_sealed`` can only be unsealed by the actors of outside systems; masks are for views."""

    id: str
    bank: str
    status: str
    name_sealed: bytes
    identity_sealed: bytes
    phone_sealed: bytes
    account_sealed: bytes
    identity_index: bytes
    name_masked: str
    identity_masked: str
    phone_masked: str
    account_masked: str
    birth_date: date
    division: str
    registered_on: date
    consents: dict[str, Consent] = {}
    white_list: dict[str, Listing] = {}
    lines: dict[str, Line] = {}
    draws: dict[str, Draw] = {}
    overdue: tuple[str, ...] = ()
    refused_until: dict[str, date] = {}
    effects: dict[str, Effect] = {}
    doubted: tuple[str, ...] = ()
    incidents: int = 0
    blocked: dict[str, str] = {}
    """Loan -> why it blocks draws."""
