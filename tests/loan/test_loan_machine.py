"""A state machine over random lives: after each step the engine owes exactly what the model of loan_model.py owes.

Principal, interest, penalty, compound, payoff (which then settles the loan to the fen), overdue days, class, accrual.
A twin has each of its days closed by itself: how days are closed, one by one or many at once, changes no account.
"""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from loan_model import COMPOUND, INTEREST, PENALTY, PRINCIPAL, Deal, Model
from loan_support import Life, bank, serial
from msgspec.structs import replace

from actors.loan.messages import CloseDay, CollectDue, GetLoan, GetPayoffQuote, GetSchedule, PostRepayment, Repay
from actors.loan.money import money_of

ONE = timedelta(days=1)
METHODS = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime")
DEALS = st.builds(
    Deal,
    method=st.sampled_from([*METHODS, "equal_instalment"]),
    amount=st.integers(1_000, 500_000).map(lambda yuan: yuan * 100),
    periods=st.integers(1, 14),
    due_day=st.sampled_from([0, 0, 1, 10, 28, 30, 31]),
    rate=st.sampled_from(["0.0345", "0.06", "0.1175", "0.24"]).map(Fraction),
    year=st.sampled_from([360, 365]),
    grace=st.sampled_from([0, 0, 3, 5]),
    penalty_factor=st.sampled_from(["1.3", "1.5"]).map(Fraction),
    compound=st.booleans(),
    compound_until_maturity=st.booleans(),
    allocation=st.sampled_from(["by_instalment", "by_component"]),
    buckets=st.sampled_from([(), ((1, "by_instalment"), (31, "by_component"))]),
    keeps=st.sampled_from(["term", "instalment"]),
    fees=st.sampled_from([(), ((3, Fraction(3, 100)), (12, Fraction(1, 200)))]),
    on_repaid=st.booleans(),
    non_accrual_days=st.sampled_from([91, 20]),
    classes=st.sampled_from([(1, 91, 271, 361), (1, 20, 40, 60)]),
    watch_periods=st.sampled_from([1, 2]),
    watch_months=st.sampled_from([1, 6]),
)
PREPAY_MIN = 10_000


def exactly(share: Fraction) -> Decimal:
    return Decimal(share.numerator) / Decimal(share.denominator)


def life_of(deal: Deal, start: date) -> Life:
    """The engine's loan by the same terms."""
    product = bank(
        methods=METHODS,
        grace_days=deal.grace,
        day_count=f"actual/{deal.year}",
        penalty_factor=exactly(deal.penalty_factor),
        compound_on="interest" if deal.compound else "off",
        compound_rate="until_maturity" if deal.compound_until_maturity else "penalty",
        allocation=deal.allocation,
        allocation_overdue=deal.buckets,
        prepay_keeps=deal.keeps,
        prepay_fen_min=PREPAY_MIN,
        prepay_fees=tuple((month, exactly(share)) for month, share in deal.fees),
        pay_anytime_interest="on_repaid" if deal.on_repaid else "all_accrued",
    )
    rules = replace(
        product,
        non_accrual_days=deal.non_accrual_days,
        classes=deal.classes,
        watch_periods=deal.watch_periods,
        watch_months=deal.watch_months,
    )
    contract = {"method": deal.method, "amount_fen": deal.amount, "periods": deal.periods, "due_day": deal.due_day}
    return Life(start, rules).active(str(exactly(deal.rate)), **contract)


