"""How a balance is spread over rows: the equal instalment, smoothing, flat interest, grace; and balances by stretch.

The last unpaid row takes whatever a change leaves over, so that rows always add up to what was lent.
"""

from datetime import date
from fractions import Fraction

from actors.schedule.recalculation.factors import set_factors
from actors.schedule.recalculation.model import Figure, Row, Schedule, Stretch, figure_of, rounded
from actors.schedule.rounding import round_step

SMOOTHING_ROUNDS = 3


def set_balances(schedule: Schedule) -> None:
    """The balance of each stretch: that of the one before it, at a row's start less the principal due and unpaid."""
    left = 0
    before: Row | None = None
    due = 0
    for row in schedule.rows:
        for index, stretch in enumerate(row.stretches):
            if index:
                stretch.balance = max(row.stretches[index - 1].balance_after, 0)
            elif before is not None:
                stretch.balance = max(before.stretches[-1].balance_after - due + before.principal_paid, 0)
        figure = figure_of(row, left, schedule.terms)
        left, before, due = figure.left, row if row.stretches else None, figure.principal


def balance_after(row: Row, figure: Figure) -> int:
    """Principal left after a row: the next row's balance."""
    return max(row.stretches[-1].balance_after + row.principal_paid - figure.principal, 0)


def change_balance(schedule: Schedule, day: date, *, paid_out: int = 0, correction: int = 0) -> Row | None:
    """Cut the row of ``day`` there, or take the stretch that ends there; None when no row has that day."""
    row = schedule.row_of(day)
    if row is None:
        return None
    if row is schedule.rows[-1] and day == row.due:
        last = row.stretches[-1]
        found = last if last.start == last.end else None
    else:
        found = next((stretch for stretch in row.stretches if stretch.end == day), None)
    stretch = found or cut(row, day)
    stretch.paid_out += paid_out
    stretch.correction += correction
    return row


def cut(row: Row, day: date) -> Stretch:
    """Split the stretch that ``day`` lies in (after its start, or the first); the earlier part is returned."""
    found = row.stretches[0]
    for stretch in row.stretches:
        if stretch.start < day <= stretch.end:
            found = stretch
    end = min(max(day, found.start), found.end)
    later = Stretch(end, found.end, paused=found.paused)
    found.end = end
    row.stretches.insert(row.stretches.index(found) + 1, later)
    return found


def instalment(schedule: Schedule, rows: list[Row]) -> None:
    """The equal instalment of ``rows``: principal and interest together the same in each."""
    figures = schedule.figures()
    first = schedule.rows.index(rows[0])
    balance = sum(stretch.paid_out for stretch in rows[0].stretches)
    if first:
        balance += balance_after(schedule.rows[first - 1], figures[first - 1])
    growth, terms = Fraction(1), Fraction(1)
    for index, row in enumerate(rows):
        plus = 1 if row.graced else 1 + sum(stretch.factor for stretch in row.stretches)
        growth *= plus
        if index:
            terms = 1 + terms * plus
    amount = to_step(schedule, rounded(balance * growth / terms, schedule.terms.rounding))
    for row in rows:
        if amount >= row.paid:
            row.amount = row.agreed = amount


def to_step(schedule: Schedule, amount: int) -> int:
    """Rounded to the product's step, unless nothing would be left of it."""
    step = schedule.terms.instalment_step_fen
    return round_step(amount, step, schedule.terms.rounding) or amount if step else amount


def flat_instalment(schedule: Schedule, rows: list[Row]) -> None:
    """等本等息: (what was lent + the interest of every row) / n; the last row takes the remainder.

    What was paid beyond it in one row is taken off the last rows, never below their interest.
    """
    figures = schedule.figures()
    first = schedule.rows.index(rows[0])
    terms = schedule.terms
    owed = 0
    for row in rows:
        row.amount = schedule.figures()[schedule.rows.index(row)].accrued
        owed += row.amount
    total = rows[0].lent_until(rows[0].stretches[-1]) + owed
    if first:
        before = schedule.rows[first - 1]
        total -= before.lent_until(None) - balance_after(before, figures[first - 1])
    amount = to_step(schedule, rounded(Fraction(total, len(rows)), terms.rounding))
    over = 0
    for row in rows:
        due = total - amount * (len(rows) - 1) if row is rows[-1] else amount
        if due + row.deferred < row.paid:
            over += row.paid - due - row.deferred
            due = row.paid
        row.amount = row.agreed = due
    for row in reversed(rows):
        if over > 0 and not row.settled:
            accrued = schedule.figures()[schedule.rows.index(row)].accrued
            less = max(accrued, row.amount - over, row.paid - row.deferred, 0)
            over -= row.amount - less
            row.amount = less
    set_balances(schedule)


def spread_from(schedule: Schedule, due: date, *, again: bool) -> None:
    """Compute the instalment of all rows due on or after ``due``.

    ``again``: of the schedule as it stands (first pay-out, new rate). Otherwise of a copy on which nothing was paid:
    its instalment is taken over, what was paid early lowers the last row.
    """
    rows = [row for row in schedule.rows if row.due >= due]
    if schedule.terms.interest_grace:
        for index, row in enumerate(schedule.rows):
            row.graced = index < schedule.terms.interest_grace
    set_factors(schedule, rows)
    if schedule.terms.method == "flat":
        flat_instalment(schedule, rows)
        _principal_grace(schedule, rows)
        set_balances(schedule)
        return
    set_balances(schedule)
    on_itself = again or schedule.trial or not any(row.amount for row in schedule.rows)
    if on_itself:
        instalment(schedule, rows)
    else:
        _from_unpaid_copy(schedule, rows)
    _principal_grace(schedule, rows)
    set_balances(schedule)
    last_row_takes_rest(schedule, due)
    if on_itself:
        smooth(schedule, rows)


