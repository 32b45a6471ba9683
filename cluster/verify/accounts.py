"""What each bank's terms say, over every version: the account codes that stand for a role, and the rules for its loans.

Defaults of codes by the national guide. Roles that share a code at a bank (or did in some version) are one group: only
their sum can be held against the ledger.
"""

from collections import defaultdict
from typing import Any, NamedTuple

import msgspec

from cluster.verify.loan_ledger import ROLES
from cluster.verify.loan_terms import EveryVersion, Rules
from cluster.verify.source import Source

DEFAULTS = {
    "loans_performing": "1303.01",
    "loans_overdue": "1303.02",
    "loans_non_accrual": "1303.03",
    "interest_accrued": "1303.09",
    "interest_due": "1132.01",
    "penalty_due": "1132.02",
    "compound_due": "1132.03",
    "other_receivables": "1221",
    "allowance": "1304",
    "deposits": "2011",
    "vat_output": "2221.01",
    "vat_deferred": "2221.02",
    "suspense": "2241",
    "clearing": "3001",
    "interest_income": "6011",
    "fee_income": "6021",
    "impairment": "6702",
    "memo_undrawn_lines": "M1",
    "memo_uncollected_interest": "M2",
    "memo_written_off": "M3",
    "memo_contra": "M0",
}


class Group(NamedTuple):
    """``roles``: positions in `loan_ledger.ROLES`."""

    name: str
    roles: tuple[int, ...]
    codes: tuple[str, ...]


class AccountCodes:
    """By bank: `of` the codes ever used for roles, `groups` of a loan's roles, `rules` for its loans."""

    def __init__(self) -> None:
        self._codes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._rules: dict[str, dict[Rules, None]] = defaultdict(dict)
        self._groups: dict[str, tuple[Group, ...]] = {}
        self._versions: dict[str, EveryVersion] = {}

    @classmethod
    async def read(cls, source: Source) -> "AccountCodes":
        found = cls()
        async for bank, text in source.rows("SELECT bank, terms::text FROM bank_terms ORDER BY bank, version DESC"):
            found.add(bank, msgspec.json.decode(text))
        return found

    def add(self, bank: str, terms: dict[str, Any]) -> None:
        """A version of a bank's terms as stored."""
        accounts = terms.get("accounts", {})
        self._rules[bank][Rules.of(terms)] = None
        for role, default in DEFAULTS.items():
            self._codes[bank][role].add(accounts.get(role) or default)

    def of(self, bank: str, roles: tuple[str, ...]) -> set[str]:
        return {code for role in roles for code in self._codes[bank][role]}

    def rules(self, bank: str) -> EveryVersion:
        """The versions that differ in what governs loans, latest first."""
        if bank not in self._versions:
            self._versions[bank] = tuple(self._rules[bank])
        return self._versions[bank]

    def groups(self, bank: str) -> tuple[Group, ...]:
        if bank not in self._groups:
            self._groups[bank] = tuple(_grouped({role: self._codes[bank][role] for role in ROLES}))
        return self._groups[bank]


def _grouped(codes: dict[str, set[str]]) -> list[Group]:
    groups: list[tuple[list[str], set[str]]] = []
    for role, own in codes.items():
        joined = [group for group in groups if group[1] & own]
        groups = [group for group in groups if not group[1] & own]
        roles = [*(name for group in joined for name in group[0]), role]
        groups.append((roles, own.union(*(group[1] for group in joined))))
    return [Group(", ".join(r), tuple(map(ROLES.index, r)), tuple(sorted(c))) for r, c in groups]
