"""重定价: a floating loan takes the LPR's new rate on 1 January or on the anniversary of its pay-out.

Rate = latest LPR of the contract's tenor published before the day, plus the spread. The running period is split at the
day; the instalment is recalculated from the next due date; penalty and misuse rates follow.
"""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from actors.bank import BankTerms
from actors.loan.events import Repriced
from actors.loan.interest import micro_as_of, rate_e10
from actors.loan.penalty import compound_micro_as_of, misuse_micro_as_of, penalty_micro_as_of
from actors.loan.schedule import reprice
from actors.loan.state import RATE_SCALE, Instalment, LoanState, Terms
from actors.schedule.due_dates import add_months

_BP = Decimal("0.0001")


def repricing_after(state: LoanState, day: date) -> date:
    """The loan's first repricing day later than ``day``; only for terms that are not fixed."""
    start = state.disbursed_on
    assert start is not None
    if state.terms.repricing == "january":
        return date(day.year + 1, 1, 1)
    found = add_months(start, 12 * (day.year - start.year), start.day)
    return found if found > day else add_months(start, 12 * (day.year - start.year + 1), start.day)


def lpr_before(bank: BankTerms, tenor: str, day: date) -> Decimal | None:
    """The latest published before ``day``; None when the bank knows none."""
    known = [(on, rate) for on, of, rate in bank.lpr if of == tenor and on < day]
    return max(known)[1] if known else None


def at_rate(terms: Terms, rate: Decimal) -> Terms | None:
    """``terms`` at the contract rate ``rate``, the rates that follow it included; None for one too high or too fine."""
    annual, penalty, misuse = (rate_e10(rate * factor) for factor in (1, terms.penalty_factor, terms.misuse_factor))
    if annual is None or penalty is None or misuse is None or max(penalty, misuse) >= RATE_SCALE:
        return None
    return replace(terms, annual_rate=rate, annual_e10=annual, penalty_e10=penalty, misuse_e10=misuse)


def reprice_on(state: LoanState, morning: date, bank: BankTerms) -> Repriced | None:
    """The new rate if ``morning`` is a repricing day of the loan and the rate differs; nothing is left to reprice once
    the last row fell due."""
    start = state.disbursed_on
    if start is None or state.fallen >= len(state.rows) or repricing_after(state, morning - date.resolution) != morning:
        return None
    lpr = lpr_before(bank, state.terms.lpr_tenor, morning)
    if lpr is None or morning == start:
        return None
    terms = at_rate(state.terms, lpr + state.terms.spread_bp * _BP)
    if terms is None or terms.annual_e10 == state.terms.annual_e10:
        return None
    instalment, rows = reprice(state, terms, morning)
    return Repriced(
        on=morning,
        annual_rate=str(terms.annual_rate),
        annual_e10=terms.annual_e10,
        penalty_e10=terms.penalty_e10,
        misuse_e10=terms.misuse_e10,
        instalment_fen=instalment,
        replanned=rows,
    )


def repriced_by(state: LoanState, event: Repriced) -> LoanState:
    """`evolve` of `Repriced`: new rates from ``on``; what accrued at the old ones is kept as earlier stretches."""
    rows = list(state.rows)
    for index in range(state.first_unpaid, state.lapsed):
        rows[index] = segmented(state, rows[index], event.on)
    first = rows[state.fallen]
    for offset, planned in enumerate(event.replanned):
        row = rows[state.fallen + offset]
        rows[state.fallen + offset] = replace(
            row, principal_fen=planned.principal_fen, interest_fen=planned.interest_fen
        )
    assert rows[state.fallen].interest_fen_paid == first.interest_fen_paid
    del rows[state.fallen + len(event.replanned) :]
    misuse = state.misuse
    if misuse is not None:
        misuse = replace(misuse, micro=misuse_micro_as_of(state, event.on), segment_from=event.on)
    return replace(
        state,
        signed_terms=state.contract_terms,
        terms=replace(
            state.terms,
            annual_rate=Decimal(event.annual_rate),
            annual_e10=event.annual_e10,
            penalty_e10=event.penalty_e10,
            misuse_e10=event.misuse_e10,
        ),
        rows=tuple(rows),
        misuse=misuse,
        instalment_fen=event.instalment_fen,
        segment_micro=micro_as_of(state, event.on),
        segment_from=event.on,
        matures_on=rows[-1].due,
        money_version=state.money_version + 1,
    )


def segmented(state: LoanState, row: Instalment, day: date) -> Instalment:
    """An overdue row whose rates change on ``day``: what it bore before is an earlier stretch."""
    return replace(
        row,
        penalty_micro=penalty_micro_as_of(row, day, state),
        penalty_from=day,
        compound_micro=compound_micro_as_of(row, day, state),
        compound_from=day,
    )
