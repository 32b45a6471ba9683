"""The course of one decision: events in order and the loan as it stands after them. Lives within one `decide` only."""

from datetime import date, timedelta
from typing import Any

from actors.loan.close import close
from actors.loan.events import LoanEvent
from actors.loan.evolve import evolve
from actors.loan.notices import notices
from actors.loan.state import LoanState
from actors.turn import Accepted, Command, Context, View, ask_actor, ask_outside

ONE_DAY = timedelta(days=1)


class Course:
    """Rules add events; `accepted` adds the notices that follow from where they lead."""

    __slots__ = ("_asked", "ctx", "events", "state")

    def __init__(self, state: LoanState, ctx: Context, asked: int = 0) -> None:
        self.state = state
        self.ctx = ctx
        self.events: list[LoanEvent] = []
        self._asked = asked

    def add(self, event: LoanEvent) -> None:
        self.events.append(event)
        self.state = evolve(self.state, event)

    @property
    def next_effect_id(self) -> str:
        """The id that the next `ask` will have."""
        return self.ctx.effect_id(self._asked)

    def ask(self, target: str, payload: dict[str, Any]) -> None:
        """An effect towards an outside system."""
        self.add(ask_outside(self.ctx, self._asked, target, payload))
        self._asked += 1

    def ask_actor(self, actor_id: str, command: Command) -> None:
        self.add(ask_actor(self.ctx, self._asked, actor_id, command))
        self._asked += 1

    def close_before(self, day: date) -> None:
        """日终 of every day before ``day`` that is still open: a money command closes earlier days first."""
        closed = self.state.closed_to
        if closed is None or closed >= day - ONE_DAY or self.state.status not in ("active", "overdue"):
            return
        events, self.state = close(self.state, day - ONE_DAY, self.ctx.bank)
        self.events += events

    def accepted(self, result: View | None = None) -> Accepted:
        for command in notices(self.state, self.ctx.actor_id):
            self.ask_actor(self.state.customer_id, command)
        return Accepted(tuple(self.events), result)
