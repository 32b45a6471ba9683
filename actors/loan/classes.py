"""五级分类: a loan's risk class at the close of a day, and the allowance that follows from it.

1 normal 正常, 2 special-mention 关注, 3 substandard 次级, 4 doubtful 可疑, 5 loss 损失: by overdue days, down at once.
Up from 3 or worse only when the arrears have been clear for so many periods and so many months, both (BankTerms).
"""

from datetime import date

from actors.bank import BankTerms
from actors.loan.state import LoanState
from actors.schedule.due_dates import add_months
from actors.schedule.rounding import round_ratio

NORMAL, SPECIAL_MENTION, SUBSTANDARD, DOUBTFUL, LOSS = 1, 2, 3, 4, 5
_PER_BP = 10_000


def class_by_days(overdue_days: int, bank: BankTerms) -> int:
    """By overdue days alone; technical arrears are normal if the bank exempts them."""
    if overdue_days <= bank.technical_overdue_days:
        return NORMAL
    return NORMAL + sum(overdue_days >= days for days in bank.classes)


def class_on(state: LoanState, morning: date, overdue_since: date | None, fallen: int, bank: BankTerms) -> int:
    """The class as of ``morning``. ``overdue_since``: due date of the oldest row whose grace is over, None if clear."""
    now = state.risk_class
    if overdue_since is not None:
        found = max(class_by_days((morning - overdue_since).days, bank), now if now >= SUBSTANDARD else NORMAL)
    elif now >= SUBSTANDARD and not _watched(state, morning, fallen, bank):
        found = now
    else:
        found = NORMAL
    floor_holds = state.class_floor_until is None or morning < state.class_floor_until
    return max(found, state.class_floor) if floor_holds else found


def _watched(state: LoanState, morning: date, fallen: int, bank: BankTerms) -> bool:
    """Whether the watch period after clearing the arrears is over."""
    since = state.clear_since
    if since is None:
        return False
    return fallen - state.clear_fallen >= bank.watch_periods and morning >= add_months(
        since, bank.watch_months, since.day
    )


def steady_to(state: LoanState, bank: BankTerms) -> date:
    """The last day that can be closed in one piece before class or accrual of a loan without arrears may rise: the end
    of its watch or of a floor, and every due date (a period of the watch; what falls due keeps accrual stopped)."""
    assert state.closed_to is not None
    next_day = state.closed_to + date.resolution
    if state.overdue or not (state.non_accrual or state.risk_class >= SUBSTANDARD):
        return date.max
    until = state.class_floor_until
    if state.class_floor >= SUBSTANDARD and (until is None or until > next_day):
        return date.max if until is None else until - date.resolution
    if state.non_accrual and state.risk_class <= SPECIAL_MENTION and state.first_unpaid >= state.fallen:
        return next_day
    ends = [state.rows[state.fallen].due] if state.fallen < len(state.rows) else []
    if state.clear_since is not None:
        watch_ends = add_months(state.clear_since, bank.watch_months, state.clear_since.day)
        if watch_ends > next_day or state.fallen - state.clear_fallen >= bank.watch_periods:
            ends.append(watch_ends)
    return max(min(ends) - date.resolution, next_day) if ends else date.max


def allowance_fen(state: LoanState, risk_class: int, bank: BankTerms) -> int:
    """What should be set aside for the principal outstanding, HALF_UP; an ECL figure goes before the class."""
    if state.ecl_fen is not None:
        return min(state.ecl_fen, state.principal_fen_outstanding)
    return round_ratio(state.principal_fen_outstanding * bank.provision_bp[risk_class - 1], _PER_BP, "HALF_UP")
