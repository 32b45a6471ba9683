"""Promise: every customer and loan can be asked from a driver and from any Ray actor, by the literal lines we print."""

import asyncio
from typing import Any

import ray

from actors.customer.messages import GetCustomer, GiveConsent
from actors.loan.messages import GetLoan, PostRepayment
from actors.process.messages import GetProcess
from runtime.client import customer, loan, process
from tests.e2e.asker import Asker
from tests.e2e.borrower import CONSENT, Borrower, borrower
from tests.e2e.live import OTHER_BANK, TODAY, Live


async def test_await_from_the_driver(live: Live, settled_in: Borrower) -> None:
    reply = await loan(settled_in.loan_id).ask(GetLoan())
    assert reply.ok
    assert reply.result["status"] == "active"
    assert reply.result["customer_id"] == settled_in.customer_id


async def test_ray_get_from_the_driver(live: Live, settled_in: Borrower) -> None:
    reply = await asyncio.to_thread(lambda: ray.get(loan(settled_in.loan_id).ask.remote(GetLoan())))
    assert reply.result["status"] == "active"


async def test_every_kind(live: Live, settled_in: Borrower) -> None:
    seen = await customer(settled_in.customer_id).ask(GetCustomer())
    assert seen.result["customer_id"] == settled_in.customer_id
    applied = await process(settled_in.process_id).ask(GetProcess())
    assert applied.result["status"] == "approved"


async def test_a_command_is_done_once_under_its_operation_id(live: Live) -> None:
    of = await borrower(live.rest(), active=True)
    pay = PostRepayment(amount_fen=10_000, source="counter", core_date=TODAY, core_serial="R1")
    first = await loan(of.loan_id).ask(pay, operation_id=f"ray-{of.loan_id}")
    again = await loan(of.loan_id).ask(pay, operation_id=f"ray-{of.loan_id}")
    assert first.ok
    assert first == again
    assert (await of.loan())["principal_fen_repaid"] == 10_000
    other = PostRepayment(amount_fen=10_001, source="counter", core_date=TODAY, core_serial="R1")
    assert (await loan(of.loan_id).ask(other, operation_id=f"ray-{of.loan_id}")).code == "operation_mismatch"


async def test_refusals_are_replies(live: Live, settled_in: Borrower) -> None:
    shopping = GiveConsent(purpose="shopping", **{**CONSENT, "valid_until": TODAY})
    assert (await customer(settled_in.customer_id).ask(shopping)).code == "bad_consent"
    assert (await loan("L0000000000000000004").ask(GetLoan())).code in ("not_found", "bad_id")
    assert (await loan(settled_in.loan_id, OTHER_BANK).ask(GetLoan())).code == "not_found"


async def test_from_inside_another_ray_actor(live: Live, settled_in: Borrower) -> None:
    asker: Any = ray.remote(Asker).options(num_cpus=0).remote()
    code, seen = await asker.by_await.remote(settled_in.loan_id)
    assert (code, seen["status"]) == ("", "active")
    code, seen = await asker.by_await.remote(settled_in.loan_id, OTHER_BANK)
    assert (code, seen) == ("not_found", {})
    code, seen = await asker.by_get.remote(settled_in.loan_id)
    assert (code, seen["loan_id"]) == ("", settled_in.loan_id)
    ray.kill(asker)
