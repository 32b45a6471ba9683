"""How the rarer events change a loan: waiver, write-off and recovery, new plans, misuse, class, standing, refund."""

from decimal import Decimal
from typing import Any, assert_never

from msgspec.structs import replace

from actors.loan import events_rare as e
from actors.loan.events import Repaid
from actors.loan.evolve_money import first_unpaid_of, repaid
from actors.loan.interest import micro_as_of
from actors.loan.penalty import misuse_micro_as_of
from actors.loan.repricing import segmented
from actors.loan.state import Claim, Debit, Instalment, LoanState, Misuse


def rarely(state: LoanState, event: e.RareEvent) -> LoanState:
    match event:
        case e.Waived():
            return _waived(state, event)
        case e.WrittenOff():
            return _written_off(state, event)
        case e.Recovered():
            return _recovered(state, event)
        case e.Extended():
            return _extended(state, event)
        case e.Restructured():
            return _restructured(state, event)
        case e.Accelerated():
            return _accelerated(state, event)
        case e.MisuseMarked():
            return _misused(state, event)
        case e.Reclassified():
            return replace(
                state,
                risk_class=event.risk_class,
                class_floor=event.risk_class,
                class_floor_until=event.until,
                allowance_fen=state.allowance_fen + event.provision_fen,
            )
        case e.AllowanceSet():
            return replace(state, ecl_fen=event.ecl_fen, allowance_fen=state.allowance_fen + event.provision_fen)
        case _:
            return _standing(state, event)


def _standing(
    state: LoanState,
    event: e.AccountChangeRequested
    | e.AccountChanged
    | e.LoanFrozen
    | e.LoanUnfrozen
    | e.RefundRequested
    | e.SuspenseRefunded
    | e.RefundFailed
    | e.DisputeMarked
    | e.DeathRecorded,
) -> LoanState:
    match event:
        case e.AccountChangeRequested():
            return state
        case e.AccountChanged():
            return replace(state, account_sealed=event.account_sealed, account_masked=event.account_masked)
        case e.LoanFrozen():
            return replace(state, frozen=event.document_no)
        case e.LoanUnfrozen():
            return replace(state, frozen="")
        case e.RefundRequested():
            pending = Debit(effect_id=event.effect_id, kind="refund", amount_fen=event.amount_fen, on=event.on)
            return replace(state, refund=pending, refund_end="refunding")
        case e.SuspenseRefunded():
            suspense = state.suspense_fen - event.amount_fen
            return replace(state, suspense_fen=suspense, refund=None, refund_end="refunded")
        case e.RefundFailed():
            return replace(state, refund=None, refund_end="refund_failed", reason=event.code)
        case e.DisputeMarked():
            return replace(state, disputed=event.note)
        case e.DeathRecorded():
            return replace(state, died_on=event.died_on)
        case _:
            assert_never(event)


def _waived(state: LoanState, event: e.Waived) -> LoanState:
    """Rows move as by a repayment of nothing; sums count as waived, the line does not get them back."""
    if event.claim:
        claim = _met(state, event)
        given_up = zip(claim.waived, _sums(event), strict=True)
        waived = tuple(before + fen for before, fen in given_up)
        return replace(
            state,
            claim=replace(claim, waived=waived),
            money_version=state.money_version + 1,
        )
    moved = repaid(
        state,
        Repaid(
            amount_fen=0,
            principal_fen=event.principal_fen,
            interest_fen=event.interest_fen,
            penalty_fen=event.penalty_fen,
            compound_fen=event.compound_fen,
            source="waiver",
            value_date=event.on,
            core_date=event.on,
            core_serial="",
            parts=event.parts,
            interest_fen_accrued=event.interest_fen_accrued,
            principal_fen_prepaid=event.principal_fen_not_due,
            instalment_fen=event.instalment_fen,
            replanned=event.replanned,
        ),
    )
    return replace(
        moved,
        vat_fen_deferred=state.vat_fen_deferred - event.vat_fen_deferred,
        vat_fen_output=state.vat_fen_output - event.vat_fen,
        allowance_fen=state.allowance_fen + event.provision_fen - event.principal_fen,
        principal_fen_repaid=state.principal_fen_repaid,
        interest_fen_repaid=state.interest_fen_repaid,
        penalty_fen_repaid=state.penalty_fen_repaid,
        compound_fen_repaid=state.compound_fen_repaid,
        principal_fen_waived=state.principal_fen_waived + event.principal_fen,
        interest_fen_waived=state.interest_fen_waived + event.interest_fen,
        penalty_fen_waived=state.penalty_fen_waived + event.penalty_fen,
        compound_fen_waived=state.compound_fen_waived + event.compound_fen,
        restore_fen_waiting=state.restore_fen_waiting,
        lost_fen_waiting=state.lost_fen_waiting + event.principal_fen,
    )


