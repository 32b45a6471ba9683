"""The dialects by name, and which one a document speaks. Each reads a tree to a `Message` and writes one as text."""

from typing import Protocol

from lxml import etree

from protocols.esb.dialects import cd
from protocols.esb.dialects.elements import ElementDialect, is_abbreviated, section_key
from protocols.esb.dialects.tables import TABLES
from protocols.esb.message import Message, Return, Value
from protocols.esb.xml import local


class Dialect(Protocol):
    """``header_names``: canonical header name -> the dialect's. ``returns``: the return list for SYS_HEAD.

    ``marks``: header fields that say request or reply, with their value in each.
    """

    @property
    def name(self) -> str: ...
    @property
    def header_names(self) -> dict[str, str]: ...
    @property
    def marks(self) -> dict[str, tuple[str, str]]: ...
    def read(self, root: etree._Element, /) -> Message: ...
    def write(self, message: Message, /) -> str: ...
    def returns(self, found: list[Return], /) -> tuple[str, Value]: ...


CD: Dialect = cd
DIALECTS: dict[str, Dialect] = {"cd": CD} | {table.name: ElementDialect(table) for table in TABLES}
ANY = "any"
"""Setting of a channel whose consumers speak several dialects: each is answered in its own."""


def recognise(root: etree._Element) -> Dialect:
    """The dialect a document speaks, by its root and sections; flat when nothing tells."""
    if cd.speaks(root):
        return CD
    if local(root.tag) == "SDOROOT":
        return DIALECTS["sdoroot"]
    parts = {local(part.tag) for part in root}
    keys = {section_key(part) for part in parts}
    if "SysHead" in parts:
        return DIALECTS["sys_head"]
    if "HEADER" in keys:
        return DIALECTS["header_body"]
    if "HEAD" in keys or section_key(root.tag) == "BODY":
        return DIALECTS["packet"]
    return DIALECTS["flat" if is_abbreviated(root) else "flat_upper"]


__all__ = ["ANY", "CD", "DIALECTS", "Dialect", "recognise"]
