"""Made-up persons by number, each with an identity number of their own, all with bytes of the same length.

The same length, so that sealed and masked texts fit where a template's were (mould.py). Nobody real is meant.
"""

from operator import mul

from actors.customer.identity import CHECK_CHARACTERS, WEIGHTS
from cluster.demo.people import GIVEN_FEMALE, GIVEN_MALE, SURNAMES, card_number
from cluster.failures import Failure
from cluster.generate.template import Person

_DAYS = 336
_ORDERS = 498
"""Twelve months of 28 days; order numbers 1..996 odd for men, even for women."""


def person(number: int, division: str, birth_year: int) -> Person:
    """The ``number``-th person born in that year in a territory (2 to 6 digits); other numbers, other people."""
    rest, male = divmod(number, 2)
    rest, order = divmod(rest, _ORDERS)
    rest, day_of_year = divmod(rest, _DAYS)
    free = 6 - len(division)
    if rest >= 10**free - 1:
        raise Failure(f"法人地域太小 no more people fit into territory {division}: person {number}")
    month, day = divmod(day_of_year, 28)
    given = GIVEN_MALE if male else GIVEN_FEMALE
    name = SURNAMES[number % len(SURNAMES)] + given[number % len(given)] + given[number // 7 % len(given)]
    place = division + (f"{rest + 1:0{free}d}" if free else "")
    digits = f"{place}{birth_year}{month + 1:02d}{day + 1:02d}{order * 2 + (1 if male else 2):03d}"
    identity_number = digits + CHECK_CHARACTERS[sum(map(mul, WEIGHTS, map(int, digits))) % 11]
    phone = f"1{3 + number % 7}{number * 7919 % 10**9:09d}"
    return Person(name, identity_number, phone, card_number(number))
