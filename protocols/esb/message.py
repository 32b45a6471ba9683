"""The canonical ESB message: heads, body and return list, the same for every dialect.

Dialects read into it and write from it; service.py and client.py know nothing else. Trees keep the order of fields
and names given twice; a reader gives every leaf as text, a writer takes numbers, dates and flags as well.
"""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, Union

from protocols.esb.names import HEADER_NAMES, canonical, is_return_list

CHINA = timezone(timedelta(hours=8))
"""TRAN_DATE and TRAN_TIMESTAMP are Beijing time."""

Value = Union[str, int, Decimal, bool, date, None, "Fields", "Items"]


class Fields(list[tuple[str, Value]]):
    """A struct: named values in their order; the same name may come twice."""

    __slots__ = ()

    def first(self, name: str) -> Value:
        """The first value of that name; None when there is none."""
        for given, value in self:
            if given == name:
                return value
        return None

    def text(self, name: str) -> str:
        """The first leaf of that name as text without blanks around it; "" when there is none."""
        value = self.first(name)
        return value.strip() if isinstance(value, str) else ""


class Items(list[Value]):
    """An array: structs as a rule, leaves at times."""

    __slots__ = ()


class Return(NamedTuple):
    """One entry of the return list."""

    code: str
    text: str


class Message:
    """One message. ``heads`` by section: SYS_HEAD, APP_HEAD, LOCAL_HEAD. Some write a ``reply`` differently."""

    __slots__ = ("__dict__", "body", "dialect", "heads", "reply")

    def __init__(self, heads: dict[str, Fields], body: Fields, *, reply: bool = False, dialect: str = "") -> None:
        self.heads = heads
        self.body = body
        self.reply = reply
        self.dialect = dialect

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (
            self.body == other.body
            and {section: head for section, head in self.heads.items() if head}
            == {section: head for section, head in other.heads.items() if head}
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def header(self) -> dict[str, str]:
        """Canonical names (names.py) -> text; of several the first that is not empty."""
        return self._known[0]

    @property
    def given_names(self) -> dict[str, str]:
        """Canonical name -> the name this message used, so that a reply can echo it."""
        return self._known[1]

    @cached_property
    def _known(self) -> tuple[dict[str, str], dict[str, str]]:
        texts: dict[str, str] = {}
        names: dict[str, str] = {}
        for section in HEADER_SECTIONS:
            for name, value in self.heads.get(section, ()):
                known = canonical(name) if isinstance(value, str) else ""
                if known and not texts.get(known):
                    text = value.strip()  # type: ignore[union-attr]
                    if text or known not in texts:
                        texts[known], names[known] = text, name
        return texts, names

    @cached_property
    def returns(self) -> list[Return]:
        """The return list: RET, RET_LIST or RET_ARRAY, as array, struct, or its fields right in the head."""
        found: list[Return] = []
        for section in HEADER_SECTIONS:
            head = self.heads.get(section)
            if head is None:
                continue
            for name, value in head:
                if is_return_list(name):
                    _collect_returns(value, found)
            if not found:
                _collect_returns(Fields(pair for pair in head if isinstance(pair[1], str)), found)
        return found

    @property
    def fields(self) -> Fields:
        """The body's fields; some senders put them all into one struct named BODY (or the like)."""
        if len(self.body) == 1 and isinstance(self.body[0][1], Fields) and self.body[0][0].upper() in _BODY_WRAPPERS:
            return self.body[0][1]
        return self.body


HEADER_SECTIONS = ("SYS_HEAD", "APP_HEAD", "LOCAL_HEAD")
_BODY_WRAPPERS = frozenset(("BODY", "REQUEST", "RESPONSE", "STRUCT"))


def _collect_returns(value: Value, found: list[Return]) -> None:
    if isinstance(value, Items):
        for item in value:
            _collect_returns(item, found)
    elif isinstance(value, Fields):
        code = text = None
        for name, inner in value:
            known = canonical(name)
            if known == "RET_CODE" and isinstance(inner, str):
                code = inner.strip()
            elif known == "RET_MSG" and isinstance(inner, str):
                text = inner.strip()
            elif isinstance(inner, Fields | Items):
                _collect_returns(inner, found)
        if code or text:
            found.append(Return(code or "", text or ""))


def succeeded(message: Message, success_codes: frozenset[str]) -> bool:
    """RET_STATUS decides; without one, every code of the return list must be a success code of the channel."""
    status = message.header.get("RET_STATUS", "")
    if status:
        return status.upper() in ("S", "SUCCESS", "0", "000000")
    return bool(message.returns) and all(r.code in success_codes for r in message.returns)


def tree(values: dict[str, Any]) -> Fields:
    """Plain dicts and lists -> a tree."""
    return Fields([(name, _grow(value)) for name, value in values.items()])


def _grow(value: Any) -> Value:
    if isinstance(value, dict):
        return tree(value)
    if isinstance(value, list | tuple) and not isinstance(value, Fields | Items):
        return Items([_grow(item) for item in value])
    return value  # type: ignore[no-any-return]


def plain(fields: Fields) -> dict[str, Any]:
    """A tree -> plain dicts and lists; of a name given twice the first counts."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if name not in found:
            found[name] = _shrink(value)
    return found


def _shrink(value: Value) -> Any:
    if isinstance(value, Fields):
        return plain(value)
    if isinstance(value, Items):
        return [_shrink(item) for item in value]
    return value


def leaf_text(value: Value) -> str:
    """A leaf as it stands on the wire: Y/N, yyyyMMdd, plain decimals."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "Y" if value else "N"
    if isinstance(value, datetime | date):
        return value.strftime("%Y%m%d")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def compact_date(text: str) -> str:
    """TRAN_DATE in either form as yyyyMMdd; anything else unchanged."""
    if len(text) == 10 and text[4] == text[7] and text[4] in "-/":
        return text[:4] + text[5:7] + text[8:]
    return text


__all__ = ["HEADER_NAMES", "Fields", "Items", "Message", "Return", "Value"]
