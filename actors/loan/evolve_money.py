"""The three events that move a loan's sums: pay-out, close of days, repayment. Part of evolve.py, and the hot path."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from actors.loan.close import penalty_micro_as_of, rows_lapsed
from actors.loan.events import DayClosed, Disbursed, Repaid
from actors.loan.interest import micro_as_of
from actors.loan.state import Instalment, LoanState

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
    rows = state.rows
    if event.penalties or event.lapsed:
        changed = list(rows)
        for lapse in event.lapsed:
            row = changed[lapse.no - 1]
            if row.principal_fen_unpaid:
                changed[lapse.no - 1] = replace(row, penalty_from=row.due)
        for penalty in event.penalties:
            row = changed[penalty.no - 1]
            changed[penalty.no - 1] = replace(row, penalty_fen=row.penalty_fen + penalty.penalty_fen)
        rows = tuple(changed)
    change: dict[str, Any] = {}
    if event.due:
        last = rows[event.due[-1].no - 1]
        change = {
            "fallen": event.due[-1].no,
            "balance_fen": state.balance_fen - sum(due.principal_fen for due in event.due),
            "segment_from": last.due,
            "segment_micro": 0,
        }
    fallen = change.get("fallen", state.fallen)
    lapsed = rows_lapsed(state, event.to_date, fallen)
    first_unpaid = _first_unpaid(rows, state.first_unpaid, fallen)
    return replace(
        state,
        rows=rows,
        closed_to=event.to_date,
        accrued_fen=state.accrued_fen + event.accrued_fen - sum(due.interest_fen for due in event.due),
        vat_fen_deferred=state.vat_fen_deferred + event.accrued_vat_fen - sum(due.vat_fen for due in event.due),
        penalty_fen_booked=state.penalty_fen_booked + sum(p.penalty_fen for p in event.penalties),
        lapsed=lapsed,
        first_unpaid=first_unpaid,
        status="overdue" if first_unpaid < lapsed else "active",
        **change,
    )


def _first_unpaid(rows: tuple[Instalment, ...], index: int, fallen: int) -> int:
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
            changed[part.no - 1] = _row_after(state, changed[part.no - 1], part.no, part, event)
        if event.interest_fen_accrued:
            row = changed[state.fallen]
            changed[state.fallen] = replace(row, interest_fen_paid=row.interest_fen_paid + event.interest_fen_accrued)
        if event.replanned is not None:
            change = _prepaid(state, event, changed)
        rows = tuple(changed)
        first_unpaid = _first_unpaid(rows, first_unpaid, state.fallen)
    if event.effect_id:
        change["debit"] = None
        change["repayment"] = "repaid"
    status = state.status
    if status == "overdue" and first_unpaid >= state.lapsed:
        status = "active"
    return replace(
        state,
        status=status,
        rows=rows,
        first_unpaid=first_unpaid,
        accrued_fen=state.accrued_fen - event.interest_fen_accrued,
        vat_fen_deferred=state.vat_fen_deferred - event.vat_fen,
        principal_fen_outstanding=state.principal_fen_outstanding - event.principal_fen,
        principal_fen_repaid=state.principal_fen_repaid + event.principal_fen,
        interest_fen_repaid=state.interest_fen_repaid + event.interest_fen,
        penalty_fen_repaid=state.penalty_fen_repaid + event.penalty_fen,
        suspense_fen=state.suspense_fen + event.suspense_fen,
        restore_fen_waiting=state.restore_fen_waiting + event.principal_fen,
        money_version=state.money_version + 1,
        **change,
    )


def _row_after(state: LoanState, row: Instalment, no: int, part: Any, event: Repaid) -> Instalment:
    """A row that fell due after ``part`` was paid of it. The penalty of paid principal ends with the value date."""
    micro, start = row.penalty_micro, row.penalty_from
    if part.principal_fen and no <= state.lapsed:
        micro, start = penalty_micro_as_of(row, event.value_date, state), event.value_date
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
    )


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
