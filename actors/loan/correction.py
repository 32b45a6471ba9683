"""错账调整 of an earlier repayment by two persons, and what it shares with a reversal: the loan as it should be.

The past is told again with the repayment as it should have been (again.py); the loan takes the money that follows, and
the ledger the difference between the entries of both lives, so that every account holds what it would hold. Posted
today with the old value date; closed months never change. As a check, the past told again unchanged must give exactly
the present (CORRECTION_UNSURE else: the bank's rules have changed since, or an event can't be asked again).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, cast

from msgspec.structs import replace

from actors.bank import BankTerms
from actors.codes import Code
from actors.ledger import ACCOUNTS
from actors.loan.again import PAID, Edit, scope, tell
from actors.loan.again_rules import AGAIN, History, before
from actors.loan.approval import approved
from actors.loan.books import books
from actors.loan.course import ONE_DAY, Course
from actors.loan.events import LoanEvent, Repaid
from actors.loan.events_corrections import Booked, RepaymentCorrected, RepaymentReversed
from actors.loan.events_rare import Recovered
from actors.loan.evolve import evolve
from actors.loan.messages_corrections import CorrectionView, CorrectRepayment
from actors.loan.money import Money, money_of
from actors.loan.post import AMOUNT_FEN_MAX
from actors.loan.postings import postings
from actors.loan.state import LoanState
from actors.turn import Context, Decision, Refused

Paid = Repaid | Recovered


class Lines(NamedTuple):
    """Sums by role, fen."""

    debit: Counter[str]
    credit: Counter[str]

    def net(self, role: str) -> int:
        return self.debit[role] - self.credit[role]


class Retold(NamedTuple):
    """The money that should be, and by how much the entries of that life exceed those of this one."""

    state: LoanState
    money: Money
    more: Lines


def correct_repayment(state: LoanState, command: CorrectRepayment, ctx: Context) -> Decision:
    approval = approved(command)
    if isinstance(approval, Refused):
        return approval
    if not 0 <= command.amount_fen <= AMOUNT_FEN_MAX:
        return Refused(Code.BAD_AMOUNT, {"amount_fen": command.amount_fen})
    if state.debit is not None:
        return Refused(Code.REPAYMENT_IN_FLIGHT, {"kind": state.debit.kind, "amount_fen": state.debit.amount_fen})
    found = _original(past(ctx), command)
    if isinstance(found, Refused):
        return found
    version, original, now = found
    value_date = command.value_date or now.value_date
    refused = _bad_date(state, value_date, ctx.business_date)
    if refused is not None:
        return refused
    edit = Edit(command.amount_fen, value_date)
    if edit == now or edit.amount_fen == now.amount_fen == 0:
        return Refused(Code.NOTHING_TO_CORRECT, {"amount_fen": now.amount_fen})
    course = Course(state, ctx)
    if state.status in ("active", "overdue"):
        course.close_before(ctx.business_date)
    told = retell(course, version, edit)
    if isinstance(told, Refused):
        return told
    was = course.state
    course.add(
        RepaymentCorrected(
            original_version=version,
            linked_serial=original.core_serial,
            amount_fen=edit.amount_fen,
            amount_fen_before=now.amount_fen,
            value_date=edit.value_date,
            value_date_before=now.value_date,
            approval=approval,
            booked=_opposite(told.more),
            money=told.money,
        )
    )
    return course.accepted(view(ctx.actor_id, "corrected", was, course.state))


def _original(history: History, command: CorrectRepayment) -> tuple[int, Paid, Edit] | Refused:
    """(version, event, what it counts for now) of the repayment meant; NOTHING_TO_REVERSE if there is none, if it was
    reversed, or if several have the serial."""
    found = [
        (version, event)
        for version, event in repayments(history, command.original_serial)
        if command.core_date in (None, event.core_date)
    ]
    if len(found) != 1:
        dates = [event.core_date.isoformat() for _, event in found]
        return Refused(Code.NOTHING_TO_REVERSE, {"original_serial": command.original_serial, "core_dates": dates})
    [(version, original)] = found
    now = Edit(original.amount_fen, original.value_date)
    for event in history:
        if isinstance(event, RepaymentReversed) and event.original_version == version:
            return Refused(Code.NOTHING_TO_REVERSE, {"reversed_by": event.core_serial})
        if isinstance(event, RepaymentCorrected) and event.original_version == version:
            now = Edit(event.amount_fen, event.value_date)
    return version, original, now


def _bad_date(state: LoanState, value_date: date, today: date) -> Refused | None:
    if value_date > today:
        return Refused(Code.DATE_NOT_OPEN, {"business_date": today.isoformat()})
    if state.disbursed_on is not None and value_date < state.disbursed_on:
        return Refused(Code.BEFORE_DISBURSEMENT, {"disbursed_on": state.disbursed_on.isoformat()})
    return None


def past(ctx: Context) -> History:
    """The loan's journal, typed."""
    return cast(History, ctx.history)


