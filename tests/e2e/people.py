"""Made-up people of these tests: each well-formed, none used twice, and each remembered as a canary.

Names are of rare characters, so that one found in a log can only have come from here.
"""

import itertools
from typing import NamedTuple

from actors.customer.identity import check_character

_SURNAMES = "鄢麹郗爨亓逄"
_GIVEN = "彧翀珩霁琤昶烜茕旻澍"
_numbers = itertools.count(1)


class Person(NamedTuple):
    """What a person gives at registration, all of it personal data."""

    name: str
    identity_number: str
    phone: str
    account_no: str


USED: list[Person] = []


def person(*, birth: str = "19860521", division: str = "110101") -> Person:
    """Somebody new. ``birth`` yyyymmdd."""
    n = next(_numbers)
    given = _GIVEN[n % len(_GIVEN)] + _GIVEN[n // len(_GIVEN) % len(_GIVEN)]
    digits = f"{division}{birth}{n:03d}"
    made = Person(
        name=_SURNAMES[n % len(_SURNAMES)] + given,
        identity_number=digits + check_character(digits),
        phone=f"19917{n * 7919 % 10**6:06d}",
        account_no=f"6228489{n * 104729 % 10**9:09d}{n:03d}",
    )
    USED.append(made)
    return made
