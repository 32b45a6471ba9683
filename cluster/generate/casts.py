"""A template's records as moulds, table by table, and the copies made of them as COPY rows.

The journal's rows come out with their chain: the hash of each event covers the one before it on its shard, so it is the
one thing computed event by event. Everything else of a copy is one join a table.
"""

from datetime import UTC, datetime, time
from functools import partial
from hashlib import blake2b
from struct import Struct

from cluster.generate.copyfile import day, row, typed, whole
from cluster.generate.mould import Mould, Piece
from cluster.generate.slots import Slots
from cluster.generate.template import Template
from storage.contract import COLUMNS, JournalRow
from storage.rows import KINDS

JOURNAL = ("seq", "hash", "version", "at_ms", "shard", "business_date", "kind", "bank", "type", "id", "op_hash", "body")
OPERATION = ("op_hash", "digest", "kind", "id", "bank", "reply")
POSTING = {
    "version": "bigint",
    "debit_fen": "bigint",
    "credit_fen": "bigint",
    "business_date": "date",
    "kind": "smallint",
    "line": "smallint",
    "memo": "boolean",
    "id": "text",
    "bank": "text",
    "account": "text",
}
ACTOR = ("version", "wake_at", "shard", "id", "bank", "state")
TABLES: dict[str, tuple[str, ...]] = {
    "journal": JOURNAL,
    "operation": OPERATION,
    "posting": tuple(POSTING),
    **{kind: (*ACTOR, *(name for name, _ in columns)) for kind, columns in COLUMNS.items()},
}
"""Columns in the order in which the rows are written."""

_hash = partial(blake2b, digest_size=32)
_first_fields = Struct("!hiqi").pack
"""Of a row: number of fields; length and value of ``seq``; length of ``hash``, which follows."""
OPENS = time(9, tzinfo=UTC)
"""Hour of the day at which a copied event is said to have happened; then one a second."""


class JournalCast:
    """Casts a life's events. The chain's head is the caller's: `cast` takes it and gives the new one."""

    def __init__(self, template: Template, slots: Slots) -> None:
        cutter = slots.cutter
        rows: list[Piece] = []
        tails: list[Piece] = []
        self._places: list[tuple[int, int, int, int, int]] = []
        row_at = tail_at = 0
        for number, event in enumerate(template.events):
            slot = slots.of_operation[event.op_hash] if event.op_hash else None
            id, body = cutter.cut(event.id.encode()), cutter.cut(event.body)
            fields = (
                whole(event.version, 8),
                whole(_at_ms(event, number), 8),
                [0],
                day(event.business_date),
                whole(KINDS[event.kind], 2),
                event.bank.encode(),
                event.type.encode(),
                id,
                b"" if slot is None else [slot],
                body,
            )
            rest = row(fields, cutter)[1:]
            words = f"|{event.version}|{event.bank}|{event.business_date.isoformat()}|{event.type}|"
            tail: list[Piece] = [f"|{event.kind}|".encode(), *id, words.encode()]
            if slot is not None:  # the day's end writes without an operation
                tail.append(slots.hex_of(slot))
            row_end, tail_end = row_at + cutter.length(rest), tail_at + cutter.length(tail)
            self._places.append((tail_at, tail_end, row_at, row_end, row_end - cutter.length(body)))
            rows += rest
            tails += tail
            row_at, tail_at = row_end, tail_end
        self._rows, self._tails = Mould(rows, slots.count), Mould(tails, slots.count)

    def cast(
        self, values: tuple[bytes, ...], shard: bytes, seq: int, head: bytes, out: list[bytes]
    ) -> tuple[int, bytes]:
        """Append the copy's rows to ``out``; ``shard`` as decimal text. Returns the chain's new (seq, head)."""
        rows, tails = self._rows.cast(values), self._tails.cast(values)
        texts, firsts = _numbers(seq + len(self._places))
        for tail_at, tail_end, row_at, row_end, body_at in self._places:
            seq += 1
            linked = b"".join((head, shard, texts[seq], tails[tail_at:tail_end], rows[body_at:row_end]))
            head = _hash(linked).digest()
            out += (firsts[seq], head, rows[row_at:row_end])
        return seq, head


_texts: list[bytes] = []
_firsts: list[bytes] = []


def _numbers(last: int) -> tuple[list[bytes], list[bytes]]:
    """Sequence numbers up to ``last`` as text in a link, and as the first fields of a row: made once for all shards."""
    for seq in range(len(_texts), last + 1):
        _texts.append(b"|%d" % seq)
        _firsts.append(_first_fields(len(JOURNAL), 8, seq, 32))
    return _texts, _firsts


def _at_ms(event: JournalRow, number: int) -> int:
    """Wall time as it could have been: the morning of its business date, in order."""
    return int(datetime.combine(event.business_date, OPENS).timestamp() * 1000) + number * 1000


def table_moulds(template: Template, slots: Slots) -> dict[str, Mould]:
    """One mould a table for everything but the journal: all the life's rows of it, one after the other."""
    return {table: Mould(pieces, slots.count) for table, pieces in _pieces(template, slots).items()}


def _pieces(template: Template, slots: Slots) -> dict[str, list[Piece]]:
    cutter = slots.cutter
    found: dict[str, list[Piece]] = {table: [] for table in TABLES if table != "journal"}
    for o in template.operations:
        slot = slots.of_operation[o.op_hash]
        fields = ([slot], o.digest, whole(KINDS[o.kind], 2), cutter.cut(o.id.encode()), o.bank.encode())
        found["operation"] += row((*fields, cutter.cut(o.reply)), cutter)
    for p in template.postings:
        line = p._asdict() | {"kind": KINDS[p.kind]}
        cells = [typed(line[name], sql, cutter) for name, sql in POSTING.items()]
        found["posting"] += row(cells, cutter)
    for r in template.rows:
        head = ([whole(r.version, 8)], [whole(r.wake_at_ms, 8)], [0], cutter.cut(r.id.encode()), r.bank.encode())
        columns = [typed(v, sql, cutter) for v, (_, sql) in zip(r.columns, COLUMNS[r.kind], strict=True)]
        found[r.kind] += row((*head, cutter.cut(r.state), *columns), cutter)
    return found
