"""日终 of one loan: what the days up to a date bring, in steps per row and not per day.

For each day: interest accrues; what is due on the next day is billed at its close; a row still unpaid when its grace
has ended becomes overdue, and penalty (罚息) and compound (复利) count back to the due date, that day included; then
class and allowance. Days are closed in one `DayClosed` up to the next day on which the rules themselves change
(_split): into non-accrual, the end of a watch, a new rate, a compounding day.
"""

from datetime import date, timedelta

from actors.bank import BankTerms
from actors.loan.classes import SPECIAL_MENTION, allowance_fen, class_on, steady_to
from actors.loan.events import (
    AccrualResumed,
    AccrualStopped,
    CompoundAccrued,
    DayClosed,
    FellDue,
    Lapsed,
    LoanEvent,
    PenaltyAccrued,
)
from actors.loan.evolve_money import closed, resumed, stopped
from actors.loan.grace import rows_lapsed
from actors.loan.interest import accrued_at, after_due, running, vat_within
from actors.loan.penalty import (
    compound_base_on,
    compound_fen_as_of,
    compounding_day_after,
    misuse_fen_as_of,
    penalty_fen_as_of,
)
from actors.loan.repricing import reprice_on, repriced_by, repricing_after
from actors.loan.state import LoanState

ONE_DAY = timedelta(days=1)


def close(state: LoanState, to_date: date, bank: BankTerms) -> tuple[list[LoanEvent], LoanState]:
    """(events, the loan after them): every day after ``closed_to`` up to ``to_date`` is closed; () if there is none."""
    events: list[LoanEvent] = []
    while state.closed_to is not None and state.closed_to < to_date:
        event = _close_to(state, min(to_date, _split(state, bank)), bank)
        events.append(event)
        state = closed(state, event)
        turned = _turn(state, event.to_date + ONE_DAY, bank)
        if turned is not None:
            events.append(turned)
            state = stopped(state, turned) if isinstance(turned, AccrualStopped) else resumed(state, turned)
        if state.terms.repricing != "fixed":
            repriced = reprice_on(state, event.to_date + ONE_DAY, bank)
            if repriced is not None:
                events.append(repriced)
                state = repriced_by(state, repriced)
    return events, state


def _split(state: LoanState, bank: BankTerms) -> date:
    """The last day that can be closed in one piece from ``closed_to`` on."""
    closed_to = state.closed_to
    assert closed_to is not None
    last = date.max
    if not state.non_accrual and state.first_unpaid < len(state.rows):
        turns = state.rows[state.first_unpaid].due + timedelta(days=bank.non_accrual_days - 1)
        if turns > closed_to:
            last = turns
    terms = state.terms
    if terms.repricing != "fixed":
        last = min(last, repricing_after(state, closed_to + ONE_DAY) - ONE_DAY)
    if terms.compound_on == "all":
        for row in state.rows[state.first_unpaid : state.fallen + 1]:
            last = min(last, compounding_day_after(row, closed_to + ONE_DAY, terms.compound_months) - ONE_DAY)
    if state.non_accrual or state.risk_class > SPECIAL_MENTION:
        last = min(last, steady_to(state, bank))
    if state.misuse is not None and state.fallen < len(state.rows):
        last = min(last, max(state.rows[state.fallen].due - ONE_DAY, closed_to + ONE_DAY))
    return last


def _close_to(state: LoanState, to_date: date, bank: BankTerms) -> DayClosed:
    assert state.closed_to is not None
    morning = to_date + ONE_DAY
    due, accrued, accrued_vat, fallen = _fall_due(state, morning, bank)
    lapsed_to = rows_lapsed(state, to_date, fallen, bank)
    lapsed = tuple(
        Lapsed(i + 1, state.rows[i].principal_fen_unpaid)
        for i in range(state.lapsed, lapsed_to)
        if state.rows[i].unpaid_fen
    )
    penalties = _penalties(state, morning, lapsed_to)
    compounds = _compounds(state, morning, lapsed_to) if state.terms.compound_on != "off" else ()
    misuse = misuse_fen_as_of(state, morning) - state.misuse.fen if state.misuse is not None else 0
    extra = sum(p.penalty_fen for p in penalties) + sum(c.compound_fen for c in compounds) + misuse
    vat = 0
    if extra and not state.non_accrual:
        booked = state.penalty_fen_booked
        vat = vat_within(booked + extra, bank.vat_rate) - vat_within(booked, bank.vat_rate)
    risk_class = class_on(state, morning, _overdue_since(state, lapsed_to), fallen, bank)
    return DayClosed(
        from_date=state.closed_to + ONE_DAY,
        to_date=to_date,
        accrued_fen=accrued,
        accrued_vat_fen=accrued_vat,
        due=due,
        lapsed=lapsed,
        penalties=penalties,
        compounds=compounds,
        misuse_fen=misuse,
        penalty_vat_fen=vat,
        lapsed_to=lapsed_to,
        risk_class=risk_class if risk_class != state.risk_class else 0,
        provision_fen=allowance_fen(state, risk_class, bank) - state.allowance_fen,
    )


