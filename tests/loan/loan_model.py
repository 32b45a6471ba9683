"""A loan told the slow and simple way, day by day in exact fractions: the engine is held against it. Shares no code.

One figure is rounded once, when it is asked for (HALF_UP): interest of a running period, penalty and compound of a row.
What a stretch with one balance and rate bears is kept in whole micro-yuan, rounded down, as the rules say. Sums in fen.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

ONE = timedelta(days=1)
MICRO = 10_000
PENALTY, COMPOUND, INTEREST, PRINCIPAL = range(4)


def half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def month_day(first: date, months: int, anchor: int) -> date:
    """The anchor day of a later month, its last day when it has no such day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(anchor, monthrange(year, month + 1)[1]))


@dataclass
class Deal:
    """What was agreed. ``fees``: (month of the loan's life up to which, share of the principal prepaid)."""

    method: str
    amount: int
    periods: int
    due_day: int
    rate: Fraction
    year: int = 360
    grace: int = 0
    penalty_factor: Fraction = Fraction(3, 2)
    compound: bool = False
    compound_until_maturity: bool = True
    allocation: str = "by_instalment"
    buckets: tuple[tuple[int, str], ...] = ()
    keeps: str = "term"
    fees: tuple[tuple[int, Fraction], ...] = ()
    on_repaid: bool = False
    non_accrual_days: int = 91
    classes: tuple[int, int, int, int] = (1, 91, 271, 361)
    watch_periods: int = 2
    watch_months: int = 6


@dataclass
class Stretches:
    """What was borne: closed stretches in micro-yuan, and the open one."""

    closed: int = 0
    balance: int = 0
    rate: Fraction = Fraction(0)
    days: int = 0

    def day(self, balance: int, rate: Fraction) -> None:
        """One more day; another balance or rate begins a new stretch."""
        if (balance, rate) != (self.balance, self.rate):
            self.cut()
            self.balance, self.rate = balance, rate
        self.days += 1

    def cut(self) -> None:
        self.closed, self.days = self.micro, 0

    @property
    def micro(self) -> int:
        return self.closed + self.balance * self.rate.numerator * self.days * MICRO // self.rate.denominator

    @property
    def fen(self) -> int:
        return (2 * self.micro + MICRO) // (2 * MICRO)


@dataclass
class Row:
    due: date
    principal: int
    interest: int
    paid: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    penalty: Stretches = field(default_factory=Stretches)
    compound: Stretches = field(default_factory=Stretches)
    overdue: bool = False

    def left(self, component: int) -> int:
        owed = (self.penalty.fen, self.compound.fen, self.interest, self.principal)
        return owed[component] - self.paid[component]

    @property
    def unpaid(self) -> int:
        return sum(self.left(n) for n in range(4))


