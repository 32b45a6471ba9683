"""The CD dialect (default): ``service / sys-header, app-header, local-header, body``, all trees of named ``data``.

A ``data`` holds a field, a struct (of ``data``) or an array (of structs).

Reading enforces neither ``length`` nor ``scale`` nor ``type``: real senders mean bytes, characters or the maximum by
them, or leave them out. Writing gives length in characters, type and scale by the value.
"""

from decimal import Decimal
from functools import lru_cache

from lxml import etree

from actors.codes import Code
from protocols.esb.errors import EsbRefused
from protocols.esb.message import Fields, Items, Message, Return, Value, leaf_text
from protocols.esb.names import HEADER_NAMES
from protocols.esb.xml import escape, escape_attribute, local

name = "cd"
header_names: dict[str, str] = {canon: canon for canon in HEADER_NAMES}
marks: dict[str, tuple[str, str]] = {}

_SECTIONS = {
    "sys-header": "SYS_HEAD",
    "sys-head": "SYS_HEAD",
    "app-header": "APP_HEAD",
    "app-head": "APP_HEAD",
    "local-header": "LOCAL_HEAD",
    "local-head": "LOCAL_HEAD",
}
_WRITTEN = (("sys-header", "SYS_HEAD"), ("app-header", "APP_HEAD"), ("local-header", "LOCAL_HEAD"))


def speaks(root: etree._Element) -> bool:
    """Whether a document is of this dialect: by its sections, or a body of ``data``."""
    return any(local(part.tag) in _SECTIONS or (len(part) and part[0].tag == "data") for part in root)


def read(root: etree._Element) -> Message:
    """The message in a document; MALFORMED when a section holds something other than ``data``."""
    heads: dict[str, Fields] = {}
    body: Fields | None = None
    for part in root:
        tag = local(part.tag)
        section = _SECTIONS.get(tag)
        if section is not None:
            fields = _fields(part)
            inner = fields[0][1] if len(fields) == 1 else None
            heads[section] = inner if isinstance(inner, Fields) else fields
        elif tag == "body":
            body = _fields(part)
    if not heads and body is None:
        raise EsbRefused(Code.MALFORMED, f"<{local(root.tag)[:40]}>")
    return Message(heads, body if body is not None else Fields(), dialect=name)


def _fields(parent: etree._Element) -> Fields:
    found = Fields()
    for data in parent:
        given = data.get("name")
        if given is not None:
            if len(data) == 1 and (shape := data[0]).tag == "field":
                found.append((given, shape.text or ""))
            else:
                found.append((given, _value(data)))
        elif local(data.tag) == "struct":
            found.extend(_fields(data))
        else:
            raise EsbRefused(Code.MALFORMED, f"<{local(data.tag)[:40]}> name")
    return found


def _value(data: etree._Element) -> Value:
    shapes = len(data)
    if shapes == 0:
        return data.text or ""
    if shapes > 1:
        return Items([_shape(shape) for shape in data]) if data[0].get("name") is None else _fields(data)
    if data[0].get("name") is not None:
        return _fields(data)
    return _shape(data[0])


def _shape(shape: etree._Element) -> Value:
    tag = local(shape.tag)
    if tag == "field":
        return shape.text or ""
    if tag == "struct":
        return _fields(shape)
    if tag == "array":
        return Items([Fields([(n, _value(item))]) if (n := item.get("name")) else _shape(item) for item in shape])
    raise EsbRefused(Code.MALFORMED, f"<{tag[:40]}>")


def returns(found: list[Return]) -> tuple[str, Value]:
    """The return list as it stands in SYS_HEAD."""
    return "RET", Items([Fields([("RET_CODE", r.code), ("RET_MSG", r.text)]) for r in found])


def write(message: Message) -> str:
    """The document, without its declaration."""
    parts = ["<service>"]
    for tag, section in _WRITTEN:
        parts.append(f'<{tag}><data name="{section}"><struct>')
        _write_fields(message.heads.get(section, ()), parts)
        parts.append(f"</struct></data></{tag}>")
    parts.append("<body>")
    _write_fields(message.body, parts)
    parts.append("</body></service>")
    return "".join(parts)


def _write_fields(fields: Fields | tuple[()], parts: list[str]) -> None:
    for given, value in fields:
        if type(value) is str:
            parts.append(
                f'{_open(given)}<field type="string" length="{len(value)}" scale="0">{escape(value)}</field></data>'
            )
            continue
        parts.append(_open(given))
        _write_value(value, parts)
        parts.append("</data>")


def _write_value(value: Value, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(f'<field type="string" length="{len(value)}" scale="0">{escape(value)}</field>')
    elif isinstance(value, Fields):
        parts.append("<struct>")
        _write_fields(value, parts)
        parts.append("</struct>")
    elif isinstance(value, Items):
        parts.append("<array>")
        for item in value:
            _write_value(item, parts)
        parts.append("</array>")
    else:
        text = leaf_text(value)
        kind, scale = "string", 0
        if isinstance(value, Decimal):
            kind, scale = "double", len(text.partition(".")[2])
        elif isinstance(value, int) and not isinstance(value, bool):
            kind = "int"
        parts.append(f'<field type="{kind}" length="{len(text)}" scale="{scale}">{text}</field>')


@lru_cache(maxsize=2048)
def _open(given: str) -> str:
    return f'<data name="{escape_attribute(given)}">'
