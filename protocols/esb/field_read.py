"""Fields of a body -> typed values, by a Struct type; see fields.py for the rules.

The type is looked at once and becomes a tree of small readers ``(value, path) -> typed value``.
"""

import base64
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import inspect as look

from actors.codes import Code
from protocols.esb.errors import EsbRefused
from protocols.esb.field_names import bare, is_fen, wire_name
from protocols.esb.message import Fields, Items, Value, compact_date, plain

Reader = Callable[[Value, str], Any]

_YUAN = re.compile(r"([+-]?)(\d{1,15})(?:\.(\d{1,2}))?\Z")
_INT = re.compile(r"[+-]?\d{1,18}\Z")
_DECIMAL = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?\Z")
_COMPACT_DATE = re.compile(r"\d{8}\Z")
_FLAGS = {"Y": True, "1": True, "N": False, "0": False}
_ARRAYS = (look.ListType, look.VarTupleType, look.SetType, look.FrozenSetType)


def _path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _leaf(value: Value, path: str) -> str:
    if not isinstance(value, str):
        raise EsbRefused(Code.WRONG_TYPE, path)
    return value.strip()


def struct_reader(info: look.StructType) -> Reader:
    """Reads one struct to a dict by our names; made once per type."""
    rows = [
        (field.name, wire_name(field.name), field.required, *_plan(field.type, field.name)) for field in info.fields
    ]
    known = {row[1] for row in rows}

    def read(value: Value, path: str) -> dict[str, Any]:
        if isinstance(value, Items) and len(value) == 1:
            value = value[0]
        if not isinstance(value, Fields):
            raise EsbRefused(Code.WRONG_TYPE, path)
        given: dict[str, list[Value]] = {}
        for name, inner in value:
            key = name.rstrip(".")
            if key not in known:
                raise EsbRefused(Code.UNKNOWN_FIELD, _path(path, name[:64]))
            given.setdefault(key, []).append(inner)
        found: dict[str, Any] = {}
        for ours, wire, required, kind, reader in rows:
            values = given.get(wire)
            if values is None:
                if required and kind != "array":
                    raise EsbRefused(Code.MISSING_FIELD, _path(path, wire))
                if required:
                    found[ours] = []
                continue
            inner = _gather(values) if kind == "array" else _first(values)
            if inner == "" and not (required and kind == "text"):
                if required and kind not in ("array", "optional"):
                    raise EsbRefused(Code.MISSING_FIELD, _path(path, wire))
                if required:
                    found[ours] = [] if kind == "array" else None
                continue
            found[ours] = reader(inner, _path(path, wire))
        return found

    return read


def _first(values: list[Value]) -> Value:
    """Of a name given several times the first that is not empty."""
    return next((value for value in values if value != ""), values[0])


def _gather(values: list[Value]) -> Value:
    """A list may come as an array, as one struct, or as a name given several times."""
    if len(values) == 1 and (isinstance(values[0], Items) or values[0] == ""):
        return values[0]
    return Items([item for value in values for item in (value if isinstance(value, Items) else [value])])


def _plan(info: look.Type, name: str) -> tuple[str, Reader]:
    """(kind, reader): kind is text, array, optional or other and says what an empty field means."""
    info = bare(info)
    if isinstance(info, look.UnionType):
        others = [part for part in info.types if not isinstance(bare(part), look.NoneType)]
        if len(others) != 1:
            raise TypeError(f"{name}: a union of several types has no wire form")
        return "optional", _plan(others[0], name)[1]
    if isinstance(info, look.StrType):
        return "text", lambda value, path: value if isinstance(value, str) else _leaf(value, path)
    if isinstance(info, _ARRAYS):
        item = _plan(info.item_type, name)[1]
        return "array", lambda value, path: _read_items(value, path, item)
    return "other", _other_reader(info, name)


def _read_items(value: Value, path: str, item: Reader) -> list[Any]:
    if not isinstance(value, Items):
        raise EsbRefused(Code.WRONG_TYPE, path)
    return [item(inner, f"{path}[{i}]") for i, inner in enumerate(value)]


def _other_reader(info: look.Type, name: str) -> Reader:
    match info:
        case look.BoolType():
            return _read_flag
        case look.IntType():
            return _read_fen if is_fen(name) else _read_int
        case look.DecimalType():
            return _read_decimal
        case look.DateType():
            return _read_date
        case look.LiteralType():
            return lambda value, path: _read_one_of(info.values, value, path)
        case look.StructType():
            return struct_reader(info)
        case look.TupleType():
            return _struct_of_tuple_reader(info, name)
        case look.BytesType():
            return _read_bytes
        case look.DictType() | look.AnyType():
            return lambda value, path: plain(value) if isinstance(value, Fields) else value
    raise TypeError(f"{name}: {type(info).__name__} has no wire form")


def _struct_of_tuple_reader(info: look.TupleType, name: str) -> Reader:
    readers = [_plan(part, name)[1] for part in info.item_types]

    def read(value: Value, path: str) -> tuple[Any, ...]:
        if not isinstance(value, Fields) or [n for n, _ in value] != [f"F{i + 1}" for i in range(len(readers))]:
            raise EsbRefused(Code.WRONG_TYPE, path)
        return tuple(reader(inner, _path(path, n)) for reader, (n, inner) in zip(readers, value, strict=True))

    return read


def _read_flag(value: Value, path: str) -> bool:
    flag = _FLAGS.get(_leaf(value, path).upper())
    if flag is None:
        raise EsbRefused(Code.WRONG_TYPE, path)
    return flag


def _read_int(value: Value, path: str) -> int:
    text = _leaf(value, path)
    if not (text.isascii() and _INT.match(text)):
        raise EsbRefused(Code.WRONG_TYPE, path)
    return int(text)


def _read_fen(value: Value, path: str) -> int:
    """Yuan with at most two decimals as fen, exactly; more decimals are refused, never rounded."""
    text = _leaf(value, path)
    found = _YUAN.match(text) if text.isascii() else None
    if found is None:
        raise EsbRefused(Code.WRONG_TYPE, path)
    fen = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
    return -fen if found[1] == "-" else fen


def _read_decimal(value: Value, path: str) -> Decimal:
    text = _leaf(value, path)
    if not (text.isascii() and _DECIMAL.match(text)):
        raise EsbRefused(Code.WRONG_TYPE, path)
    return Decimal(text)


def _read_date(value: Value, path: str) -> date:
    text = compact_date(_leaf(value, path))
    if not (text.isascii() and _COMPACT_DATE.match(text)):
        raise EsbRefused(Code.WRONG_TYPE, path)
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise EsbRefused(Code.WRONG_TYPE, path) from None


def _read_bytes(value: Value, path: str) -> bytes:
    try:
        return base64.b64decode(_leaf(value, path), validate=True)
    except ValueError:
        raise EsbRefused(Code.WRONG_TYPE, path) from None


def _read_one_of(allowed: tuple[bool | str | int | None, ...], value: Value, path: str) -> str:
    text = _leaf(value, path)
    if text not in allowed:
        raise EsbRefused(Code.WRONG_TYPE, path)
    return text
