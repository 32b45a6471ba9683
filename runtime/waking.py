"""Wake-ups: effects issued after their commit and again when their time has come, and the actors' own timers.

Part of runtime/host.py. ``wake_at`` is wall time, written with the actor's row and polled over the host's slots; due
dates never come this way, they belong to the day's end.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from actors.turn import Effect
from runtime.activation import Activation
from runtime.messages import Ask, Operation
from runtime.turn import encode
from storage.contract import Store, StoreError

if TYPE_CHECKING:
    from runtime.host import Host

DUE_MAX = 500


class Waking:
    """Issues effects and runs timers for the actors of one host."""

    def __init__(self, host: "Host", store: Store) -> None:
        self._host = host
        self._config = host.config
        self._store = store

    def issue(self, act: Activation, effect: Effect, attempt: int) -> None:
        """Start an attempt at an effect."""
        act.running.add(effect.id)
        act.attempts[effect.id] = attempt

        def ended(effect_id: str) -> None:
            act.running.discard(effect_id)

        self._host.effects.start(act.kind, act.id, act.bank, effect, attempt, ended)

    def wake_at(self, act: Activation, state: Any) -> int:
        """When the actor must be looked at again: its earliest effect retry or timer; 0 for never."""
        kind = act.codecs.kind
        effects = kind.effects(state)
        if effects:
            now = self._host.now_ms()
            known = act.effect_wakes
            act.effect_wakes = {id: known.get(id) or now + self._config.effect_retry_ms for id in effects}
        elif act.effect_wakes:
            act.effect_wakes = {}
            act.attempts = {}
        times = list(act.effect_wakes.values())
        if kind.timer is not None and (at := kind.timer(state)):
            times.append(at)
        return min(times, default=0)

    def wake(self, act: Activation) -> None:
        """Its wake-up time has come: issue pending effects again, run the timer command."""
        state, kind, now = act.committed_state, act.codecs.kind, self._host.now_ms()
        if act.quarantine:  # else the oldest in the queue of wake-ups, before all others, for ever
            self._host.committer.add_wake(act.kind, act.id, now + self._config.effect_retry_max_ms)
            return
        if state is None:
            return
        for id, effect in kind.effects(state).items():
            if act.effect_wakes.get(id, 0) > now:
                continue
            attempt = act.attempts.get(id, 0) + 1
            pause = min(self._config.effect_retry_ms * 2 ** min(attempt, 10), self._config.effect_retry_max_ms)
            act.effect_wakes[id] = now + pause
            if id not in act.running:
                self.issue(act, effect, attempt)
        if kind.timer is not None and (at := kind.timer(state)) and at <= now and kind.timer_command is not None:
            operation = Operation("timer", f"{act.id}-{act.committed_version}-{now // 10_000}")
            self._tell(act, encode(kind.timer_command), operation)
        if not act.pending:
            self._host.committer.add_wake(act.kind, act.id, self.wake_at(act, state))

    def _tell(self, act: Activation, body: bytes, operation: Operation) -> None:
        ask = Ask(0, act.kind, act.id, act.bank, operation, body, self._config.effect_timeout_ms)
        self._host.deliver([ask], lambda _: None)

    async def run(self) -> None:
        """Look for actors whose time has come, for ever."""
        while True:
            await asyncio.sleep(self._config.wake_poll_ms / 1000)
            slots = list(self._host.lease.slots)
            if not slots or not self._host.lease.alive():
                continue
            try:
                await self._host.banks.refresh()
                due = await self._store.due_wakes(slots, self._host.now_ms(), DUE_MAX)
            except StoreError:
                continue
            for kind, id in due:
                self._wake_one(kind, id)

    def _wake_one(self, kind: str, id: str) -> None:
        host = self._host
        slot = host.slot_of(kind, id)
        if slot not in host.lease.slots or host.moving.on_the_way(slot, id):
            return
        act = host.acts.get(id)
        if act is None:
            act = host.activate(kind, id, slot)
        if act.loaded:
            self.wake(act)
        else:
            host.loader.load(act, wake=True)
