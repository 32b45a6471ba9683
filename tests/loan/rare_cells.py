"""The rarer events' part of the transition table's test: a loan in each status, a command of each kind, each arrow."""

from collections.abc import Callable
from datetime import date, timedelta

from loan_support import Life, serial
from rare_support import TWO

from actors.loan import messages as m
from actors.loan import messages_rare as r
from actors.loan.waiver import owed_of

DUE = date(2026, 2, 15)
LATE = DUE + timedelta(days=9)


def written_off() -> Life:
    """Of 100,000.00; the customer has been told."""
    life = Life(date(2026, 1, 15)).active()
    life.ask(r.WriteOff(**TWO))
    life.settle("BlockDraws")
    life.settle("RestoreLine")
    return life


COMMANDS: dict[str, Callable[[Life], m.LoanCommand]] = {
    "Waive": lambda life: r.Waive(principal_fen=100, **TWO),
    "WriteOff": lambda life: r.WriteOff(**TWO),
    "ExtendLoan": lambda life: r.ExtendLoan(periods=3, **TWO),
    "Restructure": lambda life: r.Restructure(method="equal_principal", periods=24, arrears="capitalise", **TWO),
    "Accelerate": lambda life: r.Accelerate(**TWO),
    "MarkMisuse": lambda life: r.MarkMisuse(amount_fen=100_000, from_date=life.today, **TWO),
    "Reclassify": lambda life: r.Reclassify(risk_class=4, **TWO),
    "SetAllowance": lambda life: r.SetAllowance(ecl_fen=500_000, **TWO),
    "ChangeAccount": lambda life: r.ChangeAccount(**TWO),
    "FreezeLoan": lambda life: r.FreezeLoan(document_no="D1"),
    "UnfreezeLoan": lambda life: r.UnfreezeLoan(document_no="D1"),
    "RefundSuspense": lambda life: r.RefundSuspense(**TWO),
    "MarkDispute": lambda life: r.MarkDispute(note="客户异议"),
    "RecordDeath": lambda life: r.RecordDeath(died_on=life.today, **TWO),
}
NOTHING_TO_DO = ("no_suspense", "not_frozen")
"""Codes of commands that need a state beside the status."""


def _late(name: str) -> Callable[[Life], object]:
    """The command after the days in which the loan became overdue."""

    def go(life: Life) -> None:
        life.today = LATE
        life.ask(COMMANDS[name](life))

    return go


def _waive_all(life: Life) -> None:
    penalty, compound, interest, principal = owed_of(life.loan)
    life.ask(r.Waive(penalty_fen=penalty, compound_fen=compound, interest_fen=interest, principal_fen=principal, **TWO))


def _waive_arrears(life: Life) -> None:
    row = life.loan.rows[0]
    life.ask(
        r.Waive(
            penalty_fen=row.penalty_fen_unpaid,
            interest_fen=row.interest_fen_unpaid,
            principal_fen=row.principal_fen_unpaid,
            **TWO,
        )
    )


def _restructure(arrears: r.Arrears) -> r.Restructure:
    return r.Restructure(method="equal_instalment", periods=12, arrears=arrears, **TWO)


def _restructure_late(life: Life) -> None:
    life.today = LATE
    life.ask(_restructure("keep"))


def _recover(life: Life, fen: int) -> None:
    life.ask(m.PostRepayment(amount_fen=fen, source="court", core_date=life.today, core_serial=serial()))


def _another_account(life: Life) -> None:
    life.ask(r.ChangeAccount(**TWO))
    life.settle("TellAccount", account_sealed=b"new", account_masked="****0001")


def _debited() -> Life:
    """Written off while an auto-debit of the payoff is under way."""
    life = Life(date(2026, 1, 15)).active()
    quote = life.see(m.GetPayoffQuote())
    life.ask(m.Repay(kind="full", quote=quote.quote))
    life.ask(r.WriteOff(**TWO))
    return life


def _settled_by_debit(life: Life) -> None:
    life.__dict__.update(_debited().__dict__)
    life.settle("core.debit", debited_fen=10_000_000, core_date=life.today.isoformat(), core_serial="D1")


ARROWS: list[tuple[str, str, str, Callable[[Life], object]]] = [
    ("active", "Waive", "active", lambda life: life.ask(COMMANDS["Waive"](life))),
    ("active", "Waive", "overdue", _late("Waive")),
    ("active", "Waive", "settled", _waive_all),
    ("active", "Restructure", "active", lambda life: life.ask(_restructure("capitalise"))),
    ("active", "Restructure", "overdue", _restructure_late),
    ("active", "Accelerate", "active", lambda life: life.ask(r.Accelerate(**TWO))),
    ("active", "Accelerate", "overdue", _late("Accelerate")),
    ("active", "MarkMisuse", "active", lambda life: life.ask(COMMANDS["MarkMisuse"](life))),
    ("active", "MarkMisuse", "overdue", _late("MarkMisuse")),
    ("active", "Reclassify", "active", lambda life: life.ask(COMMANDS["Reclassify"](life))),
    ("active", "Reclassify", "overdue", _late("Reclassify")),
    ("active", "SetAllowance", "active", lambda life: life.ask(COMMANDS["SetAllowance"](life))),
    ("active", "SetAllowance", "overdue", _late("SetAllowance")),
    ("overdue", "Waive", "overdue", lambda life: life.ask(COMMANDS["Waive"](life))),
    ("overdue", "Waive", "active", _waive_arrears),
    ("overdue", "Waive", "settled", _waive_all),
    ("overdue", "Restructure", "overdue", lambda life: life.ask(_restructure("keep"))),
    ("overdue", "Restructure", "active", lambda life: life.ask(_restructure("capitalise"))),
    ("written_off", "Waive", "written_off", lambda life: life.ask(COMMANDS["Waive"](life))),
    ("written_off", "Waive", "settled", _waive_all),
    ("written_off", "PostRepayment", "written_off", lambda life: _recover(life, 100)),
    ("written_off", "PostRepayment", "settled", lambda life: _recover(life, 10_000_000)),
    ("written_off", "SettleEffect", "written_off", _another_account),
    ("written_off", "SettleEffect", "settled", _settled_by_debit),
]
"""Each target of each cell with more than one."""
