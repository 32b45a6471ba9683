"""esb: signed frames a second on the ESB socket against an echo that parses the same XML (bench/echo.py).

One long connection with 32 requests in flight, and 50 connections asking one after the other: loan queries; and on 50
connections the posting of a repayment, distinct numbers. The echo is one process that does nothing else; the product
is two (gateway, host) and goes the whole way: MAC, decode, authorisation, actor, reply, MAC.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bench.book import START
from bench.frames import frame_loop, number
from bench.load import Measured
from bench.repay import line
from bench.world import BenchWorld, cpu_seconds, say
from cluster.deploy import Deployment
from protocols.credentials import Channel
from protocols.esb.client import EsbClient
from protocols.operations import BY_NAME
from storage.guarded import GuardedProcess

SECRET = b"bench-secret-that-opens-nothing-but-this-database"
CHANNEL = Channel(id="BENCHESB", kind="esb", secret=SECRET, banks=("*",), operations=("*",))
LOANS = 2_000
DAY = START.replace(month=2)
QUERIES = 4_000
SUCCESS = b">000000<"
POSTINGS_A_SECOND_MAX = 4_000


class Case(NamedTuple):
    """``operation`` of the table of operations, over so many connections with so many in flight on each."""

    name: str
    operation: str
    connections: int
    window: int


CASES = (
    Case("esb_1_query", "get_loan", 1, 32),
    Case("esb_50_query", "get_loan", 50, 1),
    Case("esb_50_post", "post_repayment", 50, 1),
)


def frame(client: EsbClient, world: BenchWorld, operation: str, n: int) -> bytes:
    """A signed request about the n-th loan (round and round)."""
    loan = world.loans[n % len(world.loans)]
    row = BY_NAME[operation]
    header = {"CONSUMER_SEQ_NO": number(n), "LEGAL_ENTITY": loan.bank}
    body = {"LOAN_ID": loan.id}
    if row.command:
        body |= {"AMOUNT_AMT": "40.00", "SOURCE": "counter", "CORE_SERIAL": f"E{n}", "CORE_DATE": f"{world.day:%Y%m%d}"}
    return client.request_bytes(row.service, row.scene, header, body)


class Contestant(NamedTuple):
    """One side: where it listens, whose CPU counts, what a good reply holds, where its frames come from."""

    name: str
    port: int
    pids: list[int]
    success: bytes
    frames: Callable[[str, int], list[bytes]]
    """(operation, how many) -> frames"""

    def block(self, case: Case, seconds: float) -> tuple[Measured, float]:
        wanted = POSTINGS_A_SECOND_MAX if BY_NAME[case.operation].command and self.success else 40_000
        prepared = self.frames(case.operation, int(wanted * seconds))
        before = cpu_seconds(self.pids)
        running = frame_loop(prepared, self.port, case.connections, case.window, seconds, self.success)
        measured, _ = asyncio.run(running)
        if measured.failed:
            raise RuntimeError(f"{self.name} {case.name}: {measured.failed} failed: {measured.first_failure}")
        return measured, (cpu_seconds(self.pids) - before) * 1000 / max(1, measured.count)


class Frames:
    """Prepared frames: queries may be asked again and again, postings never with the same number."""

    def __init__(self, world: BenchWorld) -> None:
        self._world = world
        self._client = EsbClient("", 0, consumer_id=CHANNEL.id, mac_key=SECRET)
        self._numbers = itertools.count()
        self._samples: dict[str, list[bytes]] = {}

    def _made(self, operation: str, count: int) -> list[bytes]:
        return [frame(self._client, self._world, operation, next(self._numbers)) for _ in range(count)]

    def again(self, operation: str, count: int) -> list[bytes]:
        """The same few thousand frames over and over."""
        if operation not in self._samples:
            self._samples[operation] = self._made(operation, QUERIES)
        sample = self._samples[operation]
        return list(itertools.islice(itertools.cycle(sample), count))

    def ours(self, operation: str, count: int) -> list[bytes]:
        return self._made(operation, count) if BY_NAME[operation].command else self.again(operation, count)


def start_echo(world: BenchWorld) -> tuple[GuardedProcess, int]:
    port_file = world.folder / "echo.port"
    command = [sys.executable, "-m", "bench.echo", str(port_file)]
    process = GuardedProcess(command, log=world.folder / "echo.log", stop_signal="TERM")
    deadline = time.monotonic() + 30
    while not port_file.exists():
        if time.monotonic() > deadline or not process.alive():
            process.stop()
            raise RuntimeError("the echo did not start")
        time.sleep(0.05)
    return process, int(port_file.read_text())


def esb_port(deployment: Deployment) -> int:
    return deployment.esb_addresses[0][1]


def run(quick: bool = False) -> list[dict[str, Any]]:
    """A line for each of `CASES`."""
    seconds, rounds = (1.5, 2) if quick else (3.0, 3)
    found: dict[str, dict[str, list[tuple[Measured, float]]]] = {}
    with BenchWorld(LOANS, DAY, channels=(CHANNEL,)) as world:
        frames = Frames(world)
        echo, port = start_echo(world)
        try:
            pids = world.our_pids() + world.postgres_pids()
            ours = Contestant("ours", esb_port(world.deployment), pids, SUCCESS, frames.ours)
            theirs = Contestant("echo", port, [echo.pid], b"", frames.again)
            for case in CASES:
                ours.block(case, 1.0)  # every loan alive, every day closed
            for case in CASES:
                runs: dict[str, list[tuple[Measured, float]]] = {"ours": [], "echo": []}
                for _, contestant in itertools.product(range(rounds), (ours, theirs)):
                    measured, cpu = contestant.block(case, seconds)
                    runs[contestant.name].append((measured, cpu))
                    say(
                        f"  {contestant.name:5} {case.name:13}: {measured.rate:7.0f}/s  p50"
                        f" {measured.percentile(50):6.2f}  p99 {measured.percentile(99):6.2f} ms  {cpu:.3f} CPU ms/op"
                    )
                found[case.name] = runs
        finally:
            echo.stop()
        ok = bool(world.verify()["ok"])
    return [
        line(case.name, found[case.name], ok, connections=case.connections, in_flight=case.window * case.connections)
        for case in CASES
    ]
