"""Run a case: build the schedule, let everything happen in order, and give back rows, totals and payments.

A payment on the business date is posted on the schedule as it stands. One with an earlier value date, or by rules that
mix rests, replays everything from the pay-out in the order of dates, up to the business date.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from actors.schedule.classic import classic
from actors.schedule.due_dates import due_dates
from actors.schedule.recalculation.changes import change_rate, pause, pay_out
from actors.schedule.recalculation.model import Row, Schedule, Stretch, rounded
from actors.schedule.recalculation.repayment import Account, Billed, Split, payoff, repay
from actors.schedule.recalculation.spread import to_step
from actors.schedule.recalculation.terms import (
    Case,
    DayReached,
    Happening,
    InterestPaused,
    Paid,
    PaidOut,
    RateChanged,
)

ONE_DAY = timedelta(days=1)


class Result(NamedTuple):
    rows: tuple[Billed, ...]
    payments: tuple[Split, ...]


def run(case: Case, holidays: Sequence[date] = ()) -> Result:
    """Everything that happens in ``case``, in its order; the earliest pay-out begins the first period."""
    return _Course(case, holidays).run()


class _Course:
    def __init__(self, case: Case, holidays: Sequence[date]) -> None:
        self.case = case
        self.holidays = holidays
        self.done: list[PaidOut | Paid | InterestPaused | RateChanged] = []
        self.today = next(h.date for h in case.happenings if isinstance(h, PaidOut))
        self.saved = self.today
        self.payments: list[Split] = []
        rates = [case.annual_e10, *(h.annual_e10 for h in case.happenings if isinstance(h, RateChanged))]
        self.follows = case.rules.recalculate and any(rates)
        self.account = self._begin()

    def run(self) -> Result:
        for happening in self.case.happenings:
            self._take(happening)
        return Result(tuple(self.account.billed), tuple(self.payments))

    def _begin(self) -> Account:
        plan = self.case.plan
        lent = [h.date for h in self.done if isinstance(h, PaidOut)]
        start = min(lent) if lent else next(h.date for h in self.case.happenings if isinstance(h, PaidOut))
        rows: list[Row] = []
        billed: list[Billed] = []
        before = start
        for due in due_dates(plan, start, self.holidays):
            row = Row(before, due, [Stretch(before, due)])
            rows.append(row)
            billed.append(Billed(0, before, due, row))
            before = due
        schedule = Schedule(plan, [(date.min, self.case.annual_e10)], rows)
        return Account(schedule, self.case.rules, billed, self.follows)

    def _take(self, happening: Happening) -> None:
        match happening:
            case DayReached():
                self.today = happening.date
                if happening.close and any(not b.met and b.due < self.today for b in self.account.billed):
                    self.account.reach(self.today)
                    self.saved = self.today
            case Paid():
                self._pay(happening)
            case PaidOut():
                backdated = happening.date < self.today or any(_order(one)[0] > happening.date for one in self.done)
                self.done.append(happening)
                if backdated:
                    self._replay()
                else:
                    self._apply(happening)
            case InterestPaused() | RateChanged():
                self.done.append(happening)
                self._replay()

    def _pay(self, payment: Paid) -> None:
        amount = payment.amount_fen or payoff(self.account, payment.date)
        payment = Paid(payment.date, amount)
        self.done.append(payment)
        rules = self.case.rules
        mixed = (rules.rest == "period") != (rules.pre_close == "rest")
        latest = all(h.date <= payment.date for h in self.done if isinstance(h, Paid | PaidOut))
        if self.follows:
            latest = latest and payment.date == self.today and not mixed and payment.date >= self.saved
        if latest:
            self._apply(payment)
        else:
            self._replay()
        self.saved = self.today

    def _replay(self) -> None:
        self.account = self._begin()
        self.payments = []
        for happening in sorted(self.done, key=_order):
            if self.follows or not isinstance(happening, Paid):
                self._apply(happening)
        if not self.follows:  # what is paid changes nothing: it meets the schedule as it finally stands
            for happening in sorted(self.done, key=_order):
                if isinstance(happening, Paid):
                    self._apply(happening)
        self.account.reach(self.today)

    def _apply(self, happening: PaidOut | Paid | InterestPaused | RateChanged) -> None:
        schedule = self.account.schedule
        match happening:
            case PaidOut():
                self.account.reach(happening.date)
                self._pay_out(happening)
            case Paid():
                self.payments.append(repay(self.account, happening.date, happening.amount_fen))
            case InterestPaused():
                pause(schedule, happening.start, happening.end)
                self.account.bill(happening.start)
            case RateChanged():
                change_rate(schedule, happening.date, happening.annual_e10)
                self.account.bill(happening.date)

    def _pay_out(self, lent: PaidOut) -> None:
        down = rounded(Fraction(lent.amount_fen * self.case.rules.down_payment_bp, 10_000), self.case.plan.rounding)
        down = to_step(self.account.schedule, down)
        if down:
            at = next((i for i, b in enumerate(self.account.billed) if b.due > lent.date), len(self.account.billed))
            self.account.billed.insert(at, Billed(0, lent.date, lent.date, None, principal=down))
        if self.case.rules.generator == "classic":
            self._classic(lent, down)
        else:
            pay_out(self.account.schedule, self._counts_from(lent.date), lent.amount_fen - down)
            self.account.bill(lent.date)
        for no, billed in enumerate(self.account.billed, 1):
            billed.no = no

    def _counts_from(self, day: date) -> date:
        """Where periods bear interest only as a whole, money paid out counts from the start of its period."""
        if self.case.plan.whole_periods == "by_days" or self.case.rules.partial_periods:
            return day
        return next((row.start for row in self.account.schedule.rows if row.due > day), day)

    def _classic(self, lent: PaidOut, down: int) -> None:
        """Rows as planned, once and for all: the first pay-out is the only one."""
        planned = [billed for billed in self.account.billed if billed.row is not None]
        dues = [billed.due for billed in planned]
        amount = lent.amount_fen
        rows = classic(self.case.plan, self.case.annual_e10, amount - down, amount, lent.date, dues)
        for billed, row in zip(planned, rows, strict=False):
            billed.principal, billed.interest, billed.row = row.principal_fen, row.interest_fen, None


def _order(happening: PaidOut | Paid | InterestPaused | RateChanged) -> tuple[date, bool]:
    """By date; on one day what changes the terms comes before money."""
    if isinstance(happening, InterestPaused):
        return happening.start, False
    return happening.date, not isinstance(happening, RateChanged)
