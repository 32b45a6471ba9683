"""A store in memory that also keeps what it was given, in order: out of it a life's records are cut (template.py)."""

from storage.contract import ActorRow, Batch, JournalRow, OperationRow, PostingRow
from storage.memory import MemoryStore


class Recorder(MemoryStore):
    """`MemoryStore` with memory: every operation, event and posting that was committed, and each actor's last row."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[OperationRow] = []
        self.events_written: list[JournalRow] = []
        self.postings_written: list[PostingRow] = []
        self.last_rows: dict[tuple[str, str], ActorRow] = {}
        self.wakes: dict[tuple[str, str], int] = {}

    async def commit(self, batch: Batch) -> None:
        await super().commit(batch)
        self.operations += batch.operations
        self.events_written += batch.journal
        self.postings_written += batch.postings
        for row in batch.rows:
            self.last_rows[row.kind, row.id] = row
            self.wakes[row.kind, row.id] = row.wake_at_ms
        for wake in batch.wakes:
            self.wakes[wake.kind, wake.id] = wake.wake_at_ms
