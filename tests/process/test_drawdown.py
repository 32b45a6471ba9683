"""Promise: a drawdown reserves, has the loan paid out, then confirms or releases, whatever order the news comes in."""

from datetime import date
from typing import Any

import pytest
from process_support import CUSTOMER, LOAN, NOW_MS, PROCESS, Street, outside

from actors.address import make_id
from actors.codes import Code
from actors.customer.messages import CheckReservations, GrantLine
from actors.process.lifecycle import columns
from actors.process.messages import ActivityDone, AskReservation, Draw, ReservationAnswer
from actors.turn import Accepted, Refused, SettleEffect

OTHER = make_id("process", 9, 2)
FACTS = {"loan_id": LOAN, "customer_id": CUSTOMER, "product": "miaodai", "amount_fen": 800_000}
PENDING = {"pending": True}


def street_with(**answers: Any) -> Street:
    """A customer with a line of 10,000 yuan; by default the loan is ready and its pay-out under way."""
    told = {"loan_preparedraw": FACTS, "loan_disburse": PENDING} | answers
    street = Street("qingshan", outside(**told))
    street.register()
    street.ask(
        CUSTOMER,
        GrantLine(
            product="miaodai",
            limit_fen=1_000_000,
            annual_rate="0.037",
            expires_on=date(2027, 1, 1),
            process_id=PROCESS,
        ),
    )
    return street


def disburse_id(street: Street) -> str:
    command = next(e.payload["command"] for e in street.asked if e.payload.get("command", {}).get("type") == "Disburse")
    assert command["process_id"] == PROCESS
    effect_id: str = command["effect_id"]
    return effect_id


def end(street: Street, status: str = "done", code: str = "") -> None:
    street.ask(PROCESS, ActivityDone(effect_id=disburse_id(street), status=status, code=code))


def line(street: Street) -> tuple[int, int]:
    """(reserved, used)."""
    state = street.states[CUSTOMER]
    reserved = sum(d.amount_fen for d in state.draws.values() if d.status == "reserved")
    return reserved, state.lines["miaodai"].used_fen


def word(street: Street, process_id: str = PROCESS, loan_id: str = LOAN) -> str:
    decision = street.ask(process_id, AskReservation(loan_id=loan_id))
    assert isinstance(decision, Accepted)
    assert isinstance(decision.result, ReservationAnswer)
    return decision.result.answer


def test_paid_out_late_confirms_the_line() -> None:
    street = street_with()
    assert street.draw().status == "running"
    assert (line(street), word(street)) == ((800_000, 0), "pending")
    assert street.view().at == "disburse"
    assert street.states[PROCESS].effects == {}
    end(street)
    assert (street.view().status, street.view().product) == ("paid_out", "miaodai")
    assert (line(street), word(street)) == ((0, 800_000), "confirmed")
    assert street.asked[-1].payload["params"]["amount_yuan"] == "8000.00"
    assert street.replays()
    assert columns(street.states[PROCESS]) == (CUSTOMER, LOAN, "drawdown", "paid_out")


def test_refused_by_the_core_releases_the_line() -> None:
    street = street_with()
    street.draw()
    end(street, "refused", "disburse_refused")
    view = street.view()
    assert (view.status, view.reasons) == ("failed", ("disburse_refused",))
    assert (line(street), word(street)) == ((0, 0), "released")
    assert street.asked[-1].payload["template"] == "failed"
    assert street.replays()


def test_the_end_may_overtake_the_pending_answer() -> None:
    street = street_with(loan_disburse=None)
    street.draw()
    effect_id = disburse_id(street)
    assert effect_id in street.states[PROCESS].effects
    end(street)
    assert street.view().status == "paid_out"
    late = SettleEffect(effect_id=effect_id, attempt=1, status="done", data=PENDING)
    assert street.ask(PROCESS, late) == Accepted(())
    assert street.states[PROCESS].incidents == 0
    assert street.replays()


