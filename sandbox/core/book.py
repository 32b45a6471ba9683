"""What the core does with an instruction: pay out, debit, refund, reverse, book a daily voucher; each once per number.

Before it: sandbox/core/service.py reads the message. Refusals are stored under the number like successes, so a query or
a re-send finds them. Everything here runs without awaiting: an instruction is applied in one piece.
"""

from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox.core import codes, reckon
from sandbox.core.booking import (
    CALCULATED,
    INSTRUCTED,
    MODES,
    CoreRefusal,
    check_voucher,
    debited_lines,
    ordered_split,
    paid_out_lines,
    refunded_lines,
)
from sandbox.core.ledger import CLEARING, DEPOSITS, Line, red
from sandbox.core.records import Books, Deposit, Instruction, LoanAccount, Order

_CHINA = timezone(timedelta(hours=8))


class CoreBook:
    """The core's operations on its `Books`."""

    def __init__(self, books: Books | None = None) -> None:
        self.books = books or Books()

    # -- accounting date, accounts -------------------------------------------------------------------------------

    def date(self, bank: str) -> str:
        """The accounting date (yyyy-mm-dd) of a bank; today in China until one was set."""
        dates = self.books.dates
        return dates.get(bank) or dates.get("*") or datetime.now(_CHINA).date().isoformat()

    def set_date(self, bank: str, date: str) -> None:
        """Move a bank's accounting date, or everybody's by "*"."""
        if bank == "*":
            self.books.dates.clear()
        self.books.dates[bank] = date

    def mode(self, bank: str) -> str:
        """How the core keeps the loans of this bank (sandbox/core/booking.py)."""
        return self.books.modes.get(bank, INSTRUCTED)

    def set_mode(self, bank: str, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"no mode {mode}: {', '.join(MODES)}")
        self.books.modes[bank] = mode

    def close_date(self, bank: str, date: str) -> None:
        """No daily voucher for ``date`` or before is taken any more."""
        self.books.closed[bank] = max(date, self.books.closed.get(bank, ""))

    def collect(self, bank: str, account: str, amount_fen: int, consumer: str) -> tuple[str, str]:
        """柜面还款, 司法扣划: money taken on the core's own initiative for a system's loan waits in clearing (2011 /
        3001) until that system's voucher says what it paid. (accounting date, serial)"""
        held = self._deposit(bank, account)
        if amount_fen <= 0 or held.balance_fen < amount_fen:
            raise CoreRefusal(codes.INSUFFICIENT)
        held.balance_fen -= amount_fen
        lines = [Line(DEPOSITS, amount_fen, 0), Line(CLEARING, 0, amount_fen)]
        return self.date(bank), self._post(bank, lines, source=consumer)

    def deposit(self, bank: str, account: str, amount_fen: int) -> int:
        """Money comes in from outside (salary, counter) or goes out (negative). The new balance."""
        held = self._deposit(bank, account, create=True)
        held.balance_fen += amount_fen
        self._post(bank, [Line(CLEARING, amount_fen, 0), Line(DEPOSITS, 0, amount_fen)])
        return held.balance_fen

    def account(self, bank: str, account: str) -> Deposit | None:
        return self.books.deposits.get(bank, {}).get(account)

    def mark(self, bank: str, account: str, *, frozen: bool | None = None, closed: bool | None = None) -> None:
        """Freeze, unfreeze, close or reopen an account."""
        held = self._deposit(bank, account, create=True)
        held.frozen = held.frozen if frozen is None else frozen
        held.closed = held.closed if closed is None else closed

    # -- instructions --------------------------------------------------------------------------------------------

    def find(self, consumer: str, sequence: str) -> Instruction | None:
        return self.books.instructions.get(f"{consumer}|{sequence}")

    def buried(self, consumer: str, sequence: str) -> bool:
        """True when a reversal came before this original: it will never be done."""
        return f"{consumer}|{sequence}" in self.books.tombstones

    def receive(self, order: Order) -> tuple[Instruction, bool]:
        """Take an instruction in. (the instruction under this number, whether it is new)."""
        known = self.books.instructions.get(order.key)
        if known is not None:
            known.received += 1
            return known, False
        instruction = Instruction(order=order)
        self.books.instructions[order.key] = instruction
        return instruction, True

    def forget(self, instruction: Instruction) -> None:
        """Turned away at the door (system busy): a query will not find it."""
        self.books.instructions.pop(instruction.order.key, None)

    def settle(self, instruction: Instruction, refuse: str = "") -> None:
        """Do it, if it is still to be done; ``refuse``: fail it with this code instead (told by the control port)."""
        if instruction.status != "P":
            return
        order = instruction.order
        instruction.core_date = self.date(order.bank)
        try:
            if refuse:
                raise CoreRefusal(refuse)
            if order.key in self.books.tombstones:
                raise CoreRefusal(codes.REVERSED_BEFORE)
            _DO[order.operation](self, instruction, order)
        except CoreRefusal as refusal:
            instruction.status, instruction.code = "F", refusal.code
        else:
            instruction.status, instruction.code = "S", codes.OK

    def disburse(self, instruction: Instruction, order: Order) -> None:
        """Open the loan account and pay into the customer's account."""
        if order.amount_fen <= 0:
            raise CoreRefusal(codes.BAD_AMOUNT)
        loans = self.books.loans.setdefault(order.bank, {})
        if order.loan_no in loans:
            raise CoreRefusal(codes.LOAN_EXISTS)
        held = self._deposit(order.bank, order.account)
        held.balance_fen += order.amount_fen
        mode = self.mode(order.bank)
        loan = loans[order.loan_no] = LoanAccount(
            customer_no=order.customer_no,
            product=order.product,
            account=order.account,
            disbursed_fen=order.amount_fen,
            principal_fen_outstanding=order.amount_fen,
            annual_rate=order.annual_rate,
            periods=order.periods,
            method=order.method,
            opened=instruction.core_date,
            movements=[order.key],
        )
        if mode == CALCULATED:
            loan.plan = reckon.plan_of(loan)
        self._book(instruction, paid_out_lines(mode, order.amount_fen))
        instruction.moved_fen = order.amount_fen

    def debit(self, instruction: Instruction, order: Order) -> None:
        """Take a repayment from the customer's account. A partial one takes what is there. It is split as the order
        says, or by the core's own reckoning (core_calculated)."""
        if order.amount_fen <= 0:
            raise CoreRefusal(codes.BAD_AMOUNT)
        told = ordered_split(order, order.amount_fen)
        loan = self.books.loans.get(order.bank, {}).get(order.loan_no)
        if loan is None or loan.status == "reversed":
            raise CoreRefusal(codes.NO_LOAN)
        calculated = self.mode(order.bank) == CALCULATED and loan.plan is not None
        if not calculated and told.principal_fen > loan.principal_fen_outstanding:
            raise CoreRefusal(codes.OVER_OUTSTANDING)
        held = self._deposit(order.bank, order.account)
        if held.frozen:
            raise CoreRefusal(codes.FROZEN)
        taken = min(order.amount_fen, held.balance_fen) if order.partial else order.amount_fen
        if taken <= 0 or taken > held.balance_fen:
            raise CoreRefusal(codes.INSUFFICIENT)
        if calculated:
            instruction.plan_before, instruction.calculated = reckon.copied(loan.plan), True
            instruction.split = reckon.split(loan, instruction.core_date, taken)
        else:
            instruction.split = ordered_split(order, taken)
        held.balance_fen -= taken
        self._move_principal(loan, -instruction.split.principal_fen)
        loan.movements.append(order.key)
        self._book(instruction, debited_lines(self.mode(order.bank), taken, instruction.split))
        instruction.moved_fen = taken

    def refund(self, instruction: Instruction, order: Order) -> None:
        """退溢缴款: what a system holds of a customer's surplus goes back into the account, frozen or not no matter."""
        if order.amount_fen <= 0:
            raise CoreRefusal(codes.BAD_AMOUNT)
        loan = self.books.loans.get(order.bank, {}).get(order.loan_no)
        if loan is None or loan.status == "reversed":
            raise CoreRefusal(codes.NO_LOAN)
        held = self._deposit(order.bank, order.account)
        held.balance_fen += order.amount_fen
        loan.movements.append(order.key)
        self._book(instruction, refunded_lines(self.mode(order.bank), order.amount_fen))
        instruction.moved_fen = order.amount_fen

    def voucher(self, instruction: Instruction, order: Order) -> None:
        """日终传票: another system's day in sums by account, booked under the day it speaks of, which must be open."""
        check_voucher(order)
        if order.book_date > self.date(order.bank) or order.book_date <= self.books.closed.get(order.bank, ""):
            raise CoreRefusal(codes.DATE_CLOSED)
        instruction.core_date = order.book_date
        self._book(instruction, list(order.lines), order.book_date)
        instruction.moved_fen = order.amount_fen

    def reverse(self, instruction: Instruction, order: Order) -> None:
        """冲正: the same accounting day, last movement first. Of something reversed or failed: succeeds, does nothing.
        Of something never received: leaves a tombstone, so that the late original is refused (防悬挂)."""
        original_key = f"{order.consumer}|{order.original}"
        original = self.books.instructions.get(original_key)
        instruction.serial = self._serial(order.bank)
        if original is None or original.status == "P":
            self.books.tombstones.setdefault(original_key, order.key)
            return
        if original.order.operation in ("reverse", "voucher"):
            raise CoreRefusal(codes.BAD_FIELD)
        if original.status == "F" or original.reversed_by:
            return
        if original.order.bank != order.bank or order.amount_fen != original.moved_fen:
            raise CoreRefusal(codes.OTHER_AMOUNT)
        if original.core_date != instruction.core_date:
            raise CoreRefusal(codes.NOT_SAME_DAY)
        loan = self.books.loans[order.bank][original.order.loan_no]
        if loan.movements[-1] != original_key:
            raise CoreRefusal(codes.LATER_MOVEMENTS)
        self._undo(instruction, original, loan)

    # -- inside --------------------------------------------------------------------------------------------------

    def _undo(self, instruction: Instruction, original: Instruction, loan: LoanAccount) -> None:
        lines = self.books.ledger.vouchers[original.voucher].lines
        held = self._deposit(original.order.bank, original.order.account)
        change = sum(line.debit_fen - line.credit_fen for line in lines if line.account == DEPOSITS)
        if held.balance_fen + change < 0:
            raise CoreRefusal(codes.INSUFFICIENT)
        held.balance_fen += change
        disbursed = original.order.operation == "disburse"
        self._move_principal(loan, -original.moved_fen if disbursed else original.split.principal_fen)
        if original.plan_before is not None:
            loan.plan = original.plan_before
        loan.movements.pop()
        if not loan.movements:
            loan.status = "reversed"
        original.reversed_by = instruction.order.key
        self._book(instruction, red(lines))
        instruction.moved_fen = original.moved_fen

    def _move_principal(self, loan: LoanAccount, change_fen: int) -> None:
        loan.principal_fen_outstanding += change_fen
        loan.status = "open" if loan.principal_fen_outstanding else "settled"

    def _deposit(self, bank: str, account: str, create: bool = False) -> Deposit:
        accounts = self.books.deposits.setdefault(bank, {})
        held = accounts.get(account)
        if held is None:
            if not account or not (create or self.books.auto_create):
                raise CoreRefusal(codes.NO_ACCOUNT)
            held = accounts[account] = Deposit(balance_fen=self.books.default_balance_fen)
            if held.balance_fen:
                opening = held.balance_fen
                self._post(bank, [Line(CLEARING, opening, 0), Line(DEPOSITS, 0, opening)])
        if held.closed and not create:
            raise CoreRefusal(codes.CLOSED)
        return held

    def _book(self, instruction: Instruction, lines: list[Line], date: str = "") -> None:
        order = instruction.order
        instruction.voucher = len(self.books.ledger.vouchers)
        instruction.serial = self._post(
            order.bank, lines, instruction.serial, order.consumer, date, daily=order.operation == "voucher"
        )
        instruction.applied += 1

    def _post(
        self,
        bank: str,
        lines: list[Line],
        serial: str = "",
        source: str = "",
        date: str = "",
        *,
        daily: bool = False,
    ) -> str:
        """Book a voucher today (or on ``date``) under its serial, or a new one."""
        serial = serial or self._serial(bank, date)
        self.books.ledger.post(bank, date or self.date(bank), serial, lines, source, daily=daily)
        return serial

    def _serial(self, bank: str, date: str = "") -> str:
        """The next serial, unique in the bank: CB, accounting date, eight digits."""
        date = date or self.date(bank)
        serials = self.books.serials
        day = f"{bank}|{date}"
        serials[day] = serials.get(day, 0) + 1
        return f"CB{date.replace('-', '')}{serials[day]:08d}"


_DO: dict[str, Any] = {
    "disburse": CoreBook.disburse,
    "debit": CoreBook.debit,
    "reverse": CoreBook.reverse,
    "voucher": CoreBook.voucher,
    "refund": CoreBook.refund,
}
