"""On which day's books an event stands: what closes a day belongs to that day, also when it is written on a later one.

Used by the runtime for journal and postings (runtime/banks.py says what happens when that day's books are closed).
"""

from datetime import date, timedelta

from actors.loan.events import AccrualResumed, AccrualStopped, DayClosed, LoanEvent, Repriced

ONE_DAY = timedelta(days=1)


def day_of(event: LoanEvent) -> date | None:
    """The day closed, or None for what happens on the business date itself. ``on`` is the morning after the close."""
    match event:
        case DayClosed():
            return event.to_date
        case AccrualStopped() | AccrualResumed() | Repriced():
            return event.on - ONE_DAY
        case _:
            return None
