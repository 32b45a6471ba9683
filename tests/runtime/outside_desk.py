"""The outside world of the conformance suite: counts every attempt of every effect and answers as its plan says.

In the twin it is called in the process; hosts on Ray reach it over a socket (`make` is their ``outside_factory``).
A plan is a list of words, one an attempt, the last one for all later: done, refused, unknown, hang (no answer until
`release`, then done), crash (the connection breaks).
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from actors.turn import Vault


class Outcome(Struct, frozen=True):
    status: str
    code: str = ""
    data: dict[str, Any] = {}


class Call(Struct, frozen=True):
    effect_id: str
    attempt: int
    target: str


class OutsideDesk:
    """The book of calls, and the plan's keeper."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def attempts(self, effect_id: str) -> list[int]:
        return [call.attempt for call in self.calls if call.effect_id == effect_id]

    def release(self) -> None:
        """Let every hanging attempt answer."""
        self._released.set()
        self._released = asyncio.Event()

    async def perform(self, target: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str) -> Outcome:
        self.calls.append(Call(effect_id, attempt, target))
        plan = payload["plan"]
        word = plan[min(len(self.attempts(effect_id)), len(plan)) - 1]
        if word == "hang":
            await self._released.wait()
        if word == "crash":
            raise ConnectionResetError(target)
        if word in ("refused", "unknown"):
            return Outcome(word, "outside_refused" if word == "refused" else "")
        return Outcome("done", data={"n": payload["n"]})

    async def serve(self) -> int:
        """Listen for hosts of other processes; the port."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            asked = json.loads(await reader.readline())
            outcome = await self.perform(*asked)
            writer.write(json.dumps([outcome.status, outcome.code, outcome.data]).encode() + b"\n")
            await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def stop(self) -> None:
        self.release()
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()


class FarDesk:
    """`Outside` of a host in another process: one connection a call."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def perform(self, target: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str) -> Outcome:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(json.dumps([target, payload, effect_id, attempt, bank]).encode() + b"\n")
            line = await reader.readline()
            if not line:
                raise ConnectionResetError(target)
            return Outcome(*json.loads(line))
        finally:
            writer.close()


def make(spec: Any, vault_of: Callable[[str], Vault]) -> FarDesk:
    """For ``outside_factory``: the desk listens where the deployment says the core bank does."""
    return FarDesk(spec.outside.core.port)
