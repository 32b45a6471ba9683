"""Promise: an application runs its bank's flow to an answer with reasons; what is asked outside is asked rightly."""

from datetime import date

import msgspec
import pytest
from process_support import (
    BANKS,
    CUSTOMER,
    GOOD_FACTS,
    GOOD_REPORT,
    GOOD_RISK,
    PROCESS,
    TODAY,
    Street,
    application,
    identity_number,
    outside,
)

from actors.address import make_id
from actors.codes import Code
from actors.customer.messages import Facts, PutOnWhiteList
from actors.process.lifecycle import columns
from actors.process.messages import ProcessView
from actors.turn import Refused

SECOND = make_id("process", 9, 2)
POOR_FACTS = Facts(monthly_income_fen=600_000, checking_band=0, savings_band=1, history_band=1, housing="rent")


def applied(bank: str = "qingshan", **changes: object) -> tuple[Street, ProcessView]:
    street = Street(bank)
    street.register()
    return street, street.apply(**changes)


@pytest.mark.parametrize("bank", BANKS)
def test_a_good_applicant_gets_a_line_at_every_bank(bank: str) -> None:
    street, view = applied(bank)
    assert (view.status, view.reasons) == ("approved", ())
    assert view.limit_fen % 100_000 == 0
    assert BANKS[bank].products["standard"].amount_fen_min <= view.limit_fen <= BANKS[bank].customer_fen_cap
    assert view.score > 600
    line = street.states[CUSTOMER].lines["standard"]
    assert (line.limit_fen, line.annual_rate, line.status) == (view.limit_fen, view.annual_rate, "active")
    assert line.expires_on == date(2026, 9, 2)
    assert street.open == []
    assert street.replays()
    assert columns(street.states[PROCESS]) == (CUSTOMER, "", "credit_application", "approved")


def test_rate_is_lpr_before_the_day_plus_spread_plus_band_and_limit_follows_the_formula() -> None:
    _, view = applied()
    assert view.annual_rate == f"{(300 + 300 + 0) / 10_000:.4f}"  # LPR 3.00 %, spread 3.00 %, best band
    service = 1_100_000 * 50 // 100  # half of the verified income, which is below the declared one
    i = 0.06 / 12
    by_service = service * (1 - (1 + i) ** -12) / i
    assert view.limit_fen == by_service // 100_000 * 100_000 < 1_100_000 * 20 * 120 // 100


def test_what_the_outside_is_asked() -> None:
    street, _ = applied()
    bureau = next(e.payload for e in street.asked if e.target == "bureau.report")
    assert (bureau["consent_version"], bureau["reason"], bureau["bank"]) == ("v1", "02", "qingshan")
    assert street.vault.unseal(CUSTOMER, bureau["identity_sealed"]) == identity_number()
    assert street.vault.unseal(CUSTOMER, bureau["name_sealed"]) == "张三"
    risk = next(e.payload for e in street.asked if e.target == "risk.assess")
    assert risk["facts"] == msgspec.to_builtins(GOOD_FACTS)
    assert (risk["amount_fen"], risk["product"]) == (2_000_000, "standard")
    sms = next(e.payload for e in street.asked if e.target == "sms.send")
    assert street.vault.unseal(CUSTOMER, sms["phone_sealed"]) == "13812340000"
    assert sms["template"] == "approved"
    text = BANKS["qingshan"].sms_templates["approved"].format(**sms["params"])
    assert "消费分期" in text


def test_nothing_in_clear_is_kept_and_an_ended_process_is_small() -> None:
    street, _ = applied()
    stored = msgspec.msgpack.encode((street.events, street.states))
    for secret in (identity_number(), "张三", "13812340000", "6217001234567890123"):
        assert secret.encode() not in stored
    assert len(msgspec.msgpack.encode(street.states[PROCESS])) < 600


@pytest.mark.parametrize(
    ("answers", "facts", "code"),
    [
        ({"bureau_report": GOOD_REPORT | {"overdue_now_fen": 1}}, GOOD_FACTS, Code.BUREAU_BAD),
        ({"bureau_report": GOOD_REPORT | {"months_overdue_max": 3}}, GOOD_FACTS, Code.BUREAU_BAD),
        ({"bureau_report": GOOD_REPORT | {"inquiries_3m": 10}}, GOOD_FACTS, Code.BUREAU_BAD),
        ({"risk_assess": GOOD_RISK | {"fraud": True}}, GOOD_FACTS, Code.FRAUD),
        ({}, POOR_FACTS, Code.SCORE_LOW),
        ({"bureau_report": GOOD_REPORT | {"unsecured_fen_elsewhere": 10**9}}, GOOD_FACTS, Code.NO_LIMIT),
        ({"bureau_report": GOOD_REPORT | {"monthly_due_fen": 550_000}}, GOOD_FACTS, Code.DEBT_RATIO),
    ],
)
def test_each_reason_of_the_decision_refuses_notes_cool_off_and_tells_the_person(
    answers: dict[str, dict[str, object]], facts: Facts, code: Code
) -> None:
    street = Street("qingshan", outside(**answers))  # type: ignore[arg-type]
    street.register()
    view = street.apply(facts=facts)
    assert (view.status, view.reasons, view.limit_fen) == ("refused", (code.word,), 0)
    assert street.asked[-1].payload["template"] == "refused"
    assert street.states[CUSTOMER].lines == {}
    again = street.apply(SECOND)
    assert again.reasons == (Code.COOLING_OFF.word,)
    street.on = date(2026, 4, 2)  # 31 days later, cool-off is 30
    street.desk = outside()
    assert street.apply(make_id("process", 9, 3)).status == "approved"
    assert street.replays()


