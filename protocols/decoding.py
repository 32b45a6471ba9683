"""A request out of what a front received: JSON with path and query (REST), or named text fields (ESB).

Before it: protocols/rest/app.py or protocols/esb. After it: protocols/front.py. A wrong message raises `Invalid` with a
stable code and the path of the field; the value that was wrong is never repeated (it may be personal data).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from actors.address import BadId, parse_id
from actors.codes import Code
from protocols.operations import ID_FIELDS, OPERATIONS, Row

_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"(?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`")
_COMPACT_DATE = re.compile(r"\d{8}")


class Invalid(Exception):
    """The message is wrong: ``code``, and ``field`` with its path ("" when it is the message as a whole)."""

    def __init__(self, code: Code, field: str = "", reason: str = "") -> None:
        super().__init__(f"{code.word} {field}")
        self.code = code
        self.field = field
        self.reason = reason

    @property
    def detail(self) -> dict[str, Any]:
        parts = {"field": self.field, "reason": self.reason}
        return {name: text for name, text in parts.items() if text}


def invalid_of(error: msgspec.DecodeError) -> Invalid:
    """msgspec's message as a code and a field path such as ``facts.housing``."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return Invalid(Code.MALFORMED, "", "not JSON")
    found = _PATH.search(text)
    path = found["path"] if found else ""
    reason = text[: found.start()] if found else text
    if named := _NAMED.search(reason):
        code = Code.MISSING_FIELD if named["what"].startswith("missing") else Code.UNKNOWN_FIELD
        return Invalid(code, f"{path}.{named['name']}".lstrip("."))
    if reason.startswith("Invalid enum value"):
        reason = "not one of the allowed values"
    return Invalid(Code.WRONG_TYPE, path, reason)


class Form:
    """Decodes one operation's requests. Made once per row; `from_json` is on the fast path."""

    def __init__(self, row: Row) -> None:
        self.row = row
        fields = {f.name: f for f in msgspec.structs.fields(row.request)}
        outside = row.path_fields if row.command else (*row.path_fields, *row.other_fields)
        self.body_fields = tuple(name for name in row.other_fields if name not in outside)
        title = "".join(word.capitalize() for word in row.name.split("_"))
        self.body_type = _struct(f"{title}Body", [fields[name] for name in self.body_fields])
        self.outside_type = _struct(f"{title}Parameters", [fields[name] for name in outside])
        self._ids = tuple((name, ID_FIELDS[name]) for name in fields if name in ID_FIELDS)
        self._path_count = len(row.path_fields)
        self._only_ids_outside = all(name in ID_FIELDS for name in outside)
        self._dates = tuple(name for name, field in fields.items() if "date" in str(field.type))
        self._decode: Callable[[bytes], Struct] = msgspec.json.Decoder(self.body_type).decode

    def from_json(self, outside: dict[str, str], body: bytes) -> Struct:
        """``outside``: path and query parameters as text."""
        try:
            if not self._only_ids_outside or len(outside) != self._path_count:
                given = msgspec.convert(outside, self.outside_type, strict=False)
                outside = {name: getattr(given, name) for name in self.outside_type.__struct_fields__}
            if self.body_fields:
                decoded = self._decode(body)
            elif body and body.strip() != b"{}":
                self._decode(body)
                decoded = None
            else:
                decoded = None
        except msgspec.DecodeError as error:
            raise invalid_of(error) from None
        except UnicodeDecodeError:
            raise Invalid(Code.WRONG_CHARSET, "", "not UTF-8") from None
        fields = {name: getattr(decoded, name) for name in self.body_fields}
        request = self.row.request(**outside, **fields)
        self._check_ids(request)
        return request

    def from_fields(self, fields: Mapping[str, Any]) -> Struct:
        """Text values are converted by the field's type; dates may also come as yyyyMMdd."""
        plain = dict(fields)
        for name in self._dates:
            value = plain.get(name)
            if isinstance(value, str) and _COMPACT_DATE.fullmatch(value):
                plain[name] = f"{value[:4]}-{value[4:6]}-{value[6:]}"
        try:
            request: Struct = msgspec.convert(plain, self.row.request, strict=False)
        except msgspec.ValidationError as error:
            raise invalid_of(error) from None
        self._check_ids(request)
        return request

    def _check_ids(self, request: Struct) -> None:
        for name, kind in self._ids:
            try:
                address = parse_id(getattr(request, name))
            except BadId:
                raise Invalid(Code.BAD_ID, name) from None
            if address.kind != kind:
                raise Invalid(Code.BAD_ID, name, f"expected the id of a {kind}")


def _struct(name: str, fields: list[msgspec.structs.FieldInfo]) -> type[Struct]:
    """A Struct type of just these fields, closed like all requests."""
    parts: list[Any] = []
    for field in fields:
        if field.required:
            parts.append((field.name, field.type))
        elif field.default is not msgspec.NODEFAULT:
            parts.append((field.name, field.type, field.default))
        else:
            parts.append((field.name, field.type, msgspec.field(default_factory=field.default_factory)))
    return msgspec.defstruct(name, parts, frozen=True, kw_only=True, forbid_unknown_fields=True)


FORMS: dict[str, Form] = {row.name: Form(row) for row in OPERATIONS}
