"""Typed bodies: names, money, dates, flags, lists; refusals with the field's path."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from actors.codes import Code
from protocols.esb.dialects import CD
from protocols.esb.errors import EsbRefused
from protocols.esb.fields import binding, wire_name, wire_path, write_loose
from protocols.esb.message import Fields, Items, Message, tree
from protocols.esb.xml import parse, to_bytes
from protocols.operations import OPERATIONS


class Part(Struct, kw_only=True):
    no: int
    paid_fen: int = 0


class Whole(Struct, kw_only=True):
    name: str
    amount_fen: int
    count: int = 7
    rate: Decimal = Decimal(0)
    on: date | None = None
    sure: bool = False
    kind: Literal["due", "full"] = "due"
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    words: list[str] = []
    costs: tuple[tuple[str, str], ...] = ()


READ = binding(Whole).read


def refused(values: dict[str, Any]) -> tuple[Code, str]:
    with pytest.raises(EsbRefused) as error:
        READ(tree({"NAME": "n", "AMOUNT_AMT": "1"} | values))
    return error.value.code, error.value.where


def test_names() -> None:
    assert wire_name("principal_fen_outstanding") == "PRINCIPAL_AMT_OUTSTANDING"
    assert wire_path("facts.monthly_income_fen") == "FACTS.MONTHLY_INCOME_AMT"
    assert wire_path("FACTS.MONTHLY_INCOME_AMT") == "FACTS.MONTHLY_INCOME_AMT"


def test_everything_read() -> None:
    body = tree(
        {
            "NAME": "张三",
            "AMOUNT_AMT": "12.30",
            "RATE": "0.0435",
            "ON": "2026-11-24",
            "SURE": "Y",
            "KIND": "full",
            "PART": {"NO": "1", "PAID_AMT": "-0.05"},
            "PARTS": [{"NO": "2"}, {"NO": " 3 ", "PAID_AMT": "1000000000000"}],
            "WORDS": ["a", "b"],
            "COSTS": [{"F1": "x", "F2": "y"}],
        }
    )
    assert msgspec.convert(READ(body), Whole) == Whole(
        name="张三",
        amount_fen=1230,
        rate=Decimal("0.0435"),
        on=date(2026, 11, 24),
        sure=True,
        kind="full",
        part=Part(no=1, paid_fen=-5),
        parts=(Part(no=2), Part(no=3, paid_fen=100_000_000_000_000)),
        words=["a", "b"],
        costs=(("x", "y"),),
    )


@pytest.mark.parametrize(
    ("text", "fen"), [("0", 0), ("1", 100), ("1.5", 150), ("0.01", 1), ("-3.20", -320), ("+4", 400), (" 5.00 ", 500)]
)
def test_yuan_to_fen(text: str, fen: int) -> None:
    assert READ(tree({"NAME": "", "AMOUNT_AMT": text}))["amount_fen"] == fen


@pytest.mark.parametrize(
    "text",
    ["1.234", "1.000", "1,000.00", "1e3", "NaN", "Infinity", "abc", ".5", "5.", "--1", "１", "1" * 16, "0x1", "1 2"],
)
def test_no_sum(text: str) -> None:
    assert refused({"AMOUNT_AMT": text}) == (Code.WRONG_TYPE, "AMOUNT_AMT")


@given(st.integers(-(10**17) + 1, 10**17 - 1))
def test_money_there_and_back(fen: int) -> None:
    """Through the wire's text, exactly."""
    written = binding(Part).write({"no": 1, "paid_fen": fen})
    raw = to_bytes(CD.write(Message({}, written)), "utf-8")
    got = CD.read(parse(raw, "utf-8")).fields
    assert len(got.text("PAID_AMT").rpartition(".")[2]) == 2
    assert binding(Part).read(got)["paid_fen"] == fen


