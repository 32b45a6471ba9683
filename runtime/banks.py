"""The banks as a host or gateway knows them: terms, business date, rules and vault, re-read when they change.

Actors never read a clock for loan logic: the business date comes from here (table ``bank``), and moving it waits until
every live host has seen the new one (`BankBook.epoch` travels in `status`).
"""

from collections.abc import Callable
from datetime import date

import msgspec
from msgspec import Struct

from actors.bank import BankTerms
from actors.turn import Rules, Vault
from storage.banks import Banks


class Bank(Struct, frozen=True):
    """One bank now. ``rules`` are its decision models, ``vault`` its keys."""

    terms: BankTerms
    business_date: date
    rules: Rules
    vault: Vault


class UnknownBank(LookupError):
    """No such bank is loaded."""


class BankBook:
    """Banks by code. `refresh` re-reads the table; ``epoch`` is the highest date epoch seen."""

    def __init__(self, banks: Banks, rules_of: Callable[[BankTerms], Rules], vault_of: Callable[[str], Vault]) -> None:
        self._banks = banks
        self._rules_of = rules_of
        self._vault_of = vault_of
        self._known: dict[str, tuple[int, int]] = {}
        self.by_code: dict[str, Bank] = {}
        self.epoch = 0

    async def refresh(self) -> bool:
        """Re-read the table; True when a bank's terms or date changed."""
        changed = False
        for row in await self._banks.all():
            known = self._known.get(row.code, (0, -1))
            if row.version <= known[0] and row.date_epoch <= known[1]:
                continue  # seen already, or read before what another refresh has read since
            old = self.by_code.get(row.code)
            if old is not None and self._known[row.code][0] == row.version:
                bank = Bank(old.terms, row.business_date, old.rules, old.vault)
            else:
                terms = msgspec.json.decode(row.terms, type=BankTerms)
                bank = Bank(terms, row.business_date, self._rules_of(terms), self._vault_of(row.code))
            self.by_code[row.code] = bank
            self._known[row.code] = (row.version, row.date_epoch)
            changed = True
        self.epoch = max((e for _, e in self._known.values()), default=0)
        return changed

    def __getitem__(self, code: str) -> Bank:
        try:
            return self.by_code[code]
        except KeyError:
            raise UnknownBank(code) from None
