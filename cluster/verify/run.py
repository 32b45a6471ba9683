"""Runs every check in one snapshot and gives the `Report`; used by `miaodai verify`, demo, tests, benchmarks."""

import time
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct

from cluster.verify.banks import check_bank_of_rows, check_references
from cluster.verify.chain import check_chain, check_versions
from cluster.verify.customers import check_lines
from cluster.verify.effects import check_effects
from cluster.verify.findings import INVARIANTS, Breach, Findings
from cluster.verify.ledger import check_entries, check_trial_balance
from cluster.verify.loans import check_loans
from cluster.verify.operations import Acknowledged, check_acknowledged, check_operations, check_replies
from cluster.verify.outside import check_outside
from cluster.verify.replay_with_evolve import check_replay
from cluster.verify.source import Source, opened

Step = tuple[str, Callable[[Source, Findings], Awaitable[object]]]
STEPS: tuple[Step, ...] = (
    ("哈希链 chain", check_chain),
    ("版本 versions", check_versions),
    ("流水 operations", check_operations),
    ("应答 replies", check_replies),
    ("分录 entries", check_entries),
    ("试算平衡 trial balance", check_trial_balance),
    ("借据 loans", check_loans),
    ("额度 lines", check_lines),
    ("外部指令 effects", check_effects),
    ("法人引用 references", check_references),
    ("法人归属 banks of rows", check_bank_of_rows),
    ("重放 replay", check_replay),
)
Progress = Callable[[str, int, int], None]
"""(step, its number from 1, how many)"""


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
) -> Report:
    """Check a database. ``control``: base URL of the sandbox, else 9 is checked on our journal only.

    Raises asyncpg's errors when the database cannot be read: no verdict is not a good verdict.
    """
    began = time.monotonic()
    findings = Findings()
    told = list(acknowledged)
    steps = [*STEPS]
    if told:
        steps.append(("已应答流水 acknowledged", lambda s, f: check_acknowledged(s, f, told)))
    if control:
        steps.append(("外部系统 outside systems", lambda s, f: check_outside(s, f, control)))
    async with opened(url, bank) as source:
        for number, (name, step) in enumerate(steps, 1):
            progress(name, number, len(steps))
            await step(source, findings)
    return _report(findings, bool(control), time.monotonic() - began)


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
