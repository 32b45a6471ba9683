"""schedule: contracts a second of the schedule engine, every method; equal instalments against numpy-financial.

A contract is the whole plan from its terms: due dates, instalment, rows to the fen. The yardstick does the same of one
contract in binary floating point with numpy-financial (pmt, ipmt, ppmt of all periods); it has no dates and no fen, so
that what exactness costs is seen. Rounds of both alternate; a ratio is the median over the rounds.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import msgspec
import numpy
import numpy_financial

from actors.loan.schedule import plan
from actors.loan.state import Terms
from actors.schedule.terms import Method, PlanTerms
from bench.world import say
from cluster.verify.schedule import Agreed, Row, faults

METHODS: tuple[Method, ...] = ("equal_instalment", "equal_principal", "interest_only", "bullet", "pay_anytime", "flat")
PERIODS = (12, 36, 360)
START = date(2026, 1, 15)
ROUNDS = 7
BLOCK_S = 0.4
RATES = ("0.0385", "0.0435", "0.06", "0.0785", "0.108")


def contracts(method: Method, periods: int, count: int = 200) -> list[tuple[Terms, date]]:
    """Different sums, rates and days, as a bank has them; the same in every run."""
    agreed = PlanTerms(method, periods)
    found = []
    for n in range(count):
        rate = Decimal(RATES[n % len(RATES)])
        terms = Terms(
            product="standard",
            amount_fen=(10 + n * 37 % 190) * 100_000,
            use_code="consumption",
            plan=agreed,
            grace_days=0,
            penalty_factor=Decimal("1.5"),
            prepay_fen_min=0,
            age_min=18,
            age_at_maturity_max=65,
            revolving=False,
            annual_rate=rate,
            annual_e10=int(rate * 10**10),
        )
        found.append((terms, START + timedelta(days=n % 365)))
    return found


def by_numpy(terms: Terms) -> Any:
    """One contract's rows in floats: interest and principal of every period."""
    rate, amount = terms.annual_e10 / 12e10, terms.amount_fen / 100
    periods = numpy.arange(1, terms.plan.periods + 1)
    instalment = numpy_financial.pmt(rate, terms.plan.periods, -amount)
    interest = numpy_financial.ipmt(rate, periods, terms.plan.periods, -amount)
    return instalment, interest, instalment - interest


def rate_of(once: Callable[[Terms, date], Any], of: list[tuple[Terms, date]], block_s: float) -> float:
    """Contracts a second of one core, over about ``block_s``."""
    done, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < block_s:
        for terms, start in of:
            once(terms, start)
        done += len(of)
    return done / spent


def right(of: list[tuple[Terms, date]]) -> bool:
    """Whether the checker, which shares no code, computes the same of every contract."""
    for terms, start in of:
        planned = plan(terms, start)
        rows = [Row(row.due, row.principal_fen, row.interest_fen) for row in planned.rows]
        agreed = Agreed.of(msgspec.json.decode(msgspec.json.encode(terms)))
        if faults(agreed, start, planned.instalment_fen, rows):
            return False
    return True


def run(quick: bool = False) -> list[dict[str, Any]]:
    rounds, block_s = (3, 0.1) if quick else (ROUNDS, BLOCK_S)
    lines = []
    for method in METHODS:
        for periods in PERIODS if method == "equal_instalment" else PERIODS[:2]:
            lines.append(_line(method, periods, rounds, block_s))
            say(f"schedule {method} {periods}: {lines[-1]['ours']:,.0f} contracts a second")
    return lines


def _line(method: Method, periods: int, rounds: int, block_s: float) -> dict[str, Any]:
    of = contracts(method, periods)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(rate_of(plan, of, block_s))
        if method == "equal_instalment":
            theirs.append(rate_of(lambda terms, _: by_numpy(terms), of, block_s))
    line: dict[str, Any] = {
        "bench": "schedule",
        "method": method,
        "periods": periods,
        "ours": round(median(ours), 1),
        "unit": "contracts/s",
        "rows_per_s": round(median(ours) * (1 if method in ("bullet", "pay_anytime") else periods)),
        "invariants_ok": right(of[:20] if periods > 100 else of),
    }
    if theirs:
        line["numpy_financial"] = round(median(theirs), 1)
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        line["ratio_to_numpy_financial"] = round(median(ratios), 3)
    return line
