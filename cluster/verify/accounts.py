"""Which account codes stand for a role at a bank, over every version of its terms; defaults by the national guide."""

from collections import defaultdict

import msgspec

from cluster.verify.source import Source

DEFAULTS = {
    "loans_performing": "1303.01",
    "loans_overdue": "1303.02",
    "loans_non_accrual": "1303.03",
    "interest_accrued": "1303.09",
    "interest_due": "1132.01",
    "penalty_due": "1132.02",
    "clearing": "3001",
    "suspense": "2241",
    "deposits": "2011",
    "memo_undrawn_lines": "M1",
}


class AccountCodes:
    """``codes[bank][role]``: the codes ever used."""

    def __init__(self) -> None:
        self._codes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    @classmethod
    async def read(cls, source: Source) -> "AccountCodes":
        found = cls()
        async for bank, text in source.rows("SELECT bank, terms::text FROM bank_terms"):
            accounts = msgspec.json.decode(text).get("accounts", {})
            for role, default in DEFAULTS.items():
                found._codes[bank][role].add(accounts.get(role) or default)
        return found

    def of(self, bank: str, roles: tuple[str, ...]) -> set[str]:
        return {code for role in roles for code in self._codes[bank][role]}
