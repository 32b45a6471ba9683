"""Made-up persons by number, each with an identity number of their own, all with bytes of the same length.

The same length, so that sealed and masked texts fit where a template's were (mould.py). Nobody real is meant.
"""

from datetime import date

from cluster.demo.people import GIVEN_FEMALE, GIVEN_MALE, SURNAMES, card_number, identity_number
from cluster.failures import Failure
from cluster.generate.template import Person

_DAYS = 336
_ORDERS = 498
"""Twelve months of 28 days; order numbers 1..996 as identity_number makes them of 0..497 and the sex."""


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
    born = date(birth_year, month + 1, day + 1)
    phone = f"1{3 + number % 7}{number * 7919 % 10**9:09d}"
    return Person(name, identity_number(place, born, order, bool(male)), phone, card_number(number))
