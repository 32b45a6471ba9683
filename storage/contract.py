"""What a store promises the runtime, in bytes and versions: the journal, rows, operations, the directory of owners.

Two stores keep it: storage/postgres.py (the truth) and storage/memory.py (the twin that tests run on too). Read by
runtime/host.py and runtime/router.py; one contract suite runs on both (tests/storage/).
"""

from datetime import date
from typing import Any, NamedTuple, Protocol

COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "customer": (("identity_index", "bytea"), ("status", "text"), ("line_ends", "date")),
    "loan": (
        ("customer_id", "text"),
        ("product", "text"),
        ("status", "text"),
        ("principal_fen_outstanding", "bigint"),
        ("next_due", "date"),
        ("closed_to", "date"),
    ),
    "process": (("customer_id", "text"), ("loan_id", "text"), ("definition", "text"), ("status", "text")),
}
"""Typed columns of each kind's table after (id, bank, shard, version, state, wake_at): name and SQL type."""


class JournalRow(NamedTuple):
    """One event. ``seq`` counts per shard from 1; ``hash`` chains it to the shard's event before."""

    shard: int
    seq: int
    kind: str
    id: str
    version: int
    bank: str
    business_date: date
    op_hash: bytes
    type: str
    body: bytes
    hash: bytes
    at_ms: int


class OperationRow(NamedTuple):
    """An operation and its stored reply. Unique by ``op_hash`` for ever; ``digest`` is that of address and content."""

    op_hash: bytes
    digest: bytes
    kind: str
    id: str
    bank: str
    reply: bytes


class PostingRow(NamedTuple):
    bank: str
    kind: str
    id: str
    version: int
    line: int
    business_date: date
    account: str
    debit_fen: int
    credit_fen: int
    memo: bool


class ActorRow(NamedTuple):
    """An actor's last state in a batch. ``expected`` is the version the stored row must have (0: must not exist).

    ``wake_at_ms`` 0 means never. ``columns`` as `COLUMNS` of the kind.
    """

    kind: str
    id: str
    bank: str
    shard: int
    expected: int
    version: int
    state: bytes
    wake_at_ms: int
    columns: tuple[Any, ...]


class Wake(NamedTuple):
    """A new wake-up time for an actor whose state does not change."""

    kind: str
    id: str
    wake_at_ms: int


class Batch(NamedTuple):
    """All that one commit writes, from one host under one incarnation; the store sorts each list by its key."""

    host: str
    incarnation: int
    operations: list[OperationRow]
    journal: list[JournalRow]
    postings: list[PostingRow]
    rows: list[ActorRow]
    wakes: list[Wake]


class LoadedRow(NamedTuple):
    kind: str
    id: str
    bank: str
    shard: int
    version: int
    state: bytes
    wake_at_ms: int


class HostRow(NamedTuple):
    """A live or dead host. ``lease_left_ms`` by the store's own clock (negative: run out)."""

    id: str
    incarnation: int
    lease_left_ms: int
    dedicated: bool


class StoreError(Exception):
    """Base of what a store raises; nothing else may come out of `commit`."""


class Fenced(StoreError):
    """This host's incarnation is not the current one: nothing was written; drop everything and register anew."""


class DuplicateOperations(StoreError):
    """Nothing was written: these operation hashes are stored already."""

    def __init__(self, hashes: list[bytes]) -> None:
        super().__init__(f"{len(hashes)} operations are stored already")
        self.hashes = hashes


class BadData(StoreError):
    """SQLSTATE class 22 or 23 or a version that did not match: nothing was written; split the batch by actors.

    ``constraint`` is the name of the violated constraint, or "version" / "".
    """

    def __init__(self, constraint: str, detail: str) -> None:
        super().__init__(f"{constraint}: {detail}")
        self.constraint = constraint


class UnknownOutcome(StoreError):
    """Any other failure (connection lost, time-out, restart): it may or may not have been written."""


class Unreachable(StoreError):
    """A read or directory call failed for the connection's sake; try again."""


class Store(Protocol):
    """Journal, rows and operations. Every method raises only `StoreError`s for the database's own failures."""

    async def commit(self, batch: Batch) -> None:
        """All or nothing, durable on return. Order of checks: fence, operations, journal, postings, rows, wakes.

        `BadData.constraint`: journal_pkey (the version exists), journal_shard_seq, customer_identity, ``<kind>_pkey``
        (``expected`` 0 and there is a row), version (the stored row has another version), "" (a value the database
        cannot hold). Two calls at once run one after the other.
        """

    async def load(self, kind: str, ids: list[str]) -> dict[str, LoadedRow]: ...

    async def find_operations(self, hashes: list[bytes]) -> dict[bytes, OperationRow]: ...

    async def chain_heads(self, shards: list[int]) -> dict[int, tuple[int, bytes]]:
        """(last seq, last hash) of each shard; (0, b"") for an empty one."""

    async def due_wakes(self, shards: list[int], now_ms: int, limit: int) -> list[tuple[str, str]]:
        """(kind, id) of actors whose wake_at has come, oldest first."""

    async def events(self, kind: str, id: str, after: int, limit: int) -> list[JournalRow]:
        """Events of one actor with version > ``after``, in order."""


class Directory(Protocol):
    """Who owns which shard, under leases judged by the store's clock. Slots >= 1024 belong to dedicated actors."""

    async def register(self, host: str, lease_ms: int, dedicated: bool = False) -> int:
        """A new incarnation of ``host`` (fences every older one, waiting out commits in flight).

        It owns what the shard table says, each with its epoch grown by 1 (see `owned`). Returns the incarnation.
        """

    async def renew(self, host: str, incarnation: int, lease_ms: int) -> bool:
        """False when the incarnation is no longer current."""

    async def leave(self, host: str, incarnation: int) -> None:
        """Give all shards back and end the lease (after draining). No effect under another incarnation."""

    async def hosts(self) -> list[HostRow]: ...

    async def shards(self) -> dict[int, tuple[str, int]]:
        """shard or slot -> (host id or "", epoch)."""

    async def owned(self, host: str) -> dict[int, int]:
        """shard or slot -> epoch of this host's own."""

    async def hold_placement(self, holder: str, lease_ms: int) -> bool:
        """Take or renew the placement lease by compare-and-set."""

    async def fence(self, host: str, incarnation: int, *, expired_only: bool = False) -> bool:
        """Change the incarnation of a host that Ray says is dead, or whose lease ran out; True when this call did.

        Waits out its commits in flight; all later ones fail. Then its shards may be given away by `assign`.
        ``expired_only``: only if the lease has run out by the store's clock (a renewal in between saves the host).
        """

    async def assign(self, moves: list[tuple[int, str, int, str]]) -> list[int]:
        """Compare-and-set (shard, expected host or "", expected epoch, new host); returns the shards that moved.

        For shards of nobody, of a fenced host, or by their live owner itself after flushing. A move adds 1 to epoch.
        """

    async def dedicate(self, host: str, incarnation: int, kind: str, id: str, cap: int) -> int:
        """Make an actor a slot of its own: called by the owner of its shard after flushing it.

        Moves its row (if it has one) to the new slot, which nobody owns yet. Returns the slot number (the same one when
        it has one already), or 0 when ``cap`` slots exist. Raises `Fenced`.
        """

    async def dedicated(self) -> dict[tuple[str, str], int]:
        """(kind, id) -> slot."""
