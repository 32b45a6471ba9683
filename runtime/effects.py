"""Effects: what an actor's committed events ask of others is done here, and its result comes back as a command.

Before it: runtime/host.py, after the commit. ``actor:<id>`` targets are asked like any actor, with the effect's id as
operation id; other targets go to the stateless actors of actors/external. A result is `SettleEffect` with operation id
(effect id, attempt, digest of outcome); "unknown" never settles, the wake-up issues the effect again under the same id.
"""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
import structlog

from actors.address import BadId, parse_id
from actors.codes import BY_WORD, Code, Sort
from actors.turn import Effect, SettleEffect
from runtime.messages import Answer, Operation
from runtime.turn import encode

log = structlog.get_logger(__name__)
CHANNEL = "effect"
_UNSURE = {Sort.BUSY, Sort.UNAVAILABLE, Sort.UNKNOWN, Sort.INTERNAL}


class Outcome(Protocol):
    """What an attempt came to: done, refused (definite) or unknown."""

    @property
    def status(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


class Outside(Protocol):
    """The stateless actors of the outside systems (actors/external)."""

    async def perform(
        self, target: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str
    ) -> Outcome: ...


AskActor = Callable[[str, str, str, bytes, Operation, int], Awaitable[Answer]]


class EffectRunner:
    """Runs attempts as tasks of the host's loop; `settle` hands the result back to the asking actor."""

    def __init__(self, outside: Outside, ask: AskActor, timeout_ms: int) -> None:
        self._outside = outside
        self._ask = ask
        self._timeout_ms = timeout_ms
        self._tasks: set[asyncio.Task[None]] = set()
        self.done = 0
        self.unknown = 0

    def start(self, kind: str, id: str, bank: str, effect: Effect, attempt: int, ended: Callable[[str], None]) -> None:
        """Begin an attempt; ``ended(effect id)`` is called when it is over, however it went."""
        task = asyncio.get_running_loop().create_task(self._run(kind, id, bank, effect, attempt, ended))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(
        self, kind: str, id: str, bank: str, effect: Effect, attempt: int, ended: Callable[[str], None]
    ) -> None:
        try:
            try:
                result = await self._attempt(bank, effect, attempt)
            except Exception as error:
                log.error("effect attempt failed", effect=effect.id, target=effect.target, error=type(error).__name__)
                result = SettleEffect(effect_id=effect.id, attempt=attempt, status="unknown")
            if result.status == "unknown":
                self.unknown += 1
            else:
                self.done += 1
            await self._settle(kind, id, bank, result)
        finally:
            ended(effect.id)

    async def _attempt(self, bank: str, effect: Effect, attempt: int) -> SettleEffect:
        if effect.target.startswith("actor:"):
            return await self._ask_actor(bank, effect, attempt)
        try:
            async with asyncio.timeout(self._timeout_ms / 1000):
                outcome = await self._outside.perform(effect.target, effect.payload, effect.id, attempt, bank)
        except TimeoutError:
            return SettleEffect(effect_id=effect.id, attempt=attempt, status="unknown")
        return SettleEffect(
            effect_id=effect.id, attempt=attempt, status=outcome.status, code=outcome.code, data=outcome.data
        )

    async def _ask_actor(self, bank: str, effect: Effect, attempt: int) -> SettleEffect:
        try:
            address = parse_id(effect.target[6:])
        except BadId:
            return SettleEffect(effect_id=effect.id, attempt=attempt, status="refused", code=Code.BAD_ID.word)
        body = encode(effect.payload["command"])
        operation = Operation(CHANNEL, effect.id)
        answer = await self._ask(address.kind, address.id, bank, body, operation, self._timeout_ms)
        if answer.ok:
            return SettleEffect(effect_id=effect.id, attempt=attempt, status="done", data=answer.result())
        unsure = BY_WORD[answer.code].sort in _UNSURE
        return SettleEffect(
            effect_id=effect.id,
            attempt=attempt,
            status="unknown" if unsure else "refused",
            code=answer.code,
            data={} if unsure else answer.result(),
        )

    async def _settle(self, kind: str, id: str, bank: str, result: SettleEffect) -> None:
        outcome = msgspec.msgpack.encode((result.status, result.code, result.data))
        digest = blake2b(outcome, digest_size=8).hexdigest()
        operation = Operation(CHANNEL, f"{result.effect_id}/{result.attempt}/{digest}")
        answer = await self._ask(kind, id, bank, encode(result), operation, self._timeout_ms)
        if not answer.ok:
            log.warning("effect result not taken", effect=result.effect_id, code=answer.code)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
