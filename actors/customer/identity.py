"""Personal data as it comes in: is it well-formed, and what of it may be shown. Pure, no look-ups.

Resident identity number by GB 11643-1999: division (GB/T 2260), birth date, sequence, check character by ISO 7064
MOD 11-2. Names, mobile numbers and accounts are checked for shape only; whether they exist is for the outside to say.
"""

import re
from datetime import date

WEIGHTS = tuple(pow(2, 17 - i, 11) for i in range(17))
CHECK_CHARACTERS = "10X98765432"
PROVINCES = frozenset(
    str(code)
    for region in (
        (11, 12, 13, 14, 15),
        (21, 22, 23),
        (31, 32, 33, 34, 35, 36, 37),
        (41, 42, 43, 44, 45, 46),
        (50, 51, 52, 53, 54),
        (61, 62, 63, 64, 65),
        (71, 81, 82, 83),
    )
    for code in region
)
"""First two digits of division codes; 83 is for Taiwan residents with a residence permit of the mainland."""
BORN_FIRST = date(1900, 1, 1)
NAME_LENGTH_MAX = 50

_IDENTITY = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{8,32}", re.ASCII)
_NAME = re.compile(r"[^\W\d_]+(?:[ ·•.'’-][^\W\d_]+)*")
"""Letters of any script, parts joined by one blank, middle dot, full stop, apostrophe or hyphen."""


class BadIdentity(ValueError):
    """Not an identity number: wrong shape, division, birth date or check character."""


def birth_date(number: str, today: date) -> date:
    """The birth date inside a well-formed identity number; raises `BadIdentity`. A final x must be capital."""
    if not _IDENTITY.fullmatch(number) or number[:2] not in PROVINCES or number[14:17] == "000":
        raise BadIdentity
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadIdentity from None
    if not BORN_FIRST <= born <= today or check_character(number[:17]) != number[17]:
        raise BadIdentity
    return born


def check_character(digits: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits."""
    return CHECK_CHARACTERS[sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=True)) % 11]


def years_between(born: date, on: date) -> int:
    """Completed years; one born on 29 February is a year older on 1 March of a common year."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def division(number: str) -> str:
    """Six digits of GB/T 2260: where the number was first given."""
    return number[:6]


def is_name(name: str) -> bool:
    return 2 <= len(name) <= NAME_LENGTH_MAX and _NAME.fullmatch(name) is not None


def is_mobile(phone: str) -> bool:
    """A mainland mobile number: 11 digits from 13 to 19."""
    return _MOBILE.fullmatch(phone) is not None


def is_account(account: str) -> bool:
    """8 to 32 digits; bank accounts carry no common check digit, cards (Luhn) are only some of them."""
    return _ACCOUNT.fullmatch(account) is not None


def mask_name(name: str) -> str:
    """张三 -> 张*, 欧阳娜娜 -> 欧***."""
    return name[0] + "*" * (len(name) - 1)


def mask_identity(number: str) -> str:
    """110***********1234."""
    return f"{number[:3]}{'*' * 11}{number[14:]}"


def mask_phone(phone: str) -> str:
    """138****0000."""
    return f"{phone[:3]}****{phone[7:]}"


def mask_account(account: str) -> str:
    """****1234."""
    return f"****{account[-4:]}"
