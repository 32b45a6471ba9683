"""Bytes of one frame -> an XML tree, hardened; and text put safely into XML.

After framing.py, before the dialects. The charset is the channel's setting; a declaration must agree with it. DOCTYPE
and entities, too many or too deep elements are refused; nothing is ever fetched or expanded.
"""

import re
from functools import lru_cache

from lxml import etree

from actors.codes import Code
from protocols.esb.errors import EsbRefused

DEPTH_MAX = 32
"""Elements within elements, by default; in CD one level of ours takes up to three."""
TAGS_MAX = 40_000

_GB = ("gb2312", "gbk", "gb18030")
_CODECS = {"utf-8": "utf-8", **dict.fromkeys(_GB, "gb18030")}
"""Charset setting -> codec for reading. The GB family is read as its superset: senders declare GB2312 and send GBK."""
CHARSETS = tuple(_CODECS)
_FAMILY = {"utf-8": "utf-8", "utf8": "utf-8", "cp936": "gb18030", "936": "gb18030"} | dict.fromkeys(_GB, "gb18030")
_DECLARED = re.compile(r"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    recover=False,
    remove_comments=True,
    remove_pis=True,
)
_UNDECLARED_ENTITY = 26
_RESOURCE_LIMIT = 114
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@lru_cache(maxsize=8)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def parse(raw: bytes, charset: str, depth_max: int = DEPTH_MAX) -> etree._Element:
    """The root element. Refused: WRONG_CHARSET, XML_FORBIDDEN, BODY_TOO_LARGE (tags), XML_TOO_DEEP, MALFORMED."""
    codec = _CODECS[charset]
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        raise EsbRefused(Code.WRONG_CHARSET, f"byte {error.start}") from None
    declared = _DECLARED.match(text.lstrip("\ufeff"))
    if declared is not None and _FAMILY.get(declared[1].lower()) != codec:
        raise EsbRefused(Code.WRONG_CHARSET, declared[1])
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise EsbRefused(Code.XML_FORBIDDEN)
    if text.count("<") > TAGS_MAX:
        raise EsbRefused(Code.BODY_TOO_LARGE, "tags")
    try:
        root = etree.fromstring(raw if raw[:1] == b"<" and codec == "utf-8" else _lean(text), _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise EsbRefused(_code_of(error), _place(error)) from None
    if _deeper_than(depth_max)(root):
        raise EsbRefused(Code.XML_TOO_DEEP, f"> {depth_max}")
    return root


def _lean(text: str) -> bytes:
    """UTF-8 from the first tag on: senders put byte order marks and line feeds before it."""
    return text.lstrip("\ufeff \t\r\n").encode()


def _code_of(error: Exception) -> Code:
    number = getattr(error, "code", 0)
    if number == _UNDECLARED_ENTITY:
        return Code.XML_FORBIDDEN
    if number == _RESOURCE_LIMIT:
        return Code.XML_TOO_DEEP if "depth" in str(error).lower() else Code.BODY_TOO_LARGE
    return Code.MALFORMED


def _place(error: Exception) -> str:
    line, column = getattr(error, "position", (0, 0))
    return f"line {line}, column {column}" if line else ""


def local(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2] if "}" in tag else tag


def escape(text: str) -> str:
    """Text for between tags; a carriage return is kept by its number (a parser would make it a line feed)."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if "\r" in text:
        text = text.replace("\r", "&#13;")
    return text


def escape_attribute(text: str) -> str:
    """Text for within double quotes; white space is kept by its number (a parser would make it a blank)."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def to_bytes(text: str, charset: str) -> bytes:
    """A written document in the channel's charset, with its declaration; what it cannot carry goes by number.

    Characters that XML cannot carry at all become "?".
    """
    if not text.isprintable():  # the search costs ten times as much
        text = _ILLEGAL.sub("?", text)
    return f'<?xml version="1.0" encoding="{charset.upper()}"?>{text}'.encode(charset, "xmlcharrefreplace")
