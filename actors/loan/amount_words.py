"""大写金额: a sum of fen in the characters that contracts and vouchers need (正确填写票据和结算凭证的基本规定)."""

from typing import Final

DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
UNITS: Final = ("", "拾", "佰", "仟")
GROUPS: Final = ("", "万", "亿", "万亿")


def in_words(fen: int) -> str:
    """10_000_000 -> 壹拾万元整; 860_664 -> 捌仟陆佰零陆元陆角肆分. For 0 <= fen < 10^18."""
    assert 0 <= fen < 10**18, fen
    yuan, cents = divmod(fen, 100)
    jiao, rest = divmod(cents, 10)
    text = _whole(yuan) + "元" if yuan else ""
    if not cents:
        return (text or "零元") + "整"
    if jiao:
        text += DIGITS[jiao] + "角"
    elif yuan:
        text += "零"
    return text + (DIGITS[rest] + "分" if rest else "整")


def _whole(yuan: int) -> str:
    """Groups of four digits; one 零 for every gap between digits that are not zero."""
    text, gap = "", False
    groups = []
    while yuan:
        yuan, group = divmod(yuan, 10_000)
        groups.append(group)
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            gap = bool(text)
            continue
        for position in (3, 2, 1, 0):
            digit = group // 10**position % 10
            if not digit:
                gap = bool(text)
                continue
            text += ("零" if gap else "") + DIGITS[digit] + UNITS[position]
            gap = False
        text += GROUPS[index]
        gap = gap and group % 10 == 0
    return text
