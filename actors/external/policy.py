"""The envelope around every call to an outside system: time limit, tries, circuit breaker, bulkhead, counters.

A call is sent again, under the same id, only where that is safe: after `NotSent` always, after `NoAnswer` only when the
actor says so (reads, and systems that answer one request id once). Everything else ends as `Unanswered`.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec import Struct

from actors.codes import Code
from actors.external.breaker import Breaker
from actors.external.bulkhead import Bulkhead, BulkheadFull
from actors.external.wire import NoAnswer, NotSent

T = TypeVar("T")
LATENCY_MS_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


class Policy(Struct, frozen=True, kw_only=True):
    """``limit_s``: the whole call, waiting and tries included; ``try_s``: one try; ``pause_s`` before the next, doubled
    each time. ``at_once``/``waiting_max``: bulkhead. ``failures_max``/``open_s``: breaker."""

    limit_s: float = 5.0
    try_s: float = 2.0
    tries: int = 3
    pause_s: float = 0.05
    at_once: int = 256
    waiting_max: int = 4_096
    failures_max: int = 10
    open_s: float = 1.0


class Unanswered(Exception):
    """The outcome is unknown to us; ``code`` says why: down (breaker, refused), overloaded (bulkhead), no answer."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.word)
        self.code = code


class Counters(Struct):
    """Since the start; ``latency_ms[i]`` counts calls up to ``LATENCY_MS_BOUNDS[i]``, the last one the rest."""

    calls: int = 0
    tries: int = 0
    answered: int = 0
    unanswered: int = 0
    breaker_rejected: int = 0
    bulkhead_rejected: int = 0
    seconds: float = 0.0
    latency_ms: list[int] = []


class Envelope:
    """The envelope of one system in one process; it holds no business state."""

    def __init__(self, system: str, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.system = system
        self.policy = policy
        self.breaker = Breaker(policy.failures_max, policy.open_s, clock)
        self.bulkhead = Bulkhead(policy.at_once, policy.waiting_max)
        self.counters = Counters(latency_ms=[0] * (len(LATENCY_MS_BOUNDS) + 1))
        self._clock = clock

    async def call(self, send: Callable[[float], Awaitable[T]], *, repeat: bool) -> T:
        """What ``send(timeout_s)`` returns, or `Unanswered`. ``repeat``: sending again after no answer is harmless."""
        begun = self._clock()
        counters = self.counters
        counters.calls += 1
        try:
            async with asyncio.timeout(self.policy.limit_s):
                async with self.bulkhead:
                    answer = await self._tries(send, begun + self.policy.limit_s, repeat)
        except BulkheadFull as full:
            counters.bulkhead_rejected += 1
            raise Unanswered(Code.OVERLOADED) from full
        except TimeoutError as late:
            counters.unanswered += 1
            raise Unanswered(Code.OUTCOME_UNKNOWN) from late
        took = self._clock() - begun
        counters.answered += 1
        counters.seconds += took
        counters.latency_ms[bisect_left(LATENCY_MS_BOUNDS, took * 1000)] += 1
        return answer

    async def _tries(self, send: Callable[[float], Awaitable[T]], deadline: float, repeat: bool) -> T:
        pause_s = self.policy.pause_s
        for left in range(self.policy.tries - 1, -1, -1):
            if not self.breaker.admits():
                self.counters.breaker_rejected += 1
                raise Unanswered(Code.OUTSIDE_DOWN)
            try:
                return await self._once(send, min(self.policy.try_s, deadline - self._clock()))
            except (NotSent, NoAnswer) as error:
                safe = repeat or isinstance(error, NotSent)
                if not left or not safe or self._clock() + pause_s >= deadline:
                    self.counters.unanswered += 1
                    sent = isinstance(error, NoAnswer)
                    raise Unanswered(Code.OUTCOME_UNKNOWN if sent else Code.OUTSIDE_DOWN) from error
            await asyncio.sleep(pause_s)
            pause_s *= 2
        raise AssertionError("a policy has at least one try")

    async def _once(self, send: Callable[[float], Awaitable[T]], timeout_s: float) -> T:
        self.counters.tries += 1
        try:
            answer = await send(timeout_s)
        except BaseException:
            # Given up by whoever waited (cancelled) is a failure too: a hanging system must open the breaker.
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return answer
