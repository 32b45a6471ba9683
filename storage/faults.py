"""Faults that a test can order from the in-memory store: what a network or a dying server does to a commit."""

import asyncio
from enum import Enum


class Fault(Enum):
    """What happens to one commit.

    LOST: never reached the server. ANSWER_LOST: written, the answer was lost. LATE: the server has it but has not begun
    (no fence taken); it begins at `Faults.land`. HELD: begun, fence taken, the caller waits until `Faults.release`.
    CUT: as HELD, but the caller loses the connection at once while the server goes on until `Faults.release`.
    """

    LOST = "lost"
    ANSWER_LOST = "answer_lost"
    LATE = "late"
    HELD = "held"
    CUT = "cut"


class Faults:
    """Orders for the next commits, first in first out; ``unreachable`` fails every call while it is true.

    ``delay_s`` is added to every commit, under the fence. ``landed`` lists the end of each LATE or CUT commit:
    "" when it was written, else the error's class name.
    """

    def __init__(self) -> None:
        self.unreachable = False
        self.delay_s = 0.0
        self.landed: list[str] = []
        self._orders: list[Fault] = []
        self._land = asyncio.Event()
        self._release = asyncio.Event()
        self.background: set[asyncio.Task[None]] = set()

    def order(self, *faults: Fault) -> None:
        self._orders.extend(faults)

    def take(self) -> Fault | None:
        """The order for the commit that asks."""
        return self._orders.pop(0) if self._orders else None

    async def land(self) -> None:
        """Let the LATE commits begin; returns when they have ended."""
        self._land.set()
        await self._settle()
        self._land = asyncio.Event()

    async def release(self) -> None:
        """Let HELD and CUT commits go on; returns when the CUT ones have ended."""
        self._release.set()
        await self._settle()
        self._release = asyncio.Event()

    async def until_landed(self) -> None:
        await self._land.wait()

    async def until_released(self) -> None:
        await self._release.wait()

    async def _settle(self) -> None:
        await asyncio.sleep(0)
        waiting = list(self.background)
        if waiting:
            await asyncio.wait(waiting, timeout=5)