class LoanMachine(RuleBasedStateMachine):
    life: Life
    twin: Life
    model: Model

    @initialize(deal=DEALS, start=st.dates(date(2024, 1, 1), date(2027, 12, 31)))
    def pay_out(self, deal: Deal, start: date) -> None:
        self.life, self.twin, self.model = life_of(deal, start), life_of(deal, start), Model(deal, start)

    def _open(self) -> bool:
        """Owing, and the business date is not closed yet."""
        closed = self.life.loan.closed_to
        return self.life.loan.status in ("active", "overdue") and closed is not None and closed < self.life.today

    @rule(days=st.one_of(st.integers(1, 40), st.integers(1, 200)))
    def wait(self, days: int) -> None:
        for _ in range(days):
            if self.twin.loan.closed_to != self.twin.today:
                self.twin.ask(CloseDay(date=self.twin.today))
            self.twin.today += ONE
        self.life.today += days * ONE
        self.model.until(self.life.today)

    @precondition(lambda self: self._open())
    @rule(back=st.integers(0, 2))
    def close(self, back: int) -> None:
        """The day's end, of today or of an earlier day."""
        self.life.ask(CloseDay(date=self.life.today - back * ONE))
        if back == 0:
            self.twin.ask(CloseDay(date=self.life.today))
            self.model.until(self.life.today + ONE)

    @precondition(lambda self: self._open())
    @rule(share=st.one_of(st.integers(1, 200), st.integers(1, 1_200)))
    def pay_at_the_counter(self, share: int) -> None:
        fen = max(1, self.model.payoff * share // 1_000)
        command = PostRepayment(amount_fen=fen, source="counter", core_date=self.life.today, core_serial=serial())
        posted: Any = self.life.ask(command)
        assert self.twin.ask(command) == posted
        surplus = self.model.surplus
        self.model.pay(fen)
        assert posted.suspense_fen == self.model.surplus - surplus

    @precondition(lambda self: self._open() and self.model.due())
    @rule(share=st.sampled_from([1, 1, 2, 3]))
    def collect_what_is_due(self, share: int) -> None:
        """扣款; the core takes all of it, or a part."""
        self._ask(CollectDue(date=self.life.today))
        self._debited(sum(row.unpaid for row in self.model.due()), share, prepay=False)

    @precondition(lambda self: self._open() and not self.model.due() and self.model.payoff >= PREPAY_MIN)
    @rule(share=st.integers(0, 1_000))
    def prepay(self, share: int) -> None:
        fen = PREPAY_MIN + (self.model.payoff - PREPAY_MIN) * share // 1_000
        self._ask(Repay(kind="partial", amount_fen=fen))
        self._debited(fen, 1, prepay=True)

    @precondition(lambda self: self._open())
    @rule()
    def pay_off(self) -> None:
        """The quote is the real thing."""
        quote = self.life.see(GetPayoffQuote())
        assert self.twin.see(GetPayoffQuote()) == quote
        self._ask(Repay(kind="full", quote=quote.quote))
        self._debited(quote.total_fen, 1, prepay=True)
        assert self.life.loan.status == "settled"
        assert self.life.loan.suspense_fen == self.model.surplus

    def _ask(self, command: Any) -> None:
        self.life.ask(command)
        self.twin.ask(command)

    def _debited(self, fen: int, share: int, *, prepay: bool) -> None:
        debit = self.life.loan.debit
        assert debit is not None
        assert debit.amount_fen == fen
        taken = max(1, fen // share)
        day, number = self.life.today.isoformat(), serial()
        for life in (self.life, self.twin):
            life.settle("core.debit", debited_fen=taken, core_date=day, core_serial=number)
        self.model.pay(taken, prepay=prepay)

    @invariant()
    def owes_the_same(self) -> None:
        if not hasattr(self, "life"):
            return
        model, loan = self.model, self.life.see(GetLoan())
        assert loan.principal_fen_outstanding == model.outstanding
        if loan.status == "settled":
            assert (model.payoff, model.surplus) == (0, loan.suspense_fen)
            return
        due = (loan.penalty_fen_due, loan.compound_fen_due, loan.interest_fen_due, loan.principal_fen_due)
        assert due == tuple(model.owed(n) for n in (PENALTY, COMPOUND, INTEREST, PRINCIPAL))
        quote = self.life.see(GetPayoffQuote())
        assert quote.interest_fen == model.accrued + model.owed(INTEREST)
        assert quote.total_fen == model.payoff
        assert loan.overdue_days == model.overdue_days if self._open() else True
        assert (loan.risk_class, loan.non_accrual) == (model.risk_class, model.off)
        rows = [(row.due, row.principal, row.interest) for row in model.rows]
        assert [(row.due_date, row.principal_fen, row.interest_fen) for row in self._rows()] == rows

    def teardown(self) -> None:
        """At the same day's end both hold the same books."""
        if not hasattr(self, "life"):
            return
        lives = (self.life, self.twin)
        for life in lives:
            if life.loan.closed_to != life.today:
                life.ask(CloseDay(date=life.today))
        ours, theirs = (money_of(life.loan) for life in lives)
        assert ours == theirs
        assert self.life.balances() == self.twin.balances()
        assert self.life.balances(memo=True) == self.twin.balances(memo=True)

    def _rows(self) -> Any:
        return self.life.see(GetSchedule()).instalments


TestLoanMachine = LoanMachine.TestCase
TestLoanMachine.settings = settings(
    max_examples=100, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
