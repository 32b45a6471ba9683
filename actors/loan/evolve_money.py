"""The events that move a loan's sums every day: pay-out, close of days, accrual status, repayment. The hot path."""

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from actors.loan.events import AccrualResumed, AccrualStopped, DayClosed, Disbursed, Part, Repaid
from actors.loan.interest import after_due, micro_as_of, running
from actors.loan.penalty import compound_micro_as_of, misuse_micro_as_of, penalty_micro_as_of
from actors.loan.state import Instalment, LoanState, Misuse

ONE_DAY = timedelta(days=1)


def disbursed(state: LoanState, event: Disbursed) -> LoanState:
    return replace(
        state,
        status="active",
        reason="",
        rows=event.rows,
        instalment_fen=event.instalment_fen,
        balance_fen=event.amount_fen,
        principal_fen_outstanding=event.amount_fen,
        disbursed_on=event.core_date,
        matures_on=event.rows[-1].due,
        closed_to=event.core_date - ONE_DAY,
        segment_from=event.core_date,
        core_serial=event.core_serial,
        money_version=state.money_version + 1,
    )


def closed(state: LoanState, event: DayClosed) -> LoanState:
    rows = _rows_after_close(state, event)
    change: dict[str, Any] = {}
    if event.due:
        run = running(state)
        for _ in event.due:
            run = after_due(state, run)
        change = {
            "fallen": run.no,
            "balance_fen": run.balance_fen,
            "segment_from": run.since,
            "segment_micro": run.micro,
        }
    if state.misuse is not None:
        change["misuse"] = _misuse_after_close(state, event)
    if event.risk_class:
        change["risk_class"] = event.risk_class
    lapsed = max(state.lapsed, event.lapsed_to)
    first_unpaid = first_unpaid_of(rows, state.first_unpaid, change.get("fallen", state.fallen))
    overdue = first_unpaid < lapsed
    if overdue:
        change["clear_since"] = None
    extra = (
        event.misuse_fen + sum(p.penalty_fen for p in event.penalties) + sum(c.compound_fen for c in event.compounds)
    )
    due_vat = sum(due.vat_fen for due in event.due)
    return replace(
        state,
        rows=rows,
        closed_to=event.to_date,
        accrued_fen=state.accrued_fen + event.accrued_fen - sum(due.interest_fen for due in event.due),
        vat_fen_deferred=state.vat_fen_deferred + event.accrued_vat_fen - due_vat,
        vat_fen_output=state.vat_fen_output + due_vat + event.penalty_vat_fen,
        penalty_fen_booked=state.penalty_fen_booked + (0 if state.non_accrual else extra),
        allowance_fen=state.allowance_fen + event.provision_fen,
        lapsed=lapsed,
        first_unpaid=first_unpaid,
        status="overdue" if overdue else "active",
        **change,
    )


def _rows_after_close(state: LoanState, event: DayClosed) -> tuple[Instalment, ...]:
    if not (event.penalties or event.lapsed or event.compounds):
        return state.rows
    rows = list(state.rows)
    for lapse in event.lapsed:
        row = rows[lapse.no - 1]
        if row.principal_fen_unpaid:
            row = replace(row, penalty_from=row.due)
        rows[lapse.no - 1] = row
    for penalty in event.penalties:
        row = rows[penalty.no - 1]
        rows[penalty.no - 1] = replace(row, penalty_fen=row.penalty_fen + penalty.penalty_fen)
    for grown in event.compounds:
        row, morning = rows[grown.no - 1], event.to_date + ONE_DAY
        if grown.base_fen != row.compound_base_fen:
            micro = compound_micro_as_of(row, morning, state)
            row = replace(row, compound_base_fen=grown.base_fen, compound_micro=micro, compound_from=morning)
        rows[grown.no - 1] = replace(row, compound_fen=row.compound_fen + grown.compound_fen)
    return tuple(rows)


def _misuse_after_close(state: LoanState, event: DayClosed) -> Misuse:
    """Booked; and a new stretch when rows fell due, since what is not due has changed."""
    misuse = state.misuse
    assert misuse is not None
    morning = event.to_date + ONE_DAY
    if event.due:
        misuse = replace(misuse, micro=misuse_micro_as_of(state, morning), segment_from=morning)
    return replace(misuse, fen=misuse.fen + event.misuse_fen)


def stopped(state: LoanState, event: AccrualStopped) -> LoanState:
    return replace(
        state,
        non_accrual=True,
        vat_fen_deferred=state.vat_fen_deferred - event.vat_fen_deferred,
        vat_fen_receivable=state.vat_fen_receivable + event.vat_fen_receivable,
    )


def resumed(state: LoanState, event: AccrualResumed) -> LoanState:
    return replace(
        state,
        non_accrual=False,
        vat_fen_deferred=event.vat_fen,
        vat_fen_receivable=state.vat_fen_receivable - event.vat_fen_receivable,
    )


def first_unpaid_of(rows: tuple[Instalment, ...], index: int, fallen: int) -> int:
    """The first row from ``index`` on that fell due and of which anything is unpaid; ``fallen`` if there is none."""
    while index < fallen and not rows[index].unpaid_fen:
        index += 1
    return index