@pytest.mark.parametrize(
    ("values", "code", "where"),
    [
        ({"AMOUNT_AMT": ""}, Code.MISSING_FIELD, "AMOUNT_AMT"),
        ({"OTHER": "1"}, Code.UNKNOWN_FIELD, "OTHER"),
        ({"COUNT": "1.5"}, Code.WRONG_TYPE, "COUNT"),
        ({"COUNT": "1" * 19}, Code.WRONG_TYPE, "COUNT"),
        ({"ON": "20261301"}, Code.WRONG_TYPE, "ON"),
        ({"ON": "2026-1-1"}, Code.WRONG_TYPE, "ON"),
        ({"SURE": "yes"}, Code.WRONG_TYPE, "SURE"),
        ({"KIND": "other"}, Code.WRONG_TYPE, "KIND"),
        ({"NAME": {"A": "1"}}, Code.WRONG_TYPE, "NAME"),
        ({"COUNT": ["1"]}, Code.WRONG_TYPE, "COUNT"),
        ({"PART": "1"}, Code.WRONG_TYPE, "PART"),
        ({"PART": {"PAID_AMT": "1"}}, Code.MISSING_FIELD, "PART.NO"),
        ({"PARTS": [{"NO": "1"}, {"NO": "x"}]}, Code.WRONG_TYPE, "PARTS[1].NO"),
        ({"PARTS": [{"NO": "1", "MORE": "1"}]}, Code.UNKNOWN_FIELD, "PARTS[0].MORE"),
        ({"PARTS": "1"}, Code.WRONG_TYPE, "PARTS[0]"),
        ({"COSTS": [{"F1": "x"}]}, Code.WRONG_TYPE, "COSTS[0]"),
    ],
)
def test_refusals_name_the_path(values: dict[str, Any], code: Code, where: str) -> None:
    assert refused(values) == (code, where)


def test_a_missing_field() -> None:
    with pytest.raises(EsbRefused) as error:
        READ(tree({"NAME": "n"}))
    assert (error.value.code, error.value.where) == (Code.MISSING_FIELD, "AMOUNT_AMT")


def test_empty_means_not_given_but_for_a_required_text() -> None:
    body = tree({"NAME": "", "AMOUNT_AMT": "1", "COUNT": "", "ON": "", "KIND": "", "PART": "", "PARTS": "", "SURE": ""})
    assert READ(body) == {"name": "", "amount_fen": 100}


def test_a_list_in_any_of_its_shapes() -> None:
    one, two = Fields([("NO", "1")]), Fields([("NO", "2")])
    start = [("NAME", "n"), ("AMOUNT_AMT", "1")]
    for given_as in (
        [("PARTS", Items([one, two]))],
        [("PARTS", one), ("PARTS", two)],
        [("PARTS.", one), ("PARTS", Items([two]))],
    ):
        assert READ(Fields([*start, *given_as]))["parts"] == [{"no": 1}, {"no": 2}]
    assert READ(Fields([*start, ("PARTS", one)]))["parts"] == [{"no": 1}]


def test_of_a_name_given_twice_the_first_that_is_not_empty() -> None:
    body = Fields([("NAME", ""), ("AMOUNT_AMT", "1"), ("NAME", "b"), ("NAME", "c")])
    assert READ(body)["name"] == "b"


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_every_operation_has_a_form_on_the_wire(row: Any) -> None:
    """No operation needs code here: request and reply types bind, and no two fields share a name."""
    for type_ in (row.request, row.view):
        binding(type_)
        names = [wire_name(name) for name in type_.__struct_fields__]
        assert len(names) == len(set(names))


def test_detail_without_a_type() -> None:
    got = write_loose(
        {
            "available_fen": 5,
            "date": "2026-01-02",
            "list": [{"x_fen": 1}],
            "ok": True,
            "n": None,
            "score": 0.5,
            "b": b"1",
        }
    )
    assert got == [
        ("AVAILABLE_AMT", Decimal("0.05")),
        ("DATE", "20260102"),
        ("LIST", [[("X_AMT", Decimal("0.01"))]]),
        ("OK", True),
        ("N", None),
        ("SCORE", "0.5"),
        ("B", "MQ=="),
    ]
