"""关账: close a bank's books for a day: totals by account, trial balance, agreement with the loans, voucher drafts.

Called when every loan has been through the day's end and the date has moved on; online traffic may go on. One
transaction: either the day is closed or nothing happened. Again for the last closed day: the same, from the postings
as they are now. Never for a day before one that is closed.
"""

import time
from collections import defaultdict
from datetime import date, timedelta

import msgspec

from actors.bank import BankTerms
from actors.codes import Code
from actors.loan.state import LoanState
from cluster.books.chart import PRINCIPAL_ROLES, Chart
from cluster.books.report import Agreement, BooksRefused, BooksReport
from cluster.books.vouchers import draft_vouchers
from storage.books import Books, DayTotal, Total, closing
from storage.vouchers import Vouchers

PRINCIPAL = "principal"
ONE_DAY = timedelta(days=1)
Key = tuple[str, bool]
"""Account, memo."""


async def close_books(url: str, bank: str, on: date) -> BooksReport:
    """Close ``on``. Raises `BooksRefused` (BOOKS_CLOSED_LATER, DATE_NOT_OPEN, NOT_FOUND) or Unreachable.

    What does not add up is reported and opened as a difference, which then needs an owner; the day is closed all the
    same, since tomorrow's business does not wait for it. Days not closed since the last closed one are closed with it;
    lines posted to that last one after its close are taken into it, and reported. The first close ever takes what was
    before as opening balances: no voucher carries them, the core gets them by an adjusting voucher (differences.py).
    """
    begun = time.monotonic()
    async with closing(url, bank) as books:
        await _refuse_open(books, bank, on)
        chart = await chart_of(books, bank, on)
        last = await books.last_closed(bank)
        if last is not None and last > on:
            raise BooksRefused(Code.BOOKS_CLOSED_LATER, f"{bank} {last}")
        late: tuple[str, ...] = ()
        if last is not None and last < on:
            late = await _late(books, bank, last)
            if late:
                await _close_from(books, bank, last)
        totals, drafts, splits = await _close_from(books, bank, on)
        report = BooksReport(
            bank=bank,
            date=on,
            mode=chart.mode,
            accounts=len(totals),
            lines=sum(t.lines for t in totals),
            debit_fen=sum(t.debit_fen for t in totals if not t.memo),
            credit_fen=sum(t.credit_fen for t in totals if not t.memo),
            trial_fen=sum(t.balance_fen for t in totals if not t.memo),
            memo_fen=sum(t.balance_fen for t in totals if t.memo),
            agreements=(await principal_agreement(books, chart, on),),
            late=late,
            vouchers=tuple(drafts),
            splits=splits,
        )
        await _open_differences(Vouchers(books.connection), report)
    return msgspec.structs.replace(report, seconds=round(time.monotonic() - begun, 3))


async def chart_of(books: Books, bank: str, on: date | None = None) -> Chart:
    """The bank's chart and mode in force on a day (None: now); NOT_FOUND without such a bank."""
    found = await books.terms(bank, on)
    if found is None:
        raise BooksRefused(Code.NOT_FOUND, bank)
    return Chart(msgspec.json.decode(found[0], type=BankTerms))


async def _refuse_open(books: Books, bank: str, on: date) -> None:
    """DATE_NOT_OPEN while the business date has not passed ``on``; NOT_FOUND without such a bank."""
    found = await books.terms(bank)
    if found is None:
        raise BooksRefused(Code.NOT_FOUND, bank)
    if on >= found[1]:
        raise BooksRefused(Code.DATE_NOT_OPEN, f"{bank} {found[1]}")


async def _late(books: Books, bank: str, last: date) -> tuple[str, ...]:
    """What was posted to the last closed day after its close, by account, as texts."""
    closed = {(t.account, t.memo): t for t in await books.day_totals(bank, last)}
    now = {(t.account, t.memo): t for t in await books.movements(bank, last - ONE_DAY, last)}
    late = []
    for key in sorted(closed.keys() | now.keys()):
        was, found = closed.get(key), now.get(key)
        had = (was.debit_fen, was.credit_fen, was.lines) if was else (0, 0, 0)
        has = (found.debit_fen, found.credit_fen, found.lines) if found else (0, 0, 0)
        if had != has:
            late.append(f"{last} {key[0]}: {had[2]} lines {had[0]}/{had[1]}, now {has[2]} lines {has[0]}/{has[1]}")
    return tuple(late)


