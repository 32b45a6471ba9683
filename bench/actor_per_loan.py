"""actor_per_loan: what it costs when every loan is a Ray actor of its own (dedicated placement), for the record.

50 loans, one connection each: repayments a second with one process a loan, against 50 equal loans that live together
in the shared host, once while no dedicated process runs yet and then in turns with them; and what creating a process
costs in seconds and private memory. Feeds README's "is every loan a Ray actor?".
"""

import asyncio
import time
from statistics import median
from typing import Any, NamedTuple

import psutil
import ray

from bench.book import START, Loan, http_get
from bench.exchange import Exchange
from bench.load import Measured
from bench.repay import Contestant, compare, line
from bench.world import BenchWorld, cpu_seconds, say
from runtime.config import RuntimeConfig
from runtime.ray_world import NAMESPACE, actor_name

LOANS, LOANS_QUICK = 50, 8
DAY = START.replace(month=2)
AMOUNT_FEN = 50
"""Small: fifty loans take tens of thousands of repayments before the instalment is paid."""
CREATION_S_MAX = 300
CONFIG = RuntimeConfig(dedicated_pause_ms=100, silent_max_ms=60_000, lease_ms=10_000)
"""While fifty processes start on two cores, one may be kept waiting for longer than the usual lease of 3 s."""
CALM_MS = 500


class Created(NamedTuple):
    """Seconds until all dedicated processes answered, and their ids."""

    seconds: float
    pids: list[int]

    def uss_mb_each(self) -> float:
        """Private memory of a process now, in 10^6 bytes."""
        return median(psutil.Process(pid).memory_full_info().uss for pid in self.pids) / 1e6

    def idle_cpu_pct(self, seconds: float) -> float:
        """What a process takes of a core while nobody asks."""
        before = cpu_seconds(self.pids)
        time.sleep(seconds)
        return (cpu_seconds(self.pids) - before) / seconds / len(self.pids) * 100


async def _until_all_answer(port: int, loans: list[Loan]) -> None:
    """Query each until it answers (the first message to a loan has its process made), then until all do so quickly."""
    deadline = time.monotonic() + CREATION_S_MAX

    async def answered_within_ms(loan: Loan, exchange: Exchange) -> float:
        begun = time.monotonic()
        while (response := await exchange.ask(http_get(f"/v1/loans/{loan.id}", loan.bank))).status != 200:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no dedicated process within {CREATION_S_MAX} s: {response.body[:300]!r}")
            await asyncio.sleep(0.2)
        return (time.monotonic() - begun) * 1000

    async with Exchange(port) as exchange:
        while max(await asyncio.gather(*(answered_within_ms(loan, exchange) for loan in loans))) > CALM_MS:  # noqa: ASYNC110  # other processes' calm
            await asyncio.sleep(0.5)


def create(world: BenchWorld, loans: list[Loan]) -> Created:
    begun = time.perf_counter()
    asyncio.run(_until_all_answer(world.rest_port, loans))
    seconds = time.perf_counter() - begun
    pids = dedicated_pids(world)
    if len(pids) != len(loans):
        raise RuntimeError(f"{len(pids)} dedicated processes for {len(loans)} loans")
    return Created(seconds, pids)


def dedicated_pids(world: BenchWorld) -> list[int]:
    release = world.deployment.release
    names = [each["name"] for each in ray.util.list_named_actors(all_namespaces=True)]
    mine = [name for name in names if name.startswith(actor_name(release, "dedicated-"))]
    handles = [ray.get_actor(name, namespace=NAMESPACE) for name in mine]
    found: list[dict[str, Any]] = ray.get([handle.status.remote() for handle in handles], timeout=60)
    return [int(status["pid"]) for status in found]


def run(quick: bool = False) -> list[dict[str, Any]]:
    """One line: ``ours`` is one Ray actor a loan, the ratio is to the shared placement in turns with it."""
    loans, seconds, rounds = (LOANS_QUICK, 1.5, 2) if quick else (LOANS, 3.0, 3)
    with BenchWorld(loans * 2, DAY, CONFIG, dedicated=loans) as world:
        own, together = world.loans[:loans], world.loans[loans:]
        ports, common = [world.rest_port], world.our_pids()
        shared = Contestant(world, "shared", ports, common, loans=together, amount_fen=AMOUNT_FEN)
        shared.block(loans, 1.0)
        alone = [shared.block(loans, seconds)[0] for _ in range(rounds)]
        say(f"  shared alone: {median(m.rate for m in alone):.0f}/s; creating {loans} dedicated processes")
        created = create(world, own)
        fresh_mb, idle_pct = created.uss_mb_each(), created.idle_cpu_pct(2.0 if quick else 10.0)
        say(f"  {created.seconds:.1f} s, {fresh_mb:.1f} MB private memory and {idle_pct:.1f} % of a core each, idle")
        dedicated = Contestant(
            world, "ours", ports, common + created.pids, loans=own, amount_fen=AMOUNT_FEN, strict=False
        )
        dedicated.block(loans, 1.0)
        found: dict[str, list[tuple[Measured, float]]] = compare([dedicated, shared], loans, seconds, rounds)
        worked_mb = created.uss_mb_each()
        ok = bool(world.verify()["ok"])
    alone_rate = median(m.rate for m in alone)
    return [
        line(
            "actor_per_loan",
            found,
            ok,
            loans=loans,
            shared_alone=round(alone_rate, 1),
            ratio_to_shared_alone=round(median(m.rate for m, _ in found["ours"]) / alone_rate, 3),
            seconds_to_create_each=round(created.seconds / loans, 2),
            uss_mb_each_fresh=round(fresh_mb, 1),
            uss_mb_each=round(worked_mb, 1),
            idle_cpu_pct_each=round(idle_pct, 2),
            failed=sum(m.failed for m, _ in found["ours"]),
        )
    ]
