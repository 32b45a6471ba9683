"""The schedule benchmark measures what it says: different contracts, right to the fen; numpy does the same loans."""

from datetime import date

import pytest

from actors.loan.schedule import plan
from bench.schedule import METHODS, by_numpy, contracts, rate_of, right


@pytest.mark.parametrize("method", METHODS)
def test_contracts_differ_and_are_right(method: str) -> None:
    of = contracts(method, 12, 40)  # type: ignore[arg-type]
    assert len({(terms.amount_fen, terms.annual_e10, start) for terms, start in of}) == 40
    assert right(of)


def test_the_yardstick_repays_the_same_loan() -> None:
    ((terms, start),) = contracts("equal_instalment", 36, 1)
    instalment, interest, principal = by_numpy(terms)
    ours = plan(terms, start)
    assert abs(instalment * 100 - ours.instalment_fen) < 1
    assert abs(sum(interest) * 100 - sum(row.interest_fen for row in ours.rows)) < 36
    assert abs(sum(principal) * 100 - terms.amount_fen) < 1


def test_contracts_a_second_are_counted() -> None:
    calls: list[date] = []
    of = contracts("bullet", 12, 5)
    assert rate_of(lambda _, start: calls.append(start), of, 0.01) > 0
    assert len(calls) % 5 == 0
    assert set(calls) == {start for _, start in of}
