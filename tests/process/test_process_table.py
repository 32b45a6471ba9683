"""Promise: every cell of the process's transition table is as written; a bank's broken rules end it with a code."""

from typing import Any

import pytest
from msgspec.structs import replace
from process_support import BANKS, CUSTOMER, LOAN, PROCESS, Street, application, outside

from actors.bank import Flow, Node
from actors.codes import Code
from actors.process.lifecycle import ENDED, NEW, TRANSITIONS, respond
from actors.process.messages import ActivityDone, AskReservation, Draw, GetProcess
from actors.turn import Accepted, Command, Refused, SettleEffect
from runtime.rules import BankRules

COMMANDS: list[Command] = [
    application(),
    Draw(loan_id=LOAN, customer_id=CUSTOMER),
    ActivityDone(effect_id="x", status="done"),
    AskReservation(loan_id=LOAN),
    SettleEffect(effect_id="x", attempt=1, status="done"),
]


def in_status(status: str) -> Street:
    street = Street("qingshan", outside(bureau_report=None) if status == "running" else None)
    if status != NEW:
        street.register()
        street.apply()
        if status in ENDED:
            street.states[PROCESS] = replace(street.states[PROCESS], status=status)
        assert street.states[PROCESS].status == status
    return street


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("status", [NEW, "running", *ENDED])
def test_each_cell(status: str, command: Command) -> None:
    street = in_status(status)
    before = street.states.get(PROCESS)
    decision = street.ask(PROCESS, command, carry_out=False)
    cell = TRANSITIONS.get((status, type(command)))
    if cell is None:
        assert isinstance(decision, Refused)
        assert decision.code is (Code.NOT_FOUND if status == NEW else Code.PROCESS_STATUS)
        assert street.states.get(PROCESS) == before
    else:
        assert isinstance(decision, Accepted)
        assert street.states[PROCESS].status in cell


def test_a_query_waits_for_the_end_only_when_asked_to() -> None:
    street = in_status("running")
    state, ctx = street.states[PROCESS], street.context(PROCESS)
    assert respond(state, GetProcess(until_ended=True), ctx) is None
    shown = respond(state, GetProcess(), ctx)
    assert shown is not None
    assert (shown.status, shown.at, shown.ended_ms) == ("running", "bureau", 0)


def test_a_running_process_keeps_its_version_of_the_flow() -> None:
    street = in_status("running")
    new = replace(BANKS["qingshan"].flows["credit_application"], version=2, nodes={})
    street.bank = replace(
        street.bank, flows={**street.bank.flows, "credit_application": new, "credit_application@2": new}
    )
    street.desk = outside()
    street.carry_out()
    assert (street.view().status, street.view().definition_version) == ("approved", 1)


def broken(model: dict[str, Any] | None, name: str = "admission") -> Street:
    """Qingshan with one decision model replaced, or taken away."""
    street = Street()
    decisions = {k: v for k, v in street.bank.decisions.items() if k != name}
    if model is not None:
        decisions[name] = model
    bank = replace(street.bank, decisions=decisions)
    rules = BankRules(bank)
    plain = street.context
    street.context = lambda actor_id: replace(plain(actor_id), rules=rules)  # type: ignore[method-assign]
    street.register()
    return street


def answering(**results: str) -> dict[str, Any]:
    """A model that answers with these expressions."""
    lines = [{"id": key, "key": key, "value": value} for key, value in results.items()]
    nodes = [
        {"id": "i", "type": "inputNode", "name": "i", "content": {}},
        {"id": "e", "type": "expressionNode", "name": "e", "content": {"expressions": lines}},
        {"id": "o", "type": "outputNode", "name": "o", "content": {}},
    ]
    edges = [{"id": "1", "sourceId": "i", "targetId": "e"}, {"id": "2", "sourceId": "e", "targetId": "o"}]
    return {"nodes": nodes, "edges": edges}


@pytest.mark.parametrize(
    "model",
    [
        None,
        answering(passed="true", reasons="['moon']"),
        answering(passed="true", reasons="['territory']"),
        answering(passed="false", reasons="[]"),
        answering(reasons="[]"),
        answering(passed="1 / 3"),
        answering(passed="nobody + 1"),
    ],
)
def test_a_model_that_is_missing_breaks_or_answers_wrongly_fails_the_process(model: dict[str, Any] | None) -> None:
    street = broken(model)
    view = street.apply()
    assert (view.status, view.reasons) == ("failed", (Code.RULE_FAILED.word,))
    assert street.replays()


def test_a_rate_out_of_this_world_and_a_limit_that_is_no_integer_fail_it() -> None:
    for name, model in (
        ("price", answering(rate_bp="0")),
        ("price", answering(rate_bp="20000")),
        ("limit", answering(limit_fen="100 / 3", passed="true", reasons="[]")),
        ("limit", answering(limit_fen="100 / 0", passed="true", reasons="[]")),
    ):
        street = broken(model, name)
        assert street.apply().reasons == (Code.RULE_FAILED.word,)
        assert street.states[CUSTOMER].lines == {}


def test_a_bank_without_the_flow_or_with_a_diagram_out_of_order_says_so() -> None:
    street = Street()
    street.register()
    street.bank = replace(street.bank, flows={})
    assert street.ask(PROCESS, application()) == Refused(Code.UNKNOWN_FLOW, {"flow": "credit_application"})
    nodes = {
        "s": Node(id="s", name="", type="start", flows=(("b", ""),)),
        "b": Node(id="b", name="", type="service", service="bureau.report", flows=(("e", ""),)),
        "e": Node(id="e", name="", type="end", outcome="approved"),
    }
    flow = Flow(key="credit_application", version=9, start="s", nodes=nodes)
    street.bank = replace(street.bank, flows={"credit_application": flow, "credit_application@9": flow})
    view = street.apply()
    assert (view.status, view.reasons) == ("failed", (Code.RULE_FAILED.word,))
