"""扣款: repaying by the core's auto-debit: what is due, a prepayment, or the payoff; and how such a debit ended.

The figures are pinned to the day of the request. A result is applied once, on the day the core booked it (or, when
that day has been closed meanwhile, on the first open one); what it does not cover stays owing, surplus is held.
"""

from datetime import date, timedelta

from msgspec import Struct

from actors.codes import Code
from actors.loan.allocation import Allocation, allocate, allocate_split, due_fen, payoff_fen
from actors.loan.course import Course
from actors.loan.events import RepaymentFailed, RepaymentRequested
from actors.loan.messages import AcceptedView, CollectDue, Repay
from actors.loan.payoff import quote_of
from actors.loan.post import AMOUNT_FEN_MAX, post
from actors.loan.standing import stands_still
from actors.loan.state import LoanState, tombstone
from actors.turn import Context, Decision, IncidentOpened, Refused

ONE_DAY = timedelta(days=1)


ITEMS = ("penalty", "compound", "interest", "principal")
"""The core's words for `allocation.COMPONENTS`."""


class Debited(Struct, frozen=True):
    """What the core answers when it took money; ``split`` (penalty, compound, interest, principal) when it calculates
    itself (ledger mode core_calculated)."""

    debited_fen: int
    core_date: date
    core_serial: str
    split: tuple[int, int, int, int] | None = None


def repay(state: LoanState, command: Repay, ctx: Context) -> Decision:
    amount = command.amount_fen
    if not 0 <= amount <= AMOUNT_FEN_MAX:
        return Refused(Code.BAD_AMOUNT, {"amount_fen": amount})
    refused = _not_now(state, ctx.business_date)
    if refused is not None:
        return refused
    course = Course(state, ctx)
    course.close_before(ctx.business_date)
    match command.kind:
        case "due":
            return _collect(course, amount)
        case "partial":
            return _prepay(course, amount)
        case "full":
            quote = quote_of(course.state, ctx.business_date)
            if command.quote != quote:
                return Refused(Code.QUOTE_STALE)
            return _request(course, "full", payoff_fen(course.state, ctx.business_date))
        case _:
            return Refused(Code.BAD_SOURCE, {"kind": command.kind})


def collect_due(state: LoanState, command: CollectDue, ctx: Context) -> Decision:
    """The day's own debit of what is due or overdue; only for the business date."""
    if command.date > ctx.business_date:
        return Refused(Code.DATE_NOT_OPEN, {"business_date": ctx.business_date.isoformat()})
    if command.date < ctx.business_date:
        return Refused(Code.DATE_CLOSED, {"business_date": ctx.business_date.isoformat()})
    refused = _not_now(state, ctx.business_date)
    if refused is not None:
        return refused
    course = Course(state, ctx)
    course.close_before(ctx.business_date)
    return _collect(course, 0)


def _not_now(state: LoanState, today: date) -> Refused | None:
    assert state.closed_to is not None
    refused = stands_still(state)
    if refused is not None:
        return refused
    if state.debit is not None:
        return Refused(Code.REPAYMENT_IN_FLIGHT, {"kind": state.debit.kind, "amount_fen": state.debit.amount_fen})
    if state.closed_to >= today:
        return Refused(Code.DATE_CLOSED, {"closed_to": state.closed_to.isoformat()})
    return None


def _collect(course: Course, amount_fen_max: int) -> Decision:
    due = due_fen(course.state)
    if not due:
        return Refused(Code.NOTHING_DUE)
    return _request(course, "due", min(amount_fen_max, due) if amount_fen_max else due)


