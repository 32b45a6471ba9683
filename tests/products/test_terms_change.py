"""Versions by date: a change holds from its date on, together with what is approved for later; else it is refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from products_support import BANK, BANKS, PRODUCT, TODAY, replace, with_product

from actors.bank import BankTerms
from actors.codes import Code
from cluster.terms_change import Dated, Proposed, TermsRefused, changed, differences, in_force, outcome

TERMS = BANKS[BANK]
DAYS = 12
FIELDS: dict[str, tuple[int, ...]] = {
    "standard.proof_of_use_days": (30, 40, 50),
    "standard.line_months": (7, 8, 9),
    "miaodai.line_months": (10, 11, 13),
    "cool_off_days": (31, 32, 33),
}


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def changing(terms: BankTerms, field: str, value: int) -> BankTerms:
    product, _, name = field.rpartition(".")
    return with_product(terms, product, **{name: value}) if product else replace(terms, **{name: value})


def value(terms: BankTerms, field: str) -> Any:
    product, _, name = field.rpartition(".")
    return getattr(terms.products[product] if product else terms, name)


def propose(versions: list[Dated], day: date, field: str, new: int, supersedes: bool = False) -> Proposed:
    now = in_force(versions, day).terms
    return Proposed(day, *changed(now, changing(now, field, new)), supersedes)


def approved(versions: list[Dated], proposed: Proposed) -> list[Dated]:
    made = outcome(versions, proposed)
    return versions + [Dated(len(versions) + n, day, terms) for n, (day, terms) in enumerate(made, 1)]


def start() -> list[Dated]:
    return [Dated(1, TODAY, TERMS)]


def test_an_earlier_change_joins_one_that_is_approved_for_later() -> None:
    versions = approved(start(), propose(start(), on(30), "standard.line_months", 9))
    versions = approved(versions, propose(versions, on(10), "standard.proof_of_use_days", 45))
    assert [v.valid_from for v in versions] == [TODAY, on(30), on(10), on(30)]
    in_turn = [in_force(versions, on(n)).terms.products[PRODUCT] for n in (9, 10, 29, 30)]
    assert [(p.proof_of_use_days, p.line_months) for p in in_turn] == [(90, 6), (45, 6), (45, 6), (45, 9)]


def test_an_earlier_change_of_the_same_field_must_say_that_it_supersedes() -> None:
    versions = approved(start(), propose(start(), on(30), "standard.line_months", 9))
    earlier = propose(versions, on(10), "standard.line_months", 7)
    with pytest.raises(TermsRefused) as caught:
        outcome(versions, earlier)
    assert caught.value.code is Code.LATER_VERSION
    assert "products.standard.line_months" in caught.value.detail
    versions = approved(versions, earlier._replace(supersedes=True))
    assert [value(in_force(versions, on(n)).terms, "standard.line_months") for n in (9, 10, 30)] == [6, 7, 7]


def test_a_proposal_on_what_has_changed_since_is_outdated() -> None:
    stale = propose(start(), on(10), "standard.line_months", 7)
    versions = approved(start(), propose(start(), on(10), "standard.proof_of_use_days", 45))
    with pytest.raises(TermsRefused) as caught:
        outcome(versions, stale)
    assert caught.value.code is Code.PROPOSAL_OUTDATED
    assert "products.standard.proof_of_use_days" in caught.value.detail
    other = propose(start(), on(10), "miaodai.line_months", 13)
    assert value(outcome(versions, other)[0][1], "standard.proof_of_use_days") == 45


def test_what_contradicts_on_a_later_date_is_refused_too() -> None:
    """The spread is fine now, but not with the lower ceiling of rates that is approved for later."""
    now = start()[0].terms
    lower = replace(now, parameters=now.parameters | {"rate_bp_max": 800})
    versions = approved(start(), Proposed(on(30), *changed(now, lower)))
    with pytest.raises(TermsRefused) as caught:
        outcome(versions, propose(versions, on(10), "standard.lpr_spread_bp", 900))
    assert caught.value.code is Code.BAD_TERMS
    assert f"{on(30)} products.standard.lpr_spread_bp: [rate_range]" in caught.value.detail


def test_the_calendar_of_a_later_version_is_made_anew() -> None:
    now = start()[0].terms
    one, other = date(2026, 5, 20), date(2026, 6, 18)
    later = replace(now, calendar={one: "holiday"}, holidays=tuple(sorted({*now.holidays, one})))
    versions = approved(start(), Proposed(on(30), *changed(now, later)))
    sooner = replace(now, calendar={other: "holiday"}, holidays=tuple(sorted({*now.holidays, other})))
    versions = approved(versions, Proposed(on(10), *changed(now, sooner)))
    assert [{one, other} & set(in_force(versions, on(n)).terms.holidays) for n in (9, 10, 30)] == [
        set(),
        {other},
        {one, other},
    ]


def test_differences_name_each_field_once() -> None:
    new = with_product(replace(TERMS, cool_off_days=31), grace_days=2)
    new = replace(new, products=new.products | {"extra": replace(new.products[PRODUCT], code="extra")})
    found = differences(*changed(TERMS, new))
    paths = [d.path for d in found]
    assert len(paths) == len(set(paths))
    assert ("cool_off_days", 30, 31) in found
    assert (f"products.{PRODUCT}.grace_days", 0, 2) in found
    assert ("products.extra.code", None, "extra") in found


Change = tuple[int, str, int, bool]


@given(
    st.lists(
        st.tuples(st.integers(1, DAYS), st.sampled_from(sorted(FIELDS)), st.integers(0, 2), st.booleans()), max_size=8
    )
)
def test_on_every_day_each_field_has_the_value_of_its_latest_approval_that_the_day_has_reached(
    changes: list[Change],
) -> None:
    """Against a model that keeps, per field and day, one number; and a change that is refused changes nothing."""
    versions = start()
    model = {field: [value(TERMS, field)] * (DAYS + 2) for field in FIELDS}
    for day, field, choice, supersedes in changes:
        new, known = FIELDS[field][choice], model[field]
        if known[day] == new:
            continue
        proposed = propose(versions, on(day), field, new, supersedes)
        clashes = any(later != known[day] for later in known[day:])
        if clashes and not supersedes:
            with pytest.raises(TermsRefused, match=Code.LATER_VERSION.word):
                outcome(versions, proposed)
            continue
        versions = approved(versions, proposed)
        model[field] = known[:day] + [new] * (len(known) - day)
        for n in range(DAYS + 2):
            terms = in_force(versions, on(n)).terms
            assert {f: value(terms, f) for f in FIELDS} == {f: model[f][n] for f in FIELDS}
    assert [v.version for v in versions] == list(range(1, len(versions) + 1))
