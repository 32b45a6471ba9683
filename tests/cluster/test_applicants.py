"""The demo's applicants: well-formed numbers, spread over banks and fronts, the same for the same seed."""

from collections import Counter
from datetime import date

import phonenumbers
from stdnum import luhn
from stdnum.cn import ric

from actors.bank import BankTerms, Product
from cluster.demo.applicants import Applicant, applicants

TODAY = date(2026, 1, 15)


def bank(code: str, division: str) -> BankTerms:
    listed = Product(
        code="md",
        name_zh="秒贷",
        name_en="instant",
        white_list_only=True,
        amount_fen_min=100_000,
        amount_fen_max=5_000_000,
        amount_fen_step=10_000,
        uses=("consumption",),
    )
    plain = Product(
        code="std", name_zh="标准", name_en="standard", amount_fen_min=500_000, amount_fen_max=20_000_000, periods_min=6
    )
    products = {"md": listed, "std": plain}
    return BankTerms(code=code, name_zh=code, name_en=code, province="33", divisions=(division,), products=products)


BANKS = [bank(f"B{n}", division) for n, division in enumerate(("3301", "3302", "330304", "3304"))]


def everybody(seed: int = 7) -> list[Applicant]:
    return applicants(BANKS, TODAY, 200, seed)


def test_numbers_pass_the_checks_of_other_libraries() -> None:
    for person in everybody():
        assert ric.calc_check_digit(person.identity_number) == person.identity_number[-1]
        assert luhn.is_valid(person.account_no)
        assert len(person.account_no) == 19
        assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone, "CN")), person.phone
        assert 2 <= len(person.name) <= 3


def test_nobody_shares_an_identity_and_ages_are_those_of_the_data() -> None:
    people = everybody()
    assert len({person.identity_number for person in people}) == len(people) == 200
    births = [ric.get_birth_date(person.identity_number) for person in people]
    ages = [TODAY.year - b.year - ((b.month, b.day) > (TODAY.month, TODAY.day)) for b in births]
    assert min(ages) >= 19
    assert max(ages) > 65


def test_half_over_each_front_at_every_bank() -> None:
    fronts = Counter((person.bank, person.front) for person in everybody())
    assert set(fronts.values()) == {25}


def test_amounts_and_periods_fit_the_product() -> None:
    for person in everybody():
        product = next(b for b in BANKS if b.code == person.bank).products[person.product]
        assert product.amount_fen_min <= person.amount_fen <= product.amount_fen_max
        assert person.amount_fen % product.amount_fen_step == 0
        assert product.periods_min <= person.periods <= product.periods_max
        assert person.facts.monthly_income_fen > 0
        assert bool(person.white_listed_fen) <= product.white_list_only


def test_every_behaviour_occurs() -> None:
    behaviours = Counter(person.behaviour for person in everybody())
    assert set(behaviours) == {"on_time", "early_partial", "early_full", "late", "stops"}
    assert behaviours["on_time"] > 80


def test_the_seed_decides() -> None:
    assert everybody() == everybody()
    assert everybody(8) != everybody()
