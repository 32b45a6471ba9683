"""The core's ledger file (总账对账文件): a system's accounts on a date as CSV, sums in yuan with two decimals.

account,opening,debit,credit,closing; balances are debit less credit. Written whole or not at all.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sandbox.core.ledger import DayRow
from sandbox.core.records import Books
from sandbox.money import yuan

HEADER = ("account", "opening", "debit", "credit", "closing")


def as_csv(rows: Iterable[DayRow]) -> str:
    lines = [",".join(HEADER)]
    for row in rows:
        sums = (row.opening_fen, row.debit_fen, row.credit_fen, row.closing_fen)
        lines.append(",".join((row.account, *(yuan(fen) for fen in sums))))
    return "\n".join(lines) + "\n"


def row_of(row: DayRow) -> dict[str, Any]:
    return {
        "account": row.account,
        "opening_fen": row.opening_fen,
        "debit_fen": row.debit_fen,
        "credit_fen": row.credit_fen,
        "closing_fen": row.closing_fen,
    }


def write_file(books: Books, folder: Path, bank: str, date: str, consumer: str) -> Path:
    """``folder``/ledger-BANK-YYYYMMDD.csv."""
    path = folder / f"ledger-{bank}-{date.replace('-', '')}.csv"
    beside = path.with_suffix(".tmp")
    beside.write_text(as_csv(books.ledger.day_rows(bank, date, consumer)), encoding="utf-8")
    beside.replace(path)
    return path
