"""The books checked at this instant, in one snapshot: trial balance, ledger against the loans, closed days against
their postings. For people (`miaodai books check`) and tests; the close of a day checks principal alone.
"""

from collections import defaultdict
from datetime import date

import msgspec
from msgspec import Struct

from actors.loan.state import LoanState
from cluster.books.chart import Chart
from cluster.books.close import Key, chart_of
from cluster.books.report import Agreement
from cluster.books.subledger import held
from storage.books import Books, snapshot


class CheckReport(Struct, frozen=True, kw_only=True):
    """``trial_fen``, ``memo_fen``: debits less credits of all postings. ``days``: closed days that are not (any more)
    what their postings say, as texts."""

    bank: str
    loans: int
    lines: int
    trial_fen: int
    memo_fen: int
    agreements: tuple[Agreement, ...]
    days: tuple[str, ...]

    @property
    def ok(self) -> bool:
        sound = not self.trial_fen and not self.memo_fen and not self.days
        return sound and all(one.agrees for one in self.agreements)


async def check_books(url: str, bank: str) -> CheckReport:
    """Sum everything anew. Raises `BooksRefused` NOT_FOUND."""
    async with snapshot(url) as books:
        chart = await chart_of(books, bank)
        balances, lines, days = await _ledger(books, bank)
        loans, sums = await _loans(books, chart)
    ledger: dict[str, int] = defaultdict(int)
    for (account, _), fen in balances.items():
        ledger[account] += fen
    agreements = tuple(Agreement(account, ledger.get(account, 0), fen) for account, fen in sorted(sums.items()))
    return CheckReport(
        bank=bank,
        loans=loans,
        lines=lines,
        trial_fen=sum(fen for (_, memo), fen in balances.items() if not memo),
        memo_fen=sum(fen for (_, memo), fen in balances.items() if memo),
        agreements=agreements,
        days=tuple(days),
    )


async def _ledger(books: Books, bank: str) -> tuple[dict[Key, int], int, list[str]]:
    """(balances out of all postings, their number, closed days whose stored totals differ)."""
    balances: dict[Key, int] = defaultdict(int)
    found: dict[date, dict[Key, tuple[int, int, int]]] = defaultdict(dict)
    for total in await books.movements(bank, None, date.max):
        key = (total.account, total.memo)
        balances[key] += total.debit_fen - total.credit_fen
        found[total.date][key] = (total.debit_fen, total.credit_fen, total.lines)
    wrong: list[str] = []
    closed = await books.days(bank)
    for day in closed:
        stored = {
            (t.account, t.memo): (t.debit_fen, t.credit_fen, t.lines) for t in await books.day_totals(bank, day.date)
        }
        now = found.get(day.date, {})
        for key in sorted(stored.keys() | now.keys()):
            had, has = stored.get(key, (0, 0, 0)), now.get(key, (0, 0, 0))
            if had != has:
                wrong.append(f"{day.date} {key[0]}: closed {had[0]}/{had[1]} fen, postings {has[0]}/{has[1]} fen")
    return balances, sum(has[2] for day_found in found.values() for has in day_found.values()), wrong


async def _loans(books: Books, chart: Chart) -> tuple[int, dict[str, int]]:
    """(loans, what they hold by account: debit less credit)."""
    sums = {chart.code(role): 0 for role in held(None)}
    decode = msgspec.msgpack.Decoder(LoanState).decode
    count = 0
    async for row in books.loan_states(chart.bank):
        count += 1
        for role, fen in held(decode(row.state)).items():
            sums[chart.code(role)] += fen
    return count, sums
