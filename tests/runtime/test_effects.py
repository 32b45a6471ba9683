"""Effects run after the commit, under one id for ever; their results come back once, and none is dropped."""

import asyncio
from typing import Any

import pytest

from actors.turn import SettleEffect
from tests.runtime.account_kind import Add, AskOther, AskOutside, GetAccount, Raise, Remind
from tests.runtime.checks import check_actor
from tests.runtime.world import Fault, World, until


async def _settled(world: World, id: str, effect: str) -> dict[str, Any]:
    """The account once the effect is settled."""

    async def done() -> dict[str, Any] | None:
        view = await world.ok(id, GetAccount())
        return view if effect in view["settled"] else None

    found: dict[str, Any] = await until(done)
    return found


async def test_an_effect_is_done_and_settled_once(world: World) -> None:
    id = await world.account()
    view = await world.ok(id, AskOutside(n=7))
    [effect] = view["pending"]
    after = await _settled(world, id, effect)
    assert (after["balance"], after["pending"], after["doubts"]) == (view["balance"] + 7, [], [])
    assert world.outside.attempts(effect) == [0]
    await asyncio.sleep(0.5)
    assert world.outside.attempts(effect) == [0]
    assert (await check_actor(world, id)).incidents == ()


async def test_a_refused_effect_is_settled_without_its_fruit(world: World) -> None:
    id = await world.account()
    view = await world.ok(id, AskOutside(n=7, plan=("refused",)))
    after = await _settled(world, id, view["pending"][0])
    assert after["balance"] == view["balance"]
    await check_actor(world, id)


@pytest.mark.parametrize("word", ["unknown", "crash"])
async def test_an_unknown_outcome_is_asked_again_under_the_same_id(world: World, word: str) -> None:
    id = await world.account()
    view = await world.ok(id, AskOutside(n=7, plan=(word, word, "done")))
    [effect] = view["pending"]
    after = await _settled(world, id, effect)
    assert after["balance"] == view["balance"] + 7
    assert after["doubts"].count(effect) == 1
    assert world.outside.attempts(effect) == [0, 1, 2]
    await check_actor(world, id)


async def test_an_effect_without_answer_is_asked_again_after_its_timeout(world: World) -> None:
    id = await world.account()
    view = await world.ok(id, AskOutside(n=7, plan=("hang", "done")))
    [effect] = view["pending"]
    await asyncio.sleep(1.0)
    assert world.outside.attempts(effect) == [0]  # not while the attempt is running
    after = await _settled(world, id, effect)
    assert after["balance"] == view["balance"] + 7
    assert effect in after["doubts"]
    await check_actor(world, id)


async def test_an_effect_whose_commit_was_lost_is_not_run_twice_under_two_ids(world: World) -> None:
    id = await world.account()
    before = await world.balance(id)
    await world.order(Fault.ANSWER_LOST, id, "desk.add")
    view = await world.ok(id, AskOutside(n=3))
    [effect] = view["pending"]
    after = await _settled(world, id, effect)
    assert after["balance"] == before + 3
    assert {call.effect_id for call in world.outside.calls if call.effect_id.startswith(id)} >= {effect}
    state = await check_actor(world, id)
    assert state.settled.count(effect) == 1


async def test_a_pending_effect_is_asked_again_after_a_crash_with_the_same_id(world: World) -> None:
    id = await world.account()
    view = await world.ok(id, AskOutside(n=7, plan=("hang", "done")))
    [effect] = view["pending"]

    async def begun() -> bool:
        return bool(world.outside.attempts(effect))

    await until(begun)
    await world.kill(await world.owner(id))
    after = await _settled(world, id, effect)
    assert after["balance"] == view["balance"] + 7
    assert world.outside.attempts(effect)[0] == 0
    assert world.outside.attempts(effect)[-1] >= 1
    state = await check_actor(world, id)
    assert state.settled.count(effect) == 1
    assert effect not in state.effects


