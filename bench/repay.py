"""repay: posting of a repayment already collected, over HTTP, against the stateless expert and the in-memory limit.

10,000 loans on their first due date, distinct operation ids; 64 and 256 connections, and 64 with 2 ms added to each
flush of PostgreSQL's log. Blocks are interleaved, ratios are medians over the rounds.
"""

import asyncio
import itertools
from statistics import median
from typing import Any

from bench.book import START, TOKEN, Loan
from bench.expert import SQL
from bench.load import Measured, Shot, closed_loop, http_post
from bench.world import BenchWorld, Yardstick, cpu_seconds, say

LOANS = 10_000
DAY = START.replace(month=2)
AMOUNT_FEN = 4_000
SHOTS_A_SECOND_MAX = 9_000


def shots(
    world: BenchWorld, loans: list[Loan], ports: list[int], name: str, count: int, start: int, amount_fen: int
) -> list[Shot]:
    """Prepared requests, the loans in turn; with two ports a loan goes to the one of its shard's parity."""
    made = []
    for n in range(start, start + count):
        loan = loans[n % len(loans)]
        body = (
            f'{{"amount_fen":{amount_fen},"source":"counter","core_date":"{world.day}","core_serial":"{name}{n}"}}'
        ).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Bank": loan.bank, "Idempotency-Key": f"{name}-{n}"}
        port = ports[int(loan.id[4]) % len(ports)]
        made.append(Shot(port, http_post(f"/v1/loans/{loan.id}/posted-repayments", headers, body)))
    return made


class Contestant:
    """One system under load: where it listens, whose CPU counts, how far its operation numbers have come."""

    def __init__(
        self,
        world: BenchWorld,
        name: str,
        ports: list[int],
        pids: list[int],
        *,
        loans: list[Loan] | None = None,
        amount_fen: int = AMOUNT_FEN,
        strict: bool = True,
    ) -> None:
        """``loans`` None: all of the book. ``strict``: a failed request ends the benchmark, else it is counted."""
        self.world = world
        self.loans = loans or world.loans
        self.amount_fen = amount_fen
        self.strict = strict
        self.name = name
        self.ports = ports
        self.pids = pids
        self.used = 0

    def warm(self) -> None:
        """Touch every loan once: the day's first close and cold reads are not what is measured."""
        self.block(64, 60.0, count=len(self.loans))

    def block(self, connections: int, seconds: float, count: int = 0) -> tuple[Measured, float]:
        """One block; what it measured and the CPU milliseconds an operation cost, PostgreSQL's included."""
        count = count or int(SHOTS_A_SECOND_MAX * seconds)
        prepared = shots(self.world, self.loans, self.ports, self.name, count, self.used, self.amount_fen)
        pids = self.pids + self.world.postgres_pids()
        before = cpu_seconds(pids)
        measured, used = asyncio.run(closed_loop(prepared, connections, seconds))
        cpu = (cpu_seconds(pids) - before) * 1000 / max(1, measured.count)
        self.used += count  # what was prepared and not sent is never used again
        if measured.failed and self.strict:
            raise RuntimeError(f"{self.name}: {measured.failed} of {used} failed: {measured.first_failure}")
        return measured, cpu


def compare(
    contestants: list[Contestant], connections: int, seconds: float, rounds: int
) -> dict[str, list[tuple[Measured, float]]]:
    found: dict[str, list[tuple[Measured, float]]] = {c.name: [] for c in contestants}
    for _, contestant in itertools.product(range(rounds), contestants):
        measured, cpu = contestant.block(connections, seconds)
        say(
            f"  {contestant.name:7} {connections:4} connections: {measured.rate:7.0f}/s"
            f"  p50 {measured.percentile(50):6.2f}  p99 {measured.percentile(99):6.2f} ms  {cpu:.3f} CPU ms/op"
        )
        found[contestant.name].append((measured, cpu))
    return found


def line(bench: str, found: dict[str, list[tuple[Measured, float]]], ok: bool, **more: Any) -> dict[str, Any]:
    """The JSON line: medians, and per yardstick the median over rounds of ours / theirs."""
    ours = found["ours"]
    result: dict[str, Any] = {"bench": bench, "ours": round(median(m.rate for m, _ in ours), 1)}
    for name, theirs in found.items():
        if name != "ours":
            ratios = [mine.rate / other.rate for (mine, _), (other, _) in zip(ours, theirs, strict=True)]
            result[f"ratio_to_{name}"] = round(median(ratios), 3)
            result[f"{name}_p99_ms"] = round(median(m.percentile(99) for m, _ in theirs), 2)
            result[f"{name}_cpu_ms_per_op"] = round(median(cpu for _, cpu in theirs), 4)
    result |= {
        "p50_ms": round(median(m.percentile(50) for m, _ in ours), 2),
        "p99_ms": round(median(m.percentile(99) for m, _ in ours), 2),
        "cpu_ms_per_op": round(median(cpu for _, cpu in ours), 4),
        "invariants_ok": ok,
        **more,
    }
    return result


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Three lines: 64 connections, 256, and 64 with slow flushes."""
    seconds, rounds = (2.0, 2) if quick else (4.0, 3)
    with BenchWorld(LOANS, DAY, copies=("expert", "limit")) as world:
        say("starting the yardsticks")
        expert: Yardstick = world.yardstick("expert", SQL)
        limit = world.yardstick("limit")
        contestants = [
            Contestant(world, "ours", [world.rest_port], world.our_pids()),
            Contestant(world, "expert", expert.ports, expert.pids),
            Contestant(world, "limit", limit.ports, limit.pids),
        ]
        for contestant in contestants:
            contestant.warm()
        runs = {"repay_64": compare(contestants, 64, seconds, rounds)}
        runs["repay_256"] = compare(contestants, 256, seconds, rounds)
        world.set_commit_delay(2000)
        runs["repay_64_fsync_2ms"] = compare(contestants, 64, seconds, rounds)
        world.set_commit_delay(0)
        ok = bool(world.verify()["ok"])
    return [line(name, found, ok, loans=LOANS) for name, found in runs.items()]
