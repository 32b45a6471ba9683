"""Actor addresses and the numbers we issue: kind letter, shard, number, check digit.

An id is 20 characters: ``C|L|P`` (customer, loan, process), four digits of shard, fourteen digits of number, one check
digit (ISO 7064 MOD 11,10 over the 18 digits). A loan and a process carry the shard of their customer, so any gateway
routes an id without a look-up and a customer with all that is theirs lives in one place.
"""

import hmac
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, NamedTuple

SHARDS = 1024
Kind = Literal["customer", "loan", "process"]
LETTER: dict[str, str] = {"customer": "C", "loan": "L", "process": "P"}
KIND_OF_LETTER: dict[str, Kind] = {"C": "customer", "L": "loan", "P": "process"}
_NUMBERS = 10**14


class Address(NamedTuple):
    """Where a message goes: ``kind`` and ``id``."""

    kind: Kind
    id: str


class BadId(ValueError):
    """The text is not an id we issued: wrong letter, length, shard or check digit."""


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10: finds every single wrong digit and almost every swap of neighbours."""
    p = 10
    for ch in digits:
        s = (p + int(ch)) % 10 or 10
        p = (s * 2) % 11
    return str((11 - p) % 10)


def make_id(kind: Kind, shard: int, number: int) -> str:
    digits = f"{shard:04d}{number % _NUMBERS:014d}"
    return LETTER[kind] + digits + check_digit(digits)


@lru_cache(maxsize=20_000)
def parse_id(text: str) -> Address:
    """The address of an id, or `BadId`. Remembered for ids in use: the router asks for each message."""
    kind = KIND_OF_LETTER.get(text[:1])
    digits = text[1:19]
    if kind is None or len(text) != 20 or not text[1:].isascii() or not text[1:].isdigit():
        raise BadId(text)
    if int(digits[:4]) >= SHARDS or check_digit(digits) != text[19]:
        raise BadId(text)
    return Address(kind, text)


def shard_of(actor_id: str) -> int:
    """The shard written into a well-formed id."""
    return int(actor_id[1:5])


def _digest(key: bytes, *parts: str) -> int:
    text = "\x1f".join(parts).encode()
    return int.from_bytes(hmac.digest(key, text, "sha256")[:16], "big")


def new_customer_id(key: bytes, bank: str, channel: str, operation_id: str) -> str:
    """The id of the customer that this operation creates: a keyed hash, so a retry through any gateway finds it."""
    n = _digest(key, "customer", bank, channel, operation_id)
    return make_id("customer", n % SHARDS, n // SHARDS)


def new_id_beside(key: bytes, kind: Kind, beside: str, bank: str, channel: str, operation_id: str) -> str:
    """The id of a loan or process created by this operation, on the shard of the actor ``beside``."""
    n = _digest(key, kind, bank, channel, operation_id, beside)
    return make_id(kind, shard_of(beside), n)


def operation_hash(bank: str, channel: str, operation_id: str, tran_date: str = "") -> bytes:
    """16 bytes that name an operation for ever; ``tran_date`` (yyyymmdd) belongs to the key for the ESB only."""
    return blake2b("\x1f".join((bank, channel, operation_id, tran_date)).encode(), digest_size=16).digest()