async def test_a_late_result_of_a_settled_effect_opens_an_incident(world: World) -> None:
    """The old owner's attempt hangs; the new one asks again and settles it; then the old result comes."""
    id = await world.account()
    view = await world.ok(id, AskOutside(n=7, plan=("hang", "done")))
    [effect] = view["pending"]

    async def begun() -> bool:
        return bool(world.outside.attempts(effect))

    await until(begun)
    await world.move(id)
    after = await _settled(world, id, effect)
    assert after["balance"] == view["balance"] + 7
    world.outside.release()

    async def incident() -> bool:
        return effect in (await world.ok(id, GetAccount()))["incidents"]

    await until(incident)
    state = await check_actor(world, id)
    assert state.balance == view["balance"] + 7
    assert state.incidents.count(effect) == 1


async def test_a_late_result_said_twice_is_one_incident(world: World) -> None:
    id = await world.account()
    view = await world.ok(id, AskOutside(n=7))
    [effect] = view["pending"]
    after = await _settled(world, id, effect)
    late = SettleEffect(effect_id=effect, attempt=5, status="done", data={"n": 7})
    for _ in range(2):
        assert (await world.ok(id, late, op=f"{effect}/5/late"))["incidents"].count(effect) == 1
    unknown = SettleEffect(effect_id=effect, attempt=6, status="unknown")
    assert (await world.ok(id, unknown))["incidents"].count(effect) == 1
    assert (await check_actor(world, id)).balance == after["balance"]


async def test_actors_ask_actors_once(world: World) -> None:
    giver = await world.account()
    near = await world.account(kind="customer", shard=await world.slot_of(giver) % 1024)
    far = await world.account(kind="customer")
    for to in (near, far):
        view = await world.ok(giver, AskOther(to=to, n=4))
        effect = view["pending"][-1]
        await _settled(world, giver, effect)
        assert (await check_actor(world, to)).balance == 4
    await check_actor(world, giver)


async def test_a_refusal_of_the_other_actor_is_definite(world: World) -> None:
    giver, taker = await world.account(), await world.account(kind="customer")
    missing = world.new_id("customer")
    for to, n in ((taker, 0), (missing, 1)):
        view = await world.ok(giver, AskOther(to=to, n=n))
        await _settled(world, giver, view["pending"][-1])
    assert await world.balance(taker) == 0


async def test_an_actor_that_cannot_answer_is_asked_until_it_can(world: World) -> None:
    giver, taker = await world.account(), await world.account(kind="customer")
    assert (await world.ask(taker, Raise())).code == "quarantined"
    view = await world.ok(giver, AskOther(to=taker, n=4))
    effect = view["pending"][-1]

    async def doubted() -> bool:
        return effect in (await world.ok(giver, GetAccount()))["doubts"]

    await until(doubted)
    await asyncio.sleep(0.5)
    assert await world.lift(await world.owner(taker), taker)
    await _settled(world, giver, effect)
    assert (await check_actor(world, taker)).balance == 4
    await check_actor(world, giver)


async def test_a_result_waits_while_its_actor_is_busy(world: World) -> None:
    """The result comes as one more command: it is decided after those before it, in the same order of versions."""
    id = await world.account()
    before = await world.balance(id)
    view = await world.ok(id, AskOutside(n=50))
    await asyncio.gather(*(world.ok(id, Add(n=1)) for _ in range(8)))
    after = await _settled(world, id, view["pending"][0])
    assert after["balance"] == before + 58
    await check_actor(world, id)


async def test_a_wake_up_comes_to_an_actor_that_was_let_go(world: World) -> None:
    id = await world.account()
    ticks = (await world.ok(id, GetAccount()))["ticks"]
    await world.ok(id, Remind(after_ms=600))
    others = [await world.account(kind="customer") for _ in range(world.config.live_max + 1)]
    await asyncio.gather(*(world.balance(each) for each in others))

    async def ticked() -> bool:
        row = (await world.store.load("loan", [id]))[id]
        return row.wake_at_ms == 0

    await until(ticked)
    assert (await world.ok(id, GetAccount()))["ticks"] == ticks + 1
    await asyncio.sleep(0.3)
    assert (await check_actor(world, id)).ticks == ticks + 1


async def test_a_wake_up_after_a_crash(world: World) -> None:
    id = await world.account()
    ticks = (await world.ok(id, GetAccount()))["ticks"]
    await world.ok(id, Remind(after_ms=300))
    await world.kill(await world.owner(id))

    async def ticked() -> bool:
        return int((await world.ok(id, GetAccount()))["ticks"]) == ticks + 1

    await until(ticked, 20)
    await check_actor(world, id)
