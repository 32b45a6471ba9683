"""Promise: a reservation whose check time has come is asked about, and only the process's definite word ends it."""

import pytest
from customer_support import LOAN, NOW_MS, OTHER_LOAN, OTHER_PROCESS, PROCESS, Customer

from actors.customer import lifecycle
from actors.customer.messages import CheckReservations, ConfirmReservation, ReserveLine, RestoreLine
from actors.turn import Accepted, EffectDoubted, EffectRequested, EffectSettled, IncidentOpened, SettleEffect

CHECK_MS = NOW_MS + 60_000


def reserved() -> Customer:
    customer = Customer.registered()
    customer.grant()
    for loan, process, at in ((LOAN, PROCESS, CHECK_MS), (OTHER_LOAN, OTHER_PROCESS, CHECK_MS + 500)):
        customer.do(
            ReserveLine(product="miaodai", loan_id=loan, process_id=process, amount_fen=100_000, check_at_ms=at)
        )
    return customer


def asked() -> tuple[Customer, str]:
    customer = reserved()
    customer.now_ms = CHECK_MS
    decision = customer.ask(CheckReservations())
    assert isinstance(decision, Accepted)
    request = decision.events[-1]
    assert isinstance(request, EffectRequested)
    assert request.effect.target == f"actor:{PROCESS}"
    assert request.effect.payload == {"command": {"type": "AskReservation", "loan_id": LOAN}}
    return customer, request.effect.id


def draw_of(customer: Customer, loan: str = LOAN) -> str:
    assert customer.state is not None
    draw = customer.state.draws.get(loan)
    return draw.status if draw else "none"


def timer(customer: Customer) -> int:
    assert customer.state is not None
    return lifecycle.timers(customer.state)


def answer(effect_id: str, status: str = "done", code: str = "", **data: str) -> SettleEffect:
    return SettleEffect(effect_id=effect_id, attempt=1, status=status, code=code, data=data)


def test_nothing_is_asked_before_the_time_and_each_is_asked_once() -> None:
    customer = reserved()
    assert timer(customer) == CHECK_MS
    customer.now_ms = CHECK_MS - 1
    assert customer.ask(CheckReservations()) == Accepted(())
    customer, _ = asked()
    assert timer(customer) == CHECK_MS + 500
    assert customer.ask(CheckReservations()) == Accepted(())
    customer.check()


@pytest.mark.parametrize(("word", "status"), [("confirmed", "used"), ("released", "none"), ("pending", "reserved")])
def test_the_answer_decides(word: str, status: str) -> None:
    customer, effect_id = asked()
    customer.do(answer(effect_id, answer=word))
    assert draw_of(customer) == status
    assert draw_of(customer, OTHER_LOAN) == "reserved"
    assert customer.state is not None
    assert customer.state.effects == {}
    if word == "pending":
        later = CHECK_MS + 300_000
        assert customer.state.draws[LOAN].check_at_ms == later
        customer.now_ms = later
        decision = customer.ask(CheckReservations())
        assert isinstance(decision, Accepted)
        assert len([e for e in decision.events if isinstance(e, EffectRequested)]) == 2
    customer.check()


def test_an_unknown_answer_is_doubted_once_and_keeps_everything() -> None:
    customer, effect_id = asked()
    first = customer.ask(answer(effect_id, "unknown"))
    assert first == Accepted((EffectDoubted(effect_id=effect_id),))
    assert customer.ask(answer(effect_id, "unknown")) == Accepted(())
    assert draw_of(customer) == "reserved"
    customer.do(answer(effect_id, answer="confirmed"))
    assert draw_of(customer) == "used"
    assert customer.state is not None
    assert customer.state.doubted == ()
    customer.check()


def test_a_refusal_to_answer_keeps_it_and_a_person_hears_of_it() -> None:
    customer, effect_id = asked()
    decision = customer.ask(answer(effect_id, "refused", "not_found"))
    assert isinstance(decision, Accepted)
    assert [type(e) for e in decision.events[:2]] == [EffectSettled, IncidentOpened]
    assert draw_of(customer) == "reserved"
    assert timer(customer) > 0


def test_an_answer_that_comes_after_the_confirmation_changes_nothing() -> None:
    for overtaking in (ConfirmReservation(loan_id=LOAN, process_id=PROCESS), RestoreLine(loan_id=LOAN, amount_fen=1)):
        customer, effect_id = asked()
        customer.do(overtaking)
        customer.do(answer(effect_id, answer="released"))
        assert draw_of(customer) == "used"
        customer.check()


def test_a_definite_answer_to_nothing_opens_an_incident_and_an_unknown_one_does_not() -> None:
    customer = reserved()
    before = customer.state
    assert customer.ask(answer("nobody-1-0", "unknown")) == Accepted(())
    assert customer.state == before
    customer.do(answer("nobody-1-0", answer="released"))
    assert customer.state is not None
    assert customer.state.incidents == 1
    assert draw_of(customer) == "reserved"
