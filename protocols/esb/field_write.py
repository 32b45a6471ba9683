"""Typed values -> fields of a body, by a Struct type or, for what has none, by the values themselves; see fields.py."""

import base64
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec import inspect as look

from protocols.esb.field_names import bare, is_fen, wire_name
from protocols.esb.message import Fields, Items, Value

Writer = Callable[[Any], Value]
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")


def write_loose(values: dict[str, Any]) -> Fields:
    """A body without a type (the detail of a refusal): by the values' own types and the same names."""
    return Fields([(wire_name(name), _loose(value, is_fen(name))) for name, value in values.items()])


def _loose(value: Any, money: bool = False) -> Value:
    if isinstance(value, dict):
        return write_loose(value)
    if isinstance(value, list | tuple):
        return Items([_loose(item, money) for item in value])
    if money and isinstance(value, int) and not isinstance(value, bool):
        return _yuan(value)
    if isinstance(value, str):
        return value.replace("-", "") if _ISO_DATE.match(value) else value
    if value is None or isinstance(value, bool | int | Decimal | date):
        return value
    return _bytes(value) if isinstance(value, bytes) else str(value)


def struct_writer(info: look.StructType) -> Writer:
    """Writes one struct, given as a dict by our names or as itself; made once per type."""
    rows = [(field.name, wire_name(field.name), _writer(field.type, field.name)) for field in info.fields]

    def write(values: Any) -> Value:
        if isinstance(values, Struct):
            values = {name: getattr(values, name) for name in values.__struct_fields__}
        return Fields([(wire, writer(values[ours])) for ours, wire, writer in rows if ours in values])

    return write


def _writer(info: look.Type, name: str) -> Writer:
    info = bare(info)
    match info:
        case look.UnionType():
            inner = next(_writer(part, name) for part in info.types if not isinstance(bare(part), look.NoneType))
            return lambda value: "" if value is None else inner(value)
        case look.StructType():
            return struct_writer(info)
        case look.ListType() | look.VarTupleType() | look.SetType() | look.FrozenSetType():
            item = _writer(info.item_type, name)
            return lambda values: Items([item(value) for value in values])
        case look.TupleType():
            parts = [_writer(part, name) for part in info.item_types]
            return lambda values: Fields(
                [(f"F{i}", part(v)) for i, (part, v) in enumerate(zip(parts, values, strict=True), 1)]
            )
        case look.IntType():
            return _yuan if is_fen(name) else _same
        case look.DateType():
            return lambda value: value if isinstance(value, date) else str(value).replace("-", "")
        case look.BytesType():
            return _bytes
        case look.StrType() | look.LiteralType() | look.BoolType() | look.DecimalType():
            return _same
        case look.DictType() | look.AnyType():
            return lambda value: _loose(value, is_fen(name))
    raise TypeError(f"{name}: {type(info).__name__} has no wire form")


def _same(value: Any) -> Value:
    return value  # type: ignore[no-any-return]


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
