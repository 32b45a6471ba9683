"""What the tests of rarer events share: approvals, a bank that provides for its loans, ledger = state after events."""

from typing import Any

from loan_support import Life, bank, entry_of, serial
from msgspec.structs import replace

from actors.bank import BankTerms
from actors.ledger import code_of
from actors.loan import lifecycle
from actors.loan.books import books
from actors.loan.messages import CloseDay, PostRepayment
from actors.turn import Accepted

TWO: dict[str, Any] = {"maker": "t001", "checker": "t002"}
"""Two persons."""


def providing(**changes: Any) -> BankTerms:
    """Allowances of 1, 2, 25, 50, 100 % by class."""
    return replace(bank(**changes), provision_bp=(100, 200, 2_500, 5_000, 10_000))


def agree(life: Life) -> None:
    """The ledger, account by account and memo too, is what the state alone says."""
    balances, memo = life.balances(), life.balances(memo=True)
    for role, fen in books(life.loan).items():
        held = memo if role.startswith("memo_") else balances
        assert held.get(code_of(life.bank, role), 0) == fen, role
    assert sum(balances.values()) == 0
    assert sum(memo.values()) == 0


def ask(life: Life, command: Any) -> Any:
    """Accepted, and the ledger agrees after each of its events."""
    decision = lifecycle.decide(life.state, command, life.context())
    assert isinstance(decision, Accepted), decision
    for event in decision.events:
        life._append([event])
        agree(life)
    return decision.result


def pay(life: Life, fen: int, source: str = "counter") -> Any:
    return ask(life, PostRepayment(amount_fen=fen, source=source, core_date=life.today, core_serial=serial()))


def close_to(life: Life, day: Any) -> None:
    """``day`` is closed and the next one has begun."""
    life.today = day + day.resolution
    ask(life, CloseDay(date=day))


def last(life: Life, memo: bool = False) -> list[tuple[str, int, int]]:
    """The last entry; memo lines are apart."""
    return entry_of(tuple(line for line in life.entries[-1][1] if line.memo is memo))


def entry_for(life: Life, event: type, memo: bool = False) -> list[tuple[str, int, int]]:
    """The lines of the last event of this type."""
    found = [lines for made, lines in life.entries if isinstance(made, event)]
    return entry_of(tuple(line for line in found[-1] if line.memo is memo))
