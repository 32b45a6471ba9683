"""The whole journal of one actor, for the few commands that are decided by it (reversals, corrections).

Such a command is held in front of its actor's mailbox: what is in flight is committed first, then the journal is read,
then the command is decided with it, and what came meanwhile after it. Part of runtime/host.py; ordinary commands do not
pass here.
"""

import asyncio
from typing import TYPE_CHECKING

from actors.turn import Event
from runtime.activation import Activation, Message
from storage.contract import Store, StoreError

if TYPE_CHECKING:
    from runtime.host import Host

PAGE = 1000
PAUSE_S = 0.05


class Histories:
    """Holds commands while their actors' journals are read; one task a held command."""

    def __init__(self, host: "Host", store: Store) -> None:
        self._host = host
        self._store = store
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self, act: Activation, message: Message) -> None:
        """Keep ``message`` at the head of the mailbox until the journal is there."""
        act.held = message
        act.waiting.insert(0, message)
        task = asyncio.get_running_loop().create_task(self._serve(act, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> list[asyncio.Task[None]]:
        """End all readings; the tasks that are ending."""
        for task in self._tasks:
            task.cancel()
        return list(self._tasks)

    async def _serve(self, act: Activation, message: Message) -> None:
        events: list[Event] = []
        while self._current(act, message):
            if act.pending:
                await self._host.committer.round()
                continue
            if not act.loaded:
                await asyncio.sleep(PAUSE_S)
                continue
            if len(events) >= act.committed_version or act.quarantine:
                message.history = tuple(events[: act.committed_version])
                self._let_through(act)
                return
            try:
                rows = await self._store.events(act.kind, act.id, len(events), PAGE)
            except StoreError:
                await asyncio.sleep(PAUSE_S)
                continue
            if not rows:
                self._host.poison(act, "the journal is shorter than the actor's version")
            events += self._decoded(act, [row.body for row in rows])

    def _current(self, act: Activation, message: Message) -> bool:
        """Whether the command still waits here: a fence, a move or a recovery sends it round again."""
        return act.held is message and self._host.acts.get(act.id) is act

    def _decoded(self, act: Activation, bodies: list[bytes]) -> list[Event]:
        try:
            return [act.codecs.event.decode(body) for body in bodies]
        except ValueError as error:  # msgspec's errors are ValueErrors
            self._host.poison(act, f"journal cannot be read: {type(error).__name__}")
            return []

    def _let_through(self, act: Activation) -> None:
        """The held command is decided, then what came after it; another one of its sort holds the rest again."""
        act.held = None
        waiting, act.waiting = act.waiting, []
        for message in waiting:
            self._host.arrive(act, message)
