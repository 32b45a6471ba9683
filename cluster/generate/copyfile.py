"""Rows in PostgreSQL's binary COPY format, as moulds see them: fields of pieces, each with its length before it."""

import struct
from collections.abc import Sequence
from datetime import date
from typing import Any

from cluster.generate.mould import Cutter, Piece

HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL = b"\xff\xff"
_EPOCH = date(2000, 1, 1).toordinal()
_NULL = struct.pack("!i", -1)


def whole(value: int, bytes_: int) -> bytes:
    """smallint, integer or bigint."""
    return value.to_bytes(bytes_, "big", signed=True)


def day(value: date) -> bytes:
    return whole(value.toordinal() - _EPOCH, 4)


def field(pieces: Sequence[Piece], cutter: Cutter) -> list[Piece]:
    """One field: its length, then its pieces."""
    return [struct.pack("!i", cutter.length(pieces)), *pieces]


def row(fields: Sequence[Sequence[Piece] | bytes | None], cutter: Cutter) -> list[Piece]:
    """One row; a field is pieces, bytes, or None for NULL."""
    found: list[Piece] = [struct.pack("!h", len(fields))]
    for one in fields:
        if one is None:
            found.append(_NULL)
        else:
            found += field([one] if isinstance(one, bytes) else one, cutter)
    return found


def typed(value: Any, sql_type: str, cutter: Cutter) -> Sequence[Piece] | None:
    """A value of one of the types that `storage.contract.COLUMNS` names, cut at its slots."""
    if value is None:
        return None
    match sql_type:
        case "text":
            return cutter.cut(value.encode())
        case "bytea":
            return cutter.cut(value)
        case "bigint":
            return [whole(value, 8)]
        case "integer":
            return [whole(value, 4)]
        case "smallint":
            return [whole(value, 2)]
        case "boolean":
            return [b"\x01" if value else b"\x00"]
        case "date":
            return [day(value)]
        case _:
            raise ValueError(f"no binary form of {sql_type}")