class Model:
    """``morning``: the days before it have passed."""

    def __init__(self, deal: Deal, start: date) -> None:
        self.deal, self.start, self.morning = deal, start, start
        self.daily, self.daily_penalty = deal.rate / deal.year, deal.rate * deal.penalty_factor / deal.year
        self.anchor = deal.due_day or start.day
        self.balance, self.fallen = deal.amount, 0
        self.running, self.paid_early = Stretches(), 0
        self.surplus = self.instalment = 0
        self.off, self.risk_class = False, 1
        self.clear: tuple[date, int] | None = None
        self.rows = [Row(due, 0, 0) for due in self._dues()]
        self._spread(deal.amount, self._whole_interest(deal.amount), keep=False)

    # -- the plan --------------------------------------------------------------------------------------------------

    def _dues(self) -> list[date]:
        """By months from the first anchor day at least 15 days after the pay-out; the day of the pay-out itself is an
        anchor a month later."""
        own = self.anchor == self.start.day
        first = 1 if own else 0
        while not own and (month_day(self.start, first, self.anchor) - self.start).days < 15:
            first += 1
        dues = [month_day(self.start, first + k, self.anchor) for k in range(self.deal.periods)]
        return dues[-1:] if self.at_once else dues

    @property
    def at_once(self) -> bool:
        return self.deal.method in ("bullet", "pay_anytime")

    @property
    def maturity(self) -> date:
        return self.rows[-1].due if self.rows else self.start

    def _began(self) -> date:
        return self.rows[self.fallen - 1].due if self.fallen else self.start

    def _whole_interest(self, balance: int) -> Fraction:
        """Interest of the running period if nothing changes in it: a twelfth of the rate from anchor day to anchor day,
        else by days."""
        began, due = self._began(), self.rows[self.fallen].due
        whole = began == month_day(began, 0, self.anchor) and due == month_day(began, 1, self.anchor)
        if whole and not self.at_once:
            return balance * self.deal.rate / 12
        return balance * self.deal.rate * (due - began).days / self.deal.year

    def _spread(self, balance: int, first_interest: Fraction, *, keep: bool) -> None:
        """Plan the rows from the running one on: ``balance`` over them, the first bears ``first_interest``."""
        left, deal = self.rows[self.fallen :], self.deal
        monthly, n = deal.rate / 12, len(left)
        portions = [0] * (n - 1) + [balance]
        if deal.method == "equal_principal":
            if not keep:
                self.instalment = half_up(Fraction(balance, n))
            portions = [self.instalment] * n
        elif deal.method == "equal_instalment" and not keep:
            growth = (1 + monthly) ** n
            exact = balance * monthly * growth / (growth - 1) if monthly else Fraction(balance, n)
            self.instalment = half_up(exact)
        count = 0
        for index, row in enumerate(left):
            interest = half_up(balance * monthly)
            if deal.method == "equal_instalment":
                portions[index] = max(self.instalment - interest, 0)
            row.principal = balance if index == n - 1 else min(portions[index], balance)
            row.interest = half_up(first_interest) if index == 0 else interest
            balance -= row.principal
            count += 1
            if not balance:
                break
        del self.rows[self.fallen + count :]

    # -- days ------------------------------------------------------------------------------------------------------

    def until(self, morning: date) -> None:
        while self.morning < morning:
            self._pass_day()

    def _pass_day(self) -> None:
        """The close of one day: interest, what is due the next day, grace, penalty, compound, class, accrual."""
        deal, tomorrow = self.deal, self.morning + ONE
        if self.fallen < len(self.rows):
            self.running.day(self.balance, self.daily)
            row = self.rows[self.fallen]
            if row.due == tomorrow:
                row.paid[INTEREST] = self.paid_early
                self.balance -= row.principal
                self.fallen += 1
                self.running, self.paid_early = Stretches(), 0
        for row in self.rows[: self.fallen]:
            if row.overdue:
                self._bear(row, self.morning)
            elif row.due + deal.grace * ONE <= self.morning:
                row.overdue = True
                for back in range((tomorrow - row.due).days):
                    self._bear(row, row.due + back * ONE)
        self.morning = tomorrow
        self._classify()

    def _bear(self, row: Row, day: date) -> None:
        deal = self.deal
        penalty = self.daily_penalty
        row.penalty.day(row.left(PRINCIPAL), penalty)
        if deal.compound:
            contract = deal.compound_until_maturity and day < self.maturity
            row.compound.day(row.left(INTEREST), self.daily if contract else penalty)

    @property
    def overdue_days(self) -> int:
        overdue = [row for row in self.rows[: self.fallen] if row.overdue and row.unpaid]
        return (self.morning - overdue[0].due).days if overdue else 0

    def _classify(self) -> None:
        days, deal, now = self.overdue_days, self.deal, self.risk_class
        if days:
            self.clear = None
            self.risk_class = max(1 + sum(days >= at for at in deal.classes), now if now >= 3 else 1)
        elif now < 3 or self._watched():
            self.risk_class = 1
        if self.off:
            self.off = bool(self.due()) or self.risk_class > 2
        elif days >= deal.non_accrual_days:
            self.off = True

    def _watched(self) -> bool:
        if self.clear is None:
            return False
        day, fallen = self.clear
        enough = self.fallen - fallen >= self.deal.watch_periods
        return enough and self.morning >= month_day(day, self.deal.watch_months, day.day)

    # -- what is owed ----------------------------------------------------------------------------------------------

    def due(self) -> list[Row]:
        return [row for row in self.rows[: self.fallen] if row.unpaid]

    def owed(self, component: int) -> int:
        return sum(row.left(component) for row in self.due())

    @property
    def accrued(self) -> int:
        """Of the running period, not paid; never more than what will be billed."""
        if self.fallen == len(self.rows):
            return 0
        return min(self.running.fen, self.rows[self.fallen].interest) - self.paid_early

    @property
    def outstanding(self) -> int:
        return self.balance + self.owed(PRINCIPAL)

    @property
    def payoff(self) -> int:
        return sum(row.unpaid for row in self.due()) + self.accrued + self.balance + self.fee(self.balance)

    def fee(self, principal: int) -> int:
        month = (self.morning.year - self.start.year) * 12 + self.morning.month - self.start.month
        month += self.morning.day >= self.start.day
        share = next((share for up_to, share in self.deal.fees if month <= up_to), Fraction(0))
        return half_up(principal * share)

    # -- money -----------------------------------------------------------------------------------------------------

    def pay(self, fen: int, *, prepay: bool = True) -> None:
        """This morning: what is due by its order, then (``prepay``) what is not; what is left is held."""
        was_overdue = self.overdue_days > 0
        touched: list[Row] = []
        for row, component in self._order():
            paid = min(fen, row.left(component))
            if paid and row not in touched:
                touched.append(row)
                row.compound.cut()
            row.paid[component] += paid
            fen -= paid
        if fen and prepay:
            fen = self._prepay(fen)
        self.surplus += fen
        if was_overdue and not self.overdue_days:
            self.clear = (self.morning, self.fallen)

    def _order(self) -> list[tuple[Row, int]]:
        due, rule = self.due(), self.deal.allocation
        if self.off:
            return [(row, n) for n in (PRINCIPAL, PENALTY, COMPOUND, INTEREST) for row in due]
        for from_days, bucket in self.deal.buckets:
            if self.overdue_days >= from_days:
                rule = bucket
        if rule == "by_component":
            return [(row, n) for n in range(4) for row in due]
        return [(row, n) for row in due for n in range(4)]

    def _prepay(self, fen: int) -> int:
        """Interest accrued and principal not due with its fee; what is left of ``fen``."""
        accrued, balance = self.accrued, self.balance
        share = self.deal.method == "pay_anytime" and self.deal.on_repaid and balance > 0

        def cost(principal: int) -> tuple[int, int]:
            return (half_up(Fraction(accrued * principal, balance)) if share else accrued), self.fee(principal)

        principal = most(balance, lambda p: p + sum(cost(p)) <= fen)
        interest, fee = cost(principal) if principal >= 0 else (min(accrued, fen), 0)
        principal = max(principal, 0)
        if share and principal < balance:
            interest = min(accrued, fen - principal - fee)
        self.paid_early += interest
        if principal:
            self._replan(principal)
        return fen - principal - interest - fee

    def _replan(self, principal: int) -> None:
        self.balance -= principal
        if not self.balance:
            first = self.rows[self.fallen]
            first.principal, first.interest = 0, self.paid_early
            del self.rows[self.fallen + (1 if self.paid_early else 0) :]
            return
        self.running.cut()
        if self.morning == self._began():
            interest = Fraction(half_up(self._whole_interest(self.balance)))
        else:
            days = (self.rows[self.fallen].due - self.morning).days
            rest = int(self.balance * self.deal.rate * days / self.deal.year * MICRO)
            interest = Fraction(self.running.micro + rest, MICRO)
        self._spread(self.balance, interest, keep=self.deal.keeps == "instalment")


def most(top: int, fits: Callable[[int], bool]) -> int:
    """The largest number of 0..top that fits, smaller ones fitting too; -1 if 0 does not."""
    low, high = -1, top
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
