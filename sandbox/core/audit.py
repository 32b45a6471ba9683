"""The core's books against each other, and the list that reconciliation takes from the core (对账文件)."""

from typing import Any

from sandbox.core.booking import THIN
from sandbox.core.ledger import DEPOSITS, LOANS
from sandbox.core.records import Books


def breaches(books: Books) -> list[str]:
    """Empty when sound: trial balance zero per bank, sub-ledgers equal the general ledger, each number applied once."""
    found = []
    trial = books.ledger.trial_balance()
    for bank, accounts in trial.items():
        if sum(accounts.values()):
            found.append(f"{bank}: trial balance is {sum(accounts.values())} fen")
        if accounts != books.ledger.balances.get(bank):
            found.append(f"{bank}: running balances differ from the vouchers")
        deposits = sum(held.balance_fen for held in books.deposits.get(bank, {}).values())
        if deposits != -accounts.get(DEPOSITS, 0):
            found.append(f"{bank}: deposits {deposits}, general ledger {-accounts.get(DEPOSITS, 0)}")
        loans = sum(loan.principal_fen_outstanding for loan in books.loans.get(bank, {}).values())
        ledger = accounts.get(LOANS, 0) - _by_daily_vouchers(books, bank, LOANS)
        if loans != ledger and books.modes.get(bank) != THIN:
            found.append(f"{bank}: loans {loans}, general ledger {ledger}")
    found += [f"{key}: applied {item.applied} times" for key, item in books.instructions.items() if item.applied > 1]
    return found


def _by_daily_vouchers(books: Books, bank: str, account: str) -> int:
    """What daily vouchers of other systems moved of an account (write-offs, say), past the core's own loan accounts."""
    return sum(
        line.debit_fen - line.credit_fen
        for voucher in books.ledger.vouchers
        if voucher.daily and voucher.bank == bank
        for line in voucher.lines
        if line.account == account
    )


def instruction_rows(books: Books, bank: str = "") -> list[dict[str, Any]]:
    """One row per instruction number, in order of arrival; ``bank`` "" for all."""
    return [
        {
            "instruction": item.order.sequence,
            "consumer": item.order.consumer,
            "operation": item.order.operation,
            "bank": item.order.bank,
            "loan_id": item.order.loan_no,
            "original": item.order.original,
            "amount_fen": item.order.amount_fen,
            "moved_fen": item.moved_fen,
            "status": item.status,
            "code": item.code,
            "received": item.received,
            "applied": item.applied,
            "reversed_by": item.reversed_by.partition("|")[2],
            "core_date": item.core_date,
            "core_serial": item.serial,
        }
        for item in books.instructions.values()
        if bank in ("", item.order.bank)
    ]


def loan_rows(books: Books, bank: str = "") -> list[dict[str, Any]]:
    """The core's loan ledger file: one row per loan account."""
    return [
        {
            "loan_id": number,
            "bank": code,
            "customer_no": loan.customer_no,
            "account": loan.account,
            "disbursed_fen": loan.disbursed_fen,
            "principal_fen_outstanding": loan.principal_fen_outstanding,
            "status": loan.status,
            "opened": loan.opened,
        }
        for code, loans in books.loans.items()
        if bank in ("", code)
        for number, loan in loans.items()
    ]
