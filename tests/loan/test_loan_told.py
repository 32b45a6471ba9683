"""Random lives told again by the checker's own fold: nothing is wrong, and its ledger is the engine's to the fen."""

from datetime import date
from typing import Any

import msgspec
import test_loan_lives as lives
import test_loan_rare_lives as rare
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from loan_past import STEPS as PAST
from loan_past import Inputs, bank_of, step
from loan_support import Life, bank
from test_loan_correction import EDITS, _edited

from actors.loan import lifecycle
from cluster.verify.accounts import DEFAULTS
from cluster.verify.findings import Findings
from cluster.verify.loan_book import KNOWN_WITHOUT_MONEY, TOLD, end, take
from cluster.verify.loan_ledger import ROLES, balances_of
from cluster.verify.loan_story import LoanStory
from cluster.verify.loan_terms import Rules
from cluster.verify.loans import compare_row

STARTS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def told(life: Life) -> LoanStory:
    """The life's journal as stored, told by the checker."""
    story = LoanStory((Rules.of(msgspec.json.decode(msgspec.json.encode(life.bank))),))
    for event in life.journal:
        name = type(event).__name__
        if name not in KNOWN_WITHOUT_MONEY:
            take(story, name, msgspec.msgpack.decode(msgspec.msgpack.encode(event)))
            assert story.faults == [], event
    end(story)
    return story


def check_told(life: Life) -> None:
    story, loan = told(life), life.loan
    assert story.faults == []
    ours = {DEFAULTS[role]: fen for role, fen in zip(ROLES, balances_of(story), strict=True) if fen}
    assert ours == life.balances() | life.balances(memo=True)
    findings, state = Findings(), msgspec.msgpack.encode(loan)
    compare_row(findings, "loan", story, ("loan", loan.status, loan.principal_fen_outstanding, state))
    assert findings.sample == []


@settings(max_examples=100, deadline=None)
@given(lives.PRODUCTS, lives.BANKS, lives.CONTRACTS, lives.RATES, STARTS, lives.STEPS)
def test_random_lives(
    product: dict[str, Any],
    rules: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    steps: list[tuple[str, int, int]],
) -> None:
    assume(contract["periods"] > max(product["principal_grace"], product["interest_grace"]))
    life = Life(start, bank_of(product, rules)).active(rate, **contract)
    for what, days, share in steps:
        lives._step(life, what, days, share)
    check_told(life)


@settings(max_examples=100, deadline=None)
@given(rare.RULES, rare.BANKS, rare.CONTRACTS, st.sampled_from(["0", "0.06", "0.1175"]), STARTS, rare.STEPS)
def test_lives_with_rarer_events(
    rules: dict[str, Any],
    terms: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    steps: list[tuple[str, int, int]],
) -> None:
    life = Life(start, msgspec.structs.replace(bank(methods=rare.METHODS, **rules), **terms)).active(rate, **contract)
    for what, days, share in steps:
        rare._step(life, what, days, share)
    check_told(life)


@settings(max_examples=60, deadline=None)
@given(lives.PRODUCTS, lives.BANKS, lives.CONTRACTS, lives.RATES, STARTS, PAST, EDITS, PAST)
def test_lives_with_corrections(
    product: dict[str, Any],
    rules: dict[str, Any],
    contract: dict[str, Any],
    rate: str,
    start: date,
    before: list[tuple[str, int, int]],
    edits: list[tuple[int, str, int]],
    after: list[tuple[str, int, int]],
) -> None:
    assume(contract["periods"] > max(product["principal_grace"], product["interest_grace"]))
    life = Life(start, bank_of(product, rules)).active(rate, **contract)
    inputs: Inputs = ()
    for each in before:
        inputs += step(life, *each)
    for edit in edits:
        inputs = _edited(life, inputs, *edit)
    for each in after:
        step(life, *each)
    check_told(life)


def test_the_checker_knows_every_event() -> None:
    names = {t.__name__ for t in lifecycle.EVENTS.__args__}
    assert names == set(TOLD) | set(KNOWN_WITHOUT_MONEY)
    assert not set(TOLD) & set(KNOWN_WITHOUT_MONEY)
    assert len(KNOWN_WITHOUT_MONEY) == len(set(KNOWN_WITHOUT_MONEY))