def _prepay(course: Course, amount_fen: int) -> Decision:
    state = course.state
    if amount_fen == 0:
        return Refused(Code.BAD_AMOUNT, {"amount_fen": 0})
    due = due_fen(state)
    if due:
        return Refused(Code.ARREARS_FIRST, {"due_fen": due})
    if amount_fen < state.terms.prepay_fen_min:
        return Refused(Code.BELOW_PREPAY_MIN, {"prepay_fen_min": state.terms.prepay_fen_min})
    if amount_fen % state.terms.prepay_fen_step:
        return Refused(Code.BAD_STEP, {"prepay_fen_step": state.terms.prepay_fen_step})
    payoff = payoff_fen(state, course.ctx.business_date)
    if amount_fen > payoff:
        return Refused(Code.OVER_PAYOFF, {"payoff_fen": payoff})
    return _request(course, "partial", amount_fen)


def _request(course: Course, kind: str, amount_fen: int) -> Decision:
    state, ctx = course.state, course.ctx
    today = ctx.business_date
    spread = allocate(state, amount_fen, today, ctx.bank, prepay=kind != "due")
    effect_id = course.next_effect_id
    course.add(RepaymentRequested(effect_id=effect_id, kind=kind, amount_fen=amount_fen, on=today))
    course.ask(
        "core.debit",
        {
            "bank": state.bank,
            "loan_id": ctx.actor_id,
            "customer_id": state.customer_id,
            "amount_fen": amount_fen,
            "partial": kind == "due",
            "principal_fen": spread.principal_fen,
            "interest_fen": spread.interest_fen,
            "penalty_fen": spread.penalty_fen,
            "compound_fen": spread.compound_fen,
            "fee_fen": spread.fee_fen,
            "allocation": _booking_order(spread),
            "account_sealed": state.account_sealed,
            "business_date": today.isoformat(),
        },
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status, effect_id=effect_id))


def _booking_order(spread: Allocation) -> list[list[str | int]]:
    """[item, fen] in the order in which a partial debit is to be booked: instalment by instalment, as we allocate."""
    steps: list[list[str | int]] = [[ITEMS[component], fen] for component, fen in spread.steps]
    steps += [["interest", spread.interest_fen_accrued], ["fee", spread.fee_fen]]
    steps += [["principal", spread.principal_fen_prepaid]]
    return [step for step in steps if step[1]]


def debited(course: Course, effect_id: str, booked: Debited) -> None:
    """The core took ``debited_fen``. A collection of dues never prepays: its surplus is held."""
    state = course.state
    assert state.debit is not None
    assert state.closed_to is not None
    if tombstone(booked.core_date, booked.core_serial) in state.tombstones:
        not_debited(course, effect_id, Code.REVERSED_BEFORE.word)
        return
    value_date = max(booked.core_date, state.closed_to + ONE_DAY)
    if state.status in ("active", "overdue"):
        course.close_before(value_date)
    prepay = state.debit.kind != "due"
    spread = _by_the_core(course, effect_id, booked, value_date, prepay=prepay)
    post(
        course,
        booked.debited_fen,
        value_date,
        booked.core_date,
        booked.core_serial,
        "debit",
        effect_id=effect_id,
        prepay=prepay,
        spread=spread,
    )


def _by_the_core(course: Course, effect_id: str, booked: Debited, day: date, *, prepay: bool) -> Allocation | None:
    """The split to post by: the core's is fact where it calculates. None: ours. A mismatch is an incident for people;
    a split that can't be posted leaves ours in place, with the incident."""
    state, bank = course.state, course.ctx.bank
    if booked.split is None or bank.ledger_mode != "core_calculated":
        return None
    ours = allocate(state, booked.debited_fen, day, bank, prepay=prepay)
    if booked.split == (ours.penalty_fen, ours.compound_fen, ours.interest_fen, ours.principal_fen):
        return None
    theirs = allocate_split(state, booked.split, booked.debited_fen)
    data = {
        "core": list(booked.split),
        "ours": [ours.penalty_fen, ours.compound_fen, ours.interest_fen, ours.principal_fen],
        "posted": "core" if theirs is not None else "ours",
    }
    course.add(IncidentOpened(effect_id=effect_id, code="split_differs", data=data))
    return theirs


def not_debited(course: Course, effect_id: str, code: str) -> None:
    course.add(RepaymentFailed(effect_id=effect_id, code=code or Code.DEBIT_REFUSED.word))
