"""Load generators: raw HTTP/1.1 over keep-alive connections, closed loop; and open loop counted from the intended time.

Requests are built before the clock starts, so that the generator costs as little of the two cores as it can.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Shot(NamedTuple):
    """One prepared request and the port it goes to."""

    port: int
    raw: bytes


@dataclass(frozen=True)
class Measured:
    """``rate`` answered requests a second; latencies in milliseconds; ``failed`` answers other than 2xx."""

    count: int
    failed: int
    seconds: float
    latencies_ms: np.ndarray
    first_failure: str = ""

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def percentile(self, q: float) -> float:
        return float(np.percentile(self.latencies_ms, q)) if len(self.latencies_ms) else 0.0


def http_post(path: str, headers: dict[str, str], body: bytes, method: str = "POST") -> bytes:
    """The bytes of a request with a body."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection that sends the next request when the reply is complete."""

    def __init__(
        self, shots: Iterator[Shot], done: Callable[[float, int, bytes], None], ended: asyncio.Future[None]
    ) -> None:
        self._shots = shots
        self._done = done
        self._ended = ended
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        shot = next(self._shots, None)
        if shot is None:
            self._transport.close()
            if not self._ended.done():
                self._ended.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(shot.raw)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        at = head.find(b"Content-Length: ")
        length = int(head[at + 16 : head.find(b"\r", at + 16) if head.find(b"\r", at + 16) > 0 else end])
        if len(self._buffer) < end + 4 + length:
            return
        body = self._buffer[end + 4 : end + 4 + length]
        self._buffer = self._buffer[end + 4 + length :]
        self._done(time.perf_counter() - self._sent, int(head[9:12]), body)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


async def closed_loop(shots: list[Shot], connections: int, seconds: float) -> tuple[Measured, int]:
    """Send prepared requests for ``seconds`` over ``connections``, each waiting for its reply; and how many were used.

    Connections are shared out over the ports in proportion to the shots' ports; each port's shots go in order.
    """
    by_port: dict[int, list[Shot]] = {}
    for shot in shots:
        by_port.setdefault(shot.port, []).append(shot)
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    failed = 0
    first_failure = ""
    deadline = time.perf_counter() + seconds

    def feed(queue: list[Shot]) -> Iterator[Shot]:
        for shot in queue:
            if time.perf_counter() >= deadline:
                return
            yield shot

    def done(latency: float, status: int, body: bytes) -> None:
        nonlocal failed, first_failure
        latencies.append(latency)
        if not 200 <= status < 300:
            failed += 1
            first_failure = first_failure or body.decode(errors="replace")[:500]

    ends = []
    begun = time.perf_counter()
    for port, queue in by_port.items():
        shared = feed(queue)
        for _ in range(max(1, connections // len(by_port))):
            ended: asyncio.Future[None] = loop.create_future()
            ends.append(ended)
            await loop.create_connection(lambda s=shared, e=ended: _Connection(s, done, e), "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(seconds + 20):
        await asyncio.gather(*ends)
    took = time.perf_counter() - begun
    measured = Measured(len(latencies) - failed, failed, took, np.array(latencies) * 1000, first_failure)
    return measured, len(latencies)


async def open_loop(
    rate: float, seconds: float, one: Callable[[int], Awaitable[bool]], at_once_max: int = 2000
) -> Measured:
    """Start ``one(n)`` at ``rate`` a second whatever happens; latency counts from the intended start."""
    begun = time.perf_counter()
    total = int(rate * seconds)
    latencies: list[float] = []
    failed = 0
    tasks: set[asyncio.Task[None]] = set()

    async def run(n: int, intended: float) -> None:
        nonlocal failed
        if await one(n):
            latencies.append(time.perf_counter() - intended)
        else:
            failed += 1

    for n in range(total):
        intended = begun + n / rate
        pause = intended - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        if len(tasks) >= at_once_max:
            failed += 1
            continue
        task = asyncio.get_running_loop().create_task(run(n, intended))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.gather(*tasks)
    return Measured(len(latencies), failed, time.perf_counter() - begun, np.array(latencies) * 1000)
