"""Batches for the storage tests: small, readable, one thing at a time."""

from datetime import date
from hashlib import blake2b
from typing import Any

from storage.contract import ActorRow, Batch, JournalRow, OperationRow, PostingRow, Wake

DAY = date(2026, 3, 31)
LOAN_COLUMNS = ("C1", "miaodai", "active", 100_00, date(2026, 4, 30), None)


def digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def operation(name: str, kind: str = "loan", id: str = "L1", reply: bytes = b"reply") -> OperationRow:
    return OperationRow(digest(name), digest(f"content of {name}"), kind, id, "3301", reply)


def event(
    seq: int, version: int, *, shard: int = 7, kind: str = "loan", id: str = "L1", op: str = "op", type: str = "Repaid"
) -> JournalRow:
    hash = digest(f"{shard} {seq}") * 2
    return JournalRow(shard, seq, kind, id, version, "3301", DAY, digest(op), type, b"body", hash, 1_767_000_000_000)


def posting(version: int, line: int, *, id: str = "L1", debit_fen: int = 0, credit_fen: int = 0) -> PostingRow:
    return PostingRow("3301", "loan", id, version, line, DAY, "1303.01", debit_fen, credit_fen, False)


def loan(
    expected: int,
    version: int,
    *,
    id: str = "L1",
    shard: int = 7,
    wake: int = 0,
    columns: tuple[Any, ...] = LOAN_COLUMNS,
) -> ActorRow:
    return ActorRow("loan", id, "3301", shard, expected, version, b"state %d" % version, wake, columns)


def customer(expected: int, version: int, *, id: str = "C1", identity: bytes | None = b"i" * 32) -> ActorRow:
    return ActorRow("customer", id, "3301", 7, expected, version, b"state", 0, (identity, "active", None))


def process(expected: int, version: int, *, id: str = "P1", shard: int = 7, wake: int = 0) -> ActorRow:
    return ActorRow("process", id, "3301", shard, expected, version, b"p", wake, ("C1", None, "drawdown", "running"))


def batch(incarnation: int, *rows: Any, host: str = "h1") -> Batch:
    """A batch of whatever rows are given, in the order given."""

    def of(sort: type) -> list[Any]:
        return [row for row in rows if isinstance(row, sort)]

    return Batch(host, incarnation, of(OperationRow), of(JournalRow), of(PostingRow), of(ActorRow), of(Wake))
