"""How what happened to a loan besides repayments is asked again of another past: the input derived from each event.

Used by again.py. `AGAIN` is the table: what is not in it, follows by itself or moves no money. A rule that refuses the
same wish now refuses the correction (LATER_OPERATIONS): a waiver of more than is owed, a write-off, a new plan whose
arrears are others than those agreed on.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from actors.codes import Code
from actors.loan import events as e
from actors.loan import events_rare as r
from actors.loan import messages_rare as m
from actors.loan.acceleration import accelerate
from actors.loan.allocation import due_fen
from actors.loan.classification import reclassify, set_allowance
from actors.loan.course import Course
from actors.loan.events_corrections import TombstoneLeft
from actors.loan.evolve import evolve
from actors.loan.extension import extend
from actors.loan.misuse import mark_misuse
from actors.loan.restructuring import restructure
from actors.loan.schedule import AT_ONCE
from actors.loan.state import LoanState
from actors.loan.waiver import waive
from actors.turn import (
    Context,
    Decision,
    EffectDoubted,
    EffectRequested,
    EffectSettled,
    IncidentOpened,
    Refused,
)

History = Sequence[e.LoanEvent]
"""Oldest first: ``history[i]`` has version i + 1."""
ALIVE: Final = ("active", "overdue")

FOLLOWS: Final = (e.AccrualStopped, e.AccrualResumed, e.Repriced, e.LoanSettled)
"""Come by themselves when the rest is told again."""
NO_MONEY: Final = (
    e.RepaymentRequested,
    e.RepaymentFailed,
    e.ReversalRequested,
    e.ReversalRefused,
    e.ProofUploaded,
    r.AccountChangeRequested,
    r.AccountChanged,
    r.LoanFrozen,
    r.LoanUnfrozen,
    r.RefundRequested,
    r.RefundFailed,
    r.DisputeMarked,
    r.DeathRecorded,
    TombstoneLeft,
    EffectRequested,
    EffectSettled,
    EffectDoubted,
    IncidentOpened,
)

Again = Callable[[Course, History, int], Refused | None]
Rule = Callable[[LoanState, Any, Context], Decision]


def before(history: History, index: int) -> LoanState:
    """The loan as it was before the event at ``index``, without an auto-debit that was under way."""
    state: LoanState | None = None
    for event in history[:index]:
        state = evolve(state, event)
    assert state is not None
    return replace(state, debit=None)


def _by(rule: Rule, wish: Callable[[Any], m.Approved]) -> Again:
    """Asked on its own day by the command that ``wish`` reads from the event."""

    def again(course: Course, history: History, index: int) -> Refused | None:
        event: Any = history[index]
        return _asked(course, rule, wish(event), event)

    return again


def _asked(course: Course, rule: Rule, command: m.Approved, event: Any) -> Refused | None:
    if course.state.status == "settled":
        return _in_the_way(event, Code.ALREADY_SETTLED)
    approval = event.approval
    command = replace(command, maker=approval.maker, checker=approval.checker, reason=approval.reason)
    decision = rule(course.state, command, replace(course.ctx, business_date=event.on))
    if isinstance(decision, Refused):
        return _in_the_way(event, decision.code)
    for each in decision.events:
        course.add(each)  # type: ignore[arg-type]
    return None


def _in_the_way(event: e.LoanEvent, code: Code) -> Refused:
    return Refused(Code.LATER_OPERATIONS, {"event": type(event).__name__, "code": code.word})


def _waive(event: r.Waived) -> m.Waive:
    return m.Waive(
        maker="",
        checker="",
        principal_fen=event.principal_fen,
        interest_fen=event.interest_fen,
        penalty_fen=event.penalty_fen,
        compound_fen=event.compound_fen,
    )


def _extended(course: Course, history: History, index: int) -> Refused | None:
    """By as many periods as then; the rate only if it was a new one."""
    event, was = history[index], before(history, index)
    assert isinstance(event, r.Extended)
    plan = was.terms.plan
    rows = plan.periods if plan.method in AT_ONCE else len(was.rows) - was.plan_offset
    rate = "" if event.annual_e10 == was.terms.annual_e10 else event.annual_rate
    wish = m.ExtendLoan(maker="", checker="", periods=event.periods - rows, annual_rate=rate)
    return _asked(course, extend, wish, event)


def _restructured(course: Course, history: History, index: int) -> Refused | None:
    """Where there were no arrears nothing was agreed on them."""
    event, was = history[index], before(history, index)
    assert isinstance(event, r.Restructured)
    arrears: m.Arrears = "capitalise" if event.capitalised else "principal" if event.principal_fen_moved else "keep"
    if arrears == "keep" and not due_fen(was) and due_fen(course.state):
        return _in_the_way(event, Code.ARREARS_FIRST)
    terms = event.terms
    rate = "" if terms.annual_e10 == was.terms.annual_e10 else str(terms.annual_rate)
    wish = m.Restructure(
        maker="",
        checker="",
        method=terms.plan.method,
        periods=terms.plan.periods,
        arrears=arrears,
        annual_rate=rate,
    )
    return _asked(course, restructure, wish, event)


def _refunded(course: Course, history: History, index: int) -> Refused | None:
    """A fact: the money is with the customer."""
    course.add(history[index])
    return None


def _stands(course: Course, history: History, index: int) -> Refused | None:
    return _in_the_way(history[index], Code.LOAN_STATUS)


AGAIN: Final[dict[type, Again]] = {
    r.Waived: _by(waive, _waive),
    r.MisuseMarked: _by(
        mark_misuse,
        lambda event: m.MarkMisuse(maker="", checker="", amount_fen=event.amount_fen, from_date=event.from_date),
    ),
    r.Accelerated: _by(accelerate, lambda event: m.Accelerate(maker="", checker="")),
    r.Reclassified: _by(
        reclassify,
        lambda event: m.Reclassify(maker="", checker="", risk_class=event.risk_class, until=event.until),
    ),
    r.AllowanceSet: _by(set_allowance, lambda event: m.SetAllowance(maker="", checker="", ecl_fen=event.ecl_fen)),
    r.Extended: _extended,
    r.Restructured: _restructured,
    r.SuspenseRefunded: _refunded,
    r.WrittenOff: _stands,
}
"""By type of event; each asks again and returns what stands in the way, or None."""
