"""Account roles of the posting table, their default codes, and entries that balance; used by each kind's postings.

A bank maps roles to codes in ``BankTerms.accounts``; what it leaves out has the code given here, which follows the
national application guide. Memo accounts (表外) balance against ``memo_contra`` and never mix with the others.
"""

from typing import Final

from actors.bank import BankTerms
from actors.turn import Posting

ACCOUNTS: Final[dict[str, str]] = {
    "loans_performing": "1303.01",
    "loans_overdue": "1303.02",
    "loans_non_accrual": "1303.03",
    "interest_accrued": "1303.09",
    "interest_due": "1132.01",
    "penalty_due": "1132.02",
    "compound_due": "1132.03",
    "allowance": "1304",
    "other_receivables": "1221",
    "deposits": "2011",
    "clearing": "3001",
    "vat_output": "2221.01",
    "vat_deferred": "2221.02",
    "suspense": "2241",
    "interest_income": "6011",
    "fee_income": "6021",
    "impairment": "6702",
    "memo_undrawn_lines": "M1",
    "memo_uncollected_interest": "M2",
    "memo_written_off": "M3",
    "memo_contra": "M0",
}
"""Role -> default code. 1303.09 accrued, not yet due; 1132 due and not paid; 3001 money on its way; 2241 held."""

MEMO: Final = frozenset(role for role in ACCOUNTS if role.startswith("memo_"))

Legs = tuple[tuple[str, int], ...]
"""(role, fen) of one side; red (negative) for a reversal."""


def code_of(bank: BankTerms, role: str) -> str:
    """The general-ledger code of ``role`` at ``bank``; a role that the table does not know is a bug (KeyError)."""
    return bank.accounts.get(role) or ACCOUNTS[role]


def entry(bank: BankTerms, debits: Legs, credits: Legs) -> tuple[Posting, ...]:
    """The lines of one entry, sums of zero left out. Sides that do not add up, or memo mixed with others: a bug."""
    accounts = bank.accounts
    lines: list[Posting] = []
    balance = 0
    memo = debits[0][0] in MEMO
    for role, fen in debits:
        if fen:
            assert (role in MEMO) is memo, role
            balance += fen
            lines.append(Posting(accounts.get(role) or ACCOUNTS[role], fen, 0, memo))
    for role, fen in credits:
        if fen:
            assert (role in MEMO) is memo, role
            balance -= fen
            lines.append(Posting(accounts.get(role) or ACCOUNTS[role], 0, fen, memo))
    assert balance == 0, f"unbalanced by {balance} fen"
    return tuple(lines)


def memo_entry(bank: BankTerms, role: str, fen: int) -> tuple[Posting, ...]:
    """Raise (or with negative ``fen`` lower) a memo account against its contra."""
    if fen >= 0:
        return entry(bank, ((role, fen),), (("memo_contra", fen),))
    return entry(bank, (("memo_contra", -fen),), ((role, -fen),))
