"""Seeded random lives of the twin: clients that retry, hosts that die, freeze, hand over, commits whose end is unknown.

Prints its seed; run one again with ``SIMULATION_SEED=<n>``. Whatever happened, the store must hold every acknowledged
operation exactly once, versions without gaps, chains that verify, and balances that are the sum of what was answered.
"""

import asyncio
import os
import random
import time

import msgspec
import pytest

from storage.faults import Fault as StoreFault
from tests.runtime.account_kind import Add, AskOther, AskOutside, BadRow, GetAccount, Raise, Refuse
from tests.runtime.checks import check_actor, check_chain, count_of
from tests.runtime.twin_world import TwinWorld
from tests.runtime.world import CONFIG, new_op, until

SEEDS = [int(os.environ["SIMULATION_SEED"])] if "SIMULATION_SEED" in os.environ else [1, 2, random.randrange(10**6)]
SECONDS = 2.5
QUICK = msgspec.structs.replace(
    CONFIG,
    lease_ms=400,
    renew_ms=100,
    placement_ms=50,
    resend_ms=200,
    effect_retry_ms=100,
    effect_retry_max_ms=400,
    effect_timeout_ms=800,
    wake_poll_ms=40,
    live_max=4,
)


class Life:
    """One run: accounts, clients, and troubles, all from one seed."""

    def __init__(self, world: TwinWorld, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.ids: list[str] = []
        self.notes: dict[str, tuple[str, int]] = {}
        self.acknowledged: dict[str, bytes] = {}
        self.fruits: list[tuple[str, int]] = []
        self.until = time.monotonic() + SECONDS

    async def client(self) -> None:
        """Commands with retries, duplicates at the same time, ids used for other content; queries never go back."""
        dice, seen = self.random, dict.fromkeys(self.ids, 0)
        while time.monotonic() < self.until:
            id, op, n = dice.choice(self.ids), new_op(), dice.randrange(1, 100)
            kind = dice.random()
            if kind < 0.6:
                self.notes[op] = (id, n)
                asks = [
                    self.world.persist(id, Add(n=n, note=op), op=op, ttl_ms=dice.choice((50, 400, 2000)))
                    for _ in range(dice.choice((1, 1, 1, 3)))
                ]
                answers = await asyncio.gather(*asks)
                assert all(answer.ok for answer in answers), answers
                assert len({answer.body for answer in answers}) == 1
                self.acknowledged[op] = answers[0].body
                if dice.random() < 0.2:
                    other = await self.world.persist(id, Add(n=n + 1, note=op), op=op)
                    assert other.code == "operation_mismatch"
            elif kind < 0.7:
                answer = await self.world.persist(id, dice.choice((Refuse(), BadRow(yields=True))))
                assert answer.code == "bad_amount", answer
            elif kind < 0.78:
                plan = dice.choice((("done",), ("unknown", "done"), ("hang", "done"), ("crash", "done")))
                self.fruits.append((id, n))
                assert (await self.world.persist(id, AskOutside(n=n, plan=plan))).ok
            elif kind < 0.84:
                to = dice.choice(self.ids)
                self.fruits.append((to, n))
                assert (await self.world.persist(id, AskOther(to=to, n=n))).ok
            else:
                answer = await self.world.persist(id, GetAccount(), ttl_ms=1000)
                version = answer.result()["version"]
                assert version >= seen[id], "a query went back in time"
                seen[id] = version
            await asyncio.sleep(dice.random() * 0.01)

    async def troubles(self) -> None:
        dice, world = self.random, self.world
        while time.monotonic() < self.until:
            await asyncio.sleep(dice.random() * 0.15)
            hosts = [name for name in world.runtime.hosts if name not in world.runtime.gates]
            if len(hosts) < 2:
                continue
            match dice.randrange(6):
                case 0:
                    world.store.faults.order(dice.choice((StoreFault.LOST, StoreFault.ANSWER_LOST)))
                case 1:
                    world.store.faults.order(StoreFault.LATE)
                    await asyncio.sleep(dice.random() * 0.3)
                    await world.store.faults.land()
                case 2:
                    world.store.faults.order(StoreFault.CUT)
                    await asyncio.sleep(dice.random() * 0.2)
                    await world.store.faults.release()
                case 3:
                    await world.kill(dice.choice(hosts))
                    await asyncio.sleep(0.1)
                case 4:
                    async with world.frozen(dice.choice(hosts)):
                        await asyncio.sleep(dice.choice((0.1, 0.7)))
                case 5:
                    slots = [await world.slot_of(id) for id in dice.sample(self.ids, 3)]
                    await world.runtime.hosts[hosts[0]].moving.hand_over(slots, hosts[1])


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_random_life_keeps_every_promise(seed: int) -> None:
    print(f"SIMULATION_SEED={seed}")
    world = await TwinWorld(QUICK, hosts=3).start()
    try:
        life = Life(world, seed)
        life.ids = [await world.account(kind=kind, shard=40 + n) for n, kind in enumerate(["loan", "customer"] * 4)]
        quarantined = await world.account(shard=40)
        assert (await world.ask(quarantined, Raise())).code == "quarantined"
        await asyncio.gather(life.troubles(), *(life.client() for _ in range(12)))
        await world.store.faults.land()
        await world.store.faults.release()
        world.outside.release()
        await _check(world, life)
    finally:
        await world.stop()


async def _check(world: TwinWorld, life: Life) -> None:
    """Once every effect is settled: each operation once, each fruit of an effect once, nothing else."""
    assert len(life.acknowledged) > 100, "the run was too quiet to show anything"

    async def settled() -> bool:
        return not any([(await world.ok(id, GetAccount()))["pending"] for id in life.ids])

    await until(settled, 20)
    for op, (id, _) in life.notes.items():
        assert op in life.acknowledged
        assert await count_of(world, id, op) == 1
    effects = 0
    for id in life.ids:
        state = await check_actor(world, id)
        expected = sum(n for each, n in (*life.notes.values(), *life.fruits) if each == id)
        assert state.balance == expected, f"{id}: {state.balance} instead of {expected}"
        effects += len(state.settled)
    assert effects == len(life.fruits)
    for slot in range(40, 48):
        await check_chain(world, slot)
