"""From the request for a contract to the contract: product terms, then the customer's rate and room on the line."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from actors.bank import BankTerms, Product
from actors.codes import Code
from actors.customer.messages import CheckDraw
from actors.loan.contract import draw
from actors.loan.course import Course
from actors.loan.events import ContractDrawn, ContractRefused, ContractRequested
from actors.loan.evolve import evolve
from actors.loan.messages import AcceptedView, OpenContract
from actors.loan.repricing import at_rate, lpr_before
from actors.loan.schedule import plan
from actors.loan.state import Terms
from actors.schedule.terms import PlanTerms, Unit
from actors.turn import Accepted, Context, Decision, Refused

FREQUENCIES: Final[dict[str, tuple[int, Unit]]] = {
    "monthly": (1, "month"),
    "biweekly": (2, "week"),
    "quarterly": (3, "month"),
}


class DrawTerms(Struct, frozen=True):
    """What the customer answers (`DrawTermsView`)."""

    annual_rate: str
    account_sealed: bytes
    name_sealed: bytes
    identity_sealed: bytes
    birth_date: date


def open_contract(command: OpenContract, ctx: Context) -> Decision:
    """Refused for what the product does not offer; else the customer is asked and the loan is drafting."""
    product = ctx.bank.products.get(command.product)
    if product is None:
        return Refused(Code.UNKNOWN_PRODUCT, {"product": command.product})
    if not product.on_sale:
        return Refused(Code.OFF_SALE, {"product": command.product})
    refused = outside_product(command, product)
    if refused is not None:
        return refused
    requested = ContractRequested(bank=ctx.bank.code, customer_id=command.customer_id, terms=terms_of(command, product))
    course = Course(evolve(None, requested), ctx)
    check = CheckDraw(product=command.product, loan_id=ctx.actor_id, amount_fen=command.amount_fen)
    course.ask_actor(command.customer_id, check)
    return Accepted((requested, *course.events), AcceptedView(loan_id=ctx.actor_id, status="drafting"))


def outside_product(command: OpenContract, product: Product) -> Refused | None:
    amount = command.amount_fen
    if amount <= 0 or amount % product.amount_fen_step:
        return Refused(Code.BAD_AMOUNT, {"amount_fen": amount, "step_fen": product.amount_fen_step})
    if not product.amount_fen_min <= amount <= product.amount_fen_max:
        return Refused(Code.AMOUNT_OUT_OF_RANGE, {"min_fen": product.amount_fen_min, "max_fen": product.amount_fen_max})
    periods_min = max(product.periods_min, product.principal_grace + 1, product.interest_grace + 1)
    if not periods_min <= command.periods <= product.periods_max:
        return Refused(Code.BAD_PERIODS, {"min": periods_min, "max": product.periods_max})
    if command.method not in product.methods:
        return Refused(Code.BAD_METHOD, {"methods": list(product.methods)})
    if command.use_code not in product.uses:
        return Refused(Code.BAD_USE, {"uses": list(product.uses)})
    if not 0 <= command.due_day <= 31:
        return Refused(Code.BAD_DUE_DAY, {"due_day": command.due_day})
    return None


def terms_of(command: OpenContract, product: Product) -> Terms:
    return Terms(
        product=product.code,
        amount_fen=command.amount_fen,
        use_code=command.use_code,
        plan=_plan_terms(command, product),
        grace_days=product.grace_days,
        penalty_factor=product.penalty_factor,
        prepay_fen_min=product.prepay_fen_min,
        age_min=product.age_min,
        age_at_maturity_max=product.age_at_maturity_max,
        revolving=product.revolving,
        misuse_factor=product.misuse_factor,
        compound_on=product.compound_on,
        compound_months=product.compound_months,
        compound_rate=product.compound_rate,
        allocation=product.allocation,
        allocation_overdue=product.allocation_overdue,
        prepay_fen_step=product.prepay_fen_step,
        prepay_fees=product.prepay_fees,
        repricing=product.repricing,
        lpr_tenor=product.lpr_tenor,
        spread_bp=product.lpr_spread_bp,
    )


def _plan_terms(command: OpenContract, product: Product) -> PlanTerms:
    every, unit = FREQUENCIES[product.frequency]
    return PlanTerms(
        method=command.method,
        periods=command.periods,
        due_day=command.due_day,
        every=every,
        unit=unit,
        day_count=product.day_count,
        whole_periods=product.whole_periods,
        rounding=product.rounding,
        last_row=product.last_row,
        prepay_keeps=product.prepay_keeps,
        first_period=product.first_period,
        first_period_days_min=product.first_period_days_min,
        odd_days=product.odd_days,
        short_month=product.short_month,
        holidays=product.holidays,
        principal_grace=product.principal_grace,
        interest_grace=product.interest_grace,
        instalment_step_fen=product.instalment_step_fen,
        pay_anytime_interest=product.pay_anytime_interest,
    )


def draw_allowed(course: Course, effect_id: str, answer: DrawTerms) -> None:
    """The customer may draw: check the age, price the terms, draw up the contract."""
    state, ctx = course.state, course.ctx
    today = ctx.business_date
    priced = _priced(state.terms, answer.annual_rate, ctx.bank, today)
    if priced is None:
        course.add(ContractRefused(code=Code.RULE_FAILED.word))
        return
    matures_on = plan(priced, today, ctx.bank.holidays).rows[-1].due
    if _age(answer.birth_date, today) < priced.age_min:
        course.add(ContractRefused(code=Code.UNDER_AGE.word))
    elif _age(answer.birth_date, matures_on) > priced.age_at_maturity_max:
        course.add(ContractRefused(code=Code.OVER_AGE.word))
    else:
        course.add(
            ContractDrawn(
                terms=priced,
                contract=draw(ctx.actor_id, ctx.bank, state.customer_id, priced, today),
                account_sealed=answer.account_sealed,
                name_sealed=answer.name_sealed,
                identity_sealed=answer.identity_sealed,
            )
        )


def draw_refused(course: Course, effect_id: str, code: str) -> None:
    course.add(ContractRefused(code=code or Code.OVER_LINE.word))


def _priced(terms: Terms, annual_rate: str, bank: BankTerms, today: date) -> Terms | None:
    """``terms`` with the rate, what follows it, and its spread over the LPR of the day; None for a rate that is no
    number of 0..1, too fine to keep, or with no LPR to follow."""
    try:
        rate = Decimal(annual_rate)
    except InvalidOperation:
        return None
    if not rate.is_finite() or not 0 <= rate < 1:
        return None
    if terms.repricing != "fixed":
        lpr = lpr_before(bank, terms.lpr_tenor, today)
        spread = None if lpr is None else (rate - lpr) * 10_000
        if spread is None or spread % 1:
            return None
        terms = replace(terms, spread_bp=int(spread))
    return at_rate(terms, rate)


def _age(birth: date, on: date) -> int:
    """周岁: full years; a birthday of 29 February counts from 1 March in other years."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
