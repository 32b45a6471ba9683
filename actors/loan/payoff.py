"""还款试算: what settles the loan today, pinned to one business date and one version of the debt."""

from datetime import date, timedelta

from actors.loan.allocation import COMPOUND, INTEREST, PENALTY, due_of, payoff_fen
from actors.loan.close import close
from actors.loan.messages import PayoffQuote
from actors.loan.prepayment import fee_fen, fee_rate_e10
from actors.loan.state import LoanState
from actors.turn import Context

ONE_DAY = timedelta(days=1)


def as_of(state: LoanState, ctx: Context) -> LoanState:
    """The loan as it stands at the start of the business date, earlier days closed in thought: interest is a function
    of time, so a query on a loan that nobody has touched for weeks shows what is owed today."""
    if state.status not in ("active", "overdue"):
        return state
    return close(state, ctx.business_date - ONE_DAY, ctx.bank)[1]


def quote_of(state: LoanState, today: date) -> str:
    """The quote's name; ``state`` with the days before ``today`` closed. Another payment or day gives another."""
    return f"{today:%Y%m%d}-{state.money_version}-{payoff_fen(state, today)}"


def payoff_quote(state: LoanState, loan_id: str, ctx: Context) -> PayoffQuote:
    """A loan that is not being repaid owes nothing and gets no quote ("")."""
    today = as_of(state, ctx)
    owing = today.status in ("active", "overdue")
    day = ctx.business_date
    due = due_of(today)
    return PayoffQuote(
        loan_id=loan_id,
        quote=quote_of(today, ctx.business_date) if owing else "",
        business_date=ctx.business_date,
        principal_fen=today.principal_fen_outstanding if owing else 0,
        interest_fen=today.accrued_fen + sum(row[1 + INTEREST] for row in due) if owing else 0,
        penalty_fen=sum(row[1 + PENALTY] for row in due) if owing else 0,
        compound_fen=sum(row[1 + COMPOUND] for row in due) if owing else 0,
        fee_fen=fee_fen(today.balance_fen, fee_rate_e10(today, day)) if owing else 0,
        total_fen=payoff_fen(today, day) if owing else 0,
    )