def _fall_due(state: LoanState, morning: date, bank: BankTerms) -> tuple[tuple[FellDue, ...], int, int, int]:
    """(rows billed, interest accrued, VAT in it, fallen): first the rows due by ``morning``, then the running one.

    Interest of a row in grace stays accrued and is billed with a later row. VAT follows the accrued interest of the
    running period: deferred = VAT within what is accrued and not paid. In non-accrual there is none.
    """
    due: list[FellDue] = []
    accrued_total = vat_total = 0
    accrued, deferred, index = state.accrued_fen, state.vat_fen_deferred, state.fallen
    taxed = not state.non_accrual
    if index >= len(state.rows):
        return (), 0, 0, index
    run = running(state)
    while index < len(state.rows):
        row = state.rows[index]
        falls = row.due <= morning
        now = accrued_at(state, run, row.due if falls else morning) - row.interest_fen_paid
        vat = vat_within(now, bank.vat_rate) if taxed else 0
        accrued_total += now - accrued
        vat_total += vat - deferred
        if not falls:
            break
        interest = row.interest_fen - row.interest_fen_paid
        billed_vat = vat if interest == now or not taxed else vat_within(interest, bank.vat_rate)
        due.append(FellDue(index + 1, row.principal_fen, interest, billed_vat))
        accrued, deferred = now - interest, vat - billed_vat
        run = after_due(state, run)
        index += 1
    return tuple(due), accrued_total, vat_total, index


def _overdue_since(state: LoanState, lapsed_to: int) -> date | None:
    """Due date of the oldest row of which something is unpaid after its grace."""
    for row in state.rows[state.first_unpaid : lapsed_to]:
        if row.unpaid_fen:
            return row.due
    return None


def _penalties(state: LoanState, morning: date, lapsed_to: int) -> tuple[PenaltyAccrued, ...]:
    grown: list[PenaltyAccrued] = []
    for index in range(state.first_unpaid, lapsed_to):
        row = state.rows[index]
        added = penalty_fen_as_of(row, morning, state) - row.penalty_fen
        if added:
            grown.append(PenaltyAccrued(index + 1, added))
    return tuple(grown)


def _compounds(state: LoanState, morning: date, lapsed_to: int) -> tuple[CompoundAccrued, ...]:
    grown: list[CompoundAccrued] = []
    for index in range(state.first_unpaid, lapsed_to):
        row = state.rows[index]
        now = compound_fen_as_of(row, morning, state)
        base = compound_base_on(row, morning, state, now)
        if now != row.compound_fen or base != row.compound_base_fen:
            grown.append(CompoundAccrued(index + 1, now - row.compound_fen, base))
    return tuple(grown)


def _turn(state: LoanState, morning: date, bank: BankTerms) -> AccrualStopped | AccrualResumed | None:
    """Into non-accrual when the oldest unpaid row is overdue for so many days; back when nothing is and the class
    allows it."""
    if state.non_accrual:
        clear = not state.overdue and state.risk_class <= SPECIAL_MENTION
        return _resume(state, morning, bank) if clear else None
    if not state.overdue:
        return None
    days = (morning - state.rows[state.first_unpaid].due).days
    return stop_accrual(state, morning, bank) if days >= bank.non_accrual_days else None


def stop_accrual(state: LoanState, morning: date, bank: BankTerms) -> AccrualStopped:
    """转非应计 of a loan as it stands (also at a write-off)."""
    unpaid = state.rows[state.first_unpaid : state.fallen]
    overdue = sum(row.principal_fen_unpaid for row in state.rows[state.first_unpaid : state.lapsed])
    interest = sum(row.interest_fen_unpaid for row in unpaid)
    penalty = sum(row.penalty_fen_unpaid for row in unpaid)
    if state.misuse is not None:
        penalty += state.misuse.fen - state.misuse.fen_paid
    compound = sum(row.compound_fen_unpaid for row in unpaid)
    return AccrualStopped(
        on=morning,
        principal_fen_performing=state.principal_fen_outstanding - overdue,
        principal_fen_overdue=overdue,
        interest_fen_due=interest,
        penalty_fen_due=penalty,
        compound_fen_due=compound,
        accrued_fen=state.accrued_fen,
        vat_fen_deferred=state.vat_fen_deferred,
        vat_fen_receivable=vat_within(interest + penalty + compound, bank.vat_rate),
    )


def _resume(state: LoanState, morning: date, bank: BankTerms) -> AccrualResumed | None:
    """None while anything that fell due is unpaid, even within its grace."""
    if state.first_unpaid < state.fallen or (state.misuse is not None and state.misuse.fen > state.misuse.fen_paid):
        return None
    return AccrualResumed(
        on=morning,
        principal_fen=state.principal_fen_outstanding,
        accrued_fen=state.accrued_fen,
        vat_fen=vat_within(state.accrued_fen, bank.vat_rate),
        vat_fen_receivable=state.vat_fen_receivable,
    )
