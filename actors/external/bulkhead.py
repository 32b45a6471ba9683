"""Bulkhead of one outside system: so many calls at once, so many waiting; one more is turned away at once.

A slow core thus cannot take the memory and the patience of calls to the bureau.
"""

import asyncio


class BulkheadFull(Exception):
    """All places and all waiting places are taken; nothing was sent."""


class Bulkhead:
    """``async with bulkhead:`` around one call."""

    def __init__(self, at_once: int, waiting_max: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._waiting_max = waiting_max
        self.waiting = 0
        self.in_flight = 0

    async def __aenter__(self) -> None:
        if self._places.locked():
            if self.waiting >= self._waiting_max:
                raise BulkheadFull
            self.waiting += 1
            try:
                await self._places.acquire()
            finally:
                self.waiting -= 1
        else:
            await self._places.acquire()
        self.in_flight += 1

    async def __aexit__(self, *_: object) -> None:
        self.in_flight -= 1
        self._places.release()
