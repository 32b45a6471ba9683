"""Money as the core's messages write it: yuan with two decimals in text, fen as ``int`` inside."""

import re

_YUAN = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,2}))?")


class NotMoney(ValueError):
    """The text is not an amount in yuan with at most two decimals."""


def fen(text: str) -> int:
    """``"8606.64"`` is 860664 fen. More than two decimals are refused, never rounded."""
    found = _YUAN.fullmatch(text.strip())
    if found is None:
        raise NotMoney(text)
    sign, whole, part = found.groups()
    amount = int(whole) * 100 + int((part or "").ljust(2, "0"))
    return -amount if sign else amount


def yuan(amount_fen: int) -> str:
    """860664 fen is ``"8606.64"``."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"
