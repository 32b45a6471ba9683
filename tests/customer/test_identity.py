"""Promise: an identity number passes exactly when GB 11643 says so; what is shown of a person is masked."""

from datetime import date, timedelta

import pytest
from customer_support import identity_number
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from actors.customer import identity

TODAY = date(2026, 3, 2)
BORN = st.dates(date(1900, 1, 1), TODAY)
DIVISIONS = st.sampled_from(["110101", "330106", "440305", "510104", "650102"])


def passes(number: str) -> bool:
    try:
        identity.birth_date(number, TODAY)
    except identity.BadIdentity:
        return False
    return True


@given(BORN, DIVISIONS, st.integers(1, 999))
def test_every_well_made_number_passes_here_and_in_another_implementation(
    born: date, division: str, order: int
) -> None:
    number = identity_number(born, division, order)
    assert identity.birth_date(number, TODAY) == born
    assert identity.division(number) == division
    assert ric.calc_check_digit(number) == number[17]


@given(BORN, st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_never_passes(born: date, place: int, shift: int) -> None:
    number = identity_number(born)
    digits = "0123456789X" if place == 17 else "0123456789"
    wrong = digits[(digits.index(number[place]) + shift) % len(digits)]
    changed = number[:place] + wrong + number[place + 1 :]
    assert not passes(changed) or ric.is_valid(changed)
    assert identity.check_character(changed[:17]) != changed[17]


@given(st.text("0123456789xX ", min_size=15, max_size=19))
def test_whatever_passes_is_valid_to_another_implementation(text: str) -> None:
    if passes(text):
        assert ric.is_valid(text)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "11010119900307",
        "110101900307753",  # the old 15 digits
        identity_number()[:-1].ljust(18, "x"),
        identity_number().lower() if identity_number()[-1] == "X" else identity_number() + "1",
        identity_number(division="990101"),
        identity_number(division="010101"),
        identity_number(order=0),
        "１１０１０１１９９００３０７００７９",
    ],
)
def test_malformed_numbers_are_refused(number: str) -> None:
    assert not passes(number)


@pytest.mark.parametrize("day", ["19900231", "19901301", "18991231", "20260303", "00000000"])
def test_birth_dates_that_do_not_exist_or_have_not_come_are_refused(day: str) -> None:
    digits = f"110101{day}007"
    assert not passes(digits + identity.check_character(digits))


def test_a_small_x_is_refused_a_capital_one_passes() -> None:
    order = next(n for n in range(1, 999) if identity_number(order=n)[-1] == "X")
    number = identity_number(order=order)
    assert passes(number)
    assert not passes(number.lower())


def test_completed_years() -> None:
    born = date(2008, 3, 2)
    assert identity.years_between(born, TODAY) == 18
    assert identity.years_between(born + timedelta(days=1), TODAY) == 17
    assert identity.years_between(date(2004, 2, 29), date(2025, 2, 28)) == 20
    assert identity.years_between(date(2004, 2, 29), date(2025, 3, 1)) == 21


def test_masks_show_what_the_rule_allows() -> None:
    assert identity.mask_name("张三") == "张*"
    assert identity.mask_name("欧阳娜娜") == "欧***"
    assert identity.mask_identity("110101199003071234") == "110***********1234"
    assert identity.mask_phone("13812340000") == "138****0000"
    assert identity.mask_account("6217001234567890123") == "****0123"


@pytest.mark.parametrize("name", ["张三", "欧阳娜娜", "阿依古丽·买买提", "Anna Maria", "O’Neil-Smith"])
def test_names_of_many_people_pass(name: str) -> None:
    assert identity.is_name(name)


@pytest.mark.parametrize("name", ["", "张", " 张三", "张三 ", "张 三1", "<b>x</b>", "张\n三", "a" * 51, "张--三", "__"])
def test_what_is_no_name_does_not(name: str) -> None:
    assert not identity.is_name(name)
