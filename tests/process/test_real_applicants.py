"""Promise: on real applicants (German credit data) both answers are common, and the card refuses the worse ones."""

from collections import Counter
from random import Random

import msgspec
from process_support import BANKS, PROCESS, TODAY, Answer, Street, application, identity_number

from actors.turn import Effect
from cluster.demo.applicants import facts_of, load_rows
from sandbox.bureau import drawn_report
from sandbox.risk import Assess, drawn_assessment

PEOPLE = 300


def answer(effect: Effect, number: str) -> Answer:
    """As the sandbox would, without its sockets."""
    if effect.target == "bureau.report":
        return "done", "", {"report_no": "R", **msgspec.to_builtins(drawn_report(number))}
    if effect.target == "risk.assess":
        asked = effect.payload
        risk = Assess(
            bank=asked["bank"],
            identity=number,
            phone="",
            product=asked["product"],
            amount_fen=asked["amount_fen"],
            facts=asked["facts"],
        )
        return "done", "", msgspec.to_builtins(drawn_assessment(risk))
    return "done", "", {"message_id": "m"}


def test_standard_loans_are_approved_for_most_and_refused_for_many_with_reasons() -> None:
    random = Random(11)
    rates: dict[str, float] = {}
    bad: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for bank in BANKS:
        product = BANKS[bank].products["standard"]
        approved = 0
        for order, row in enumerate(load_rows(PEOPLE, seed=len(bank)), 1):
            born = TODAY.replace(year=TODAY.year - int(row["age_in_years"]), day=1)
            number = identity_number(born=born, order=order)
            street = Street(bank, lambda effect, number=number: answer(effect, number))  # type: ignore[misc]
            street.register(identity_number=number)
            fen = max(product.amount_fen_min, int(row["credit_amount"]) * 400)
            months = min(int(row["duration_in_month"]), product.periods_max)
            street.ask(PROCESS, application(amount_fen=fen, periods=months, facts=facts_of(row, random)))
            view = street.view()
            approved += view.status == "approved"
            seen[view.status] += 1
            bad[view.status] += row["creditability"] == "bad"
            reasons.update(view.reasons)
        rates[bank] = approved / PEOPLE
    assert all(0.5 < rate < 0.8 for rate in rates.values()), rates
    assert 0.6 < seen["approved"] / (PEOPLE * len(BANKS)) < 0.75, rates
    assert seen.keys() == {"approved", "refused"}
    assert bad["refused"] / seen["refused"] > bad["approved"] / seen["approved"] + 0.12
    assert {"score_low", "bureau_bad", "fraud", "no_limit"} <= reasons.keys()
