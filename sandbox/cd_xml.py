"""The sandbox's own codec of the CD dialect: bytes of one frame <-> heads and body as plain dicts.

After sandbox/esb_server.py cut the frame, before a service (core, bureau) reads it. Tolerant as real receivers are:
``length``, ``scale`` and ``type`` are never enforced, ``local-head`` is as good as ``local-header``, a body may wrap
its fields in one struct named BODY, of a name given twice in one struct the first counts.
"""

from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from msgspec import Struct

Fields = dict[str, Any]
"""Field name -> text, struct (dict) or array (list of dicts)."""

_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False, remove_blank_text=True
)
_BEGIN = '<?xml version="1.0" encoding="UTF-8"?><service><sys-header><data name="SYS_HEAD"><struct>'
_TO_BODY = (
    '</struct></data></sys-header><app-header><data name="APP_HEAD"><struct></struct></data></app-header>'
    '<local-header><data name="LOCAL_HEAD"><struct></struct></data></local-header><body>'
)
_END = "</body></service>"


class BadMessage(ValueError):
    """Not a CD message: not well-formed, a DOCTYPE, another root, or a ``data`` of no known shape."""


class Message(Struct):
    """``head`` is SYS_HEAD; ``body`` the fields of the body."""

    head: Fields
    body: Fields


def read(raw: bytes) -> Message:
    """The message in one frame, or `BadMessage`."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise BadMessage("DOCTYPE")
    try:
        root = etree.fromstring(raw, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadMessage("not well-formed") from error
    if root.tag != "service":
        raise BadMessage("root is not service")
    head: Fields = {}
    body: Fields = {}
    for part in root:
        if part.tag == "sys-header":
            head = _unwrap(_fields(part), "SYS_HEAD")
        elif part.tag == "body":
            body = _unwrap(_fields(part), "BODY")
    return Message(head=head, body=body)


def write(head: Fields, body: Fields) -> bytes:
    """The bytes of a message, without the length prefix."""
    return (_BEGIN + _text(head) + _TO_BODY + _text(body) + _END).encode()


def _unwrap(fields: Fields, name: str) -> Fields:
    inner = fields.get(name)
    return inner if isinstance(inner, dict) else fields


def _fields(parent: etree._Element) -> Fields:
    found: Fields = {}
    for data in parent:
        name = data.get("name")
        if data.tag == "data" and name is not None and name not in found:
            found[name] = _value(data, name)
    return found


def _value(data: etree._Element, name: str) -> Any:
    if len(data) == 0:
        return data.text or ""
    shape = data[0]
    if shape.tag == "field":
        return shape.text or ""
    if shape.tag == "struct":
        return _fields(shape)
    if shape.tag == "array":
        return [_fields(item) for item in shape if item.tag == "struct"]
    raise BadMessage(f"{name}: {shape.tag}")


def _text(fields: Fields) -> str:
    return "".join([f'<data name="{name}">{_shape(value)}</data>' for name, value in fields.items()])


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return f"<struct>{_text(value)}</struct>"
    if isinstance(value, list):
        return "<array>" + "".join([f"<struct>{_text(item)}</struct>" for item in value]) + "</array>"
    text = str(value)
    return f'<field type="string" length="{len(text)}" scale="0">{escape(text)}</field>'
