"""The registry of outside systems: ``core.disburse`` -> the actor of ``core``. What runtime/effects.py calls."""

from typing import Any, Protocol

from msgspec import Struct

from actors.external.breaker import State
from actors.external.outcome import Outcome
from actors.external.policy import Counters, Envelope


class OutsideActor(Protocol):
    """A stateless actor of one system."""

    envelope: Envelope

    @property
    def system(self) -> str: ...

    @property
    def operations(self) -> tuple[str, ...]: ...

    async def perform(
        self, operation: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str
    ) -> Outcome: ...


class SystemMetrics(Struct, frozen=True):
    """One system as /metrics and people see it."""

    system: str
    breaker: State
    breaker_opened: int
    in_flight: int
    waiting: int
    counters: Counters
    outcomes: dict[str, int]


class UnknownTarget(LookupError):
    """A bug: an effect names a system or operation that does not exist."""


class Outside:
    """All outside systems of this process."""

    def __init__(self, *actors: OutsideActor) -> None:
        self._actors = {actor.system: actor for actor in actors}
        self._outcomes: dict[str, dict[str, int]] = {
            actor.system: {"done": 0, "refused": 0, "unknown": 0} for actor in actors
        }

    async def perform(self, target: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str) -> Outcome:
        """One attempt at an effect for ``bank``: done, refused (definite) or unknown; never raises for the other side's
        sake."""
        system, _, operation = target.partition(".")
        actor = self._actors.get(system)
        if actor is None or operation not in actor.operations:
            raise UnknownTarget(target)
        outcome = await actor.perform(operation, payload, effect_id, attempt, bank)
        self._outcomes[system][outcome.status] += 1
        return outcome

    def metrics(self) -> list[SystemMetrics]:
        return [
            SystemMetrics(
                system,
                actor.envelope.breaker.state,
                actor.envelope.breaker.opened,
                actor.envelope.bulkhead.in_flight,
                actor.envelope.bulkhead.waiting,
                actor.envelope.counters,
                self._outcomes[system],
            )
            for system, actor in self._actors.items()
        ]
