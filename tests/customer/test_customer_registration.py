"""Promise: a person is registered once, well-formed and of age; nothing of theirs is stored or shown in clear."""

from datetime import date, timedelta

import msgspec
import pytest
from customer_support import (
    BAIHE,
    CUSTOMER,
    TODAY,
    VAULT,
    Customer,
    context,
    identity_number,
    registration,
)

from actors.codes import Code
from actors.customer import lifecycle
from actors.customer.messages import (
    GetCustomer,
    GetLines,
    GiveConsent,
    NoteRefusal,
    PutOnWhiteList,
    SnapshotCustomer,
    TakeOffWhiteList,
    WithdrawConsent,
)
from actors.turn import Accepted, Refused

SECRETS = ("张三", identity_number(), "13812340000", "6217001234567890123")
HASH = "ab" * 32


def consent(**changes: object) -> GiveConsent:
    fields = {"purpose": "bureau", "version": "v3", "text_hash": HASH, "valid_until": date(2026, 6, 1)}
    return GiveConsent(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bank": "yunxi"}, Code.BANK_FORBIDDEN),
        ({"name": ""}, Code.BAD_NAME),
        ({"name": "1234"}, Code.BAD_NAME),
        ({"identity_number": "110101199003070000"}, Code.BAD_IDENTITY_NUMBER),
        ({"identity_number": "x" * 40}, Code.BAD_IDENTITY_NUMBER),
        ({"phone": "12812340000"}, Code.BAD_PHONE),
        ({"phone": "1381234000"}, Code.BAD_PHONE),
        ({"phone": "+8613812340000"}, Code.BAD_PHONE),
        ({"account_no": "6217-0012"}, Code.BAD_ACCOUNT),
        ({"account_no": "1234567"}, Code.BAD_ACCOUNT),
        ({"identity_number": identity_number(born=date(2008, 3, 3))}, Code.UNDER_AGE),
    ],
)
def test_what_is_wrong_with_a_form_has_its_code(changes: dict[str, str], code: Code) -> None:
    customer = Customer()
    assert customer.refused(registration(**changes)) is code


def test_on_the_eighteenth_birthday_a_person_is_of_age() -> None:
    customer = Customer()
    customer.do(registration(identity_number=identity_number(born=date(2008, 3, 2))))


def test_a_taken_identity_is_told_by_the_store_and_refused() -> None:
    decision = lifecycle.decide(None, registration(), context(conflict="customer_identity"))
    assert decision == Refused(Code.IDENTITY_TAKEN)


def test_a_second_registration_and_commands_to_nobody_are_refused() -> None:
    assert Customer.registered().refused(registration()) is Code.ALREADY_EXISTS
    assert Customer().refused(WithdrawConsent(purpose="tax")) is Code.NOT_FOUND


def test_events_state_and_views_hold_no_personal_data_in_clear() -> None:
    customer = Customer.registered()
    customer.grant()
    assert customer.state is not None
    shown = lifecycle.respond(customer.state, GetCustomer(), context(3))
    snapshot = customer.do(SnapshotCustomer(product="miaodai"))
    for value in (*customer.events, customer.state, shown, snapshot):
        stored = msgspec.msgpack.encode(value)
        for secret in SECRETS:
            assert secret.encode() not in stored
    assert VAULT.unseal(CUSTOMER, snapshot.identity_sealed) == identity_number()
    assert (shown.name_masked, shown.phone_masked, shown.version) == ("张*", "138****0000", 3)
    assert lifecycle.columns(customer.state) == (VAULT.blind(identity_number()), "active", date(2027, 3, 2))
    customer.check()


