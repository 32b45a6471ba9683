"""``loan(id).ask`` from a driver and from inside the Ray cluster: an awaitable or an ObjectRef, of the same actor."""

import asyncio
from typing import Any

import pytest
import ray

from runtime.client import Reply, customer, loan
from tests.runtime.account_kind import Add, GetAccount, Open, Refuse
from tests.runtime.checks import check_actor
from tests.runtime.cluster_world import ClusterWorld
from tests.runtime.world import BANK, OTHER_BANK, new_op


async def test_a_driver_awaits_an_actor(shared: ClusterWorld) -> None:
    id = await shared.account()
    reply = await loan(id).ask(Add(n=5))
    assert reply.ok
    assert reply.result["balance"] == 5
    assert (await loan(id, BANK).ask(GetAccount())).result["balance"] == 5
    refused = await loan(id).ask(Refuse(why="x"))
    assert (refused.code, refused.result) == ("bad_amount", {"why": "x"})


async def test_a_driver_gets_an_object_ref(shared: ClusterWorld) -> None:
    id = await shared.account()
    reply: Reply = await asyncio.to_thread(lambda: ray.get(loan(id).ask.remote(Add(n=5)), timeout=30))
    assert reply.result["balance"] == 5
    assert (await check_actor(shared, id)).balance == 5


async def test_an_operation_id_makes_a_command_repeatable(shared: ClusterWorld) -> None:
    id, op = await shared.account(), new_op()
    first = await loan(id).ask(Add(n=5), operation_id=op)
    again = await loan(id).ask(Add(n=5), operation_id=op)
    assert first == again
    assert (await loan(id).ask(Add(n=6), operation_id=op)).code == "operation_mismatch"
    await loan(id).ask(Add(n=1))
    await loan(id).ask(Add(n=1))  # without an id each is an operation of its own
    assert (await check_actor(shared, id)).balance == 7


async def test_a_customer_is_created_by_its_bank(shared: ClusterWorld) -> None:
    id = shared.new_id("customer")
    assert (await customer(id, BANK).ask(Open())).ok
    assert (await customer(id).ask(GetAccount())).ok
    assert (await customer(id, OTHER_BANK).ask(GetAccount())).code == "not_found"
    assert (await customer(shared.new_id("customer")).ask(GetAccount())).code == "not_found"


@pytest.mark.parametrize("by_ref", [True, False], ids=["object ref", "await"])
async def test_a_ray_actor_asks_an_actor(shared: ClusterWorld, by_ref: bool) -> None:
    id = await shared.account()

    @ray.remote(num_cpus=0)
    class Caller:
        def by_ref(self, id: str) -> Any:
            return ray.get(loan(id).ask.remote(Add(n=2)), timeout=30).result["balance"]

        async def awaiting(self, id: str) -> Any:
            return (await loan(id).ask(Add(n=2))).result["balance"]

    caller = Caller.remote()
    asked = caller.by_ref if by_ref else caller.awaiting
    assert await asked.remote(id) == 2
    assert await shared.balance(id) == 2
    ray.kill(caller)
