"""Runs every check in one snapshot and gives the `Report`; used by `miaodai verify`, demo, tests, benchmarks."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct

from cluster.verify.accounts import AccountCodes
from cluster.verify.banks import check_bank_of_rows, check_banks_known, check_references
from cluster.verify.crew import Errand, crew_size, together
from cluster.verify.customers import compare_memo
from cluster.verify.findings import INVARIANTS, Breach, Findings
from cluster.verify.ledger import check_entries, check_trial_balance
from cluster.verify.loans import compare_banks
from cluster.verify.operations import Acknowledged, check_acknowledged, check_operations, check_replies
from cluster.verify.outside import check_outside
from cluster.verify.shards import SHARDS, Split, Sums, check_shards, check_split, find_split
from cluster.verify.source import Source, opened

Step = tuple[str, Callable[[Source, Findings], Awaitable[object]]]
STEPS: tuple[Step, ...] = (
    ("流水 operations", check_operations),
    ("应答 replies", check_replies),
    ("分录 entries", check_entries),
    ("试算平衡 trial balance", check_trial_balance),
    ("法人引用 references", check_references),
    ("法人归属 banks of rows", check_bank_of_rows),
)
"""What the database itself finds, set by set; the rest is told by the events, shard by shard (shards.py)."""
EVENTS = "分片事件 events by shard"
_EVENTS = """
    SELECT coalesce(sum(last), 0) FROM generate_series(0, $1 - 1) s(shard)
    CROSS JOIN LATERAL (SELECT max(seq) AS last FROM journal WHERE shard = s.shard) j"""
"""How many events there are, by the ends of the chains."""
Progress = Callable[[str, int, int], None]
"""(step, its number from 1, how many); of the events, shards done."""


JOURNAL_ONLY = "仅查日志 our journal only"
"""Invariant 9 without the outside systems' books (--sandbox-control)."""


class Line(Struct, frozen=True, kw_only=True):
    """One invariant's result. ``note`` says what it was not checked against."""

    invariant: int
    zh: str
    en: str
    examined: int
    broken: int
    note: str = ""


class Report(Struct, frozen=True, kw_only=True):
    """``invariants_broken`` counts numbers of invariants, ``breaches`` every single finding; ``sample`` shows some."""

    lines: tuple[Line, ...]
    sample: tuple[Breach, ...]
    breaches: int
    invariants_broken: int
    ledger_balanced: bool
    replay_identical: bool
    facts: dict[str, int | bool]
    seconds: float

    @property
    def ok(self) -> bool:
        return self.breaches == 0


async def verify(
    url: str,
    *,
    bank: str = "",
    control: str = "",
    acknowledged: Iterable[Acknowledged] = (),
    progress: Progress = lambda *_: None,
    jobs: int = 0,
) -> Report:
    """Check a database. ``control``: base URL of the sandbox, else 9 is checked on our journal only.

    ``jobs``: processes that read the events (0: one a core, one alone for a small journal). Raises asyncpg's errors
    when the database cannot be read, and `crew.CrewFailed`: no verdict is not a good verdict.
    """
    began = time.monotonic()
    findings = Findings()
    findings.facts |= {"effects_open": 0, "incidents": 0}
    told = list(acknowledged)
    steps = [*STEPS]
    if told:
        steps.append(("已应答流水 acknowledged", lambda s, f: check_acknowledged(s, f, told)))
    if control:
        steps.append(("外部系统 outside systems", lambda s, f: check_outside(s, f, control)))
    async with opened(url, bank) as source:
        await _check_all(source, findings, steps, url, jobs, progress)
    return _report(findings, bool(control), time.monotonic() - began)


async def _check_all(
    source: Source, findings: Findings, steps: list[Step], url: str, jobs: int, progress: Progress
) -> None:
    """With a crew the database works on its own steps while the crew reads events; alone, one after the other."""
    split = await find_split(source)
    size = crew_size(jobs, int(await source.value(_EVENTS, SHARDS)))
    if size > 1:
        errand = Errand(url=url, bank=source.bank, snapshot=await source.snapshot(), split=split)
        crew = asyncio.create_task(
            asyncio.to_thread(together, errand, size, lambda done, of: progress(EVENTS, done, of))
        )
        try:
            await _steps(source, findings, steps, lambda *_: None)
        finally:
            others, sums = await crew
        findings.merge(others)
    else:
        sums = await _alone(source, findings, split, progress)
        await _steps(source, findings, steps, progress)
    sums.add(await check_split(source, findings, split))
    await check_banks_known(source, findings, sums.banks)
    totals = {bank: Counter(loans) for bank, loans in sums.loans.items()}
    await compare_banks(source, findings, totals, await AccountCodes.read(source))
    await compare_memo(source, findings, sums.promised)


async def _alone(source: Source, findings: Findings, split: Split, progress: Progress) -> Sums:
    done = itertools.count(1)
    return await check_shards(source, findings, range(SHARDS), split, lambda: progress(EVENTS, next(done), SHARDS))


async def _steps(source: Source, findings: Findings, steps: list[Step], progress: Progress) -> None:
    for number, (name, step) in enumerate(steps, 1):
        progress(name, number, len(steps))
        await step(source, findings)


def _report(findings: Findings, with_outside: bool, seconds: float) -> Report:
    lines = tuple(
        Line(
            invariant=number,
            zh=zh,
            en=en,
            examined=findings.examined[number],
            broken=findings.broken[number],
            note=JOURNAL_ONLY if number == 9 and not with_outside else "",
        )
        for number, (zh, en) in INVARIANTS.items()
    )
    return Report(
        lines=lines,
        sample=tuple(findings.sample),
        breaches=findings.breaches,
        invariants_broken=sum(line.broken > 0 for line in lines),
        ledger_balanced=findings.broken[2] == 0,
        replay_identical=findings.broken[7] == 0,
        facts=findings.facts,
        seconds=round(seconds, 3),
    )
