"""Placement of dedicated actors on the directory's twin: few start at once, no round waits, silence has an end."""

import asyncio

from actors.address import make_id
from runtime.config import RuntimeConfig
from runtime.placement import STARTING_MAX, Placement
from storage.memory import MemoryStore

LEASE_MS = 60_000


class Processes:
    """Hands that note what they were asked to do; a process registers when the test says so."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ended: list[str] = []
        self.gone: set[str] = set()

    async def spawn(self, name: str, *, dedicated: bool) -> None:
        if dedicated and name not in self.started:
            self.started.append(name)

    async def end(self, name: str) -> None:
        self.ended.append(name)

    async def hand_over(self, host: str, slots: list[int], target: str) -> None:
        raise AssertionError("there is one shared host")

    def dead(self, hosts: list[str]) -> set[str]:
        return self.gone & set(hosts)


async def _world(
    actors: int, *, dedicated_pause_ms: int, silent_max_ms: int = 15_000
) -> tuple[MemoryStore, Processes, Placement, list[str]]:
    """A shared host that has dedicated so many actors; the names of their processes."""
    store, hands = MemoryStore(), Processes()
    config = RuntimeConfig(dedicated_pause_ms=dedicated_pause_ms, silent_max_ms=silent_max_ms)
    incarnation = await store.register("host-1", LEASE_MS)
    placement = Placement(store, hands, config, "test", ["host-1"])
    await placement.once()
    slots = [await store.dedicate("host-1", incarnation, "loan", make_id("loan", 1, n), actors) for n in range(actors)]
    return store, hands, placement, [f"dedicated-{slot}" for slot in slots]


async def test_few_processes_start_at_once() -> None:
    store, hands, placement, names = await _world(3 * STARTING_MAX, dedicated_pause_ms=0)
    for _ in range(3):
        await placement.once()
    assert hands.started == names[:STARTING_MAX]
    await store.register(names[0], LEASE_MS, dedicated=True)
    for _ in range(3):
        await placement.once()
    assert hands.started == names[: STARTING_MAX + 1], "one is up, the next may start"


async def test_all_are_up_and_own_their_slot_in_the_end() -> None:
    store, hands, placement, names = await _world(2 * STARTING_MAX, dedicated_pause_ms=0)
    for _ in range(4):
        await placement.once()
        for name in hands.started:
            if not await store.owned(name):
                await store.register(name, LEASE_MS, dedicated=True)
    await placement.once()
    assert [len(await store.owned(name)) for name in names] == [1] * len(names)
    assert hands.ended == []


async def test_a_pause_lies_between_two_starts_and_no_round_waits_for_it() -> None:
    _, hands, placement, names = await _world(3, dedicated_pause_ms=1000)
    async with asyncio.timeout(0.5):
        await placement.once()
        await placement.once()
    assert hands.started == names[:1]
    await asyncio.sleep(1.05)
    await placement.once()
    assert hands.started == names[:2]


async def test_a_silent_process_is_ended_and_another_started() -> None:
    _, hands, placement, names = await _world(1, dedicated_pause_ms=0, silent_max_ms=40)
    await placement.once()
    await placement.once()
    assert hands.ended == []
    await asyncio.sleep(0.05)
    await placement.once()
    assert hands.ended == names
    await placement.once()
    assert hands.ended == names, "the new one has its own time"


async def test_a_dead_one_starts_again() -> None:
    store, hands, placement, names = await _world(1, dedicated_pause_ms=0)
    await placement.once()
    await store.register(names[0], LEASE_MS, dedicated=True)
    await placement.once()
    assert len(await store.owned(names[0])) == 1
    hands.gone, hands.started = {names[0]}, []
    await placement.once()
    assert hands.started == names
