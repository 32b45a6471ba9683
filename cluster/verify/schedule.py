"""Invariant 6, the schedule: its own arithmetic in exact integers, against the rows that the pay-out recorded.

Everything is computed again from the terms: due dates from the anchor day, what share of a year each period bears
(verify/year_shares.py), the instalment as an exact fraction, each row by its method. Chinese: 等额本息, 等额本金,
先息后本, 利随本清, 随借随还, 等本等息. Without the bank's calendar a due date that may move off a holiday is only known
to lie within a month after its anchor day.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from cluster.verify.year_shares import Share, due_days, first_share, period_share

SCALE = 10**10
MOVED_DAYS_MAX = 31
AT_ONCE = ("bullet", "pay_anytime")


class Agreed(NamedTuple):
    """What the contract says of the schedule, out of the event's terms (by position, as actors/loan/state.py lists)."""

    method: str
    amount_fen: int
    annual: int
    periods: int
    due_day: int
    every: int
    unit: str
    day_count: str
    whole_periods: str
    rounding: str
    last_row: str
    first_period: str
    days_min: int
    odd_days: str
    short_month: str
    holidays: str
    principal_grace: int
    interest_grace: int
    step_fen: int

    @classmethod
    def of(cls, terms: Sequence[Any]) -> "Agreed":
        plan = list(terms[3])
        plan += _DEFAULTS[len(plan) :]
        return cls(
            plan[0],
            terms[1],
            terms[11],
            plan[1],
            plan[2],
            plan[3],
            plan[4],
            plan[5],
            plan[6],
            plan[7],
            plan[8],
            plan[10],
            plan[11],
            plan[12],
            plan[13],
            plan[14],
            plan[15],
            plan[16],
            plan[17],
        )


_DEFAULTS = ["", 0, 0, 1, "month", "actual/360", "twelfths", "HALF_UP", "recompute", "term", "min_days", 15, "by_days"]
_DEFAULTS += ["last_day", "none", 0, 0, 0]


class Row(NamedTuple):
    due: date
    principal_fen: int
    interest_fen: int


def nearest(numerator: int, denominator: int, rounding: str) -> int:
    """To the nearest integer; halves away from zero, or to the even neighbour for HALF_EVEN."""
    whole, rest = divmod(2 * numerator + denominator, 2 * denominator)
    return whole - 1 if rest == 0 and rounding == "HALF_EVEN" and whole % 2 else whole


@lru_cache(maxsize=4096)
def annuity(annual: int, shares: tuple[Share, ...]) -> tuple[int, int]:
    """The instalment of one fen as a fraction: 1 / the sum of what one fen due after each period is worth today."""
    worth_up, worth_down = 0, 1
    for part, year in reversed(shares):
        up, down = SCALE * year, SCALE * year + annual * part
        worth_up, worth_down = (worth_down + worth_up) * up, worth_down * down
    return worth_down, worth_up


def faults(
    agreed: Agreed, start: date, instalment_fen: int, rows: Sequence[Row], holidays: Sequence[date] | None = None
) -> list[str]:
    """What is wrong with a schedule paid out on ``start``; empty when nothing is. ``holidays`` None: not known."""
    found = _wrong_sums(agreed, rows) + _wrong_dates(agreed, start, rows, holidays)
    if found:
        return found
    dues = [row.due for row in rows]
    if agreed.method not in AT_ONCE and len(dues) < agreed.periods:
        missing = due_days(agreed, start)[len(dues) :]
        if agreed.holidays == "shift":
            if holidays is None:
                return []  # the instalment goes by dates that no row tells
            missing = [_moved(due, holidays) for due in missing]
        dues += missing
    shares, own_first = _shares(agreed, start, dues)
    instalment, right = expected(agreed, shares, own_first, agreed.periods)
    if instalment != instalment_fen:
        found.append(f"instalment {instalment_fen}, should be {instalment}")
    if len(right) != len(rows):
        found.append(f"{len(rows)} rows, should be {len(right)}")
    for number, (row, (principal, interest)) in enumerate(zip(rows, right, strict=False), 1):
        if row.interest_fen != interest:
            found.append(f"row {number}: interest {row.interest_fen}, should be {interest}")
        if row.principal_fen != principal:
            found.append(f"row {number}: principal {row.principal_fen}, should be {principal}")
    return found


