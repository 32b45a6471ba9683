"""Identity of an operation: its hash (what it is called) and its digest (what it says), keyed against guessing."""

from hashlib import blake2b

from actors.address import operation_hash
from runtime.messages import Ask


class Digester:
    """``key`` keeps the digest of a content with personal data from being guessed by trying identity numbers."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:64]

    def of(self, ask: Ask) -> tuple[bytes, bytes]:
        """(operation hash, digest of address and content), 16 bytes each; two empty ones for a query."""
        operation = ask.operation
        if operation is None:
            return b"", b""
        name = operation_hash(ask.bank, operation.channel, operation.id, operation.tran_date)
        content = blake2b(ask.kind.encode() + ask.id.encode() + b"\x1f" + ask.body, digest_size=16, key=self._key)
        return name, content.digest()