def _from_unpaid_copy(schedule: Schedule, rows: list[Row]) -> None:
    unpaid = schedule.copy()
    unpaid.trial = True
    for row in unpaid.rows:
        row.principal_paid = row.interest_paid = 0
        for stretch in row.stretches:
            stretch.correction = 0
    spread_from(unpaid, rows[0].due, again=True)
    for row, twin in zip(schedule.rows, unpaid.rows, strict=True):
        if row.due >= rows[0].due:
            row.amount, row.agreed = twin.amount, twin.agreed


def _principal_grace(schedule: Schedule, rows: list[Row]) -> None:
    """Leading rows pay interest only, the instalment is that of the others."""
    grace = min(schedule.terms.principal_grace, len(rows))
    if not grace:
        return
    figures = schedule.figures()
    for row in rows[:grace]:
        row.amount = row.agreed = figures[schedule.rows.index(row)].interest
    if grace < len(rows):
        set_balances(schedule)
        if schedule.terms.method == "flat":
            flat_instalment(schedule, rows[grace:])
        else:
            instalment(schedule, rows[grace:])


def smooth(schedule: Schedule, rows: list[Row]) -> None:
    """Move the instalment by a share of what the last row differs from it, while that gets smaller; at most thrice.

    Only when it differs by more than half a fen a row.
    """
    if schedule.terms.last_row != "smooth":
        return
    trial: Schedule | None = None
    for _ in range(SMOOTHING_ROUNDS):
        amount, difference = _difference(rows)
        if len(rows) < 2 or abs(difference) <= len(rows) // 2:
            return
        uncountable = sum(1 for row in rows if amount < row.paid)
        share = rounded(Fraction(difference, max(1, len(rows) - uncountable)), schedule.terms.rounding)
        moved = to_step(schedule, amount + share)
        if moved == amount:
            return
        trial = trial or schedule.copy()
        twins = [row for row in trial.rows if row.start >= rows[0].start and row.due >= rows[0].due]
        for row in twins:
            if moved >= row.paid:
                row.amount = row.agreed = moved
        set_balances(trial)
        last_row_takes_rest(trial, rows[0].due)
        if abs(_difference(trial.rows)[1]) >= abs(difference):
            return
        for row, twin in zip(rows, twins, strict=True):
            row.amount = row.agreed = twin.amount
        set_balances(schedule)


def _difference(rows: list[Row]) -> tuple[int, int]:
    """(instalment, what the last open row differs from it): of the last two rows next to each other that are open."""
    for before, last in zip(reversed(rows[:-1]), reversed(rows[1:]), strict=True):
        if not last.settled and not before.settled:
            return before.amount, last.amount - before.amount
    return rows[0].amount, 0


def last_row_takes_rest(schedule: Schedule, until: date) -> None:
    """The last unpaid row is made to pay what the others leave of principal and interest.

    Then interest that rows after it would bear although they are paid is deferred into it (as of ``until``).
    """
    unpaid = schedule.lent - schedule.principal_paid
    figures = schedule.figures()
    for index, row in enumerate(schedule.rows):
        open_principal = max(figures[index].principal - row.principal_paid, 0)
        if open_principal > unpaid:
            row.amount = max(row.amount - (open_principal - unpaid), row.paid)
            figures = schedule.figures()
    open_rows = [row for row in schedule.rows if not row.settled]
    last = open_rows[-1] if open_rows else None
    if last is None and not schedule.principal_paid:
        row = schedule.rows[-1]
        if row.stretches and balance_after(row, schedule.figures()[-1]) > 0:
            last = row
    if last is None:
        return
    last.deferred = 0
    for row in schedule.rows:
        row.moved = False
    figures = schedule.figures()
    rest = schedule.lent + sum(figure.interest for figure in figures) - sum(row.total for row in schedule.rows)
    last.amount += rest
    if last.amount < last.paid:
        last.amount = last.paid
        last_row_takes_rest(schedule, until)
    defer(schedule, last, until)


def defer(schedule: Schedule, into: Row, until: date) -> None:
    """Interest borne up to ``until`` that a row after ``into`` has no room for is deferred into ``into``.

    Stretches of overdue principal that end with ``into`` do not count.
    """
    trial = schedule.copy()
    beyond = any(one.row_due > into.due for one in trial.overdue)
    if not beyond and any(one.row_due == into.due for one in trial.overdue):
        for one in trial.overdue:
            change_balance(trial, one.day, correction=-one.amount)
        trial.overdue = []
        trial.overdue_to = None
        stop_at(trial, until)
        set_balances(trial)
    else:
        stop_at(trial, until)
    for row, figure in zip(reversed(trial.rows), reversed(trial.figures()), strict=True):
        if figure.left > 0 and row.due > into.due:
            into.deferred = figure.left
            for later in schedule.rows:
                if later.due > into.due:
                    later.moved = True
            return


def stop_at(schedule: Schedule, day: date) -> None:
    """Interest runs up to ``day`` only."""
    row = schedule.row_of(day)
    if row is not None:
        stretch = stretch_of(schedule, row, day)
        if stretch is not None:
            stretch.end = day
    set_factors(schedule, schedule.rows)
    for row in schedule.rows:
        for stretch in row.stretches:
            if day < stretch.end:
                stretch.factor = stretch.factor_to_due = Fraction(0)


def stretch_of(schedule: Schedule, row: Row, day: date) -> Stretch | None:
    """The last stretch of ``row`` in which ``day`` lies."""
    found = None
    for index, stretch in enumerate(row.stretches):
        begins = row is schedule.rows[0] and index == 0 and day == stretch.start
        if stretch.start < day <= stretch.end or begins:
            found = stretch
    return found
