"""What a check found: breaches of numbered invariants, counted all, shown as a sample."""

from collections import Counter

from msgspec import Struct

SAMPLE = 20

INVARIANTS: dict[int, tuple[str, str]] = {
    1: ("每笔借据与每个法人账实相符", "disbursed - reversed = outstanding + repaid + waived + written off"),
    2: ("借贷平衡，总账等于分户账", "entries balance, general ledger = sum of loans"),
    3: ("每笔交易恰好入账一次", "every operation in the journal exactly once"),
    4: ("版本连续，哈希链完整", "versions contiguous, hash chain whole"),
    5: ("提款从未超过当时额度", "no draw over the line of that moment"),
    6: ("还款计划、冲账顺序、日终顺序", "schedules add up, allocation and closes in order"),
    7: ("从零重放等于库存状态", "replay from zero = stored row"),
    8: ("法人之间互不可见", "no reference across banks"),
    9: ("外部指令至多执行一次且可勾对", "instructions applied at most once, all matched"),
}
"""Numbers as in the lending rules; Chinese and English."""


class Breach(Struct, frozen=True):
    """One broken promise. ``subject`` is an id or account, ``detail`` figures; neither holds personal data."""

    invariant: int
    check: str
    subject: str
    detail: str


class Findings:
    """Collects what checks look at and what they find broken."""

    def __init__(self) -> None:
        self.examined: Counter[int] = Counter()
        self.broken: Counter[int] = Counter()
        self.sample: list[Breach] = []
        self.facts: dict[str, int | bool] = {}

    def looked(self, invariant: int, count: int = 1) -> None:
        self.examined[invariant] += count

    def breach(self, invariant: int, check: str, subject: str, detail: str) -> None:
        self.broken[invariant] += 1
        if self.broken[invariant] <= SAMPLE:
            self.sample.append(Breach(invariant, check, subject, detail))

    def expect(self, true: bool, invariant: int, check: str, subject: str, detail: str) -> None:
        """Count one look; note a breach unless ``true``."""
        self.examined[invariant] += 1
        if not true:
            self.breach(invariant, check, subject, detail)

    def merge(self, others: "Findings") -> None:
        """Add what another process found; facts that are numbers add up."""
        self.examined.update(others.examined)
        for breach in others.sample:
            if self.broken[breach.invariant] < SAMPLE:
                self.sample.append(breach)
                self.broken[breach.invariant] += 1
                others.broken[breach.invariant] -= 1
        self.broken.update(others.broken)
        for name, value in others.facts.items():
            self.facts[name] = self.facts.get(name, 0) + value

    @property
    def breaches(self) -> int:
        return sum(self.broken.values())
