"""Promise: the table of operations is whole: every row can be asked by both fronts and become an actor's message."""

from pathlib import Path

import msgspec
import pytest

from actors.codes import Code, Sort
from actors.customer.messages import CustomerCommand, CustomerQuery
from actors.loan.events import LoanEvent
from actors.loan.messages import LoanCommand, LoanQuery
from actors.process.messages import ProcessCommand, ProcessQuery
from protocols.code_table import render
from protocols.credentials import Channel, Credentials
from protocols.decoding import FORMS
from protocols.lists import TRANSACTIONS
from protocols.operations import BY_NAME, BY_SERVICE, OPERATIONS, Row
from protocols.problems import RETRY_AFTER_S, STATUS, WHAT_TO_DO, esb_code, http_status, problem

ROOT = Path(__file__).parents[2]
OF_KIND = {
    "customer": CustomerCommand | CustomerQuery,
    "loan": LoanCommand | LoanQuery,
    "process": ProcessCommand | ProcessQuery,
}


def test_names_services_and_paths_are_each_used_once() -> None:
    assert len(BY_NAME) == len(BY_SERVICE) == len(OPERATIONS)
    assert len({(row.method, row.path) for row in OPERATIONS}) == len(OPERATIONS)
    assert all(len(row.service) == 8 and len(row.scene) == 2 for row in OPERATIONS)


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_a_row_is_whole(row: Row) -> None:
    fields = row.request.__struct_fields__
    assert set(row.path_fields) <= set(fields)
    assert bool(row.read) != (row.message is not None)
    assert row.command == (row.method != "GET")
    if row.message is None:
        return
    assert row.target is not None
    assert row.message in OF_KIND[row.target.kind].__args__
    assert not row.target.field or row.target.field in fields
    given = {*fields, *row.from_loan, "bank"}
    config = row.message.__struct_config__
    assert config.forbid_unknown_fields
    required = {field.name for field in msgspec.structs.fields(row.message) if field.required}
    assert required <= given, "a required field of the message comes from nowhere"
    target = {row.target.field} if row.target.field else set()
    assert set(fields) - set(row.message.__struct_fields__) <= target, "a field of the request goes nowhere"


def test_transactions_are_events_of_the_loan() -> None:
    assert set(TRANSACTIONS) <= {event.__name__ for event in LoanEvent.__args__}


def test_request_types_of_the_body_are_closed() -> None:
    for form in FORMS.values():
        assert form.body_type.__struct_config__.forbid_unknown_fields
        assert form.outside_type.__struct_config__.forbid_unknown_fields


def test_every_sort_has_a_status_and_an_advice() -> None:
    assert set(STATUS) == set(WHAT_TO_DO) == set(Sort)
    assert {sort for sort in Sort if sort in RETRY_AFTER_S} == {Sort.BUSY, Sort.UNAVAILABLE, Sort.UNKNOWN}


@pytest.mark.parametrize("code", Code, ids=lambda code: code.word)
def test_a_code_is_shown_the_same_way_everywhere(code: Code) -> None:
    document = problem(code.word, {"field": "a.b"})
    assert (document["code"], document["number"], document["status"]) == (code.word, code.number, http_status(code))
    assert document["type"].endswith(f":{code.word}")
    assert "a.b" in document["detail"]
    assert esb_code(code) == f"MD{code.number}"


def test_numbers_are_never_used_twice() -> None:
    assert len({code.number for code in Code}) == len(list(Code))


def test_the_page_of_codes_is_fresh() -> None:
    """Stale: run ``python -m protocols.code_table docs/codes.md``."""
    assert (ROOT / "docs" / "codes.md").read_text("utf-8") == render()
    assert render().count("| `") == len(list(Code))


def test_no_channel_takes_a_name_of_the_runtime() -> None:
    with pytest.raises(ValueError, match="effect"):
        Credentials([Channel(id="effect", kind="hmac", secret=b"x", banks=("*",), operations=("*",))], None)  # type: ignore[arg-type]


def test_nothing_listed_is_nothing_allowed() -> None:
    channel = Channel(id="c", kind="hmac", secret=b"x", banks=(), operations=())
    assert not channel.acts_for("B001")
    assert not channel.may("get_loan")
