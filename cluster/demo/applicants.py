"""Rows of the German credit data as applications: who, at which bank, for which product, and how they repay.

Everything follows from the seed and the row. The outcome in the data (``creditability``) decides who pays late; the
decision never sees it.
"""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Literal

from msgspec import Struct

from actors.bank import BankTerms, Product
from actors.customer.messages import Facts
from actors.schedule.terms import Method
from cluster.demo import people

DATA = Path(__file__).parent / "data" / "germancredit.csv"
YUAN_PER_MARK = 4
Behaviour = Literal["on_time", "early_partial", "early_full", "late", "stops"]
Row = dict[str, str]

INCOME_YUAN = {
    "unemployed/ unskilled - non-resident": 3_600,
    "unskilled - resident": 5_600,
    "skilled employee / official": 9_500,
    "management/ self-employed/ highly qualified employee/ officer": 18_000,
}
EMPLOYMENT_YEARS = {
    "unemployed": 0,
    "... < 1 year": 0,
    "1 <= ... < 4 years": 2,
    "4 <= ... < 7 years": 5,
    "... >= 7 years": 9,
}
HOUSING = {"own": "own", "rent": "rent", "for free": "free"}
SAVINGS_BAND = {
    "unknown/ no savings account": 0,
    "... < 100 DM": 1,
    "100 <= ... < 500 DM": 2,
    "500 <= ... < 1000 DM": 3,
    "... >= 1000 DM": 4,
}
CHECKING_BAND = {
    "... < 0 DM": 0,
    "0 <= ... < 200 DM": 1,
    "... >= 200 DM / salary assignments for at least 1 year": 2,
    "no checking account": 3,
}
HISTORY_BAND = {
    "no credits taken/ all credits paid back duly": 0,
    "all credits at this bank paid back duly": 1,
    "existing credits paid back duly till now": 2,
    "delay in paying off in the past": 3,
    "critical account/ other credits existing (not at this bank)": 4,
}
OTHER_DUES_YUAN = {"none": 0, "stores": 300, "bank": 700}


class Applicant(Struct, frozen=True, kw_only=True):
    """One application. ``white_listed_fen`` 0: the bank did not put the person on the product's list."""

    number: int
    front: Literal["rest", "esb"]
    bank: str
    product: str
    name: str
    identity_number: str
    phone: str
    account_no: str
    amount_fen: int
    periods: int
    method: Method
    use_code: str
    facts: Facts
    white_listed_fen: int
    behaviour: Behaviour
    balance_fen: int


def load_rows(count: int, seed: int) -> list[Row]:
    """``count`` rows drawn by the seed, in the order of the file."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [rows[n] for n in sorted(Random(seed).sample(range(len(rows)), count))]


def _monthly_income_fen(row: Row, random: Random) -> int:
    years = EMPLOYMENT_YEARS[row["present_employment_since"]]
    yuan = INCOME_YUAN[row["job"]] * (100 + 3 * years + random.randint(-15, 15)) // 100
    return yuan // 10 * 1000


def facts_of(row: Row, random: Random) -> Facts:
    """What the person declares; bands grow from poor to good, but ``history_band`` from clean to critical."""
    existing = int(row["number_of_existing_credits_at_this_bank"])
    debts_yuan = 350 * (existing - 1) + OTHER_DUES_YUAN[row["other_installment_plans"]]
    return Facts(
        monthly_income_fen=_monthly_income_fen(row, random),
        monthly_debt_fen=debts_yuan * 100,
        employment_years=EMPLOYMENT_YEARS[row["present_employment_since"]],
        housing=HOUSING[row["housing"]],
        purpose=row["purpose"],
        existing_loans=existing,
        dependants=int(row["number_of_people_being_liable_to_provide_maintenance_for"]),
        savings_band=SAVINGS_BAND[row["savings_account_and_bonds"]],
        checking_band=CHECKING_BAND[row["status_of_existing_checking_account"]],
        history_band=HISTORY_BAND[row["credit_history"]],
    )


def _birth_date(row: Row, today: date, random: Random) -> date:
    """A birthday that makes the person as old today as the row says."""
    month, day = random.randint(1, 12), random.randint(1, 28)
    later_this_year = (month, day) > (today.month, today.day)
    return date(today.year - int(row["age_in_years"]) - later_this_year, month, day)


def _amount_fen(row: Row, product: Product) -> int:
    yuan = int(row["credit_amount"]) * YUAN_PER_MARK
    step = max(product.amount_fen_step, 50_000)
    fen = max(step, yuan * 100 // step * step)
    return min(max(fen, product.amount_fen_min), product.amount_fen_max)


def _periods(row: Row, product: Product, behaviour: Behaviour) -> int:
    """Mostly up to twelve, so that the demo's twelve months see the end of it; some run on. Who stops paying does so
    near the end of the demo: his loan has to be still there."""
    if behaviour == "stops":
        return max(12, product.periods_min)
    wished = min((3, 6, 9, 12, 24), key=lambda n: abs(n - int(row["duration_in_month"]) // 2))
    return min(max(wished, product.periods_min), product.periods_max)


def _behaviour(row: Row, random: Random) -> Behaviour:
    late = 0.45 if row["creditability"] == "bad" else 0.04
    draw = random.random()
    if draw < late:
        return "stops" if draw < late / 3 else "late"
    return "early_partial" if draw > 0.88 else "early_full" if draw > 0.76 else "on_time"


def _division(bank: BankTerms, random: Random) -> str:
    """Six digits, mostly in the bank's territory; one in twenty-five from far away."""
    if random.random() < 0.04 or not bank.divisions:
        return "650102"
    territory = random.choice(bank.divisions)
    city = territory if len(territory) > 2 else territory + "01"
    return city if len(city) == 6 else f"{city}{random.randint(5, 9):02d}"


def applicant_of(number: int, row: Row, bank: BankTerms, today: date, seed: int) -> Applicant:
    random = Random(f"{seed}:{number}")
    male = row["personal_status_and_sex"].startswith("male")
    offered = [code for code in sorted(bank.products) for _ in range(2 if bank.products[code].white_list_only else 1)]
    product = bank.products[random.choice(offered)]
    facts = facts_of(row, random)
    amount_fen = _amount_fen(row, product)
    listed = random.random() < 0.85
    behaviour = _behaviour(row, random)
    limit_fen = min(max(amount_fen, facts.monthly_income_fen * 6) // 100_000 * 100_000, product.amount_fen_max)
    return Applicant(
        number=number,
        front="rest" if number % 2 == 0 else "esb",
        bank=bank.code,
        product=product.code,
        name=people.name(random, male),
        identity_number=people.identity_number(
            _division(bank, random), _birth_date(row, today, random), number % 499, male
        ),
        phone=people.phone(random),
        account_no=people.card_number(seed * 100_000 + number),
        amount_fen=amount_fen,
        periods=_periods(row, product, behaviour),
        method="bullet" if "bullet" in product.methods and random.random() < 0.2 else product.methods[0],
        use_code=random.choice(product.uses) if product.uses else "",
        facts=facts,
        white_listed_fen=limit_fen if product.white_list_only and listed else 0,
        behaviour=behaviour,
        balance_fen=facts.monthly_income_fen * 3,
    )


def applicants(banks: Sequence[BankTerms], today: date, count: int = 200, seed: int = 7) -> list[Applicant]:
    """``count`` applications: the fronts in turn, the banks in turn by twos, so that each bank hears both fronts."""
    rows = load_rows(count, seed)
    return [applicant_of(n, row, banks[n // 2 % len(banks)], today, seed) for n, row in enumerate(rows)]
