"""Invariant 6, the schedule: its own arithmetic in exact fractions, against the rows that the pay-out recorded.

Principal adds up to the fen, due dates step by whole months from the anchor day, interest of a whole month is a twelfth
of the annual rate and otherwise by days, the instalment is the annuity rounded once. Chinese: 等额本息, 利随本清.
"""

from calendar import monthrange
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple


class Agreed(NamedTuple):
    """What the contract says of the schedule, out of the event's terms (by position, as actors/loan/state.py lists)."""

    method: str
    amount_fen: int
    periods: int
    due_day: int
    day_count: int
    rounding: str
    last_row: str
    annual_rate: Fraction

    @classmethod
    def of(cls, terms: list[object]) -> "Agreed":
        plan = terms[3]
        assert isinstance(plan, list)
        amount, periods, due_day = terms[1], plan[1], plan[2]
        day_count = int(str(plan[5])[-3:])
        assert isinstance(amount, int)
        assert isinstance(periods, int)
        assert isinstance(due_day, int)
        rate = Fraction(str(terms[10]))
        return cls(str(plan[0]), amount, periods, due_day, day_count, str(plan[7]), str(plan[8]), rate)


class Row(NamedTuple):
    due: date
    principal_fen: int
    interest_fen: int


def rounded(value: Fraction, rounding: str) -> int:
    """To the nearest integer; halves up, or to the even neighbour for HALF_EVEN."""
    return (
        round(value)
        if rounding == "HALF_EVEN"
        else (2 * value.numerator + value.denominator) // (2 * value.denominator)
    )


def annuity(amount_fen: int, annual_rate: Fraction, periods: int) -> Fraction:
    """A = P r (1+r)^n / ((1+r)^n - 1), r a twelfth of the annual rate; P / n without interest."""
    monthly = annual_rate / 12
    if not monthly:
        return Fraction(amount_fen, periods)
    growth = (1 + monthly) ** periods
    return amount_fen * monthly * growth / (growth - 1)


def _month_later(day: date, anchor: int) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, min(anchor, monthrange(year, month + 1)[1]))


def _is_anchored(day: date, anchor: int) -> bool:
    return day.day == min(anchor, monthrange(day.year, day.month)[1])


def faults(agreed: Agreed, start: date, instalment_fen: int, rows: list[Row]) -> list[str]:
    """What is wrong with a schedule paid out on ``start``; empty when nothing is. Due day 0 is that of the pay-out."""
    due_day = agreed.due_day or start.day
    found = []
    if sum(row.principal_fen for row in rows) != agreed.amount_fen:
        found.append(f"principal adds up to {sum(row.principal_fen for row in rows)}, lent {agreed.amount_fen}")
    if min((min(row.principal_fen, row.interest_fen) for row in rows), default=0) < 0:
        found.append("a row is negative")
    found += _wrong_dates(agreed, start, due_day, rows)
    if not found and agreed.method == "equal_instalment":
        found += _wrong_equal_instalment(agreed, start, due_day, instalment_fen, rows)
    if not found and agreed.method == "bullet":
        found += _wrong_bullet(agreed, start, due_day, rows)
    return found


def _wrong_dates(agreed: Agreed, start: date, due_day: int, rows: list[Row]) -> list[str]:
    dues = [row.due for row in rows]
    if not dues or dues[0] <= start:
        return ["the first due date is not after the pay-out"]
    if agreed.method != "bullet" and len(rows) != agreed.periods:
        return [f"{len(rows)} rows, {agreed.periods} periods agreed"]
    off = [str(due) for before, due in pairwise(dues) if due != _month_later(before, due_day)]
    off += [str(due) for due in dues if not _is_anchored(due, due_day)]
    return [f"due dates off the anchor day {due_day}: {', '.join(off)}"] if off else []


def _interest(agreed: Agreed, balance_fen: int, start: date, end: date, due_day: int) -> int:
    whole = _is_anchored(start, due_day) and end == _month_later(start, due_day)
    part = Fraction(1, 12) if whole else Fraction((end - start).days, agreed.day_count)
    return rounded(balance_fen * agreed.annual_rate * part, agreed.rounding)


def _wrong_equal_instalment(
    agreed: Agreed, start: date, due_day: int, instalment_fen: int, rows: list[Row]
) -> list[str]:
    right = rounded(annuity(agreed.amount_fen, agreed.annual_rate, agreed.periods), agreed.rounding)
    found = [f"instalment {instalment_fen}, the annuity is {right}"] if instalment_fen != right else []
    balance, before = agreed.amount_fen, start
    for number, row in enumerate(rows, 1):
        last = number == len(rows)
        interest = _interest(agreed, balance, before, row.due, due_day)
        if last and agreed.last_row == "keep_instalment":
            interest = instalment_fen - row.principal_fen
        if row.interest_fen != interest:
            found.append(f"row {number}: interest {row.interest_fen}, should be {interest}")
        if number > 1 and not last and row.principal_fen + row.interest_fen != instalment_fen:
            found.append(f"row {number}: {row.principal_fen + row.interest_fen} is not the instalment")
        balance, before = balance - row.principal_fen, row.due
    return found


def _wrong_bullet(agreed: Agreed, start: date, due_day: int, rows: list[Row]) -> list[str]:
    """All at maturity: P y d / 360."""
    if len(rows) != 1:
        return [f"{len(rows)} rows of a bullet loan"]
    days = (rows[0].due - start).days
    right = rounded(agreed.amount_fen * agreed.annual_rate * Fraction(days, agreed.day_count), agreed.rounding)
    return [] if rows[0].interest_fen == right else [f"interest {rows[0].interest_fen}, should be {right}"]
