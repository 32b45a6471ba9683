"""The envelope: breaker opens and half-opens, bulkhead turns away at once, tries only where safe, time limit."""

import asyncio
from typing import NoReturn

import pytest

from actors.codes import Code
from actors.external.breaker import Breaker
from actors.external.bulkhead import Bulkhead, BulkheadFull
from actors.external.policy import Envelope, Policy, Unanswered
from actors.external.wire import NoAnswer, NotSent


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_breaker_opens_half_opens_and_closes() -> None:
    clock = Clock()
    breaker = Breaker(3, 10.0, clock)
    for _ in range(3):
        assert breaker.admits()
        breaker.failed()
    assert breaker.state == "open"
    assert not breaker.admits()
    clock.now = 10.0
    assert breaker.admits()
    assert breaker.state == "half_open"
    assert not breaker.admits()
    breaker.failed()
    assert (breaker.state, breaker.opened) == ("open", 2)
    clock.now = 20.0
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.state == "closed"
    assert breaker.admits()
    assert breaker.admits()


def test_failures_count_in_a_row_only() -> None:
    breaker = Breaker(2, 10.0, Clock())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.state == "closed"


async def test_bulkhead_bounds_both_the_running_and_the_waiting() -> None:
    bulkhead, release = Bulkhead(2, 1), asyncio.Event()

    async def occupy() -> None:
        async with bulkhead:
            await release.wait()

    tasks = [asyncio.create_task(occupy()) for _ in range(3)]
    await asyncio.sleep(0)
    assert (bulkhead.in_flight, bulkhead.waiting) == (2, 1)
    with pytest.raises(BulkheadFull):
        async with bulkhead:
            raise AssertionError("let in")
    tasks[2].cancel()
    await asyncio.sleep(0)
    assert bulkhead.waiting == 0
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert bulkhead.in_flight == 0


def envelope(**policy: float) -> Envelope:
    return Envelope("core", Policy(**({"pause_s": 0.001} | policy)))  # type: ignore[arg-type]


async def test_full_is_unknown_at_once() -> None:
    call = envelope(at_once=1, waiting_max=0)
    release = asyncio.Event()

    async def slow(_: float) -> str:
        await release.wait()
        return "done"

    first = asyncio.create_task(call.call(slow, repeat=False))
    await asyncio.sleep(0)
    with pytest.raises(Unanswered) as full:
        await call.call(slow, repeat=False)
    assert full.value.code is Code.OVERLOADED
    assert call.counters.bulkhead_rejected == 1
    release.set()
    assert await first == "done"


@pytest.mark.parametrize(
    ("error", "repeat", "sent"),
    [(NotSent("x"), False, 3), (NotSent("x"), True, 3), (NoAnswer("x"), True, 3), (NoAnswer("x"), False, 1)],
)
async def test_tries_only_where_safe(error: Exception, repeat: bool, sent: int) -> None:
    call = envelope(tries=3)

    async def failing(_: float) -> NoReturn:
        raise error

    with pytest.raises(Unanswered):
        await call.call(failing, repeat=repeat)
    assert call.counters.tries == sent


async def test_a_second_try_may_succeed() -> None:
    call, errors = envelope(), [NotSent("x"), NoAnswer("x")]

    async def recovering(_: float) -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert await call.call(recovering, repeat=True) == "done"
    assert (call.counters.calls, call.counters.tries, call.counters.answered) == (1, 3, 1)
    assert sum(call.counters.latency_ms) == 1


async def test_the_limit_holds_for_a_wire_that_forgets_its_own() -> None:
    call = envelope(limit_s=0.05)
    with pytest.raises(Unanswered) as late:
        await call.call(lambda _: asyncio.sleep(30), repeat=True)
    assert late.value.code is Code.OUTCOME_UNKNOWN


async def test_an_open_breaker_sends_nothing_and_one_trial_closes_it() -> None:
    clock = Clock()
    call = Envelope("core", Policy(tries=1, failures_max=2, open_s=5.0), clock)
    up = False
    sent = 0

    async def send(_: float) -> str:
        nonlocal sent
        sent += 1
        if not up:
            raise NotSent("refused")
        return "done"

    for _ in range(4):
        with pytest.raises(Unanswered):
            await call.call(send, repeat=False)
    assert (sent, call.counters.breaker_rejected, call.breaker.state) == (2, 2, "open")
    up, clock.now = True, 5.0
    assert await call.call(send, repeat=False) == "done"
    assert call.breaker.state == "closed"


async def test_cancelled_callers_leave_nothing_behind_and_count_as_failures() -> None:
    call = envelope(failures_max=1)
    task = asyncio.create_task(call.call(lambda _: asyncio.sleep(30), repeat=False))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert call.bulkhead.in_flight == 0
    assert call.breaker.state == "open"
