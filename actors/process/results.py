"""What outside systems and decision models must answer: checked before a variable is set, so no rule meets a gap.

An expression over a missing field is silently false in the engine; that is why nothing unchecked gets that far.
"""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from actors.codes import BY_WORD
from actors.turn import RuleFailed


class BureauReport(Struct, frozen=True, kw_only=True):
    """Personal credit report; sums in fen, ``score`` 0..1000."""

    report_no: str
    score: int
    overdue_now_fen: int
    months_overdue_max: int
    inquiries_3m: int
    unsecured_fen_elsewhere: int
    monthly_due_fen: int


class RiskAnswer(Struct, frozen=True, kw_only=True):
    """Anti-fraud and score of the big-data platform; income a month in fen (0: not verified)."""

    fraud: bool
    fraud_score: int
    score: int
    income_fen_verified: int


class Verdict(Struct, frozen=True, kw_only=True):
    """``reasons``: words of actors/codes.py; passed only without any."""

    passed: bool
    reasons: tuple[str, ...] = ()


class Score(Verdict, frozen=True, kw_only=True):
    points: int
    items: tuple[dict[str, Any], ...] = ()


class Price(Struct, frozen=True, kw_only=True):
    rate_bp: int


class Limit(Verdict, frozen=True, kw_only=True):
    limit_fen: int


DECISIONS: dict[str, type[Struct]] = {
    "admission": Verdict,
    "anti_fraud": Verdict,
    "credit": Verdict,
    "score": Score,
    "price": Price,
    "limit": Limit,
}
"""Shape of each known decision's result; a bank's model of another name must be a `Verdict`."""


def check_decision(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """The result as plain data, or `RuleFailed` when it is not of its shape or gives a reason that is no code."""
    try:
        typed = msgspec.convert(result, DECISIONS.get(name, Verdict))
    except msgspec.ValidationError as error:
        raise RuleFailed(f"decision {name}: {error}") from None
    if isinstance(typed, Verdict):
        if unknown := [r for r in typed.reasons if r not in BY_WORD]:
            raise RuleFailed(f"decision {name} gives reasons that are no codes: {unknown}")
        if typed.passed == bool(typed.reasons):
            raise RuleFailed(f"decision {name}: passed is {typed.passed} with reasons {list(typed.reasons)}")
    if isinstance(typed, Price) and not 0 < typed.rate_bp < 10_000:
        raise RuleFailed(f"decision {name}: rate of {typed.rate_bp} bp")
    plain: dict[str, Any] = msgspec.to_builtins(typed)
    return plain


def annual_rate(rate_bp: int) -> str:
    """Rate per year as decimal text: 780 bp is "0.0780"."""
    return f"{Decimal(rate_bp) / 10_000:.4f}"