def test_an_empty_customer_shows_no_lines() -> None:
    customer = Customer.registered()
    assert customer.state is not None
    assert lifecycle.respond(customer.state, GetLines(), context()).lines == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purpose": "marketing"}, Code.BAD_CONSENT),
        ({"version": ""}, Code.BAD_CONSENT),
        ({"valid_until": TODAY - timedelta(days=1)}, Code.BAD_CONSENT),
        ({"text_hash": "AB" * 32}, Code.BAD_HASH),
        ({"text_hash": "ab"}, Code.BAD_HASH),
    ],
)
def test_consents_of_no_known_purpose_expired_or_without_a_hash_are_refused(
    changes: dict[str, object], code: Code
) -> None:
    assert Customer.registered().refused(consent(**changes)) is code


def test_a_consent_holds_to_the_end_of_its_last_day_and_until_withdrawn() -> None:
    customer = Customer.registered()
    customer.do(consent())
    assert customer.do(SnapshotCustomer(product="standard")).consents == ("bureau",)
    customer.on = date(2026, 6, 1)
    assert customer.do(SnapshotCustomer(product="standard")).bureau_consent_version == "v3"
    customer.on = date(2026, 6, 2)
    assert customer.do(SnapshotCustomer(product="standard")).bureau_consent_version == ""
    assert customer.refused(WithdrawConsent(purpose="bureau")) is Code.CONSENT_MISSING
    customer.do(consent(valid_until=date(2027, 1, 1)))
    customer.do(WithdrawConsent(purpose="bureau"))
    assert customer.do(SnapshotCustomer(product="standard")).consents == ()
    customer.check()


def test_white_list_entries_come_replace_expire_and_go() -> None:
    customer = Customer.registered()
    listed = {"product": "miaodai", "limit_fen": 6_000_000, "rate_bp": -20, "valid_until": date(2026, 4, 1)}
    assert customer.refused(TakeOffWhiteList(product="miaodai")) is Code.NOT_ON_WHITE_LIST
    customer.do(PutOnWhiteList(**listed))
    customer.do(PutOnWhiteList(**(listed | {"limit_fen": 7_000_000})))
    seen = customer.do(SnapshotCustomer(product="miaodai"))
    assert (seen.white_listed_fen, seen.white_list_rate_bp) == (7_000_000, -20)
    assert customer.do(SnapshotCustomer(product="standard")).white_listed_fen == 0
    customer.on = date(2026, 4, 2)
    assert customer.do(SnapshotCustomer(product="miaodai")).white_listed_fen == 0
    customer.do(TakeOffWhiteList(product="miaodai"))
    for wrong, code in (
        ({"product": "gold"}, Code.UNKNOWN_PRODUCT),
        ({"limit_fen": 0}, Code.BAD_AMOUNT),
        ({"limit_fen": 10**12}, Code.AMOUNT_OUT_OF_RANGE),
        ({"rate_bp": 5_000}, Code.WRONG_TYPE),
        ({"valid_until": date(2026, 4, 1)}, Code.WRONG_TYPE),
    ):
        assert customer.refused(PutOnWhiteList(**({"valid_until": date(2026, 5, 1)} | listed | wrong))) is code
    customer.check()


def test_a_refusal_starts_cool_off_days_that_a_second_refusal_does_not_prolong() -> None:
    customer = Customer.registered()
    customer.do(NoteRefusal(product="standard", until=date(2026, 4, 1)))
    assert isinstance(customer.ask(NoteRefusal(product="standard", until=date(2026, 5, 1))), Accepted)
    assert customer.do(SnapshotCustomer(product="standard")).refused_until == date(2026, 4, 1)
    assert customer.do(SnapshotCustomer(product="miaodai")).refused_until is None
    customer.on = date(2026, 4, 2)
    customer.do(NoteRefusal(product="standard", until=date(2026, 5, 1)))
    assert customer.do(SnapshotCustomer(product="standard")).refused_until == date(2026, 5, 1)


def test_a_snapshot_of_a_product_nobody_offers_is_refused() -> None:
    assert "gold" not in BAIHE.products
    assert Customer.registered().refused(SnapshotCustomer(product="gold")) is Code.UNKNOWN_PRODUCT
