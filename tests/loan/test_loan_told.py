"""Random lives told again by the checker's own fold: it finds nothing wrong, and its ledger is the engine's to the fen."""

from collections import Counter
from datetime import date
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from loan_support import Life
from test_loan_lives import BANKS, CONTRACTS, PRODUCTS, RATES, STEPS, _bank, _step

from actors.loan import lifecycle
from cluster.verify.accounts import DEFAULTS
from cluster.verify.findings import Findings
from cluster.verify.loan_book import KNOWN_WITHOUT_MONEY, TOLD, end, take
from cluster.verify.loan_ledger import ROLES, balances_of
from cluster.verify.loan_story import LoanStory
from cluster.verify.loan_terms import Rules
from cluster.verify.loans import _compare_row


def told(life: Life) -> LoanStory:
    """The life's journal as stored, told by the checker."""
    story = LoanStory((Rules.of(msgspec.json.decode(msgspec.json.encode(life.bank))),))
    for event in life.journal:
        name = type(event).__name__
        if name not in KNOWN_WITHOUT_MONEY:
            take(story, name, msgspec.msgpack.decode(msgspec.msgpack.encode(event)))
            assert story.faults == [], name
    end(story)
    return story


def check_told(life: Life) -> None:
    story, loan = told(life), life.loan
    assert story.faults == []
    ours = {DEFAULTS[role]: fen for role, fen in zip(ROLES, balances_of(story), strict=True) if fen}
    assert ours == life.balances() | life.balances(memo=True)
    findings = Findings()
    _compare_row(findings, "loan", story, ("loan", loan.status, loan.principal_fen_outstanding, msgspec.msgpack.encode(loan)))
    assert findings.sample == []


@settings(max_examples=150, deadline=None)
@given(PRODUCTS, BANKS, CONTRACTS, RATES, st.dates(date(2024, 1, 1), date(2027, 12, 31)), STEPS)
def test_random_lives(
    product: dict[str, Any],
    rules: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    steps: list[tuple[str, int, int]],
) -> None:
    assume(contract["periods"] > max(product["principal_grace"], product["interest_grace"]))
    life = Life(start, _bank(product, rules)).active(rate, **contract)
    for what, days, share in steps:
        _step(life, what, days, share)
    check_told(life)


def test_the_checker_knows_every_event() -> None:
    names = {t.__name__ for t in lifecycle.EVENTS.__args__}
    assert names == set(TOLD) | set(KNOWN_WITHOUT_MONEY)
    assert not set(TOLD) & set(KNOWN_WITHOUT_MONEY)
    assert Counter(KNOWN_WITHOUT_MONEY).most_common(1)[0][1] == 1
