"""还款试算 before there is a loan: the schedule, cost and cost table that a product would give, by today's terms.

Nobody is asked and nothing is kept: a pure function of the bank's terms. What the product does not offer is refused as
at the contract; the rate is the latest LPR before the start plus the product's spread, unless one is asked for.
"""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from actors.bank import BankTerms, Product
from actors.codes import Code
from actors.loan.contract import TEMPLATE, Costs, costs
from actors.loan.messages import OpenContract
from actors.loan.opening import outside_product, terms_of
from actors.loan.repricing import at_rate, lpr_before
from actors.loan.schedule import Plan, plan
from actors.loan.state import Contract, Terms
from actors.schedule.annual_cost import irr_of
from actors.schedule.terms import Method
from actors.turn import Refused, View

START_DAYS_MAX: Final = 3 * 366
_BP = Decimal("0.0001")


class TrialRow(View, frozen=True, kw_only=True):
    no: int
    due_date: date
    principal_fen: int
    interest_fen: int
    payment_fen: int
    balance_fen_after: int


class ScheduleTrial(View, frozen=True, kw_only=True):
    """``instalment_fen`` 0 where the method has no equal one. ``irr_annual``: effective, by act/365."""

    product: str
    method: str
    amount_fen: int
    periods: int
    start: date
    matures_on: date
    annual_rate: str
    instalment_fen: int
    interest_fen_total: int
    irr_annual: str
    costs: Costs
    rows: tuple[TrialRow, ...]


def try_schedule(
    bank: BankTerms,
    business_date: date,
    *,
    product: str,
    amount_fen: int,
    periods: int,
    method: Method,
    start: date | None = None,
    due_day: int = 0,
    annual_rate: str = "",
) -> ScheduleTrial | Refused:
    """``start`` None: the business date. UNKNOWN_PRODUCT, OFF_SALE and what the product does not offer; BAD_RATE, also
    when no LPR is known; BAD_START when it lies more than three years from the business date."""
    sold = bank.products.get(product)
    if sold is None:
        return Refused(Code.UNKNOWN_PRODUCT, {"product": product})
    if not sold.on_sale:
        return Refused(Code.OFF_SALE, {"product": product})
    command = OpenContract(
        customer_id="",
        product=product,
        amount_fen=amount_fen,
        periods=periods,
        method=method,
        use_code=sold.uses[0] if sold.uses else "",
        due_day=due_day,
    )
    refused = outside_product(command, sold)
    if refused is not None and refused.code is not Code.BAD_USE:
        return refused
    begins = start or business_date
    if abs(begins - business_date) > timedelta(days=START_DAYS_MAX):
        return Refused(Code.BAD_START, {"business_date": business_date.isoformat()})
    rate = _rate(bank, sold, begins, annual_rate)
    terms = at_rate(terms_of(command, sold), rate) if rate is not None else None
    if terms is None:
        return Refused(Code.BAD_RATE, {"annual_rate": annual_rate[:32]})
    return _told(bank, sold, terms, begins, plan(terms, begins, bank.holidays))


def _rate(bank: BankTerms, product: Product, start: date, asked: str) -> Decimal | None:
    """The rate asked for, or the list price of the day; None for no number of 0..1 and when no LPR is known."""
    if not asked:
        lpr = lpr_before(bank, product.lpr_tenor, start)
        return None if lpr is None else lpr + product.lpr_spread_bp * _BP
    try:
        rate = Decimal(asked)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and 0 <= rate < 1 else None


def _told(bank: BankTerms, product: Product, terms: Terms, start: date, planned: Plan) -> ScheduleTrial:
    payments = [(row.due, row.principal_fen + row.interest_fen) for row in planned.rows]
    irr = str(irr_of(start, terms.amount_fen, payments))
    contract = Contract(TEMPLATE, start, bank.name_zh, product.name_zh, "", irr)
    balance, rows = terms.amount_fen, list[TrialRow]()
    for no, row in enumerate(planned.rows, 1):
        balance -= row.principal_fen
        rows.append(
            TrialRow(
                no=no,
                due_date=row.due,
                principal_fen=row.principal_fen,
                interest_fen=row.interest_fen,
                payment_fen=row.principal_fen + row.interest_fen,
                balance_fen_after=balance,
            )
        )
    return ScheduleTrial(
        product=product.code,
        method=terms.plan.method,
        amount_fen=terms.amount_fen,
        periods=terms.plan.periods,
        start=start,
        matures_on=planned.rows[-1].due,
        annual_rate=format(terms.annual_rate.normalize(), "f"),
        instalment_fen=planned.instalment_fen,
        interest_fen_total=sum(row.interest_fen for row in planned.rows),
        irr_annual=irr,
        costs=costs(terms, contract),
        rows=tuple(rows),
    )
