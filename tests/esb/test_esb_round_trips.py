"""Whatever tree a message holds, each dialect writes it so that it reads the same (within what the dialect can say)."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.esb.dialects import DIALECTS, Dialect, recognise
from protocols.esb.message import Fields, Items, Message, Value
from protocols.esb.xml import parse, to_bytes

LISTS = {"cd", "flat", "flat_upper", "sys_head", "sdoroot", "header_body", "packet"}
assert set(DIALECTS) == LISTS
RESERVED = {"ARRAY", "SDO", "STRUCT", "LIST", "LISTS", "ITEM", "ROW", "RECORD", "REQUEST", "RESPONSE"}
"""Names that some dialect uses for its own purposes."""

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=12
).map(lambda t: t.strip() or "x")
names = st.builds(
    lambda first, rest, dot: first + rest + dot,
    st.sampled_from(string.ascii_uppercase),
    st.text(string.ascii_letters + string.digits + "_", max_size=8),
    st.sampled_from(["", "", "", "."]),
).filter(lambda n: n.upper() not in RESERVED)


def structs(inner: st.SearchStrategy[Value], *, unique: bool, smallest: int = 1) -> st.SearchStrategy[Fields]:
    unique_by = (lambda pair: pair[0]) if unique else None
    return st.lists(st.tuples(names, inner), min_size=smallest, max_size=4, unique_by=unique_by).map(Fields)


def trees(*, unique: bool, array_min: int) -> st.SearchStrategy[Fields]:
    """Bodies: leaves, structs, arrays of structs, nested in one another."""

    def deeper(inner: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
        struct = structs(inner, unique=unique)
        return struct | st.lists(struct, min_size=array_min, max_size=3).map(Items)

    return structs(st.recursive(texts, deeper, max_leaves=12), unique=unique, smallest=0)


def there_and_back(dialect: Dialect, message: Message, charset: str) -> Message:
    root = parse(to_bytes(dialect.write(message), charset), charset)
    return dialect.read(root)


def heads(dialect: Dialect, values: Fields) -> dict[str, Fields]:
    return {"SYS_HEAD": Fields([(dialect.header_names["SERVICE_CODE"], "S1"), *values])}


charsets = st.sampled_from(["utf-8", "gbk", "gb18030", "gb2312"])
simple_heads = st.lists(st.tuples(names, texts), max_size=3, unique_by=lambda pair: pair[0]).map(Fields)


@given(body=trees(unique=False, array_min=0), head=simple_heads, charset=charsets)
@settings(max_examples=150, deadline=None)
def test_cd_keeps_everything(body: Fields, head: Fields, charset: str) -> None:
    """Names given twice, empty arrays, structs without fields."""
    message = Message(heads(DIALECTS["cd"], head), body)
    assert there_and_back(DIALECTS["cd"], message, charset) == message


@pytest.mark.parametrize("name", ["flat", "flat_upper", "sys_head", "sdoroot", "packet"])
@given(data=st.data(), head=simple_heads, charset=charsets)
@settings(max_examples=60, deadline=None)
def test_element_dialects(name: str, data: st.DataObject, head: Fields, charset: str) -> None:
    """An empty list cannot be told from an empty field in some, so lists here hold something.

    In flat, lists of one name standing side by side would become one, so names are not given twice.
    """
    body = data.draw(trees(unique=name.startswith("flat"), array_min=1))
    dialect = DIALECTS[name]
    message = Message(heads(dialect, head), body)
    assert there_and_back(dialect, message, charset) == message


@given(body=trees(unique=True, array_min=2), head=simple_heads, charset=charsets)
@settings(max_examples=100, deadline=None)
def test_header_body_tells_lists_by_repetition(body: Fields, head: Fields, charset: str) -> None:
    dialect = DIALECTS["header_body"]
    message = Message(heads(dialect, head), body)
    assert there_and_back(dialect, message, charset) == message


@pytest.mark.parametrize("name", sorted(LISTS))
def test_each_is_recognised_by_what_it_writes(name: str) -> None:
    dialect = DIALECTS[name]
    message = Message(heads(dialect, Fields()), Fields([("A", "1")]))
    assert recognise(parse(to_bytes(dialect.write(message), "utf-8"), "utf-8")) is dialect


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_reply_says_how_it_went(name: str) -> None:
    from actors.codes import Code
    from protocols.esb.answer import Reply, message_of, refusal

    dialect = DIALECTS[name]
    numbers = [(dialect.header_names[n], v) for n, v in (("CONSUMER_SEQ_NO", "N1"), ("GLOBAL_SEQ_NO", "G1"))]
    request = Message(heads(dialect, Fields(numbers)), Fields())
    for reply, status, code, number in (
        (Reply(number="P1"), "S", "000000", "P1"),
        (refusal(Code.OVER_LINE, "X"), "F", "MD4013", None),
    ):
        got = there_and_back(dialect, message_of(dialect, request, reply), "utf-8")
        assert got.header["RET_STATUS"] == status
        assert [r.code for r in got.returns] == [code]
        assert got.header["CONSUMER_SEQ_NO"] == "N1"
        assert got.header["GLOBAL_SEQ_NO"] == "G1"
        assert got.header.get("PROVIDER_SEQ_NO") == number


@pytest.mark.parametrize("bad", ["A B", "1A", "", "A>", "中 文", "<x"])
def test_a_name_no_element_can_have_is_not_written(bad: str) -> None:
    with pytest.raises(ValueError, match="not an element"):
        DIALECTS["flat"].write(Message({}, Fields([(bad, "1")])))


def test_control_characters_do_not_break_a_document() -> None:
    message = Message({}, Fields([("A", "a\x00b\x1bc\ud800d\r\ne\tf")]))
    assert there_and_back(DIALECTS["cd"], message, "utf-8").body == Fields([("A", "a?b?c?d\r\ne\tf")])