def test_admission_refuses_without_a_query_that_costs_and_without_cool_off() -> None:
    street = Street()
    street.register(consent=False, identity_number=identity_number(division="330106"))
    view = street.apply(product="miaodai")
    assert view.status == "refused"
    assert set(view.reasons) == {"not_on_white_list", "consent_missing"}
    assert street.apply(SECOND).reasons == ("territory", "consent_missing")
    assert {e.target for e in street.asked if not e.target.startswith("actor:")} == {"sms.send"}
    assert street.states[CUSTOMER].refused_until == {}


def test_age_counts_at_maturity() -> None:
    for born, reasons in ((date(1961, 3, 3), ()), (date(1960, 3, 2), ("over_age",))):
        street = Street()
        street.register(identity_number=identity_number(born=born))
        assert street.apply(periods=3).reasons == reasons


def test_a_white_listed_person_gets_the_lists_limit_and_rate() -> None:
    street = Street()
    street.register(identity_number=identity_number(division="330106"))
    street.ask(
        CUSTOMER,
        PutOnWhiteList(product="miaodai", limit_fen=3_000_000, rate_bp=-30, valid_until=date(2026, 12, 31)),
    )
    view = street.apply(product="miaodai")
    assert (view.status, view.limit_fen, view.annual_rate) == ("approved", 3_000_000, "0.0340")


def test_longtan_asks_for_fraud_first_and_spares_the_bureau() -> None:
    street = Street("longtan", outside(risk_assess=GOOD_RISK | {"fraud_score": 95}))
    street.register()
    view = street.apply()
    assert (view.status, view.reasons, view.definition_version) == ("refused", ("fraud",), 2)
    assert "bureau" not in street.path()


def test_a_customer_of_nobody_ends_the_process_as_failed() -> None:
    street = Street()
    view = street.apply()
    assert (view.status, view.reasons) == ("failed", ("not_found",))


def test_a_refusal_of_the_bureau_or_an_answer_full_of_holes_ends_it_with_a_code() -> None:
    for answer in (("refused", "BR1001", {}), {"score": 700}, GOOD_REPORT | {"score": "700"}):
        street = Street("qingshan", outside(bureau_report=answer))  # type: ignore[arg-type]
        street.register()
        view = street.apply()
        assert (view.status, view.reasons) == ("refused", ("outside_refused",))
        assert street.replays()


def test_the_answer_does_not_wait_for_the_message() -> None:
    street = Street("qingshan", outside(sms_send=None))
    street.register()
    assert street.apply().status == "approved"
    assert [e.target for _, e in street.open] == ["sms.send"]
    street.desk = outside(sms_send=("refused", "SM1", {}))
    street.carry_out()
    assert street.view().status == "approved"
    assert street.states[PROCESS].effects == {}
    assert street.replays()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product": "gold"}, Code.UNKNOWN_PRODUCT),
        ({"amount_fen": 0}, Code.BAD_AMOUNT),
        ({"amount_fen": -100}, Code.BAD_AMOUNT),
        ({"amount_fen": 2_000_001}, Code.BAD_AMOUNT),
        ({"amount_fen": 99_900}, Code.AMOUNT_OUT_OF_RANGE),
        ({"amount_fen": 10**15}, Code.AMOUNT_OUT_OF_RANGE),
        ({"periods": 0}, Code.BAD_PERIODS),
        ({"periods": 61}, Code.BAD_PERIODS),
        ({"use_code": "stocks"}, Code.BAD_USE),
        ({"use_code": ""}, Code.BAD_USE),
        ({"facts": Facts(monthly_income_fen=-1)}, Code.WRONG_TYPE),
        ({"facts": Facts(monthly_income_fen=10**14)}, Code.WRONG_TYPE),
        ({"facts": Facts(housing="castle")}, Code.WRONG_TYPE),
        ({"customer_id": "C123"}, Code.BAD_ID),
        ({"customer_id": make_id("customer", 10, 1)}, Code.BAD_ID),
        ({"customer_id": make_id("loan", 9, 1)}, Code.BAD_ID),
    ],
)
def test_an_application_outside_the_terms_starts_nothing(changes: dict[str, object], code: Code) -> None:
    street = Street()
    street.register()
    assert street.ask(PROCESS, application(**changes)) == Refused(code)
    assert PROCESS not in street.states


def test_two_applications_at_once_never_grant_more_than_the_cap() -> None:
    street = Street("yunxi", outside(risk_assess=GOOD_RISK | {"income_fen_verified": 50_000_000}))
    street.register()
    street.ask(
        CUSTOMER,
        PutOnWhiteList(product="miaodai", limit_fen=10_000_000, valid_until=date(2026, 12, 31)),
    )
    rich = Facts(**{f: getattr(GOOD_FACTS, f) for f in GOOD_FACTS.__struct_fields__ if f != "monthly_income_fen"})
    first = application(product="standard", facts=rich)
    second = application(product="miaodai", facts=rich)
    street.ask(PROCESS, first, carry_out=False)
    street.ask(SECOND, second, carry_out=False)
    street.carry_out()
    assert street.view().limit_fen == 15_000_000
    assert (street.view(SECOND).status, street.view(SECOND).reasons) == ("refused", ("amount_out_of_range",))
    assert street.states[CUSTOMER].lines["standard"].expires_on > TODAY