def _wrong_sums(agreed: Agreed, rows: Sequence[Row]) -> list[str]:
    found = []
    total = sum(row.principal_fen for row in rows)
    if total != agreed.amount_fen:
        found.append(f"principal adds up to {total}, lent {agreed.amount_fen}")
    if min((min(row.principal_fen, row.interest_fen) for row in rows), default=0) < 0:
        found.append("a row is negative")
    return found


def _wrong_dates(agreed: Agreed, start: date, rows: Sequence[Row], holidays: Sequence[date] | None) -> list[str]:
    dues = [row.due for row in rows]
    right = due_days(agreed, start)
    if agreed.method in AT_ONCE:
        right = right[-1:]
    if not dues or dues[0] <= start:
        return ["the first due date is not after the pay-out"]
    ends_early = agreed.step_fen or agreed.interest_grace
    if len(dues) > len(right) or (len(dues) < len(right) and not ends_early):
        return [f"{len(dues)} rows, {len(right)} periods agreed"]
    off = []
    for due, nominal in zip(dues, right, strict=False):
        if agreed.holidays != "shift":
            wrong = due != nominal
        elif holidays is None:
            wrong = not 0 <= (due - nominal).days <= MOVED_DAYS_MAX
        else:
            wrong = due in holidays or any(
                date.fromordinal(day) not in holidays for day in range(nominal.toordinal(), due.toordinal())
            )
        if wrong:
            off.append(f"{due} for {nominal}")
    return [f"due dates off the anchor day: {', '.join(off)}"] if off else []


def _moved(due: date, holidays: Sequence[date]) -> date:
    while due in holidays:
        due = date.fromordinal(due.toordinal() + 1)
    return due


def _shares(agreed: Agreed, start: date, dues: Sequence[date]) -> tuple[list[Share], Share | None]:
    """(each period's share of a year, its principal going by the first; what the first really bears if it is odd)."""
    if agreed.method in AT_ONCE:
        return [period_share(agreed, start, dues[-1], start, by_days=True)], None
    regular, own = first_share(agreed, start, dues[0])
    shares = [regular]
    if agreed.unit == "month" and agreed.whole_periods == "twelfths" and agreed.holidays != "shift":
        return [*shares, *[(agreed.every, 12)] * (len(dues) - 1)], own  # from anchor day to anchor day: all whole
    for before, due in pairwise(dues):
        shares.append(period_share(agreed, before, due, start))
    return shares, own


def expected(
    agreed: Agreed, shares: list[Share], own_first: Share | None, periods: int
) -> tuple[int, list[tuple[int, int]]]:
    """(instalment, (principal, interest) of each row) by the agreed method."""
    if agreed.method == "equal_instalment":
        return _equal_instalment(agreed, shares, own_first)
    if agreed.method == "flat":
        return _flat(agreed, shares, own_first)
    balance = agreed.amount_fen
    if agreed.method == "equal_principal":
        paying = periods - agreed.principal_grace
        portion = _stepped(agreed, balance, paying)
        principals = _spread(balance, [0 if k < agreed.principal_grace else portion for k in range(periods)])
    else:
        portion, principals = 0, [0] * (len(shares) - 1) + [balance]
    owed, rows = 0, []
    for number, principal in enumerate(principals):
        share = own_first if number == 0 and own_first is not None else shares[number]
        owed += _interest(agreed, balance, share)
        billed = 0 if number < agreed.interest_grace and number + 1 < len(principals) else owed
        rows.append((principal, billed))
        owed, balance = owed - billed, balance - principal
    return portion, rows


def _spread(balance: int, wanted: Sequence[int]) -> list[int]:
    """As wanted, the last one takes what is left; none after the balance is repaid."""
    taken: list[int] = []
    for number, principal in enumerate(wanted):
        taken.append(balance if number + 1 == len(wanted) else min(principal, balance))
        balance -= taken[-1]
        if not balance:
            break
    return taken