async def _close_from(books: Books, bank: str, on: date) -> tuple[list[DayTotal], list[str], int]:
    """Write ``on``, and days before it that moved since the last closed one: (its totals, drafts made, splits)."""
    before = await books.last_closed(bank, on - ONE_DAY)
    opening = await books.day_totals(bank, before) if before is not None else []
    balances = {(total.account, total.memo): total.balance_fen for total in opening}
    moved: dict[date, list[Total]] = defaultdict(list)
    for total in await books.movements(bank, before, on):
        moved[total.date].append(total)
    days = sorted(day for day in moved if day < on)
    if before is None:  # the first close: what was before comes as opening balances
        for total in (total for day in days for total in moved[day]):
            key = (total.account, total.memo)
            balances[key] = balances.get(key, 0) + total.debit_fen - total.credit_fen
        days = []
    vouchers = Vouchers(books.connection)
    totals: list[DayTotal] = []
    drafts: list[str] = []
    splits = 0
    for day in [*days, on]:
        totals = day_of(day, moved.get(day, []), balances)
        balances = {(t.account, t.memo): t.balance_fen for t in totals}
        chart = await chart_of(books, bank, day)
        await books.write_day(bank, day, chart.mode, totals)
        made, otherwise = await draft_vouchers(books, vouchers, chart, day)
        drafts += made
        splits += otherwise
    return totals, drafts, splits


def day_of(on: date, moved: list[Total], balances: dict[Key, int]) -> list[DayTotal]:
    """The day's totals: accounts that moved or have a balance, memo accounts last."""
    by_key = {(t.account, t.memo): t for t in moved}
    totals = []
    for key in sorted(by_key.keys() | {k for k, fen in balances.items() if fen}, key=lambda k: (k[1], k[0])):
        total, opening = by_key.get(key), balances.get(key, 0)
        debit, credit, lines = (total.debit_fen, total.credit_fen, total.lines) if total else (0, 0, 0)
        totals.append(DayTotal(on, key[0], key[1], debit, credit, opening + debit - credit, lines))
    return totals


async def principal_agreement(books: Books, chart: Chart, closed: date) -> Agreement:
    """Principal by the loans' typed column against the general ledger, both as of now; what is being paid out is in
    the ledger (against clearing) and not yet in the column."""
    codes = {chart.code(role) for role in PRINCIPAL_ROLES}
    ledger = sum(t.balance_fen for t in await books.day_totals(chart.bank, closed) if t.account in codes)
    since = await books.movements(chart.bank, closed, date.max)
    ledger += sum(t.debit_fen - t.credit_fen for t in since if t.account in codes)
    outstanding, on_their_way = await books.principal(chart.bank)
    decode = msgspec.msgpack.Decoder(LoanState).decode
    on_its_way_fen = sum(decode(state).terms.amount_fen for state in on_their_way)
    return Agreement(PRINCIPAL, ledger, outstanding + on_its_way_fen)


async def _open_differences(vouchers: Vouchers, report: BooksReport) -> None:
    """Differences of our own books; those that add up again are ended."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    if report.trial_fen:
        found["trial", "in all"] = (report.trial_fen, 0)
    if report.memo_fen:
        found["trial", "memo"] = (report.memo_fen, 0)
    for one in report.agreements:
        if not one.agrees:
            found["subledger", one.account] = (one.ledger_fen, one.loans_fen)
    for kind in ("trial", "subledger"):
        for standing in await vouchers.standing(report.bank, kind):
            ours, theirs = found.get((kind, standing.subject), (0, 0))
            if ours - theirs == standing.fen:
                found.pop((kind, standing.subject))
            else:
                await vouchers.end(standing.id, "agreed" if ours == theirs else "replaced", report.date)
    for (kind, subject), (ours, theirs) in found.items():
        accepted = (await vouchers.accepted(report.bank, kind, report.date)).get(subject, 0)
        if ours - theirs != accepted:
            await vouchers.open(report.bank, report.date, kind, subject, ours, theirs, ours - theirs)
    if report.late:
        count, text = len(report.late), "; ".join(report.late)
        await vouchers.open(report.bank, report.date, "trial", "posted to a closed day", count, 0, count, text)