def repayments(history: History, serial: str) -> list[tuple[int, Paid]]:
    """(version, event) of each repayment that the core booked under ``serial``, oldest first."""
    return [
        (index + 1, event)
        for index, event in enumerate(history)
        if isinstance(event, PAID) and event.core_serial == serial
    ]


def retell(course: Course, version: int, edit: Edit) -> Retold | Refused:
    """The life in which the repayment of ``version`` was as ``edit`` says. ``course``: earlier days closed.

    LATER_OPERATIONS when something stands in the way: the loan was settled or written off by something later, or the
    surplus was refunded; CORRECTION_UNSURE.
    """
    ctx, now = course.ctx, course.state
    history: History = (*past(ctx), *course.events)
    standing = _standing(history, now, version)
    if standing is not None:
        return standing
    start, edits = scope(history, version, edit)
    origin = before(history, start)
    to = max(now.closed_to or ctx.business_date, ctx.business_date - ONE_DAY)
    same = tell(history, start, origin, edits, ctx, to)
    if isinstance(same, Refused):
        return same
    told = tell(history, start, origin, edits | {version: edit}, ctx, to)
    if isinstance(told, Refused):
        return told
    actual, again, should = (
        lines_of(origin, events, ctx.bank) for events in (history[start:], same.events, told.events)
    )
    if money_of(same.state) != money_of(now) or any(actual.net(role) != again.net(role) for role in ACCOUNTS):
        return Refused(Code.CORRECTION_UNSURE, {"since_version": start + 1})
    if told.state.suspense_fen < 0:
        return Refused(Code.LATER_OPERATIONS, {"refunded_fen": -told.state.suspense_fen})
    more = Lines(Counter(should.debit), Counter(should.credit))
    more.debit.subtract(actual.debit)
    more.credit.subtract(actual.credit)
    was, is_now = books(now), books(told.state)
    assert all(more.net(role) == fen - was[role] for role, fen in is_now.items())
    return Retold(told.state, money_of(told.state), more)


def _standing(history: History, now: LoanState, version: int) -> Refused | None:
    """Undo in reverse order: of a loan that is settled or written off only the last thing done can be changed."""
    if now.status not in ("settled", "written_off"):
        return None
    undone = {event.original_version for event in history if isinstance(event, RepaymentReversed)}
    undone |= {
        event.original_version for event in history if isinstance(event, RepaymentCorrected) and not event.amount_fen
    }
    for index in range(version, len(history)):
        event = history[index]
        if index + 1 not in undone and (isinstance(event, PAID) or type(event) in AGAIN):
            return Refused(Code.LATER_OPERATIONS, {"event": type(event).__name__, "version": index + 1})
    return None


def lines_of(state: LoanState, events: Iterable[LoanEvent], bank: BankTerms) -> Lines:
    """All entries of ``events``, by role."""
    by_role = replace(bank, accounts={role: role for role in ACCOUNTS})
    sums = Lines(Counter(), Counter())
    for event in events:
        for line in postings(state, event, by_role):
            sums.debit[line.account] += line.debit_fen
            sums.credit[line.account] += line.credit_fen
        state = evolve(state, event)
    return sums


def _opposite(more: Lines) -> tuple[Booked, ...]:
    """Each account's difference on the side where it belongs, no red."""
    net = [(role, more.net(role)) for role in ACCOUNTS]
    return tuple(Booked(role, max(fen, 0), max(-fen, 0)) for role, fen in net if fen)


def red(more: Lines) -> tuple[Booked, ...]:
    """Each side by itself: what is undone stands in red where it stood."""
    return tuple(
        Booked(role, more.debit[role], more.credit[role]) for role in ACCOUNTS if more.debit[role] or more.credit[role]
    )


def view(loan_id: str, outcome: str, was: LoanState, now: LoanState) -> CorrectionView:
    return CorrectionView(
        loan_id=loan_id,
        outcome=outcome,
        status=now.status,
        principal_fen=now.principal_fen_repaid - was.principal_fen_repaid,
        interest_fen=now.interest_fen_repaid - was.interest_fen_repaid,
        penalty_fen=now.penalty_fen_repaid - was.penalty_fen_repaid,
        compound_fen=now.compound_fen_repaid - was.compound_fen_repaid,
        fee_fen=now.fee_fen_repaid - was.fee_fen_repaid,
        suspense_fen=now.suspense_fen - was.suspense_fen,
        principal_fen_outstanding=now.principal_fen_outstanding,
    )
