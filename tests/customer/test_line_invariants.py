"""Promise: whatever commands come in whatever order, the sums of lines hold, memo M1 is the promise, replay agrees."""

from datetime import date, timedelta

from customer_support import NOW_MS, PROCESS, TODAY, Customer
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.address import make_id
from actors.customer.line import available_fen, reserved_fen, status_on, undrawn_fen
from actors.customer.messages import (
    CheckReservations,
    ConfirmReservation,
    FreezeLine,
    GrantLine,
    NoteOverdue,
    ReleaseReservation,
    ReserveLine,
    RestoreLine,
    UnfreezeLine,
)
from actors.turn import Accepted, SettleEffect

LOANS = [make_id("loan", 7, n) for n in range(4)]
PROCESSES = [make_id("process", 7, n) for n in range(2)]
PRODUCTS = st.sampled_from(["miaodai", "standard"])
SUMS = st.integers(-1, 3_000_000)


class Lines(RuleBasedStateMachine):
    """Random commands, legal or not. A release may only follow a process's word."""

    @initialize()
    def begin(self) -> None:
        self.customer = Customer.registered()
        self.customer.grant("miaodai", 4_000_000)

    @rule(product=PRODUCTS, limit=st.integers(1, 60) | st.just(0), days=st.integers(1, 40))
    def grant(self, product: str, limit: int, days: int) -> None:
        expires: date = self.customer.on + timedelta(days=days)
        self.customer.ask(
            GrantLine(
                product=product,
                limit_fen=limit * 100_000,
                annual_rate="0.06",
                expires_on=expires,
                process_id=PROCESS,
            )
        )

    @rule(product=PRODUCTS, frozen=st.booleans())
    def freeze(self, product: str, frozen: bool) -> None:
        self.customer.ask(FreezeLine(product=product, reason="x") if frozen else UnfreezeLine(product=product))

    @rule(
        product=PRODUCTS,
        loan=st.sampled_from(LOANS),
        process=st.sampled_from(PROCESSES),
        fen=SUMS,
        over=st.none() | st.integers(-1, 9),
    )
    def reserve(self, product: str, loan: str, process: str, fen: int, over: int | None) -> None:
        """``over``: fen more than what is available, so that the edge is met often."""
        state = self.customer.state
        assert state is not None
        if over is not None:
            fen = available_fen(state, product, self.customer.on) + over
        decision = self.customer.ask(
            ReserveLine(product=product, loan_id=loan, process_id=process, amount_fen=fen, check_at_ms=NOW_MS + 5)
        )
        after = self.customer.state
        assert after is not None
        if isinstance(decision, Accepted) and decision.events:
            line = after.lines[product]
            assert status_on(line, self.customer.on) == "active"
            assert not state.overdue
            assert 0 < line.used_fen + reserved_fen(after, product) <= line.limit_fen

    @rule(loan=st.sampled_from(LOANS), process=st.sampled_from(PROCESSES), confirm=st.booleans())
    def end(self, loan: str, process: str, confirm: bool) -> None:
        command = ConfirmReservation if confirm else ReleaseReservation
        self.customer.ask(command(loan_id=loan, process_id=process))

    @rule(loan=st.sampled_from(LOANS), fen=SUMS, settled=st.booleans(), reverse=st.booleans())
    def restore(self, loan: str, fen: int, settled: bool, reverse: bool) -> None:
        self.customer.ask(RestoreLine(loan_id=loan, amount_fen=fen, settled=settled, reversed=reverse))

    @rule(loan=st.sampled_from(LOANS), overdue=st.booleans())
    def overdue(self, loan: str, overdue: bool) -> None:
        self.customer.ask(NoteOverdue(loan_id=loan, overdue=overdue))

    @rule(days=st.integers(0, 15), ms=st.integers(0, 10_000_000))
    def time_passes(self, days: int, ms: int) -> None:
        held = self.customer.reserved_by_process()
        self.customer.on += timedelta(days=days)
        self.customer.now_ms += ms
        self.customer.ask(CheckReservations())
        assert self.customer.reserved_by_process() == held, "time alone never releases"

    @rule(
        answer=st.sampled_from(["pending", "confirmed", "released", "?"]), status=st.sampled_from(["done", "unknown"])
    )
    def process_answers(self, answer: str, status: str) -> None:
        assert self.customer.state is not None
        for effect_id in list(self.customer.state.effects):
            self.customer.ask(SettleEffect(effect_id=effect_id, attempt=1, status=status, data={"answer": answer}))

    @invariant()
    def sums_hold(self) -> None:
        if not hasattr(self, "customer"):
            return
        state = self.customer.state
        assert state is not None
        for product, line in state.lines.items():
            outstanding = sum(d.amount_fen for d in state.draws.values() if (d.product, d.status) == (product, "used"))
            assert line.used_fen >= outstanding >= 0
        memo = sum(p.debit_fen - p.credit_fen for p in self.customer.postings if p.account == "M1")
        assert memo == sum(undrawn_fen(line) for line in state.lines.values()) >= 0
        assert sum(p.debit_fen - p.credit_fen for p in self.customer.postings) == 0
        assert self.customer.on >= TODAY

    def teardown(self) -> None:
        if hasattr(self, "customer"):
            self.customer.check()


Lines.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
test_lines = Lines.TestCase