def _written_off(state: LoanState, event: e.WrittenOff) -> LoanState:
    """Nothing is due, accrues or is outstanding any more; the rows stay as they were, for people."""
    end = len(state.rows)
    return replace(
        state,
        status="written_off",
        claim=Claim(event.on, event.principal_fen, event.interest_fen, event.penalty_fen, event.compound_fen),
        fallen=end,
        lapsed=end,
        first_unpaid=end,
        balance_fen=0,
        accrued_fen=0,
        principal_fen_outstanding=0,
        allowance_fen=state.allowance_fen + event.provision_fen - event.principal_fen,
        misuse=None,
        money_version=state.money_version + 1,
    )


def _recovered(state: LoanState, event: e.Recovered) -> LoanState:
    """What is recovered is counted in the claim, not among the repayments."""
    change: dict[str, Any] = {}
    if event.effect_id:
        change = {"debit": None, "repayment": "repaid"}
    if event.core_serial:
        same_day = state.serials_on == event.core_date
        change["serials"] = (*state.serials, event.core_serial) if same_day else (event.core_serial,)
        change["serials_on"] = event.core_date
    return replace(
        state,
        claim=_met(state, event),
        allowance_fen=state.allowance_fen + event.principal_fen,
        vat_fen_output=state.vat_fen_output + event.vat_fen - event.vat_fen_receivable,
        vat_fen_receivable=state.vat_fen_receivable - event.vat_fen_receivable,
        suspense_fen=state.suspense_fen + event.suspense_fen,
        money_version=state.money_version + 1,
        **change,
    )


def _sums(event: e.Waived | e.Recovered) -> tuple[int, int, int, int]:
    return event.principal_fen, event.interest_fen, event.penalty_fen, event.compound_fen


def _met(state: LoanState, event: e.Waived | e.Recovered) -> Claim:
    claim = state.claim
    assert claim is not None
    return replace(
        claim,
        principal_fen_met=claim.principal_fen_met + event.principal_fen,
        interest_fen_met=claim.interest_fen_met + event.interest_fen,
        penalty_fen_met=claim.penalty_fen_met + event.penalty_fen,
        compound_fen_met=claim.compound_fen_met + event.compound_fen,
    )


def _extended(state: LoanState, event: e.Extended) -> LoanState:
    misuse = state.misuse
    if misuse is not None:
        misuse = replace(misuse, micro=misuse_micro_as_of(state, event.on), segment_from=event.on)
    rows = state.rows[: state.fallen] + event.rows
    terms = replace(
        state.terms,
        plan=replace(state.terms.plan, periods=event.periods),
        annual_rate=Decimal(event.annual_rate),
        annual_e10=event.annual_e10,
        penalty_e10=event.penalty_e10,
        misuse_e10=event.misuse_e10,
    )
    return replace(
        state,
        terms=terms,
        signed_terms=state.contract_terms,
        rows=rows,
        misuse=misuse,
        instalment_fen=event.instalment_fen,
        segment_micro=micro_as_of(state, event.split_on),
        segment_from=event.split_on,
        matures_on=rows[-1].due,
        extended=event.added,
        money_version=state.money_version + 1,
    )


