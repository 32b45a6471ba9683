"""Encryption of personal data, one bank at a time: sealed texts, and a blind index to find a person without reading.

Implements `actors.turn.Vault`; cluster/parts.py makes one per bank from the master secret. Keys go down a tree by HKDF:
master -> bank -> customer, so a customer's texts open with that customer's key only, and no bank's key opens another's.
"""

import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORM = b"\x01"  # first byte of every sealed text: AES-256-GCM, 12 bytes of nonce, tag at the end
_NONCE = 12
_TAG = 16
BLIND_LENGTH = 32


class BadSeal(Exception):
    """The sealed bytes are damaged, or sealed for another owner or bank. Carries nothing of them."""


class BankVault:
    """The keys of one bank. ``master`` is at least 32 random bytes, the same for all processes and for ever."""

    def __init__(self, master: bytes, bank: str) -> None:
        if len(master) < 32:
            raise ValueError("the master secret must have at least 32 bytes")
        self._bank = bank
        bank_key = _derive(master, f"miaodai bank {bank}")
        self._blind_key = _derive(bank_key, "blind index")
        self._owner_root = _derive(bank_key, "owner")
        self._of_owner = lru_cache(maxsize=10_000)(self._owner_cipher)

    def seal(self, owner_id: str, text: str, nonce: bytes = b"") -> bytes:
        """Encrypt for one customer. The same text gives other bytes each time.

        ``nonce``: 12 bytes, never twice for one customer; only a generated book, which must come out the same for the
        same seed, gives its own.
        """
        nonce = nonce or os.urandom(_NONCE)
        return _FORM + nonce + self._of_owner(owner_id).encrypt(nonce, text.encode(), self._about(owner_id))

    def unseal(self, owner_id: str, sealed: bytes) -> str:
        """The text. Raises `BadSeal`."""
        if sealed[:1] != _FORM or len(sealed) < 1 + _NONCE + _TAG:
            raise BadSeal
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._of_owner(owner_id).decrypt(nonce, body, self._about(owner_id)).decode()
        except InvalidTag:
            raise BadSeal from None

    def blind(self, text: str) -> bytes:
        """32 bytes that are the same for the same text at this bank, and say nothing about it without the key."""
        return hmac.digest(self._blind_key, text.encode(), "sha256")

    def _owner_cipher(self, owner_id: str) -> AESGCM:
        return AESGCM(_derive(self._owner_root, owner_id))

    def _about(self, owner_id: str) -> bytes:
        """Authenticated with each text, so that sealed bytes cannot be moved to another owner or bank."""
        return f"{self._bank}\x1f{owner_id}".encode()


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)
