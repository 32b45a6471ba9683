"""The classic schedule: an instalment by the PMT formula of a nominal period, interest by its own convention.

Differs from methods.py: the instalment ignores how long periods really are; in interest grace principal is what the
instalment leaves after the interest that is only deferred; flat interest is averaged over the rows that pay interest,
and with a step principal and interest together are rounded to it. An actual year is 365 days. Figures agree with the
published tests of Apache Fineract's cumulative generator (shared vectors).
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from actors.schedule.methods import Row
from actors.schedule.rounding import round_ratio, round_step
from actors.schedule.terms import RATE_SCALE, PlanTerms

TIMES_A_YEAR = {"month": 12, "week": 52}


def classic(
    terms: PlanTerms, annual_e10: int, principal_fen: int, lent_fen: int, start: date, dues: Sequence[date]
) -> list[Row]:
    """Rows of ``principal_fen``; flat interest is that of ``lent_fen``, down payment included."""
    rate = Fraction(annual_e10, RATE_SCALE)
    if terms.method == "flat":
        return _flat(terms, rate, principal_fen, lent_fen, start, dues)
    return _declining(terms, rate, principal_fen, start, dues)


def _declining(terms: PlanTerms, rate: Fraction, balance: int, start: date, dues: Sequence[date]) -> list[Row]:
    paying = max(len(dues) - terms.principal_grace, 1)
    if terms.method == "equal_principal":
        portion = _rounded(Fraction(balance, paying), terms)
        instalment = 0
    else:
        portion, instalment = 0, _pmt(terms, rate * _nominal_year(terms), balance, paying)
    rows = list[Row]()
    deferred = 0
    for index, due in enumerate(dues):
        own = _rounded(balance * rate * _year(terms, start, due), terms)
        if index < terms.interest_free:
            own = 0
        principal = portion or max(instalment - own, 0)
        if index < terms.principal_grace:
            principal = 0
        last = index == len(dues) - 1 or principal >= balance
        if last:
            principal = balance
        deferred += own
        interest = 0 if index < terms.interest_grace and not last else deferred
        deferred -= interest
        rows.append(Row(principal, interest))
        balance -= principal
        start = due
        if last:
            break
    return rows


def _pmt(terms: PlanTerms, periodic: Fraction, balance: int, count: int) -> int:
    exact = Fraction(balance, count)
    if periodic:
        grown = (1 + periodic) ** count
        exact = balance * periodic * grown / (grown - 1)
    step = terms.instalment_step_fen
    if step:
        return _rounded(exact / step, terms) * step
    return _rounded(exact, terms)


def _flat(terms: PlanTerms, rate: Fraction, balance: int, lent: int, start: date, dues: Sequence[date]) -> list[Row]:
    count = len(dues)
    if terms.whole_periods == "twelfths":
        total = _rounded(lent * rate * _nominal_year(terms) * count, terms)
    else:
        total = _rounded(lent * rate * Fraction((dues[-1] - start).days, _days_of_year(terms)), terms)
    each = _rounded(Fraction(total, count), terms)
    total -= each * terms.interest_free
    averaged = _rounded(Fraction(total, max(count - max(terms.interest_grace, terms.interest_free), 1)), terms)
    step = terms.instalment_step_fen
    portion = _rounded(Fraction(balance, max(count - terms.principal_grace, 1)), terms)
    rows = list[Row]()
    for index in range(count):
        last = index == count - 1
        interest = 0 if index < max(terms.interest_grace, terms.interest_free) else min(averaged, total)
        principal = 0 if index < terms.principal_grace else portion
        if step:
            whole = round_step(principal, step, terms.rounding) + round_step(interest, step, terms.rounding)
            principal = whole - interest
        principal = balance if last else min(max(principal, 0), balance)
        interest = total if last else interest
        rows.append(Row(principal, interest))
        balance -= principal
        total -= interest
    return rows


def _nominal_year(terms: PlanTerms) -> Fraction:
    """The share of a year of one period as the PMT formula takes it."""
    if terms.whole_periods == "twelfths" and terms.unit != "day":
        return Fraction(terms.every, TIMES_A_YEAR[terms.unit])
    days = {"month": 30, "week": 7, "day": 1}[terms.unit] * terms.every
    return Fraction(days, _days_of_year(terms))


def _year(terms: PlanTerms, start: date, due: date) -> Fraction:
    """The share of a year whose interest a row bears."""
    if terms.whole_periods == "twelfths" and terms.unit != "day":
        return Fraction(terms.every, TIMES_A_YEAR[terms.unit])
    if terms.unit == "month" and terms.day_count.startswith("30/"):
        return Fraction(30 * terms.every, _days_of_year(terms))
    return Fraction((due - start).days, _days_of_year(terms))


def _days_of_year(terms: PlanTerms) -> int:
    year = terms.day_count.partition("/")[2]
    return 365 if year == "actual" else int(year)


def _rounded(value: Fraction, terms: PlanTerms) -> int:
    return round_ratio(value.numerator, value.denominator, terms.rounding)
