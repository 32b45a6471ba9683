"""Several processes check ranges of shards at once, all reading the same snapshot; what they find is put together.

A process that dies or meets an error ends the verification with that error: no verdict is not a good verdict.
"""

import asyncio
import gc
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from msgspec import Struct

from cluster.verify.findings import Findings
from cluster.verify.shards import SHARDS, Split, Sums, check_shards, ranges
from cluster.verify.source import opened

EVENTS_WORTH_IT = 100_000
"""Below this many events a second process costs more (its start: about a second) than it saves."""
RANGES_EACH = 4
GC_THRESHOLD = (200_000, 50, 100)
"""A shard's events are many objects without circles: looking for circles every 700 of them costs a tenth."""
Told = Callable[[int, int], None]


class Errand(Struct, frozen=True, kw_only=True):
    """What every process of the crew needs to know."""

    url: str
    bank: str
    snapshot: str
    split: Split


class CrewFailed(RuntimeError):
    """A process of the crew could not do its work; the text is its error."""


def crew_size(jobs: int, events: int) -> int:
    """``jobs`` 0: one process a core, or this one alone when the journal is short."""
    if jobs:
        return min(jobs, SHARDS)
    return (os.cpu_count() or 1) if events >= EVENTS_WORTH_IT else 1


def together(errand: Errand, jobs: int, told: Told) -> tuple[Findings, Sums]:
    """Runs until all shards are checked; ``told(done, of)``. Blocks: call it in a thread."""
    context = multiprocessing.get_context("spawn")
    todo = list(ranges(jobs * RANGES_EACH))[::-1]
    crew: dict[Connection, BaseProcess] = {}
    findings, sums, done = Findings(), Sums(), 0
    try:
        for _ in range(jobs):
            here, there = context.Pipe()
            process: BaseProcess = context.Process(target=_work, args=(errand, there), daemon=True)
            process.start()
            there.close()
            crew[here] = process
            here.send(todo.pop())
        busy = set(crew)
        while busy:
            for end in wait(list(busy)):
                assert isinstance(end, Connection)
                said = _heard(end)
                if said is None:
                    done += 1
                    told(done, SHARDS)
                    continue
                found, added = said
                findings.merge(found)
                sums.add(added)
                if todo:
                    end.send(todo.pop())
                else:
                    busy.discard(end)
    finally:
        for end, process in crew.items():
            end.close()
            process.terminate()
            process.join()
    return findings, sums


def _heard(end: Connection) -> tuple[Findings, Sums] | None:
    """A shard is done (None), or a range is: what it gave."""
    try:
        said = end.recv()
    except (EOFError, ConnectionResetError):
        raise CrewFailed("a process of the verification ended unexpectedly") from None
    if isinstance(said, str):
        raise CrewFailed(said)
    found: tuple[Findings, Sums] | None = said
    return found


def _work(errand: Errand, parent: Connection) -> None:
    gc.set_threshold(*GC_THRESHOLD)
    try:
        asyncio.run(_ranges(errand, parent))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass  # the parent needs nothing more
    except BaseException as error:
        parent.send(f"{type(error).__name__}: {error}")


async def _ranges(errand: Errand, parent: Connection) -> None:
    async with opened(errand.url, errand.bank, errand.snapshot) as source:
        while True:
            shards = await asyncio.to_thread(parent.recv)
            findings = Findings()
            sums = await check_shards(source, findings, shards, errand.split, lambda: parent.send(None))
            parent.send((findings, sums))
