"""The part of reversals and corrections in the transition table's test: a command of each kind, each arrow."""

from collections.abc import Callable
from datetime import date
from typing import Any

from loan_support import Life, serial
from rare_cells import DUE, LATE, written_off
from rare_support import TWO

from actors.loan import messages as m
from actors.loan.events import Repaid
from actors.loan.events_rare import Recovered
from actors.loan.messages_corrections import CorrectRepayment, ReverseRepayment

COMMANDS: dict[str, Callable[[Life], m.LoanCommand]] = {
    "ReverseRepayment": lambda life: reversal(life, "not known"),
    "CorrectRepayment": lambda life: correction("not known", 100),
}
NOTHING_TO_DO = ("nothing_to_reverse",)
"""Of a correction of what was never posted; a reversal leaves a tombstone."""


def reversal(life: Life, original: str, **more: Any) -> ReverseRepayment:
    return ReverseRepayment(original_serial=original, core_date=life.today, core_serial=serial(), **more)


def correction(original: str, amount_fen: int, **more: Any) -> CorrectRepayment:
    fields: dict[str, Any] = {**TWO, **more}
    return CorrectRepayment(original_serial=original, amount_fen=amount_fen, **fields)


def pay(life: Life, amount_fen: int, on: date | None = None) -> str:
    """The core's serial of it."""
    life.today = on or life.today
    number = serial()
    life.ask(m.PostRepayment(amount_fen=amount_fen, source="counter", core_date=life.today, core_serial=number))
    return number


def last(life: Life) -> str:
    return str([event for event in life.journal if isinstance(event, Repaid | Recovered)][-1].core_serial)


def _paid(fen: int, on: date | None = None) -> Callable[[Life], object]:
    """Paid, and reversed on the same day."""

    def go(life: Life) -> None:
        life.ask(reversal(life, pay(life, fen, on)))

    return go


def _made(fen: int, should: int, on: date | None = None, later: date | None = None) -> Callable[[Life], object]:
    """Paid, and corrected to another sum, maybe on a later day."""

    def go(life: Life) -> None:
        number = pay(life, fen, on)
        life.today = later or life.today
        life.ask(correction(number, should))

    return go


def _met(life: Life) -> None:
    """The loan that was made settled is another one: written off, and its claim met."""
    life.__dict__.update(written_off().__dict__)
    pay(life, 10_000_000)
    assert life.loan.status == "settled"


def _met_and(command: Callable[[Life], m.LoanCommand]) -> Callable[[Life], object]:
    def go(life: Life) -> None:
        _met(life)
        life.ask(command(life))

    return go


def _late_and_settled(life: Life) -> str:
    """Another loan: overdue, and settled."""
    life.__dict__.update(Life(date(2026, 1, 15)).active().__dict__)
    number = pay(life, 11_000_000, LATE)
    assert life.loan.status == "settled"
    return number


ARROWS: list[tuple[str, str, str, Callable[[Life], object]]] = [
    ("active", "ReverseRepayment", "active", _paid(100)),
    ("active", "ReverseRepayment", "overdue", _paid(900_000, LATE)),
    ("active", "CorrectRepayment", "active", _made(100, 200)),
    ("active", "CorrectRepayment", "overdue", _made(900_000, 0, DUE, LATE)),
    ("active", "CorrectRepayment", "settled", _made(100, 10_000_000)),
    ("overdue", "CorrectRepayment", "overdue", _made(100, 200)),
    ("overdue", "CorrectRepayment", "active", _made(100, 900_000)),
    ("overdue", "CorrectRepayment", "settled", _made(100, 11_000_000)),
    ("settled", "ReverseRepayment", "settled", lambda life: life.ask(reversal(life, "not known"))),
    ("settled", "ReverseRepayment", "active", lambda life: life.ask(reversal(life, last(life)))),
    ("settled", "ReverseRepayment", "overdue", lambda life: life.ask(reversal(life, _late_and_settled(life)))),
    ("settled", "ReverseRepayment", "written_off", _met_and(lambda life: reversal(life, last(life)))),
    ("settled", "CorrectRepayment", "settled", lambda life: life.ask(correction(last(life), 10_000_500))),
    ("settled", "CorrectRepayment", "active", lambda life: life.ask(correction(last(life), 100))),
    ("settled", "CorrectRepayment", "overdue", lambda life: life.ask(correction(_late_and_settled(life), 100))),
    ("settled", "CorrectRepayment", "written_off", _met_and(lambda life: correction(last(life), 100))),
    ("written_off", "CorrectRepayment", "written_off", _made(100, 200)),
    ("written_off", "CorrectRepayment", "settled", _made(100, 10_000_000)),
]
"""Each target of each cell with more than one."""