def _interest(agreed: Agreed, balance: int, share: Share) -> int:
    return nearest(balance * agreed.annual * share[0], SCALE * share[1], agreed.rounding)


def _stepped(agreed: Agreed, numerator: int, denominator: int) -> int:
    fen = nearest(numerator, denominator, agreed.rounding)
    if agreed.step_fen < 2:
        return fen
    return nearest(fen, agreed.step_fen, agreed.rounding) * agreed.step_fen or fen


def _equal_instalment(
    agreed: Agreed, shares: list[Share], own_first: Share | None
) -> tuple[int, list[tuple[int, int]]]:
    up, down = annuity(agreed.annual, tuple(shares[agreed.principal_grace :]))
    instalment = _stepped(agreed, agreed.amount_fen * up, down)
    if agreed.last_row == "smooth":
        instalment = _smooth(agreed, shares, own_first, instalment)
    rows = _by_instalment(agreed, shares, own_first, instalment)
    if own_first is not None and not agreed.interest_grace:
        rows[0] = (rows[0][0], _interest(agreed, agreed.amount_fen, own_first))
    return instalment, rows


def _by_instalment(
    agreed: Agreed, shares: list[Share], own_first: Share | None, instalment: int
) -> list[tuple[int, int]]:
    balance, waiting, rows = agreed.amount_fen, 0, list[tuple[int, int]]()
    for number, share in enumerate(shares):
        odd = own_first is not None and number == 0 and agreed.interest_grace > 0
        bears = _interest(agreed, balance, own_first if odd and own_first is not None else share)
        waits = number < agreed.interest_grace
        billed = 0 if waits else bears + waiting
        waiting = waiting + bears if waits else 0
        principal = 0 if number < agreed.principal_grace else max(instalment - billed, 0)
        if principal >= balance or number + 1 == len(shares):
            rows.append((balance, billed + waiting))
            break
        rows.append((principal, billed))
        balance -= principal
    last = rows[-1][0]
    if agreed.last_row == "keep_instalment" and len(rows) == len(shares) and instalment >= last:
        rows[-1] = (last, instalment - last)
    return rows


def _smooth(agreed: Agreed, shares: list[Share], own_first: Share | None, instalment: int) -> int:
    """Nearer to an equal last row: by shares of its difference, three times at most, while the difference shrinks."""
    count = len(shares) - agreed.principal_grace

    def gap(amount: int) -> int:
        return sum(_by_instalment(agreed, shares, own_first, amount)[-1]) - amount

    difference = gap(instalment)
    for _ in range(3):
        if 2 * abs(difference) <= count:
            return instalment
        share = nearest(abs(difference), count, agreed.rounding)
        tried = _stepped(agreed, instalment + (share if difference > 0 else -share), 1)
        if tried == instalment or abs(gap(tried)) >= abs(difference):
            return instalment
        instalment, difference = tried, gap(tried)
    return instalment


def _flat(agreed: Agreed, shares: list[Share], own_first: Share | None) -> tuple[int, list[tuple[int, int]]]:
    """Interest of every row on the whole amount; equal instalments of what all rows that repay bear together."""
    each = [_interest(agreed, agreed.amount_fen, share) for share in shares]
    grace = min(agreed.principal_grace, len(shares) - 1)
    instalment = _stepped(agreed, agreed.amount_fen + sum(each[grace:]), len(shares) - grace)
    balance, owed, rows = agreed.amount_fen, 0, list[tuple[int, int]]()
    for number, interest in enumerate(each):
        odd = own_first is not None and number == 0
        owed += _interest(agreed, agreed.amount_fen, own_first) if odd and own_first is not None else interest
        principal = 0 if number < grace else max(instalment - interest, 0)
        ends = principal >= balance or number + 1 == len(each)
        billed = 0 if number < agreed.interest_grace and not ends else owed
        rows.append((balance if ends else principal, billed))
        if ends:
            break
        owed, balance = owed - billed, balance - principal
    return instalment, rows
