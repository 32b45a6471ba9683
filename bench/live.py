"""memory and activation: what a live loan costs in its host, and how fast cold ones come to life.

memory: private bytes (USS) of the host before and after a query to each of N cold loans, for each loan; N is 100,000,
20,000 with ``--quick``. activation: those same cold loans a second in bulk through a gateway, against the same queries
to live ones and against one plain connection that reads and decodes the same rows; and cold loans one after the other
over HTTP, against the same query to live ones.
"""

import asyncio
import time
from statistics import median
from typing import Any, NamedTuple

import asyncpg
import msgspec
import numpy as np
import psutil
import ray

from actors.loan.messages import GetLoan
from actors.loan.state import LoanState
from bench.book import START, Loan, http_get
from bench.exchange import Exchange
from bench.world import BenchWorld, cpu_seconds, say
from runtime.config import RuntimeConfig

LIVE, LIVE_QUICK = 100_000, 20_000
SINGLES = 500
WARM_UP = 1_000
BATCH = 1_000
BATCHES_AT_ONCE = 2
CHUNK = 500
DAY = START.replace(month=2)
CONFIG = RuntimeConfig(live_max=400_000, memory_mb=8_192)
MEMORY_AIM_BYTES = 20_000
_QUERY = msgspec.msgpack.encode(GetLoan())


def wake(world: BenchWorld, loans: list[Loan]) -> float:
    """A query to each, in bulk through the gateway; loans a second."""
    gateway = next(iter(world.deployment.gateways.values()))
    batches = [
        msgspec.msgpack.encode([("loan", loan.id, loan.bank, _QUERY, "", "") for loan in loans[at : at + BATCH]])
        for at in range(0, len(loans), BATCH)
    ]
    begun = time.perf_counter()
    under_way: list[Any] = []
    for batch in batches:
        if len(under_way) >= BATCHES_AT_ONCE:
            _expect(under_way.pop(0))
        under_way.append(gateway.ask_many.remote(batch, 60_000))
    for answers in under_way:
        _expect(answers)
    return len(loans) / (time.perf_counter() - begun)


def _expect(answers: Any) -> None:
    codes = {code for code, _ in msgspec.msgpack.decode(ray.get(answers, timeout=120))}
    if codes != {""}:
        raise RuntimeError(f"queries were answered {codes}")


async def plain_read(url: str, loans: list[Loan]) -> float:
    """The yardstick of bulk activation: the same rows by primary key, decoded; rows a second."""
    decoder = msgspec.msgpack.Decoder(LoanState)
    connection = await asyncpg.connect(url)
    try:
        held = []
        begun = time.perf_counter()
        for at in range(0, len(loans), CHUNK):
            ids = [loan.id for loan in loans[at : at + CHUNK]]
            rows = await connection.fetch("SELECT id, version, state, wake_at FROM loan WHERE id = ANY($1)", ids)
            held += [decoder.decode(row["state"]) for row in rows]
        assert len(held) == len(loans)
        return len(loans) / (time.perf_counter() - begun)
    finally:
        await connection.close()


async def one_by_one(port: int, loans: list[Loan]) -> np.ndarray:
    """Milliseconds of each query over HTTP, one after the other."""
    took = []
    async with Exchange(port) as exchange:
        for loan in loans:
            raw = http_get(f"/v1/loans/{loan.id}", loan.bank)
            begun = time.perf_counter()
            response = await exchange.ask(raw)
            took.append(time.perf_counter() - begun)
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {response.body[:300]!r}")
    return np.array(took) * 1000


class Held(NamedTuple):
    """Private and resident bytes of the host, and its live actors."""

    uss: int
    rss: int
    live: int

    @classmethod
    def by(cls, world: BenchWorld) -> "Held":
        status = world.deployment.status()["host-1"]
        memory = psutil.Process(status["pid"]).memory_full_info()
        return cls(memory.uss, memory.rss, status["live"])


class Singles(NamedTuple):
    cold: np.ndarray
    warm: np.ndarray


def singles(world: BenchWorld, loans: list[Loan], rounds: int) -> list[Singles]:
    """Blocks of cold loans one after the other, each block once more when they live."""
    size = len(loans) // rounds
    blocks = [loans[n * size : (n + 1) * size] for n in range(rounds)]
    port = world.rest_port
    return [Singles(asyncio.run(one_by_one(port, b)), asyncio.run(one_by_one(port, b))) for b in blocks]


def single_line(found: list[Singles], ok: bool) -> dict[str, Any]:
    cold_ms = median(float(s.cold.mean()) for s in found)
    return {
        "bench": "activation_single",
        "ours": round(1000 / cold_ms, 1),
        "ratio_to_live": round(median(float(s.warm.mean() / s.cold.mean()) for s in found), 3),
        "p50_ms": round(median(float(np.percentile(s.cold, 50)) for s in found), 2),
        "p99_ms": round(median(float(np.percentile(s.cold, 99)) for s in found), 2),
        "live_p50_ms": round(median(float(np.percentile(s.warm, 50)) for s in found), 2),
        "live_p99_ms": round(median(float(np.percentile(s.warm, 99)) for s in found), 2),
        "invariants_ok": ok,
    }


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Three lines: memory, activation in bulk, activation one by one."""
    wanted, rounds = (LIVE_QUICK, 3) if quick else (LIVE, 5)
    begun = time.perf_counter()
    with BenchWorld(wanted + WARM_UP + SINGLES, DAY, CONFIG) as world:
        filled_s = time.perf_counter() - begun
        loans = world.loans
        wake(world, loans[:WARM_UP])  # every code path has run: what it holds is not the loans'
        found = singles(world, loans[WARM_UP : WARM_UP + SINGLES], rounds)
        cold = loans[WARM_UP + SINGLES :]
        size = len(cold) // rounds
        before, rates, to_read, to_live, cpus = Held.by(world), [], [], [], []
        pids = world.our_pids() + world.postgres_pids()
        for n in range(rounds):
            part = cold[n * size : (n + 1) * size]
            read = asyncio.run(plain_read(world.deployment.database_url, part))
            used = cpu_seconds(pids)
            rate = wake(world, part)
            cpus.append((cpu_seconds(pids) - used) * 1000 / len(part))
            live = wake(world, part)
            rates.append(rate)
            to_read.append(rate / read)
            to_live.append(rate / live)
            say(f"  {rate:7.0f} cold loans/s in bulk; live ones {live:7.0f}/s; plain read {read:7.0f}/s")
        after = Held.by(world)
        loans_live = after.live - before.live
        bytes_each = (after.uss - before.uss) / max(1, loans_live)
        say(f"  {loans_live} loans: {bytes_each:.0f} bytes each (RSS {(after.rss - before.rss) / loans_live:.0f})")
        ok = bool(world.verify()["ok"])
    memory = {
        "bench": "memory",
        "ours": round(bytes_each),
        "unit": "bytes per live loan (USS)",
        "ratio_to_aim": round(bytes_each / MEMORY_AIM_BYTES, 3),
        "live": after.live,
        "rss_bytes_each": round((after.rss - before.rss) / max(1, loans_live)),
        "host_uss_mb": round(after.uss / 1e6, 1),
        "filled_s": round(filled_s, 1),
        "invariants_ok": ok,
    }
    bulk = {
        "bench": "activation_bulk",
        "ours": round(median(rates), 1),
        "ratio_to_plain_read": round(median(to_read), 3),
        "ratio_to_live": round(median(to_live), 3),
        "cpu_ms_per_op": round(median(cpus), 4),
        "invariants_ok": ok,
    }
    return [memory, bulk, single_line(found, ok)]
