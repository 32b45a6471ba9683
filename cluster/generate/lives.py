"""Which lives a book is made of: by bank, product and method, each with several loans of one age and conduct.

Dates are counted from the book's business date, so that a book of any day has loans just paid out, some months old, due
today, overdue by days or months, prepaid, settled. Weights are how often a life occurs among those of its class.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from actors.bank import BankTerms, Product

Conduct = Literal["pays", "counter", "stops", "prepays", "pays_off"]
"""Pays by auto-debit; at the counter; stops paying at ``turn_on``; prepays a part, or everything, on ``turn_on``."""

AGES = ((0, 70), (1, 18), (2, 7), (4, 3), (8, 2))
"""Months a current loan has been paid for, and weight: most are young, as in a book that grows."""
OVERDUE_DAYS = (8, 20, 45, 75, 110)
DUE_ONCE = ("bullet", "pay_anytime")
"""Methods that fall due at maturity only: 利随本清, 随借随还."""
SIBLINGS = 6
"""Loans of one customer under one line, in most lives."""
AMOUNT_FEN, AMOUNT_FEN_STEP = 300_000, 50_000


class LoanPlan(Struct, frozen=True, kw_only=True):
    """``due_day`` of the contract; ``turn_on``: the day of `Conduct`."""

    method: str
    amount_fen: int
    periods: int
    drawn_on: date
    due_day: int
    conduct: Conduct = "pays"
    turn_on: date = date.max


class LifePlan(Struct, frozen=True, kw_only=True):
    """One customer. ``daily``: every day is closed by itself, as it makes a long history."""

    name: str
    bank: str
    product: str
    weight: int
    loans: tuple[LoanPlan, ...]
    daily: bool = False


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _ahead(number: int) -> int:
    """Days from the book's date to a loan's next due date: 1..27, spread."""
    return 1 + number * 11 % 27


class _Shelf:
    """Makes the lives of one product and method."""

    def __init__(self, bank: BankTerms, product: Product, method: str, on: date, number: int) -> None:
        self._bank, self._product, self._method, self._on, self._number = bank, product, method, on, number

    def _loan(self, anchor: date, paid: int, n: int, conduct: Conduct = "pays", turn_on: date = date.max) -> LoanPlan:
        """A loan that falls due on ``anchor`` after ``paid`` instalments; a bullet that is due then has no others."""
        periods = max(self._product.periods_min, paid + 1, min(self._product.periods_max, 3 + 3 * (n % 3)))
        return LoanPlan(
            method=self._method,
            amount_fen=AMOUNT_FEN + AMOUNT_FEN_STEP * ((self._number + n) % 12),
            periods=periods,
            drawn_on=months_before(anchor, paid + 1),
            due_day=anchor.day,
            conduct=conduct,
            turn_on=turn_on,
        )

    def _ending(self, anchor: date, periods: int, n: int, conduct: Conduct, turn_on: date = date.max) -> LoanPlan:
        """A loan whose last due date is ``anchor``."""
        periods = max(periods, self._product.periods_min)
        plan = self._loan(anchor, periods - 1, n, conduct, turn_on)
        return LoanPlan(
            method=plan.method,
            amount_fen=plan.amount_fen,
            periods=periods,
            drawn_on=plan.drawn_on,
            due_day=plan.due_day,
            conduct=conduct,
            turn_on=turn_on,
        )

    def _life(self, kind: str, weight: int, loans: list[LoanPlan], daily: bool = False) -> LifePlan:
        name = f"{self._bank.code}/{self._product.code}/{self._method}/{kind}"
        in_order = tuple(sorted(loans, key=lambda loan: loan.drawn_on))
        return LifePlan(
            name=name, bank=self._bank.code, product=self._product.code, weight=weight, loans=in_order, daily=daily
        )

    def _current(self, age: int, n: int) -> LoanPlan:
        return self._loan(self._on + timedelta(days=_ahead(self._number + 3 * n)), age, n)

    def single(self) -> LifePlan:
        """One loan, just paid out: fills a book up to the number asked for."""
        return self._life("single", 1, [self._current(0, 0)])

    def all(self) -> Iterator[LifePlan]:
        """Current ones of two ages, due, overdue, settled, prepaid."""
        on, number = self._on, self._number
        for turn in range(2):
            age, weight = AGES[(number + turn * 2) % len(AGES)]
            age = min(age, self._product.periods_max - 2)
            yield self._life(f"current-{age}", weight, [self._current(age, n) for n in range(SIBLINGS)])
        paid = AGES[number % 3][0]
        dues = self._loan(on, paid, 0) if self._pays_monthly else self._ending(on, 2 + number % 4, 0, "pays")
        yield self._life("due", 1, [dues, self._current(1, 1), self._current(1, 2)])
        late = OVERDUE_DAYS[number % len(OVERDUE_DAYS)]
        stop = on - timedelta(days=late)
        late_loan = self._loan(stop, paid, 0, "stops", stop)
        if not self._pays_monthly:
            late_loan = self._ending(stop, 3, 0, "stops", stop)
        yield self._life(f"overdue-{late}", 1, [late_loan])
        ended = self._ending(on - timedelta(days=_ahead(number)), 3, 0, "counter" if number % 2 else "pays")
        yield self._life("settled", 4, [ended, *(self._current(1, n) for n in range(1, SIBLINGS))])
        turn_on = on - timedelta(days=1 + number % 6)
        conduct: Conduct = "pays_off" if number % 2 else "prepays"
        early = self._loan(on + timedelta(days=20), 1, 0, conduct, turn_on)
        yield self._life(conduct, 4, [early, *(self._current(1, n) for n in range(1, SIBLINGS))])

    @property
    def _pays_monthly(self) -> bool:
        return self._method not in DUE_ONCE

    def lasts(self, events: int) -> bool:
        """Whether the product lends monthly instalments for so many days."""
        return self._pays_monthly and self._product.periods_max >= events // 30 + 2

    def long(self, events: int) -> LifePlan:
        """A loan closed day by day for as many days as it must have events."""
        anchor = self._on + timedelta(days=9)
        months = events // 30 + 1
        return self._life("history", 1, [self._loan(anchor, months, 0)], daily=True)


def lives(banks: list[BankTerms], on: date, methods: dict[str, int], products: tuple[str, ...] = ()) -> list[LifePlan]:
    """Every life of a book of the day ``on``. ``methods``: weight of each, those not named have 1, 0 leaves one out."""
    found: list[LifePlan] = []
    for number, shelf, weight in _shelves(banks, on, methods, products):
        plans = [*shelf.all(), *([shelf.single()] if number == 0 else [])]
        found += [_weighted(plan, weight) for plan in plans]
    return found


def long_lives(
    banks: list[BankTerms], on: date, events: int, methods: dict[str, int], products: tuple[str, ...]
) -> list[LifePlan]:
    """One long history: of the first product that lends for so long."""
    for _, shelf, _ in _shelves(banks, on, methods, products):
        if shelf.lasts(events):
            return [shelf.long(events)]
    return []


def _weighted(plan: LifePlan, weight: int) -> LifePlan:
    return LifePlan(
        name=plan.name,
        bank=plan.bank,
        product=plan.product,
        weight=plan.weight * weight,
        loans=plan.loans,
        daily=plan.daily,
    )


def _shelves(
    banks: list[BankTerms], on: date, methods: dict[str, int], products: tuple[str, ...]
) -> Iterator[tuple[int, _Shelf, int]]:
    number = 0
    for bank in banks:
        for product in bank.products.values():
            for method in product.methods:
                weight = methods.get(method, 1)
                if weight and (not products or product.code in products):
                    yield number, _Shelf(bank, product, method, on, number), weight
                    number += 1
