"""A Ray actor of somebody else's that asks ours, by runtime/client.py alone."""

import asyncio
from typing import Any

import ray

from actors.loan.messages import GetLoan
from runtime.client import loan


class Asker:
    """Plain: Ray makes an actor of it."""

    async def by_await(self, loan_id: str, bank: str = "") -> tuple[str, dict[str, Any]]:
        reply = await loan(loan_id, bank).ask(GetLoan())
        return reply.code, reply.result

    async def by_get(self, loan_id: str) -> tuple[str, dict[str, Any]]:
        """As code does that knows no event loop."""
        reply = await asyncio.to_thread(lambda: ray.get(loan(loan_id).ask.remote(GetLoan())))
        return reply.code, reply.result