def _restructured(state: LoanState, event: e.Restructured) -> LoanState:
    """Rows that had fallen due keep what was paid of them; what moved into the new plan is taken off them."""
    old = [_carried(state, index, event) for index in range(state.fallen)]
    rows = (*old, *event.rows)
    capital = event.interest_fen + event.penalty_fen + event.compound_fen
    misuse = state.misuse
    if misuse is not None:
        misuse = replace(misuse, micro=misuse_micro_as_of(state, event.on), segment_from=event.on)
        misuse = replace(misuse, fen_paid=misuse.fen) if event.capitalised else misuse
    first_unpaid = first_unpaid_of(rows, state.first_unpaid, state.fallen)
    change: dict[str, Any] = {}
    if state.status == "overdue" and first_unpaid >= state.lapsed:
        change = {"status": "active", "clear_since": event.on, "clear_fallen": state.fallen}
    return replace(
        state,
        terms=event.terms,
        signed_terms=state.contract_terms,
        rows=rows,
        misuse=misuse,
        first_unpaid=first_unpaid,
        plan_offset=state.fallen,
        instalment_fen=event.instalment_fen,
        balance_fen=state.balance_fen + event.principal_fen_moved + capital,
        principal_fen_outstanding=state.principal_fen_outstanding + capital,
        principal_fen_capitalised=state.principal_fen_capitalised + capital,
        restore_fen_waiting=state.restore_fen_waiting - capital,
        segment_micro=micro_as_of(state, event.on),
        segment_from=event.on,
        matures_on=rows[-1].due,
        extended=0,
        restructured_on=event.on,
        risk_class=event.risk_class,
        class_floor=event.class_floor,
        class_floor_until=event.class_floor_until,
        allowance_fen=state.allowance_fen + event.provision_fen,
        money_version=state.money_version + 1,
        **change,
    )


def _carried(state: LoanState, index: int, event: e.Restructured) -> Instalment:
    """What an old row bore up to now is an earlier stretch; what moves away from it bears nothing more here."""
    row = state.rows[index]
    if index < state.first_unpaid:
        return row
    if index < state.lapsed:
        row = segmented(state, row, event.on)
    if event.principal_fen_moved:
        row = replace(row, principal_fen=row.principal_fen_paid)
    if event.capitalised:
        row = replace(
            row,
            interest_fen=row.interest_fen_paid,
            penalty_fen=row.penalty_fen_paid,
            compound_fen=row.compound_fen_paid,
            compound_base_fen=0,
        )
    return row


def _accelerated(state: LoanState, event: e.Accelerated) -> LoanState:
    running = state.rows[state.fallen]
    paid = running.interest_fen_paid
    last = Instalment(event.on, event.principal_fen, event.interest_fen + paid, 0, paid)
    misuse = state.misuse
    if misuse is not None:
        misuse = replace(misuse, micro=misuse_micro_as_of(state, event.on), segment_from=event.on)
    return replace(
        state,
        rows=(*state.rows[: state.fallen], last),
        misuse=misuse,
        fallen=event.no,
        balance_fen=0,
        accrued_fen=0,
        vat_fen_deferred=state.vat_fen_deferred - event.vat_fen,
        vat_fen_output=state.vat_fen_output + event.vat_fen,
        segment_from=event.on,
        segment_micro=0,
        matures_on=event.on,
        accelerated_on=event.on,
        money_version=state.money_version + 1,
    )


def _misused(state: LoanState, event: e.MisuseMarked) -> LoanState:
    booked = 0 if state.non_accrual else event.penalty_fen
    return replace(
        state,
        misuse=Misuse(event.amount_fen, event.on, event.micro, event.penalty_fen),
        penalty_fen_booked=state.penalty_fen_booked + booked,
        vat_fen_output=state.vat_fen_output + event.vat_fen,
        money_version=state.money_version + 1,
    )
