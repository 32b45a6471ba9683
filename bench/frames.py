"""Load generator for the ESB socket: prepared frames over long connections, ``window`` of them in flight on each.

Replies may come in any order; they are told apart by the request's number (`number`), which both sides echo.
"""

import asyncio
import re
import time
from collections.abc import Iterator

import numpy as np

from bench.load import Measured

PREFIX = 8
_NUMBER = re.compile(rb"BN([0-9]{9})N")


def number(n: int) -> str:
    """The n-th frame's CONSUMER_SEQ_NO, as the generator finds it again in the reply."""
    return f"BN{n:09d}N"


class _Line(asyncio.Protocol):
    """One connection: sends the next frame when a reply is complete."""

    def __init__(self, block: "_Block") -> None:
        self._block = block
        self._held = b""
        self._sent: dict[bytes, float] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's own class, not a subclass
        for _ in range(self._block.window):
            self._next()

    def _next(self) -> None:
        assert self._transport is not None
        frame = next(self._block.frames, None)
        if frame is None:
            if not self._sent:
                self._transport.close()
            return
        found = _NUMBER.search(frame)
        assert found is not None, "a frame without a number"
        self._sent[found[1]] = time.perf_counter()
        self._transport.write(frame)

    def data_received(self, data: bytes) -> None:
        held, at = self._held + data, 0
        while len(held) - at >= PREFIX:
            end = at + PREFIX + int(held[at : at + PREFIX])
            if len(held) < end:
                break
            self._take(held[at + PREFIX : end])
            at = end
        self._held = held[at:]

    def _take(self, reply: bytes) -> None:
        found = _NUMBER.search(reply)
        sent = self._sent.pop(found[1], None) if found is not None else None
        self._block.done(sent, reply)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._block.lost += len(self._sent)
        self._block.ended()


class _Block:
    def __init__(self, frames: list[bytes], connections: int, window: int, seconds: float, success: bytes) -> None:
        self.window = window
        self.lost = 0
        self.used = 0
        self.latencies: list[float] = []
        self.failed = 0
        self.first_failure = ""
        self._success = success
        self._open = connections
        self._over = asyncio.get_running_loop().create_future()
        self.frames = self._feed(frames, time.perf_counter() + seconds)

    def _feed(self, frames: list[bytes], deadline: float) -> Iterator[bytes]:
        for frame in frames:
            if time.perf_counter() >= deadline:
                return
            self.used += 1
            yield frame

    def done(self, sent: float | None, reply: bytes) -> None:
        if sent is None or self._success not in reply:
            self.failed += 1
            self.first_failure = self.first_failure or reply.decode(errors="replace")[:1500]
        else:
            self.latencies.append(time.perf_counter() - sent)

    def ended(self) -> None:
        self._open -= 1
        if not self._open and not self._over.done():
            self._over.set_result(None)

    async def wait(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await self._over


async def frame_loop(
    frames: list[bytes], port: int, connections: int, window: int, seconds: float, success: bytes = b""
) -> tuple[Measured, int]:
    """Send frames for ``seconds``; a reply without ``success`` in it has failed. Also how many frames were used."""
    block = _Block(frames, connections, window, seconds, success)
    begun = time.perf_counter()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: _Line(block), "127.0.0.1", port)
    await block.wait(seconds + 20)
    took = time.perf_counter() - begun
    count = len(block.latencies)
    failed = block.failed + block.lost
    return Measured(count, failed, took, np.array(block.latencies) * 1000, block.first_failure), block.used
