"""instant_loan: application to money out over HTTP (apply, contract, signature, drawdown), sandbox answering at once.

Capacity is what 32 customers at a time complete a second (closed loop); then at 50 % and at 80 % of it customers come
in whatever happens (open loop), each latency counted from the intended start. Every customer applies once: registered,
with consents and on the white list before the clock starts.
"""

import asyncio
import itertools
import json
import time
import urllib.request
from datetime import date, timedelta
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np

from actors.address import new_customer_id
from bench.book import CHANNEL, START, TOKEN
from bench.exchange import Exchange
from bench.load import Measured, Shot, closed_loop, http_post, open_loop
from bench.world import BenchWorld, cpu_seconds, say
from cluster.demo import people
from cluster.parts import derived_key

BANK, PRODUCT = "baihe", "miaodai"
AMOUNT_FEN, PERIODS = 1_000_000, 12
WORKERS = 32
FACTS = {
    "monthly_income_fen": 2_000_000,
    "employment_years": 9,
    "housing": "own",
    "savings_band": 4,
    "checking_band": 3,
    "history_band": 3,
}
CAPACITY_GUESS = 60.0


class Block(NamedTuple):
    """What was measured; CPU milliseconds per completed loan: ours (with PostgreSQL), and the sandbox's."""

    measured: Measured
    cpu: float
    sandbox_cpu: float


