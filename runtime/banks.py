"""The banks as a host or gateway knows them: terms in force, business date, rules, vault, re-read when they change.

The terms are of the version in force on the bank's business date: when the date moves, so may they.

Actors never read a clock for loan logic: the business date comes from here (table ``bank``), and moving it waits until
every live host has seen the new one (`BankBook.epoch` travels in `status`).
"""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec
from msgspec import Struct

from actors.bank import BankTerms
from actors.turn import Rules, Vault
from storage.banks import BankHead, Banks

ONE_DAY = timedelta(days=1)


class Bank(Struct, frozen=True):
    """One bank now. ``rules`` are its decision models, ``vault`` its keys.

    ``closed_to``: the last day whose books are closed (None: the day's end never ran); ``date_epoch`` grows with each
    change of either date.
    """

    terms: BankTerms
    business_date: date
    rules: Rules
    vault: Vault
    date_epoch: int = 0
    closed_to: date | None = None

    def booked_on(self, day: date | None) -> date:
        """The books for what belongs to ``day``: that day while it is open, then the first open one."""
        if day is None or self.closed_to is None or day >= self.business_date:
            return self.business_date
        return min(max(day, self.closed_to + ONE_DAY), self.business_date)


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
        """Re-read the table; True when a bank's date changed, or the version of its terms in force on that date."""
        changed = False
        for head in await self._banks.heads():
            if not self._is_news(head):
                continue
            old = self.by_code.get(head.code)
            if old is not None and self._known[head.code][0] == head.version:
                terms, rules, vault = old.terms, old.rules, old.vault
            else:
                raw = await self._banks.terms_of(head.code, head.version)
                if raw is None or not self._is_news(head):
                    continue
                terms = msgspec.json.decode(raw, type=BankTerms)
                rules, vault = self._rules_of(terms), self._vault_of(head.code)
            self.by_code[head.code] = Bank(terms, head.business_date, rules, vault, head.date_epoch, head.closed_to)
            self._known[head.code] = (head.version, head.date_epoch)
            changed = True
        self.epoch = max((e for _, e in self._known.values()), default=0)
        return changed

    def _is_news(self, head: BankHead) -> bool:
        """Not seen already, nor read before what another refresh has read since; both figures only grow."""
        version, epoch = self._known.get(head.code, (0, -1))
        return head.version > 0 and (head.version > version or head.date_epoch > epoch)

    def __getitem__(self, code: str) -> Bank:
        try:
            return self.by_code[code]
        except KeyError:
            raise UnknownBank(code) from None
