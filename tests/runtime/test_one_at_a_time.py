"""An actor's commands run one at a time, in order, and queries show what is committed and nothing else."""

import asyncio

from actors.address import new_customer_id
from runtime.messages import Operation
from tests.runtime.account_kind import Add, GetAccount, Open, Refuse
from tests.runtime.checks import check_actor, count_of
from tests.runtime.world import OTHER_BANK, Fault, World, new_op


async def test_concurrent_commands_sum_up(world: World) -> None:
    id = await world.account()
    start = (await world.ok(id, GetAccount()))["version"]
    views = await asyncio.gather(*(world.ok(id, Add(n=n)) for n in range(1, 16)))
    assert sorted(view["version"] - start for view in views) == list(range(1, 16))
    assert max(view["balance"] for view in views) == 120
    state = await check_actor(world, id)
    assert state.balance == 120


async def test_commands_of_one_sender_keep_their_order(world: World) -> None:
    id = await world.account()
    for n in range(1, 6):
        assert (await world.add(id, n))["balance"] == n * (n + 1) // 2
    await check_actor(world, id)


async def test_many_actors_at_once(world: World) -> None:
    ids = await asyncio.gather(*(world.account(kind="customer") for _ in range(12)))
    await asyncio.gather(*(world.add(id, 1) for id in ids for _ in range(3)))
    for id in ids:
        assert (await check_actor(world, id)).balance == 3


async def test_a_command_that_creates_nothing_on_a_missing_actor_is_not_found(world: World) -> None:
    id = world.new_id("customer")
    assert (await world.ask(id, Add(n=1))).code == "not_found"
    assert (await world.ask(id, GetAccount())).code == "not_found"
    assert await world.operations(id) == []


async def test_another_banks_actor_is_not_found(world: World) -> None:
    id = await world.account(kind="customer")
    assert (await world.ask(id, Add(n=1), bank=OTHER_BANK)).code == "not_found"
    assert (await world.ask(id, GetAccount(), bank=OTHER_BANK)).code == "not_found"
    assert (await world.ask(id, Add(n=1), bank="B999")).code == "not_found"
    assert await world.balance(id) == 0


async def test_a_refusal_is_stored_and_answered_again(world: World) -> None:
    id, op = await world.account(kind="customer"), new_op()
    first = await world.ask(id, Refuse(why="no"), op=op)
    again = await world.ask(id, Refuse(why="no"), op=op, via=1)
    assert (first.code, first.result()) == ("bad_amount", {"why": "no"})
    assert (again.code, again.body) == (first.code, first.body)
    assert len(await world.operations(id)) == 2  # Open and the refusal
    assert (await check_actor(world, id)).balance == 0


async def test_malformed_messages_are_refused_and_not_stored(world: World) -> None:
    id, op = await world.account(kind="customer"), new_op()
    for body in (b"\xc1", b"\x81\xa4type\xa7Unknown", b"\x82\xa4type\xa3Add\xa1n\xa3one"):
        answer = await world.send("customer", id, "B001", body, Operation("test", op), 5000, 0)
        assert answer.code == "malformed"
    assert (await world.ask(id, Add(n=1), op=op)).ok


async def test_a_query_during_an_uncommitted_turn_shows_committed_state(world: World) -> None:
    id = await world.account()
    version = (await world.add(id, 5))["version"]
    mark = new_op()
    await world.order(Fault.HELD, id, mark)
    running = asyncio.create_task(world.ask(id, Add(n=100, note=mark)))
    await world.reached()
    seen = (await world.ask(id, GetAccount())).result()
    assert (seen["balance"], seen["version"]) == (5, version)
    assert not running.done()
    await world.land()
    answer = await running
    assert answer.ok or (await world.persist(id, GetAccount())).ok
    assert await world.balance(id) == 105
    await check_actor(world, id)
    assert await count_of(world, id, mark) == 1


async def test_a_query_waits_for_a_change(world: World) -> None:
    id = await world.account()
    waiting = asyncio.create_task(world.ask(id, GetAccount(at_least=10), ttl_ms=8000))
    await asyncio.sleep(0.1)
    await world.add(id, 4)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await world.add(id, 6)
    answer = await asyncio.wait_for(waiting, world.soon_s)
    assert answer.result()["balance"] == 10


async def test_a_waiting_query_is_answered_before_its_deadline(world: World) -> None:
    id = await world.account()
    answer = await world.ask(id, GetAccount(at_least=10), ttl_ms=900)
    assert answer.ok, answer
    assert answer.result()["balance"] == 0


async def test_a_duplicate_creation_is_one_actor(world: World) -> None:
    """A registration retried through another gateway: both gateways compute the same id from the operation."""
    op = new_op()
    ids = [new_customer_id(b"key of ids", "B001", "test", op) for _ in range(2)]
    assert ids[0] == ids[1]
    first, second = await asyncio.gather(
        world.ask(ids[0], Open(identity=op), op=op, via=0), world.ask(ids[1], Open(identity=op), op=op, via=1)
    )
    assert first.ok, first
    assert (second.code, second.body) == (first.code, first.body)
    third = await world.ask(ids[0], Open(identity=op), op=op, via=1)
    assert third.body == first.body
    assert (await check_actor(world, ids[0])).balance == 0


async def test_an_id_that_we_did_not_issue_is_a_bad_id(world: World) -> None:
    id = world.new_id("customer")
    wrong = id[:-1] + str((int(id[-1]) + 1) % 10)
    for kind, text in (("customer", wrong), ("loan", id), ("customer", "C123"), ("customer", "")):
        answer = await world.send(kind, text, "B001", b"\x80", None, 1000, 0)
        assert answer.code == "bad_id"
