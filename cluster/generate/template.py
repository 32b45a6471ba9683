"""A life as stored: every record of one customer, and what in those bytes is the customer's own (`Secrets`).

Made by stage.py from what the actors wrote; mould.py makes copies of it under other ids. Travels between processes.
"""

from typing import Any, NamedTuple

from storage.contract import COLUMNS, ActorRow, JournalRow, OperationRow, PostingRow


class Person(NamedTuple):
    """Made-up, well-formed, nobody real."""

    name: str
    identity_number: str
    phone: str
    account_no: str


class Secrets(NamedTuple):
    """What differs from copy to copy, as it stands in the stored bytes.

    ``sealed`` in the order of `Person`. ``contracts``: text and SHA-256 in hex of each loan's contract. ``serials``:
    numbers that outside systems gave.
    """

    person: Person
    sealed: tuple[bytes, ...]
    identity_index: bytes
    contracts: tuple[tuple[str, str], ...]
    serials: tuple[str, ...]


class Counts(NamedTuple):
    """Of a life at the end: loans in all, those with something due on the book's date, those overdue."""

    loans: int
    due: int
    overdue: int


class Template(NamedTuple):
    """``ids`` begins with the customer's. Events in the order of their chain; ``rows`` each actor's last row."""

    name: str
    bank: str
    weight: int
    birth_year: int
    ids: tuple[str, ...]
    secrets: Secrets
    counts: Counts
    events: tuple[JournalRow, ...]
    operations: tuple[OperationRow, ...]
    postings: tuple[PostingRow, ...]
    rows: tuple[ActorRow, ...]

    @property
    def bytes_stored(self) -> int:
        """About what one copy takes on disk without indexes."""
        bodies = sum(len(e.body) + 190 for e in self.events) + sum(len(o.reply) + 120 for o in self.operations)
        return bodies + 110 * len(self.postings) + sum(len(r.state) + 300 for r in self.rows)


def column(row: ActorRow, name: str) -> Any:
    """A typed column of a row by its name."""
    return row.columns[[n for n, _ in COLUMNS[row.kind]].index(name)]
