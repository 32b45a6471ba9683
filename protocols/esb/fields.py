"""Body fields <-> a request's or reply's values, driven by the message's Struct type: no code per operation.

Names are UPPER_SNAKE of ours. A sum ``*_fen`` (int) is ``*_AMT`` on the wire, yuan with two decimals; dates yyyyMMdd
(yyyy-MM-dd is read too), flags Y/N (1/0 read too), lists arrays of structs. An empty field counts as not given unless
it is a required text. Refusals name the field's path: MISSING_FIELD, UNKNOWN_FIELD, WRONG_TYPE.
"""

from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec import inspect as look

from protocols.esb.field_names import wire_name, wire_path
from protocols.esb.field_read import struct_reader
from protocols.esb.field_write import struct_writer, write_loose
from protocols.esb.message import Fields


class Binding:
    """How one Struct type stands in a body. Get it by `binding`."""

    def __init__(self, type_: type[Struct]) -> None:
        info = look.type_info(type_)
        assert isinstance(info, look.StructType)
        self._read = struct_reader(info)
        self._write = struct_writer(info)

    def read(self, fields: Fields) -> dict[str, Any]:
        """Values by our names, typed, for the front to make the request of. `EsbRefused` with the field's path."""
        values: dict[str, Any] = self._read(fields, "")
        return values

    def write(self, values: dict[str, Any]) -> Fields:
        """The body of a reply. ``values``: the view as a dict, dates as dates or ISO text."""
        fields = self._write(values)
        assert isinstance(fields, Fields)
        return fields


@lru_cache(maxsize=256)
def binding(type_: type[Struct]) -> Binding:
    return Binding(type_)


__all__ = ["Binding", "binding", "wire_name", "wire_path", "write_loose"]
