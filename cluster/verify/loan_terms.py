"""What a loan's contract and its bank's rules say, as the checker reads them: by position, in plain integers.

Positions as actors/loan/state.py and actors/schedule/terms.py list them; new fields come at the end. Days are ordinals
(date.toordinal): differences are days.
"""

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

SCALE = 10**10
"""Rates are integers of 10^-10 a year."""


@lru_cache(maxsize=20_000)
def day_of(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def day_text(day: int) -> str:
    return str(date.fromordinal(day))


def months_after(day: int, months: int) -> int:
    """The same day ``months`` later, a short month's last day when it has no such day."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


class Deal(NamedTuple):
    """The terms agreed. ``year``: days of a year where interest runs by actual days of a fixed year, else 0 (the exact
    checks of interest by days are left out then). ``even``: what a running period bears is just balance x rate x days;
    in an interest grace it is handed on, and flat interest is no share of the balance."""

    method: str
    amount_fen: int
    year: int
    holidays: str
    even: bool
    grace_days: int
    annual: int
    penalty: int
    misuse: int
    compound_on: str
    compound_months: int
    compound_rate: str
    allocation: str
    buckets: Sequence[Sequence[Any]]
    fees: Sequence[Sequence[Any]]
    repricing: str
    lpr_tenor: str
    spread_bp: int
    penalty_factor: str
    misuse_factor: str

    @classmethod
    def of(cls, terms: Sequence[Any]) -> "Deal":
        plan = terms[3]
        count = plan[5]
        year = int(count[7:]) if count.startswith("actual/") and count[7:].isdigit() else 0
        return cls(
            method=plan[0],
            amount_fen=terms[1],
            year=year,
            holidays=plan[14],
            even=year > 0 and not plan[16] and plan[0] != "flat",
            grace_days=terms[4],
            annual=terms[11],
            penalty=terms[12],
            misuse=terms[14],
            compound_on=terms[15],
            compound_months=terms[16],
            compound_rate=terms[17],
            allocation=terms[18],
            buckets=terms[19],
            fees=terms[21],
            repricing=terms[22],
            lpr_tenor=terms[23],
            spread_bp=terms[24],
            penalty_factor=terms[5],
            misuse_factor=terms[13],
        )

    def at(self, annual: int, penalty: int, misuse: int) -> "Deal":
        return self._replace(annual=annual, penalty=penalty, misuse=misuse)

    def wrong_rates(self) -> str:
        """Penalty and misuse rate follow the contract rate; "" when they do."""
        penalty, misuse = self.annual * Decimal(self.penalty_factor), self.annual * Decimal(self.misuse_factor)
        right = penalty == self.penalty and misuse == self.misuse
        return "" if right else f"{self.annual}: {penalty}, {misuse} e-10"


class Rules(NamedTuple):
    """A version of the bank's terms, as far as they govern loans; VAT as (numerator, numerator + denominator)."""

    vat: tuple[int, int]
    classes: tuple[int, ...]
    technical_days: int
    watch_periods: int
    watch_months: int
    non_accrual_days: int
    principal_first: bool
    provision_bp: tuple[int, ...]
    lpr: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, terms: dict[str, Any]) -> "Rules":
        up, down = Decimal(str(terms.get("vat_rate", "0.06"))).as_integer_ratio()
        return cls(
            vat=(up, up + down),
            classes=tuple(terms.get("classes", (1, 91, 271, 361))),
            technical_days=terms.get("technical_overdue_days", 0),
            watch_periods=terms.get("watch_periods", 2),
            watch_months=terms.get("watch_months", 6),
            non_accrual_days=terms.get("non_accrual_days", 91),
            principal_first=terms.get("non_accrual_principal_first", True),
            provision_bp=tuple(terms.get("provision_bp", (100, 200, 2500, 5000, 10_000))),
            lpr=tuple((row[0], row[1], str(row[2])) for row in terms.get("lpr", ())),
        )

    def vat_within(self, gross_fen: int) -> int:
        """VAT contained in a gross sum: gross x rate / (1 + rate), HALF_UP."""
        up, down = self.vat
        return (2 * gross_fen * up + down) // (2 * down)

    def class_by_days(self, days: int) -> int:
        return 1 if days <= self.technical_days else 1 + sum(days >= first for first in self.classes)

    def provision(self, principal_fen: int, risk_class: int) -> int:
        return half_up(principal_fen * self.provision_bp[risk_class - 1], 10_000)

    def lpr_before(self, tenor: str, day: int) -> Decimal | None:
        known = [(on, rate) for on, of, rate in self.lpr if of == tenor and day_of(on) < day]
        return Decimal(max(known)[1]) if known else None


EveryVersion = tuple[Rules, ...]
"""A rule holds if it holds by one version of the bank's terms: which one was in force when a day was closed late is not
in the journal."""


def by_some(rules: EveryVersion, holds: Callable[[Rules], bool]) -> bool:
    return holds(rules[0]) or any(holds(version) for version in rules)
