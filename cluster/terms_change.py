"""Changing a bank's terms, as values: what differs, what a proposal makes of the versions there are, and why not.

An item is a product (``products.CODE``) or a field of the bank (``vat_rate``); a proposal holds each item's value
before and after. Approved for a date, it makes a version for that date, and one for each later date for which a version
is approved already, so that both changes hold from then on. Next: cluster/proposals.py keeps them.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from actors.bank import BankTerms
from actors.codes import Code
from cluster.bank_checks import breaches
from cluster.failures import Failure
from cluster.holidays import non_working

Items = dict[str, Any]
"""Item -> plain value (as in JSON); None: there is none."""
PRODUCT = "products."
HOLIDAYS = "holidays"
CALENDAR = {"calendar", "calendar_years", HOLIDAYS}
"""Where one of these changes, the non-working days are made of the calendar anew."""
NO_ITEMS = {"code", "version", "products", "lpr"}
"""Fields that no proposal changes: `lpr` grows by file (cluster/lpr.py), products are items each."""


class TermsRefused(Failure):
    """Refused, nothing changed; ``code`` is stable, ``detail`` says which item, field or version."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(f"{code.word}: {code.zh} {code.en}: {detail}")
        self.code = code
        self.detail = detail


class Dated(NamedTuple):
    """A version of a bank's terms."""

    version: int
    valid_from: date
    terms: BankTerms


class Proposed(NamedTuple):
    """``base``: the items' values that the proposer saw in force on ``valid_from``; ``change``: what they become.

    ``supersedes``: where a version for a later date changes the same field, this proposal's value stands.
    """

    valid_from: date
    base: Items
    change: Items
    supersedes: bool = False


class Difference(NamedTuple):
    """One field: ``path`` like ``products.miaodai.grace_days``."""

    path: str
    old: Any
    new: Any


def items_of(terms: BankTerms) -> Items:
    """Every item with its value."""
    plain = _plain(terms)
    items = {field: value for field, value in plain.items() if field not in NO_ITEMS}
    items |= {PRODUCT + code: value for code, value in plain["products"].items()}
    return items


def _plain(terms: BankTerms) -> Items:
    """As JSON reads it back: lists for tuples, texts for dates and decimals; so that kept values compare."""
    plain: Items = msgspec.json.decode(msgspec.json.encode(terms))
    return plain


def changed(old: BankTerms, new: BankTerms) -> tuple[Items, Items]:
    """(before, after) of the items that differ. Products that only ``old`` has stay as they are."""
    before, after = items_of(old), items_of(new)
    paths = [item for item in after if before.get(item) != after[item]]
    return {item: before.get(item) for item in paths}, {item: after[item] for item in paths}


def differences(base: Items, change: Items) -> list[Difference]:
    """Field by field, in the order of the items."""
    found = []
    for item, new in change.items():
        old = base.get(item)
        if isinstance(new, dict) and isinstance(old, dict | None):
            was = old or {}
            keys = [*new, *(key for key in was if key not in new)]
            found += [
                Difference(f"{item}.{key}", was.get(key), new.get(key)) for key in keys if was.get(key) != new.get(key)
            ]
        else:
            found.append(Difference(item, old, new))
    return found


def in_force(versions: Sequence[Dated], day: date) -> Dated:
    """The latest version that ``day`` has reached; ValueError when there is none."""
    return max((v for v in versions if v.valid_from <= day), key=lambda v: v.version)


def points(versions: Sequence[Dated], day: date) -> list[date]:
    """``day`` and the later dates on which other terms come into force."""
    later = {v.valid_from for v in versions if v.valid_from > day and in_force(versions, v.valid_from) is v}
    return [day, *sorted(later)]


def outcome(versions: Sequence[Dated], proposed: Proposed) -> list[tuple[date, BankTerms]]:
    """What approval makes: (valid from, terms), dates ascending. Raises `TermsRefused`.

    PROPOSAL_OUTDATED: an item is not what the proposer saw; LATER_VERSION: a version for a later date changes the same
    field; BAD_TERMS: the terms would contradict a rule, the first one found is named.
    """
    found = []
    for day in points(versions, proposed.valid_from):
        was = in_force(versions, day)
        items = items_of(was.terms)
        if day == proposed.valid_from:
            _refuse_outdated(items, proposed, was)
        after = {item: _merged(item, items.get(item), proposed, was) for item in proposed.change}
        terms = _applied(was.terms, after)
        if CALENDAR & proposed.change.keys():
            terms = msgspec.structs.replace(terms, holidays=non_working(terms.calendar_years, terms.calendar))
        for field, problem in breaches(terms):
            raise TermsRefused(Code.BAD_TERMS, f"{day} {field}: {problem}")
        found.append((day, terms))
    return found


def _refuse_outdated(items: Items, proposed: Proposed, was: Dated) -> None:
    for item, base in proposed.base.items():
        if items.get(item) != base:
            fields = ", ".join(d.path for d in differences({item: base}, {item: items.get(item) or {}}))
            text = f"{fields or item} 已由版本{was.version}（{was.valid_from}起）改动 changed by version {was.version}"
            raise TermsRefused(Code.PROPOSAL_OUTDATED, text)


def _merged(item: str, now: Any, proposed: Proposed, was: Dated) -> Any:
    """The item's value with the proposal's changes, field by field; what else a later version changed stays."""
    base, new = proposed.base.get(item), proposed.change[item]
    if now == base or item == HOLIDAYS or (proposed.supersedes and not isinstance(new, dict)):
        return new
    clash = [d.path for d in differences({item: base}, {item: new}) if _field(now, item, d.path) != d.old]
    if clash and not proposed.supersedes:
        raise TermsRefused(
            Code.LATER_VERSION,
            f"{', '.join(clash)}: 版本{was.version}（{was.valid_from}起）也改动了它，需要取代时请用--supersede"
            f" version {was.version}, valid from {was.valid_from}, changes it too; --supersede sets that aside",
        )
    merged = dict(now or {})
    for key in {*new, *(base or {})}:
        if (base or {}).get(key) == new.get(key):
            continue
        if key in new:
            merged[key] = new[key]
        else:
            merged.pop(key, None)
    return merged


def _field(value: Any, item: str, path: str) -> Any:
    if path == item:
        return value
    return (value or {}).get(path.removeprefix(f"{item}."))


def _applied(terms: BankTerms, after: Items) -> BankTerms:
    plain = _plain(terms)
    for item, value in after.items():
        if item.startswith(PRODUCT):
            plain["products"][item.removeprefix(PRODUCT)] = value
        else:
            plain[item] = value
    try:
        return msgspec.convert(plain, BankTerms)
    except msgspec.ValidationError as error:
        raise TermsRefused(Code.BAD_TERMS, str(error)) from None