def test_unknown_keeps_the_reservation_and_is_noted_once() -> None:
    street = street_with(loan_disburse=None)
    street.draw()
    unknown = SettleEffect(effect_id=disburse_id(street), attempt=1, status="unknown")
    for attempt in range(3):
        decision = street.ask(PROCESS, unknown)
        assert isinstance(decision, Accepted)
        assert len(decision.events) == (1 if attempt == 0 else 0)
    assert (line(street), word(street)) == ((800_000, 0), "pending")
    street.now_ms = NOW_MS + street.bank.reservation_check_s * 1000
    street.ask(CUSTOMER, CheckReservations())
    assert line(street) == (800_000, 0)
    end(street)
    assert line(street) == (0, 800_000)


def test_the_customer_hears_of_the_end_by_asking_when_the_confirmation_is_lost() -> None:
    street = street_with()
    street.draw()
    street.ask(PROCESS, ActivityDone(effect_id=disburse_id(street), status="done"), carry_out=False)
    street.open.clear()  # the confirmation never arrives
    assert line(street) == (800_000, 0)
    street.now_ms = NOW_MS + street.bank.reservation_check_s * 1000
    street.ask(CUSTOMER, CheckReservations())
    assert line(street) == (0, 800_000)
    assert street.replays()


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ({"loan_preparedraw": ("refused", "loan_status", {})}, "refused", "loan_status"),
        ({"loan_preparedraw": ("refused", "not_found", {})}, "failed", "not_found"),
        ({"loan_preparedraw": FACTS | {"customer_id": "C"}}, "failed", "not_found"),
        ({"loan_preparedraw": {}}, "refused", "outside_refused"),
        ({"loan_preparedraw": FACTS | {"amount_fen": 1_000_100}}, "refused", "over_line"),
        ({"loan_preparedraw": FACTS | {"product": "standard"}}, "refused", "line_missing"),
    ],
)
def test_what_stands_in_the_way_ends_it_before_anything_is_paid(
    answers: dict[str, Any], status: str, code: str
) -> None:
    street = street_with(**answers)
    view = street.draw()
    assert (view.status, view.reasons) == (status, (code,))
    assert line(street) == (0, 0)
    assert not any(e.payload.get("command", {}).get("type") == "Disburse" for e in street.asked)
    assert street.replays()


def test_a_second_drawdown_of_the_same_loan_is_refused_and_leaves_the_first_alone() -> None:
    street = street_with()
    street.draw()
    second = street.draw(OTHER)
    assert (second.status, second.reasons) == ("refused", ("line_status",))
    assert line(street) == (800_000, 0)
    assert word(street, OTHER) == "released"
    end(street)
    assert (street.view().status, line(street)) == ("paid_out", (0, 800_000))


def test_news_for_an_activity_that_has_ended_is_an_incident_and_moves_nothing() -> None:
    street = street_with()
    street.draw()
    end(street)
    before = street.states[PROCESS]
    end(street, "refused", "disburse_refused")
    street.ask(PROCESS, SettleEffect(effect_id="x-1-0", attempt=1, status="refused", code="y", data={"b": b"z"}))
    after = street.states[PROCESS]
    assert after.incidents == 2
    assert (after.status, after.at, line(street)) == (before.status, before.at, (0, 800_000))
    assert street.replays()


def test_another_loans_reservation_was_never_made_here() -> None:
    street = street_with()
    street.draw()
    assert word(street, loan_id=make_id("loan", 9, 77)) == "released"


@pytest.mark.parametrize(
    "ids",
    [
        {"loan_id": "L1"},
        {"loan_id": CUSTOMER},
        {"loan_id": make_id("loan", 8, 1)},
        {"customer_id": LOAN},
        {"customer_id": make_id("customer", 8, 1)},
    ],
)
def test_ids_of_other_kinds_or_shards_start_nothing(ids: dict[str, str]) -> None:
    command = Draw(**({"loan_id": LOAN, "customer_id": CUSTOMER} | ids))
    assert street_with().ask(PROCESS, command) == Refused(Code.BAD_ID)


def test_an_end_that_is_neither_done_nor_refused_is_malformed() -> None:
    street = street_with()
    street.draw()
    wrong = ActivityDone(effect_id=disburse_id(street), status="perhaps")
    assert street.ask(PROCESS, wrong) == Refused(Code.WRONG_TYPE, {"field": "status"})
