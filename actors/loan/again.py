"""A loan's past told again with a repayment taken out, changed or moved: what was done to it, derived from its events.

Nothing of the journal changes. From the earliest place that differs, each event is read for what was *asked* (close up
to a day, so much money on a value date, a waiver...) and asked again of the state that should have been. What follows
by itself (accrual status, repricing, settlement) is not asked; what can't be asked again refuses the whole.
"""

from collections import defaultdict
from datetime import date
from typing import Final, NamedTuple

from actors.codes import Code
from actors.loan import events as e
from actors.loan.again_rules import AGAIN, ALIVE, FOLLOWS, NO_MONEY, History
from actors.loan.allocation import allocate_split
from actors.loan.course import ONE_DAY, Course
from actors.loan.events_corrections import RepaymentCorrected, RepaymentReversed
from actors.loan.events_rare import Recovered
from actors.loan.post import post
from actors.loan.state import LoanState
from actors.loan.write_off import recover
from actors.schedule.due_dates import add_months
from actors.turn import Context, IncidentOpened, Refused

PAID: Final = (e.Repaid, Recovered)


class Edit(NamedTuple):
    """What a repayment should have been; 0: it should not have been."""

    amount_fen: int
    value_date: date


Edits = dict[int, Edit]
"""By version of the repayment."""


class Scope(NamedTuple):
    """``start``: index of the first event to be told again. ``edits``: corrections made before, still in force."""

    start: int
    edits: Edits


def scope(history: History, version: int, edit: Edit) -> Scope:
    """From where on the past differs. An earlier correction that was made after that place must be made again, so its
    own place counts, too."""
    start = _where(history, version, edit)
    made = [
        (index, event.original_version, _edit_of(event))
        for index, event in enumerate(history)
        if isinstance(event, RepaymentReversed | RepaymentCorrected)
    ]
    while True:
        earlier = min((_where(history, of, was) for index, of, was in made if index >= start), default=start)
        if earlier >= start:
            return Scope(start, {of: was for index, of, was in made if index >= start})
        start = earlier


def _edit_of(event: RepaymentReversed | RepaymentCorrected) -> Edit:
    amount = event.amount_fen if isinstance(event, RepaymentCorrected) else 0
    return Edit(amount, event.value_date)


def _where(history: History, version: int, edit: Edit) -> int:
    if _moved(history, version, edit):
        return min(version - 1, _place(history, edit.value_date))
    return version - 1


def _moved(history: History, version: int, edit: Edit) -> bool:
    original = history[version - 1]
    assert isinstance(original, PAID)
    return bool(edit.amount_fen) and edit.value_date != original.value_date


def _place(history: History, day: date) -> int:
    """Where what is paid on ``day`` belongs: before the first event that closes this day."""
    for index, event in enumerate(history):
        closed_to = _closes(event)
        if closed_to is not None and closed_to >= day:
            return index
    return len(history)


def _closes(event: e.LoanEvent) -> date | None:
    if isinstance(event, e.DayClosed):
        return event.to_date
    if isinstance(event, RepaymentReversed | RepaymentCorrected):
        return event.money.closed_to
    return None


def tell(history: History, start: int, state: LoanState, edits: Edits, ctx: Context, to: date) -> Course | Refused:
    """``history`` from ``start`` on told again over ``state``, with ``edits``; then closed to the end of ``to``."""
    course, past = Course(state, ctx), _Past(history)
    inserted: dict[int, list[int]] = defaultdict(list)
    for version, edit in sorted(edits.items(), key=lambda each: (each[1].value_date, each[0])):
        if _moved(history, version, edit):
            inserted[_place(history, edit.value_date)].append(version)
    for index in range(start, len(history)):
        for version in inserted[index]:
            past.pay(course, version, edits[version])
        refused = _ask(course, past, index, edits)
        if refused is not None:
            return refused
    for version in inserted[len(history)]:
        past.pay(course, version, edits[version])
    _catch_up(course, to)
    return course


def _ask(course: Course, past: "_Past", index: int, edits: Edits) -> Refused | None:
    event = past.history[index]
    match event:
        case e.DayClosed():
            if course.state.status in ALIVE:
                course.close_before(event.to_date + ONE_DAY)
        case e.Repaid() | Recovered():
            edit = edits.get(index + 1, Edit(event.amount_fen, event.value_date))
            if edit.amount_fen and edit.value_date == event.value_date:
                past.pay(course, index + 1, edit)
        case RepaymentReversed() | RepaymentCorrected():
            if event.money.closed_to is not None:
                _catch_up(course, event.money.closed_to)
        case _:
            again = AGAIN.get(type(event))
            if again is not None:
                return again(course, past.history, index)
            if not isinstance(event, FOLLOWS + NO_MONEY):
                return Refused(Code.CORRECTION_UNSURE, {"event": type(event).__name__, "version": index + 1})
    return None


class _Past:
    """What the journal says of a repayment besides its own event."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._kinds = {event.effect_id: event.kind for event in history if isinstance(event, e.RepaymentRequested)}
        self._splits = {
            event.effect_id: tuple(event.data["core"])
            for event in history
            if isinstance(event, IncidentOpened) and event.code == "split_differs" and event.data["posted"] == "core"
        }

    def pay(self, course: Course, version: int, edit: Edit) -> None:
        """As it was posted: a collection of dues never prepays, the core's own split is fact where it fits."""
        event = self.history[version - 1]
        assert isinstance(event, PAID)
        amount, on, booked = edit.amount_fen, edit.value_date, (event.core_date, event.core_serial, event.source)
        if isinstance(event, Recovered):
            recover(course, amount, on, *booked, event.effect_id)
            return
        if course.state.status in ALIVE:
            course.close_before(on)
        split = self._splits.get(event.effect_id)
        spread = allocate_split(course.state, split, amount) if split is not None else None
        prepay = self._kinds.get(event.effect_id) != "due"
        post(course, amount, on, *booked, event.effect_id, prepay=prepay, spread=spread)


def _catch_up(course: Course, to: date) -> None:
    """Close to the end of ``to`` as the day's end would have: when something falls due, month by month, and day by day
    while something is unpaid."""
    while course.state.status in ALIVE and course.state.closed_to is not None and course.state.closed_to < to:
        course.close_before(min(to, _touched(course.state)) + ONE_DAY)


def _touched(state: LoanState) -> date:
    assert state.closed_to is not None
    day = state.closed_to + ONE_DAY
    if state.first_unpaid < state.fallen:
        return day
    month_end = add_months(day.replace(day=1), 1, 1) - ONE_DAY
    return min(month_end, state.rows[state.fallen].due - ONE_DAY) if state.fallen < len(state.rows) else month_end
