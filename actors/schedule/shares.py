"""What share of a year each period bears interest for, exact: (numerator, denominator)."""

from collections.abc import Sequence
from datetime import date

from actors.schedule.day_count import year_part
from actors.schedule.due_dates import add_months, is_whole
from actors.schedule.terms import PlanTerms

Share = tuple[int, int]


def share_of(terms: PlanTerms, start: date, end: date, anchor: int, *, first: bool = False) -> Share:
    """The share of the period ``start``..``end``; ``first``: an odd one is the first period of the loan.

    A whole period of n months is n twelfths if the terms say so. An odd first period by thirtieths is days / 360
    (days / 30 of a twelfth). Anything else goes by the terms' day count.
    """
    if is_whole(terms, start, end, anchor):
        if terms.whole_periods == "twelfths":
            return terms.every, 12
    elif first and terms.odd_days == "thirtieths" and terms.unit == "month":
        return (end - start).days, 360
    return year_part(start, end, terms.day_count, terms.year_end, terms.leap_days)


def shares_of(
    terms: PlanTerms, start: date, dues: Sequence[date], anchor: int, *, first: bool, nominal: bool = False
) -> list[Share]:
    """The shares of consecutive periods from ``start``; ``first``: the first of them is the first of the loan.

    ``nominal``: the due dates are those of the terms, none moved, so that all but the first are whole (months only).
    """
    if terms.method in ("bullet", "pay_anytime"):
        return [year_part(start, dues[-1], terms.day_count, terms.year_end, terms.leap_days)]
    if nominal and terms.unit == "month" and terms.whole_periods == "twelfths":
        return [share_of(terms, start, dues[0], anchor, first=first)] + [(terms.every, 12)] * (len(dues) - 1)
    shares = []
    for due in dues:
        shares.append(share_of(terms, start, due, anchor, first=first))
        start, first = due, False
    return shares


def regular_share(terms: PlanTerms, start: date, due: date, anchor: int) -> Share:
    """What the period that ends on ``due`` would bear were it of regular length: its principal goes by that.

    Only an odd period at the start is replaced; periods of weeks and days are always regular.
    """
    if terms.unit != "month" or is_whole(terms, start, due, anchor):
        return share_of(terms, start, due, anchor)
    if terms.whole_periods == "twelfths":
        return terms.every, 12
    on_anchor = terms.short_month == "last_day" and due == add_months(due, 0, anchor)
    before = add_months(due, -terms.every, anchor if on_anchor else due.day)
    return year_part(before, due, terms.day_count, terms.year_end, terms.leap_days)
