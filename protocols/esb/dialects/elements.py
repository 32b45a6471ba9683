"""Reads and writes every dialect whose fields are elements, by a row of tables.py.

Reading knows all ways of writing a list at once (senders mix them); writing keeps to the dialect's own.
"""

import re
from functools import lru_cache
from itertools import groupby

from lxml import etree

from actors.codes import Code
from protocols.esb.dialects.tables import Table
from protocols.esb.errors import EsbRefused
from protocols.esb.message import Fields, Items, Message, Return, Value, leaf_text
from protocols.esb.names import HEADER_NAMES, canonical
from protocols.esb.xml import escape, escape_attribute, local

_HEADS = {
    "SYSHEAD": "SYS_HEAD",
    "SYSHEADER": "SYS_HEAD",
    "HEAD": "SYS_HEAD",
    "HEADER": "SYS_HEAD",
    "SERVICEHEADER": "SYS_HEAD",
    "APPHEAD": "APP_HEAD",
    "APPHEADER": "APP_HEAD",
    "LOCALHEAD": "LOCAL_HEAD",
    "LOCALHEADER": "LOCAL_HEAD",
}
_BODIES = ("BODY", "SERVICEBODY")
_ITEMS = frozenset(("sdo", "struct", "list", "item", "row", "record"))
_NAME = re.compile(r"[^\W\d][\w.\-]*\Z")


def section_key(tag: str) -> str:
    return local(tag).replace("_", "").replace("-", "").upper()


class ElementDialect:
    """One dialect of tables.py."""

    def __init__(self, table: Table) -> None:
        self.name = table.name
        self.table = table
        self.marks = table.marks
        self.header_names = {canon: table.names.get(canon, canon) for canon in HEADER_NAMES}

    def read(self, root: etree._Element) -> Message:
        """The message; a document that is a bare body, or has no sections, is all body."""
        table = self.table
        heads: dict[str, Fields] = {}
        body: Fields | None = None
        if section_key(root.tag) in _BODIES:
            body = self._fields(root)
        else:
            for part in root:
                key = section_key(part.tag)
                if key in _HEADS:
                    heads.setdefault(_HEADS[key], Fields()).extend(self._fields(part))
                elif key in _BODIES:
                    body = self._body(part)
        if body is None and not heads:
            raise EsbRefused(Code.MALFORMED, f"<{local(root.tag)[:40]}>")
        reply = table.inner[1] != "" and any(local(e.tag).lower() == "response" for p in root for e in p)
        return Message(heads, body if body is not None else Fields(), reply=reply, dialect=self.name)

    def _body(self, part: etree._Element) -> Fields:
        inner = local(part[0].tag).lower() if len(part) == 1 else ""
        if inner and inner in (name.lower() for name in self.table.inner):
            return self._fields(part[0])
        return self._fields(part)

    def _fields(self, parent: etree._Element) -> Fields:
        found = Fields()
        for child in parent:
            tag = local(child.tag)
            if not len(child) and not child.attrib:
                text = child.text or ""
                found.append((tag, text.strip() if self.table.padded else text))
                continue
            given = child.get("name")
            if given is not None and tag.lower() in ("lists", "list", "array"):
                found.append((given, Items([self._value(item) for item in child])))
            elif tag.lower() == "array" and child.get("type") is None and len(child):
                for name, items in groupby(child, key=lambda item: local(item.tag)):
                    found.append((name, Items([self._value(item) for item in items])))
            else:
                found.append((tag, self._value(child)))
        return _merge_repeats(found) if self.table.lists == "repeat" else found

    def _value(self, element: etree._Element) -> Value:
        if element.get("type") == "array":
            return Items([self._value(item) for item in element])
        if not len(element):
            text = element.text or ""
            return text.strip() if self.table.padded else text
        tags = {local(child.tag).lower() for child in element}
        if len(tags) == 1 and tags <= _ITEMS:
            return Items([self._value(item) for item in element])
        return self._fields(element)

    def returns(self, found: list[Return]) -> tuple[str, Value]:
        """The return list as it stands in SYS_HEAD; ("", fields) when it stands there without a list."""
        code, text = self.header_names["RET_CODE"], self.header_names["RET_MSG"]
        if not self.table.returns:
            first = found[0] if found else Return("", "")
            return "", Fields([(code, first.code), (text, first.text)])
        return self.table.returns, Items([Fields([(code, r.code), (text, r.text)]) for r in found])

    def write(self, message: Message) -> str:
        """The document, without its declaration."""
        table = self.table
        parts = [f"<{table.root}>"]
        for section, tag in table.sections.items():
            fields = message.heads.get(section, Fields())
            if fields or section == "SYS_HEAD":
                parts.append(f"<{tag}>")
                self._write_fields(fields, parts)
                parts.append(f"</{tag}>")
        inner = table.inner[1 if message.reply else 0]
        parts.append(f"<{table.body}><{inner}>" if inner else f"<{table.body}>")
        self._write_fields(message.body, parts)
        parts.append(f"</{inner}></{table.body}></{table.root}>" if inner else f"</{table.body}></{table.root}>")
        return "".join(parts)

    def _write_fields(self, fields: Fields, parts: list[str]) -> None:
        for name, value in fields:
            if isinstance(value, Items):
                self._write_list(name, value, parts)
            else:
                self._write_one(element_name(name), value, parts)

    def _write_one(self, tag: str, value: Value, parts: list[str]) -> None:
        if isinstance(value, Fields):
            parts.append(f"<{tag}>")
            self._write_fields(value, parts)
            parts.append(f"</{tag}>")
        elif isinstance(value, Items):
            raise ValueError(f"{self.name} cannot carry a list within a list ({tag})")
        else:
            parts.append(f"<{tag}>{escape(leaf_text(value))}</{tag}>")

    def _write_list(self, name: str, items: Items, parts: list[str]) -> None:
        tag = element_name(name)
        opening, item, closing = {
            "array": ("<array>", tag, "</array>"),
            "typed": (f'<{tag} type="array">', self.table.item, f"</{tag}>"),
            "item": (f"<{tag}>", self.table.item, f"</{tag}>"),
            "repeat": ("", tag, ""),
            "lists": (f'<lists name="{escape_attribute(name)}">', self.table.item, "</lists>"),
        }[self.table.lists]
        parts.append(opening)
        for value in items:
            self._write_one(item, value, parts)
        parts.append(closing)


def _merge_repeats(fields: Fields) -> Fields:
    """Neighbours of one name are a list, in dialects that write lists so."""
    merged = Fields()
    for name, group in groupby(fields, key=lambda pair: pair[0]):
        values = [value for _, value in group]
        merged.append((name, values[0] if len(values) == 1 else Items(values)))
    return merged


@lru_cache(maxsize=2048)
def element_name(name: str) -> str:
    """The name, if an element may be called so; `ValueError` when not."""
    if not _NAME.match(name):
        raise ValueError(f"not an element's name: {name[:40]!r}")
    return name


def is_abbreviated(root: etree._Element) -> bool:
    """Whether the first head uses SvcCd-like names."""
    return any(local(e.tag) != e.tag.upper() and canonical(local(e.tag)) == "SERVICE_CODE" for p in root for e in p)
