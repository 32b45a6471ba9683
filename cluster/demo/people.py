"""Made-up people, the same for the same seed: names, identity numbers (GB 11643), phones and card numbers.

Nobody real is meant: the numbers are well-formed, so that every check of ours runs, and drawn from a seeded generator.
"""

from datetime import date
from random import Random

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN_MALE = "伟强磊军洋勇杰涛明超辉刚平鹏浩宇轩博文志建国华峰斌亮林飞"
GIVEN_FEMALE = "芳娜敏静丽艳娟霞秀英慧玲桂兰洁梅琳雪婷倩颖欣怡佳琪蕾媛莉"
MOBILE_PREFIXES = ("134", "135", "136", "137", "138", "139", "150", "151", "158", "159", "186", "188", "189")
CARD_PREFIX = "622848"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def name(random: Random, male: bool) -> str:
    given = GIVEN_MALE if male else GIVEN_FEMALE
    return random.choice(SURNAMES) + "".join(random.choice(given) for _ in range(random.choice((1, 2, 2))))


def check_character(digits: str) -> str:
    """GB 11643 (ISO 7064 MOD 11-2) check character of the first 17 digits."""
    return _CHECK[sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11]


def identity_number(division: str, birth: date, serial: int, male: bool) -> str:
    """``division`` six digits; ``serial`` 0..498 becomes an odd order number for men, an even one for women."""
    order = serial * 2 + (1 if male else 2)
    digits = f"{division:0<6}{birth:%Y%m%d}{order:03d}"
    return digits + check_character(digits)


def phone(random: Random) -> str:
    return random.choice(MOBILE_PREFIXES) + f"{random.randrange(10**8):08d}"


def card_number(number: int) -> str:
    """19 digits with the Luhn check digit."""
    digits = f"{CARD_PREFIX}{number:012d}"
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)
