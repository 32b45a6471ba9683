"""The repayment methods: how a balance and its interest spread over periods. One function a method.

Interest of a row is round(balance x annual x share of the year). In ``principal_grace`` leading rows no principal is
due; in ``interest_grace`` leading rows no interest, it falls into the first row after them. Whatever the method, the
first row may bear another interest than its share says (odd days, segments of a running period): its principal is still
that of a regular period.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from actors.schedule.instalment import instalment_fen, to_step
from actors.schedule.rounding import round_ratio
from actors.schedule.shares import Share
from actors.schedule.terms import RATE_SCALE, Method, PlanTerms

SMOOTHING_ROUNDS = 3


class Row(NamedTuple):
    principal_fen: int
    interest_fen: int


class Spread(NamedTuple):
    """``instalment_fen``: the equal instalment (flat too), the equal principal; 0 where the method has none."""

    instalment_fen: int
    rows: list[Row]


class Task(NamedTuple):
    """A balance to spread. ``instalment_fen`` 0: to be computed; else it is kept and the term shortens.

    ``first_fen``: interest of the first row where its share does not say it; ``first_counts``: the instalment pays that
    and not the regular interest (it holds interest deferred by a grace). ``flat_fen``: by 等本等息, each row's interest
    where it is known. Grace: how many leading rows.
    """

    terms: PlanTerms
    annual_e10: int
    balance_fen: int
    shares: Sequence[Share]
    instalment_fen: int = 0
    first_fen: int | None = None
    principal_grace: int = 0
    interest_grace: int = 0
    flat_fen: Sequence[int] = ()
    first_counts: bool = False

    def interest_fen(self, balance_fen: int, index: int) -> int:
        part, year = self.shares[index]
        return round_ratio(balance_fen * self.annual_e10 * part, RATE_SCALE * year, self.terms.rounding)

    def bearer(self) -> Callable[[int, int], int]:
        """`interest_fen` for many rows: the hot loop of every method."""
        rate, shares, rounding = self.annual_e10, self.shares, self.terms.rounding
        half_up = rounding == "HALF_UP"

        def interest_fen(balance_fen: int, index: int) -> int:
            part, year = shares[index]
            scale = RATE_SCALE * year
            if half_up:
                return (2 * balance_fen * rate * part + scale) // (2 * scale)
            return round_ratio(balance_fen * rate * part, scale, rounding)

        return interest_fen

    @property
    def pure(self) -> bool:
        """Every row pays principal and its own interest."""
        return not (self.principal_grace or self.interest_grace or self.first_counts)


def spread(task: Task) -> Spread:
    """The rows that repay ``task.balance_fen``, at most one a share; fewer when an instalment repays it sooner."""
    return _METHODS[task.terms.method](task)


def equal_instalment(task: Task) -> Spread:
    """等额本息. The last row takes what is left; by ``keep_instalment`` its interest is the rest of the instalment."""
    grace = task.principal_grace
    instalment = task.instalment_fen
    if not instalment:
        if grace < len(task.shares):
            instalment = instalment_fen(task.balance_fen, task.annual_e10, task.shares[grace:], task.terms)
        if task.terms.last_row == "smooth":
            instalment = _smoothed(task, instalment)
    return Spread(instalment, _with_first(task, _equal_rows(task, instalment)))


def _equal_rows(task: Task, instalment: int) -> list[Row]:
    balance, rows = task.balance_fen, list[Row]()
    shares = task.shares
    count = len(shares)
    if task.pure and task.terms.rounding == "HALF_UP" and shares.count(shares[0]) == count:
        rate, scale = task.annual_e10 * shares[0][0], RATE_SCALE * shares[0][1]
        twice = 2 * scale
        for _ in range(count - 1):
            interest = (2 * balance * rate + scale) // twice
            principal = instalment - interest
            if principal >= balance:
                break
            if principal < 0:
                principal = 0
            rows.append(Row(principal, interest))
            balance -= principal
        rows.append(Row(balance, (2 * balance * rate + scale) // twice))
    else:
        _graced_rows(task, instalment, rows)
    if task.terms.last_row == "keep_instalment" and len(rows) == count and instalment >= rows[-1].principal_fen:
        rows[-1] = Row(rows[-1].principal_fen, instalment - rows[-1].principal_fen)
    return rows


def _graced_rows(task: Task, instalment: int, rows: list[Row]) -> None:
    balance, deferred, bears = task.balance_fen, 0, task.bearer()
    for index in range(len(task.shares)):
        own = bears(balance, index)
        if index == 0 and task.first_fen is not None and (task.interest_grace or task.first_counts):
            own = task.first_fen
        if index < task.interest_grace:
            owed, deferred = 0, deferred + own
        else:
            owed, deferred = own + deferred, 0
        principal = 0 if index < task.principal_grace else max(instalment - owed, 0)
        if index == len(task.shares) - 1 or principal >= balance:
            rows.append(Row(balance, owed + deferred))
            return
        rows.append(Row(principal, owed))
        balance -= principal


def _smoothed(task: Task, instalment: int) -> int:
    """The instalment moved by a share of what the last row differs, while that gets smaller; at most three times.

    Only when the last row differs by more than half a fen a row.
    """
    count = len(task.shares) - task.principal_grace
    difference = _last_differs(task, instalment)
    for _ in range(SMOOTHING_ROUNDS):
        if 2 * abs(difference) <= count:
            break
        share = round_ratio(abs(difference), count, task.terms.rounding)
        moved = to_step(instalment + (share if difference > 0 else -share), 1, task.terms)
        if moved == instalment:
            break
        after = _last_differs(task, moved)
        if abs(after) >= abs(difference):
            break
        instalment, difference = moved, after
    return instalment


def _last_differs(task: Task, instalment: int) -> int:
    last = _equal_rows(task, instalment)[-1]
    return last.principal_fen + last.interest_fen - instalment


def equal_principal(task: Task) -> Spread:
    """等额本金: round(P / n) a row, interest on the balance, the last row the remainder."""
    count = len(task.shares) - task.principal_grace
    portion = task.instalment_fen or to_step(task.balance_fen, max(count, 1), task.terms)
    balance, principals = task.balance_fen, list[int]()
    for index in range(len(task.shares)):
        last = index == len(task.shares) - 1
        principal = balance if last else 0 if index < task.principal_grace else min(portion, balance)
        principals.append(principal)
        balance -= principal
        if not balance:
            break
    return Spread(portion, _on_balance(task, principals))


def interest_only(task: Task) -> Spread:
    """先息后本: interest each period, the principal with the last."""
    return Spread(0, _on_balance(task, [0] * (len(task.shares) - 1) + [task.balance_fen]))


def at_once(task: Task) -> Spread:
    """利随本清, 随借随还: P x annual x days / year at maturity."""
    interest = task.interest_fen(task.balance_fen, 0) if task.first_fen is None else task.first_fen
    return Spread(0, [Row(task.balance_fen, interest)])


def _on_balance(task: Task, principals: Sequence[int]) -> list[Row]:
    """Rows of the principals given, interest on what is left before each."""
    balance, deferred, rows, bears = task.balance_fen, 0, list[Row](), task.bearer()
    for index, principal in enumerate(principals):
        own = bears(balance, index)
        if index == 0 and task.first_fen is not None:
            own = task.first_fen
        deferred += own
        if index < task.interest_grace and index < len(principals) - 1:
            rows.append(Row(principal, 0))
        else:
            rows.append(Row(principal, deferred))
            deferred = 0
        balance -= principal
    return rows


def flat(task: Task) -> Spread:
    """等本等息: interest of every row on the whole amount; (P + interest) / n a row, the last takes the rest."""
    count = len(task.shares)
    bears = task.bearer()
    interests = task.flat_fen or [bears(task.balance_fen, index) for index in range(count)]
    paying = range(min(task.principal_grace, count - 1), count)
    total = task.balance_fen + sum(interests[index] for index in paying)
    instalment = task.instalment_fen or to_step(total, len(paying), task.terms)
    balance, deferred, rows = task.balance_fen, 0, list[Row]()
    for index in range(count):
        own = task.first_fen if index == 0 and task.first_fen is not None else interests[index]
        deferred += own
        principal = max(instalment - interests[index], 0) if index in paying else 0
        last = index == count - 1 or principal >= balance
        if last:
            principal = balance
        due = 0 if index < task.interest_grace and not last else deferred
        rows.append(Row(principal, due))
        deferred -= due
        balance -= principal
        if last:
            break
    return Spread(instalment, rows)


def _with_first(task: Task, rows: list[Row]) -> list[Row]:
    if task.first_fen is not None and not task.interest_grace:
        rows[0] = Row(rows[0].principal_fen, task.first_fen)
    return rows


_METHODS: Final[dict[Method, Callable[[Task], Spread]]] = {
    "equal_instalment": equal_instalment,
    "equal_principal": equal_principal,
    "interest_only": interest_only,
    "bullet": at_once,
    "pay_anytime": at_once,
    "flat": flat,
}
