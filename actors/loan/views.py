"""What is shown of a loan: answers to queries, and the typed columns that people search and the day's run selects.

Sums are as of the business date: days not closed yet are closed in thought (payoff.py), nothing is written.
"""

from datetime import date
from typing import Any, assert_never

from actors.loan import messages as m
from actors.loan.certificate import certificate
from actors.loan.contract import contract_no, costs, text_of
from actors.loan.messages_rare import GetSettlementCertificate
from actors.loan.payoff import as_of, payoff_quote
from actors.loan.repricing import repricing_after
from actors.loan.schedule import plan
from actors.loan.state import Instalment, LoanState
from actors.turn import Context, View


def respond(state: LoanState, query: m.LoanQuery, ctx: Context) -> View | None:
    """The view, or None when `GetLoan.until_not` names the present status or state of the repayment: then it waits."""
    match query:
        case m.GetLoan():
            waiting = query.until_not.split(",") if query.until_not else ()
            if not waiting_for(state).isdisjoint(waiting):
                return None
            return _loan(as_of(state, ctx), ctx)
        case m.GetContract():
            return _contract(state, ctx)
        case m.GetSchedule():
            return _schedule(as_of(state, ctx), ctx)
        case m.GetPayoffQuote():
            return payoff_quote(state, ctx.actor_id, ctx)
        case GetSettlementCertificate():
            return certificate(state, ctx.actor_id)
        case _:
            assert_never(query)


def waiting_for(state: LoanState) -> set[str]:
    """Words of which `GetLoan.until_not` may name some: status, and how repayment and refund stand."""
    return {state.status, state.repayment, state.refund_end} - {""}


def columns(state: LoanState) -> tuple[Any, ...]:
    """Order of `storage.contract.COLUMNS["loan"]`."""
    return (
        state.customer_id,
        state.terms.product,
        state.status,
        state.principal_fen_outstanding,
        next_due(state),
        state.closed_to,
    )


def next_due(state: LoanState) -> date | None:
    """When the day's run has something to do: due date of the oldest row that is not paid in full, or an earlier
    repricing day; None when nothing is to come."""
    if state.status not in ("active", "overdue", "reversing") or state.first_unpaid >= len(state.rows):
        return None
    due = state.rows[state.first_unpaid].due
    if state.terms.repricing == "fixed" or state.closed_to is None:
        return due
    return min(due, repricing_after(state, state.closed_to + date.resolution))


def overdue_days(state: LoanState, today: date) -> int:
    """Days since the due date of the oldest unpaid row, once its grace is over; a part payment resets nothing."""
    return (today - state.rows[state.first_unpaid].due).days if state.overdue else 0


def _loan(state: LoanState, ctx: Context) -> m.LoanView:
    terms, contract = state.terms, state.contract
    unpaid = state.rows[state.first_unpaid : state.fallen]
    misused = state.misuse.fen - state.misuse.fen_paid if state.misuse else 0
    return m.LoanView(
        loan_id=ctx.actor_id,
        bank=state.bank,
        customer_id=state.customer_id,
        product=terms.product,
        status=state.status,
        reason=state.reason,
        amount_fen=terms.amount_fen,
        periods=terms.plan.periods,
        method=terms.plan.method,
        annual_rate=str(terms.annual_rate),
        use_code=terms.use_code,
        disbursed_on=state.disbursed_on,
        matures_on=state.matures_on,
        disbursement_unknown=state.status == "disbursing" and state.disburse_effect in state.doubted,
        principal_fen_outstanding=state.principal_fen_outstanding,
        interest_fen_due=sum(row.interest_fen_unpaid for row in unpaid),
        penalty_fen_due=sum(row.penalty_fen_unpaid for row in unpaid) + misused,
        principal_fen_due=sum(row.principal_fen_unpaid for row in unpaid),
        principal_fen_repaid=state.principal_fen_repaid,
        interest_fen_repaid=state.interest_fen_repaid,
        penalty_fen_repaid=state.penalty_fen_repaid,
        suspense_fen=state.suspense_fen,
        overdue_days=overdue_days(state, ctx.business_date),
        next_due=next_due(state),
        repayment=state.repayment,
        incidents=state.incidents,
        contract_hash=contract.hash if contract else "",
        certificate_no=contract.certificate_no if contract else "",
        core_serial=state.core_serial,
        version=ctx.version,
        compound_fen_due=sum(row.compound_fen_unpaid for row in unpaid),
        compound_fen_repaid=state.compound_fen_repaid,
        fee_fen_repaid=state.fee_fen_repaid,
        waived_fen=state.principal_fen_waived
        + state.interest_fen_waived
        + state.penalty_fen_waived
        + state.compound_fen_waived,
        risk_class=state.risk_class,
        non_accrual=state.non_accrual,
        frozen=state.frozen,
        claim_fen=sum(state.claim.left) if state.claim else 0,
        refund=state.refund_end,
        account_masked=state.account_masked,
        misused_fen=state.misuse.amount_fen if state.misuse else 0,
        disputed=state.disputed,
        died_on=state.died_on,
        extended=state.extended,
        restructured_on=state.restructured_on,
        accelerated_on=state.accelerated_on,
    )


def _contract(state: LoanState, ctx: Context) -> m.ContractView:
    """Empty texts until there is a contract (drafting) or when there will be none (refused)."""
    contract = state.contract
    return m.ContractView(
        loan_id=ctx.actor_id,
        status=state.status,
        contract_no=contract_no(ctx.actor_id) if contract else "",
        text_zh=text_of(ctx.actor_id, state) if contract else "",
        contract_hash=contract.hash if contract else "",
        annual_rate=str(state.terms.annual_rate),
        irr_annual=contract.irr_annual if contract else "",
        costs=costs(state.contract_terms, contract) if contract else (),
    )


def _schedule(state: LoanState, ctx: Context) -> m.ScheduleView:
    """Before the pay-out: the schedule that a pay-out today would have."""
    rows = state.rows
    if not rows and state.contract is not None:
        rows = plan(state.terms, ctx.business_date, ctx.bank.holidays).rows
    balance = sum(row.principal_fen for row in rows)
    shown = []
    for index, row in enumerate(rows):
        balance -= row.principal_fen
        shown.append(
            m.InstalmentView(
                no=index + 1,
                due_date=row.due,
                principal_fen=row.principal_fen,
                interest_fen=row.interest_fen,
                penalty_fen=row.penalty_fen,
                paid_fen=row.principal_fen_paid + row.interest_fen_paid + row.penalty_fen_paid + row.compound_fen_paid,
                balance_fen_after=balance,
                status=_row_status(state, index, row),
                compound_fen=row.compound_fen,
            )
        )
    return m.ScheduleView(loan_id=ctx.actor_id, method=state.terms.plan.method, instalments=tuple(shown))


def _row_status(state: LoanState, index: int, row: Instalment) -> str:
    if index >= state.fallen:
        return "paid" if state.status == "settled" else "open"
    if not row.unpaid_fen:
        return "paid"
    return "overdue" if index < state.lapsed else "due"