def repaid(state: LoanState, event: Repaid) -> LoanState:
    rows = state.rows
    first_unpaid = state.first_unpaid
    change: dict[str, Any] = {}
    if event.parts or event.interest_fen_accrued or event.replanned is not None:
        changed = list(rows)
        for part in event.parts:
            if part.no:
                changed[part.no - 1] = row_after(state, changed[part.no - 1], part, event.value_date)
        if event.interest_fen_accrued:
            _early_interest(changed, state.fallen, event.interest_fen_accrued)
        if event.replanned is not None:
            change = _prepaid(state, event, changed)
        rows = tuple(changed)
        first_unpaid = first_unpaid_of(rows, first_unpaid, state.fallen)
    if state.misuse is not None:
        change["misuse"] = misuse_after(state, event.parts, event.principal_fen, event.value_date)
    if event.effect_id:
        change["debit"] = None
        change["repayment"] = "repaid"
    if event.core_serial:
        same_day = state.serials_on == event.core_date
        change["serials"] = (*state.serials, event.core_serial) if same_day else (event.core_serial,)
        change["serials_on"] = event.core_date
    status = state.status
    if status == "overdue" and first_unpaid >= state.lapsed:
        status = "active"
        change["clear_since"] = event.value_date
        change["clear_fallen"] = state.fallen
    vat_deferred = 0 if state.non_accrual else event.vat_fen
    return replace(
        state,
        status=status,
        rows=rows,
        first_unpaid=first_unpaid,
        accrued_fen=state.accrued_fen - event.interest_fen_accrued,
        vat_fen_deferred=state.vat_fen_deferred - vat_deferred,
        vat_fen_output=state.vat_fen_output + event.vat_fen - event.vat_fen_receivable + event.fee_vat_fen,
        vat_fen_receivable=state.vat_fen_receivable - event.vat_fen_receivable,
        principal_fen_outstanding=state.principal_fen_outstanding - event.principal_fen,
        principal_fen_repaid=state.principal_fen_repaid + event.principal_fen,
        interest_fen_repaid=state.interest_fen_repaid + event.interest_fen,
        penalty_fen_repaid=state.penalty_fen_repaid + event.penalty_fen,
        compound_fen_repaid=state.compound_fen_repaid + event.compound_fen,
        fee_fen_repaid=state.fee_fen_repaid + event.fee_fen,
        suspense_fen=state.suspense_fen + event.suspense_fen,
        restore_fen_waiting=state.restore_fen_waiting + event.principal_fen,
        money_version=state.money_version + 1,
        **change,
    )


def _early_interest(rows: list[Instalment], fallen: int, fen: int) -> None:
    """Accrued interest of the running row is paid. A row in interest grace is billed what was paid of it, and the row
    that it is deferred into is billed so much less."""
    row = rows[fallen]
    paid = row.interest_fen_paid + fen
    extra = paid - row.interest_fen
    rows[fallen] = replace(row, interest_fen_paid=paid, interest_fen=max(row.interest_fen, paid))
    index = fallen + 1
    while extra > 0 and index < len(rows):
        less = min(extra, rows[index].interest_fen)
        rows[index] = replace(rows[index], interest_fen=rows[index].interest_fen - less)
        extra -= less
        index += 1


def row_after(state: LoanState, row: Instalment, part: Part, value_date: date) -> Instalment:
    """A row that fell due after ``part`` was paid (or waived) of it. What the paid principal and interest bore ends
    with the value date."""
    micro, start = row.penalty_micro, row.penalty_from
    compound_micro, compound_from, base = row.compound_micro, row.compound_from, row.compound_base_fen
    if part.no <= state.lapsed:
        if part.principal_fen:
            micro, start = penalty_micro_as_of(row, value_date, state), value_date
        if state.terms.compound_on != "off":
            compound_micro, compound_from = compound_micro_as_of(row, value_date, state), value_date
            left = row.penalty_fen_unpaid - part.penalty_fen + row.compound_fen_unpaid - part.compound_fen
            base = min(base, left)
    return Instalment(
        row.due,
        row.principal_fen,
        row.interest_fen,
        row.principal_fen_paid + part.principal_fen,
        row.interest_fen_paid + part.interest_fen,
        row.penalty_fen,
        row.penalty_fen_paid + part.penalty_fen,
        micro,
        start,
        row.compound_fen,
        row.compound_fen_paid + part.compound_fen,
        compound_micro,
        compound_from,
        base,
    )


def misuse_after(state: LoanState, parts: tuple[Part, ...], principal_fen: int, value_date: date) -> Misuse:
    """The misused balance after a repayment or waiver: row 0 of ``parts``, and a new stretch if principal changed."""
    misuse = state.misuse
    assert misuse is not None
    paid = sum(part.penalty_fen for part in parts if part.no == 0)
    if principal_fen:
        misuse = replace(misuse, micro=misuse_micro_as_of(state, value_date), segment_from=value_date)
    return replace(misuse, fen_paid=misuse.fen_paid + paid)


def _prepaid(state: LoanState, event: Repaid, rows: list[Instalment]) -> dict[str, Any]:
    """Replace the rows from the running period on, in ``rows``; what else a prepayment of principal changes."""
    assert event.replanned is not None
    fallen = state.fallen
    left = rows[fallen:]
    interest_paid = left[0].interest_fen_paid
    del rows[fallen:]
    for index, row in enumerate(event.replanned):
        paid = interest_paid if index == 0 else 0
        rows.append(Instalment(left[index].due, row.principal_fen, row.interest_fen, 0, paid))
    return {
        "balance_fen": state.balance_fen - event.principal_fen_prepaid,
        "segment_micro": micro_as_of(state, event.value_date),
        "segment_from": event.value_date,
        "instalment_fen": event.instalment_fen,
        "matures_on": rows[-1].due if event.replanned and event.replanned[-1].principal_fen else state.matures_on,
    }
