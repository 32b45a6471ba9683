"""挪用: a part of the principal is used for what is forbidden and bears the misuse rate from the day of misuse on.

What the schedule and the penalty for arrears charge anyway counts towards it: the heavier rate alone. Past days are
charged at once, row by row as it was due then; draws of the customer stop.
"""

from datetime import date
from itertools import pairwise

from actors.codes import Code
from actors.loan.approval import begin
from actors.loan.events_rare import MisuseMarked
from actors.loan.interest import micro_between, vat_within
from actors.loan.messages import AcceptedView
from actors.loan.messages_rare import MarkMisuse
from actors.loan.state import MICRO_PER_FEN, LoanState
from actors.schedule.rounding import round_ratio
from actors.turn import Context, Decision, Refused


def mark_misuse(state: LoanState, command: MarkMisuse, ctx: Context) -> Decision:
    begun = begin(state, command, ctx)
    if isinstance(begun, Refused):
        return begun
    course, approval = begun
    state, today = course.state, ctx.business_date
    if state.misuse is not None:
        return Refused(Code.MISUSE_MARKED, {"amount_fen": state.misuse.amount_fen})
    if not 0 < command.amount_fen <= state.principal_fen_outstanding:
        return Refused(Code.BAD_AMOUNT, {"principal_fen_outstanding": state.principal_fen_outstanding})
    if command.from_date > today:
        return Refused(Code.DATE_NOT_OPEN, {"business_date": today.isoformat()})
    assert state.disbursed_on is not None
    if command.from_date < state.disbursed_on:
        return Refused(Code.BEFORE_DISBURSEMENT, {"disbursed_on": state.disbursed_on.isoformat()})
    micro = charged_micro(state, command.amount_fen, command.from_date, today)
    penalty = round_ratio(micro, MICRO_PER_FEN, state.terms.plan.rounding)
    booked, vat_rate = state.penalty_fen_booked, ctx.bank.vat_rate
    vat = 0 if state.non_accrual else vat_within(booked + penalty, vat_rate) - vat_within(booked, vat_rate)
    course.add(
        MisuseMarked(
            on=today,
            approval=approval,
            amount_fen=command.amount_fen,
            from_date=command.from_date,
            micro=micro,
            penalty_fen=penalty,
            vat_fen=vat,
        )
    )
    return course.accepted(AcceptedView(loan_id=ctx.actor_id, status=course.state.status))


def charged_micro(state: LoanState, amount_fen: int, since: date, until: date) -> int:
    """Extra penalty for the days since..until (exclusive) at the rates in force now, in micro-yuan.

    The misused sum is outstanding still, so it was all that time; of it, what had not fallen due bears the misuse rate
    less the contract rate, the rest what the misuse rate is over the penalty rate.
    """
    terms = state.terms
    count, over_contract = terms.plan.day_count, terms.misuse_e10 - terms.annual_e10
    over_penalty = max(0, terms.misuse_e10 - terms.penalty_e10)
    cuts = sorted({since, until, *(row.due for row in state.rows if since < row.due < until)})
    micro = 0
    for start, end in pairwise(cuts):
        later = sum(row.principal_fen_unpaid for row in state.rows[: state.fallen] if row.due > start)
        not_due = min(amount_fen, state.balance_fen + later)
        micro += micro_between(not_due, over_contract, start, end, count)
        micro += micro_between(amount_fen - not_due, over_penalty, start, end, count)
    return micro
