"""The published LPR series: read from a file, checked, and joined to what is known. Pure but for reading the file.

Rows are (day of publication, tenor, rate per year); each rate is a whole number of basis points, so that a contract
rate is one too. The series only grows at its end: nothing that may have priced a loan ever changes.
"""

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from cluster.bank_checks import BadBankConfig
from cluster.holidays import working_from

Row = tuple[date, str, Decimal]
TENORS = ("1Y", "5Y")
DAY_OF_MONTH = 20
"""Published on the 20th or, when that is no working day, on the next one (since August 2019)."""
MOVE_BP_MAX = 50
"""A greater move from one publication to the next has never been seen: worth a look, not a mistake."""


def read_lpr(file: Path) -> tuple[Row, ...]:
    """The rows of a file with the head ``date,tenor,rate``; raises `BadBankConfig` naming the line.

    Dates must not fall, a tenor must not come twice on a day.
    """
    rows: list[Row] = []
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for number, raw in enumerate(csv.DictReader(lines), 2):
                row = _row(raw, file, f"line {number}")
                if rows and row[0] < rows[-1][0]:
                    raise BadBankConfig(file, f"line {number}", f"{row[0]} 日期倒退 comes after {rows[-1][0]}")
                if any(row[:2] == other[:2] for other in rows):
                    raise BadBankConfig(file, f"line {number}", f"{row[0]} {row[1]} 重复 is there twice")
                rows.append(row)
    except FileNotFoundError:
        raise BadBankConfig(file, "", "文件不存在 is missing") from None
    except UnicodeDecodeError:
        raise BadBankConfig(file, "", "不是UTF-8文本 is not UTF-8 text") from None
    if not rows:
        raise BadBankConfig(file, "", "没有数据，应有表头date,tenor,rate holds no row under date,tenor,rate")
    return tuple(sorted(rows))


def _row(raw: dict[str, str], file: Path, where: str) -> Row:
    try:
        row = (date.fromisoformat(raw["date"]), raw["tenor"], Decimal(raw["rate"]))
    except (KeyError, TypeError, ValueError, InvalidOperation):
        raise BadBankConfig(file, where, "不是date,tenor,rate is not date,tenor,rate") from None
    if row[1] not in TENORS:
        raise BadBankConfig(file, where, f"期限品种{row[1]!r}应为1Y或5Y a tenor is 1Y or 5Y")
    if not row[2].is_finite() or not 0 < row[2] < 1 or row[2] * 10_000 % 1:
        raise BadBankConfig(file, where, f"利率{row[2]}应为小数且为整基点 is not a share in whole basis points")
    return row


class LprConflict(ValueError):
    """A file contradicts what is published already; the text names the row."""


def news(known: Iterable[Row], read: Iterable[Row]) -> tuple[Row, ...]:
    """The rows of ``read`` that are new; those known already are passed over. Raises `LprConflict`.

    Put in between may only be what repeats the rate of then: a publication without a change, which prices nothing anew.
    """
    series = sorted(known)
    rates = {(day, tenor): rate for day, tenor, rate in series}
    found = []
    for day, tenor, rate in read:
        published = rates.get((day, tenor))
        if published is not None and published != rate:
            raise LprConflict(f"{day} {tenor}: 已公布为{published} is published as {published}, not {rate}")
        of_tenor = [row for row in series if row[1] == tenor]
        if published is None and of_tenor and day < of_tenor[-1][0]:
            before = [row[2] for row in of_tenor if row[0] < day]
            if not before or before[-1] != rate:
                last = of_tenor[-1][0]
                raise LprConflict(f"{day} {tenor}: 早于已公布的{last} comes before {last}, published already")
        if published is None:
            found.append((day, tenor, rate))
    return tuple(sorted(found))


def odd_rows(known: Iterable[Row], new: Iterable[Row]) -> list[str]:
    """Warnings: not on the 20th or the next working day; a move greater than ever before."""
    before: dict[str, Decimal] = {tenor: rate for _, tenor, rate in sorted(known)}
    found = []
    for day, tenor, rate in new:
        usual = working_from(day.replace(day=DAY_OF_MONTH), {})
        if day != usual:
            found.append(f"{day} {tenor}: 不是20日或其后首个工作日{usual} is not the 20th or the next working day")
        if tenor in before and abs(rate - before[tenor]) * 10_000 > MOVE_BP_MAX:
            found.append(
                f"{day} {tenor}: 较上期{before[tenor]}变动超过{MOVE_BP_MAX}基点 moves by over {MOVE_BP_MAX} bp"
            )
        before[tenor] = rate
    return found


def joined(known: Iterable[Row], new: Iterable[Row]) -> tuple[Row, ...]:
    """The series as terms carry it: by day, then tenor."""
    return tuple(sorted({*known, *new}))
