"""Sheets and ledgers as files: CSV for people's spreadsheets, the same bytes for the same books.

Sums in yuan with two decimals, a balance on its side (借 debit, 贷 credit, 平 none). Comma, CRLF (RFC 4180), UTF-8;
with a byte-order mark when asked for, which some spreadsheets need for Chinese. A text that a spreadsheet would take
for a formula is written with a leading apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from actors.external.parts import yuan
from cluster.books.chart import Chart
from cluster.books.sheets import LedgerRow, Sheet, SubLine

BOM = "\ufeff"
_STATES = {"open": "未关账 open", "closed": "已关账 closed", "final": "已与核心核对 final"}
Row = Sequence[str]


def side(fen: int) -> str:
    """On which side a balance (debit less credit) stands."""
    return "平" if fen == 0 else "借" if fen > 0 else "贷"


def daily_sheet_csv(sheet: Sheet) -> str:
    rows: list[Row] = [
        ("日计表 daily sheet", sheet.bank_zh, sheet.bank, sheet.date.isoformat(), _STATES[sheet.state]),
        (
            *("科目 account", "名称 name", "期初方向", "期初余额 opening"),
            *("借方发生额 debit", "贷方发生额 credit", "期末方向", "期末余额 closing"),
        ),
    ]
    for memo, title in ((False, "合计 total"), (True, "表外合计 memo total")):
        for row in sheet.rows:
            if row.memo is memo:
                sums = _balances(row.opening_fen, row.debit_fen, row.credit_fen, row.closing_fen)
                rows.append((row.account, f"{row.name_zh} {row.name_en}", *sums))
        if any(row.memo is memo for row in sheet.rows):
            rows.append((title, "", *_balances(*sheet.total(memo))))
    return as_csv(rows)


def general_ledger_csv(chart: Chart, ledger: Iterable[LedgerRow]) -> str:
    rows: list[Row] = [
        ("总账 general ledger", chart.bank_zh, chart.bank),
        ("科目 account", "名称 name", "日期 date", "借方 debit", "贷方 credit", "方向", "余额 balance"),
    ]
    brought = ""
    for row in ledger:
        first = row.account != brought
        brought = row.account
        day = "上日余额 brought forward" if first else row.date.isoformat()
        sums = ("", "") if first else (yuan(row.debit_fen), yuan(row.credit_fen))
        balance = (side(row.balance_fen), yuan(abs(row.balance_fen)))
        rows.append((row.account, chart.account(row.account).name_zh, day, *sums, *balance))
    return as_csv(rows)


def subsidiary_ledger_csv(chart: Chart, loan_id: str, lines: Iterable[SubLine]) -> str:
    rows: list[Row] = [
        ("分户账 subsidiary ledger", chart.bank_zh, chart.bank, loan_id),
        (
            *("日期 date", "序号 version", "摘要 event", "科目 account", "名称 name", "借方 debit", "贷方 credit"),
            *("方向", "余额 balance", "起息日 value date", "核心日期 core date", "核心流水 core serial", "状态 state"),
        ),
    ]
    for line in lines:
        rows.append(
            (
                line.date.isoformat(),
                str(line.version),
                line.event,
                line.account,
                line.name_zh,
                yuan(line.debit_fen) if line.debit_fen else "",
                yuan(line.credit_fen) if line.credit_fen else "",
                side(line.balance_fen),
                yuan(abs(line.balance_fen)),
                line.value_date,
                line.core_date,
                line.core_serial,
                "暂记 provisional" if line.provisional else "已入账 final",
            )
        )
    return as_csv(rows)


def as_csv(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def write(path: Path, text: str, *, bom: bool = False) -> None:
    """Whole or not at all."""
    beside = path.with_name(path.name + ".tmp")
    beside.write_bytes(((BOM if bom else "") + text).encode())
    beside.replace(path)


def _balances(opening: int, debit: int, credit: int, closing: int) -> tuple[str, ...]:
    return (side(opening), yuan(abs(opening)), yuan(debit), yuan(credit), side(closing), yuan(abs(closing)))


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "@", "\t", "\r") else cell