class Counter:
    """The bank's counter of this benchmark: registers people and takes each through one loan."""

    def __init__(self, world: BenchWorld) -> None:
        self._world = world
        self._port = world.rest_port
        self._key = derived_key(world.deployment.master_key, "ids")
        self._registered = 0
        self._used = 0
        self.failures: list[str] = []

    # -- before the clock starts -----------------------------------------------------------------------------------

    def _post(self, path: str, key: str, fields: dict[str, Any], method: str = "POST") -> bytes:
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Bank": BANK, "Idempotency-Key": key}
        return http_post(path, headers, msgspec.json.encode(fields) if fields else b"", method)

    def customer(self, n: int) -> str:
        """The id that the n-th registration gets: the keyed hash of its operation."""
        return new_customer_id(self._key, BANK, CHANNEL.id, f"person-{n}")

    def ready(self, count: int) -> None:
        """See that ``count`` more customers can apply: register, two consents, white list, over HTTP."""
        numbers = range(self._registered, self._used + count)
        if not numbers:
            return
        say(f"  registering {len(numbers)} customers")
        for step in (self._registration, *map(self._consent, ("bureau", "tax")), self._listing):
            shots = [Shot(self._port, step(n)) for n in numbers]
            measured, used = asyncio.run(closed_loop(shots, 32, 120.0))
            if measured.failed or used < len(shots):
                raise RuntimeError(f"preparing customers: {measured.failed} failed: {measured.first_failure}")
        self._registered = numbers.stop

    def _registration(self, n: int) -> bytes:
        birth = date(1975, 1, 1) + timedelta(days=n // 400)
        person = {
            "name": "张三",
            "identity_number": people.identity_number("110105", birth, n % 400, True),
            "phone": f"139{n:08d}",
            "account_no": people.card_number(n),
        }
        return self._post("/v1/customers", f"person-{n}", person)

    def _consent(self, purpose: str) -> Any:
        fields = {"purpose": purpose, "version": "1", "text_hash": "0" * 64, "valid_until": "2030-01-01"}
        return lambda n: self._post(f"/v1/customers/{self.customer(n)}/consents", f"{purpose}-{n}", fields)

    def _listing(self, n: int) -> bytes:
        fields = {"limit_fen": AMOUNT_FEN * 2, "valid_until": "2030-01-01"}
        return self._post(f"/v1/customers/{self.customer(n)}/white-list/{PRODUCT}", f"list-{n}", fields, "PUT")

    # -- the loan --------------------------------------------------------------------------------------------------

    def next(self) -> int:
        """The next customer that has not applied yet."""
        if self._used >= self._registered:
            raise RuntimeError("more loans than customers: raise the number registered before a block")
        self._used += 1
        return self._used - 1

    async def lend(self, exchange: Exchange, n: int) -> bool:
        """Application to money out; False, with the reply noted, when it did not end so within the front's waits."""
        customer = self.customer(n)
        terms = {"product": PRODUCT, "amount_fen": AMOUNT_FEN, "periods": PERIODS, "use_code": "travel"}
        terms |= {"customer_id": customer}
        applied = await self._step(exchange, "/v1/applications", f"apply-{n}", {**terms, "facts": FACTS})
        if applied.get("process", {}).get("status") != "approved":
            return False
        opened = await self._step(exchange, "/v1/loans", f"open-{n}", {**terms, "method": "equal_instalment"})
        if opened.get("loan", {}).get("status") != "contract":
            return False
        path = f"/v1/loans/{opened['loan_id']}"
        signing = {"cost_confirmed": True, "contract_hash": opened["loan"]["contract_hash"]}
        signed = await self._step(exchange, f"{path}/signature", f"sign-{n}", signing)
        if signed.get("loan", {}).get("status") != "signed":
            return False
        drawn = await self._step(exchange, f"{path}/drawdown", f"draw-{n}", {})
        return bool(drawn.get("process", {}).get("status") == "paid_out")

    async def _step(self, exchange: Exchange, path: str, key: str, fields: dict[str, Any]) -> dict[str, Any]:
        response = await exchange.ask(self._post(path, key, fields))
        body: dict[str, Any] = msgspec.json.decode(response.body) if response.body else {}
        if response.status not in (200, 201):
            self.failures.append(f"{path}: {response.status} {str(body)[:300]}")
        return body

    # -- blocks ----------------------------------------------------------------------------------------------------

    def closed(self, seconds: float, guess: float) -> Block:
        """``WORKERS`` customers at a time for so long."""
        self.ready(int(seconds * guess * 1.5) + WORKERS)
        return self._measure(self._closed(seconds))

    async def _closed(self, seconds: float) -> Measured:
        latencies: list[float] = []
        failed = 0
        begun = time.perf_counter()

        async def work(exchange: Exchange) -> None:
            nonlocal failed
            while (started := time.perf_counter()) < begun + seconds and self._used < self._registered:
                if await self.lend(exchange, self.next()):
                    latencies.append(time.perf_counter() - started)
                else:
                    failed += 1

        async with Exchange(self._port) as exchange:
            await asyncio.gather(*(work(exchange) for _ in range(WORKERS)))
        took = time.perf_counter() - begun
        return Measured(len(latencies), failed, took, np.array(latencies) * 1000)

    def opened(self, rate: float, seconds: float) -> Block:
        """Customers at this rate whatever happens."""
        self.ready(int(rate * seconds) + 1)
        return self._measure(self._opened(rate, seconds))

    async def _opened(self, rate: float, seconds: float) -> Measured:
        async with Exchange(self._port) as exchange:
            return await open_loop(rate, seconds, lambda _: self.lend(exchange, self.next()))

    def _measure(self, coroutine: Any) -> Block:
        world = self._world
        ours, theirs = world.our_pids() + world.postgres_pids(), world.sandbox_pids()
        before, before_sandbox = cpu_seconds(ours), cpu_seconds(theirs)
        measured: Measured = asyncio.run(coroutine)
        lent = max(1, measured.count)
        return Block(
            measured,
            (cpu_seconds(ours) - before) * 1000 / lent,
            (cpu_seconds(theirs) - before_sandbox) * 1000 / lent,
        )


def preset_sandbox(world: BenchWorld) -> None:
    """Everybody passes; the core's accounting date is the bank's business date."""
    for path, body in (
        ("/core/date", {"bank": "*", "date": world.day.isoformat()}),
        ("/bureau/preset", {"identity": "*", "report": {"score": 720}}),
        ("/risk/preset", {"identity": "*", "assessment": {"score": 700, "income_fen_verified": 2_000_000}}),
    ):
        url = f"http://127.0.0.1:{world.deployment.sandbox_ports['control']}{path}"
        urllib.request.urlopen(url, data=json.dumps(body).encode(), timeout=10).close()


def line(bench: str, blocks: list[Block], ok: bool, **more: Any) -> dict[str, Any]:
    return {
        "bench": bench,
        "ours": round(median(b.measured.rate for b in blocks), 2),
        "p50_ms": round(median(b.measured.percentile(50) for b in blocks), 1),
        "p99_ms": round(median(b.measured.percentile(99) for b in blocks), 1),
        "cpu_ms_per_op": round(median(b.cpu for b in blocks), 2),
        "sandbox_cpu_ms_per_op": round(median(b.sandbox_cpu for b in blocks), 2),
        "completed": sum(b.measured.count for b in blocks),
        "failed": sum(b.measured.failed for b in blocks),
        "invariants_ok": ok,
        **more,
    }


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Three lines: capacity, and latency at 50 % and at 80 % of it."""
    seconds, rounds = (4.0, 2) if quick else (8.0, 3)
    found: dict[str, list[Block]] = {"instant_loan": [], "instant_loan_open_50": [], "instant_loan_open_80": []}
    with BenchWorld(0, START, sandbox=True) as world:
        preset_sandbox(world)
        counter = Counter(world)
        warm = counter.closed(2.0, CAPACITY_GUESS)
        guess = max(CAPACITY_GUESS, warm.measured.rate)
        for _, name in itertools.product(range(rounds), found):
            if name == "instant_loan":
                block = counter.closed(seconds, guess)
            else:
                capacity = median(b.measured.rate for b in found["instant_loan"])
                block = counter.opened(capacity * int(name[-2:]) / 100, seconds)
            found[name].append(block)
            m = block.measured
            say(
                f"  {name:20} {m.rate:6.1f}/s  p50 {m.percentile(50):7.1f}  p99 {m.percentile(99):7.1f} ms"
                f"  {block.cpu:.1f} CPU ms/loan, sandbox {block.sandbox_cpu:.1f}  failed {m.failed}"
            )
            for failure in counter.failures[:3]:
                say(f"  !! {failure}")
            counter.failures.clear()
        ok = bool(world.verify()["ok"])
    return [
        line(name, blocks, ok, **({"workers": WORKERS} if name == "instant_loan" else {}))
        for name, blocks in found.items()
    ]
