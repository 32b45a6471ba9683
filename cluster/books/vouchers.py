"""日终传票: what the core does not know of our day by itself, as one voucher a product, lines summed by core account.

A voucher is our postings of the day (memo accounts too) in the core's accounts, less what the core booked by itself
(core_booking.py) and what vouchers of the day carry already. It never touches customers' deposits: money that the core
has not moved itself stands in clearing. Where the core splits debits itself (core_calculated), a split other than the
expected one opens a difference. Drafts are made here, inside the closing of a day; send.py sends them.
"""

from collections import defaultdict
from datetime import date
from typing import Any

import msgspec

from cluster.books.chart import Chart
from cluster.books.core_booking import core_booked
from storage.books import Books
from storage.vouchers import VoucherLine, Vouchers

NO_PRODUCT = "-"
"""Product of a voucher with what belongs to no loan: lines of credit, memo."""
Sums = dict[tuple[str, str], int]
"""(product, core account) -> debit less credit."""
SPLIT = ("penalty", "compound", "interest", "principal")
"""How the two splits of a debit are told in the loan's incident."""


async def draft_vouchers(books: Books, vouchers: Vouchers, chart: Chart, on: date) -> tuple[list[str], int]:
    """(numbers of the drafts made, debits that the core split otherwise)."""
    splits = await _learn(books, vouchers, chart, on)
    await vouchers.drop_drafts(chart.bank, on)
    rest = await _rest(books, vouchers, chart, on)
    by_product: dict[str, list[VoucherLine]] = defaultdict(list)
    for (product, account), fen in sorted(rest.items()):
        if fen:
            by_product[product].append((account, fen, 0) if fen > 0 else (account, 0, -fen))
    numbers = []
    for product, lines in by_product.items():
        seq = await vouchers.next_seq(chart.bank, on, product)
        number = f"V-{chart.bank}-{on:%Y%m%d}-{product}-{seq}"
        await vouchers.add(number, chart.bank, on, product, seq, lines)
        numbers.append(number)
    return numbers, splits


async def _rest(books: Books, vouchers: Vouchers, chart: Chart, on: date) -> Sums:
    """Our day less the core's own bookings less what is under way; residue on deposits goes to clearing."""
    rest: Sums = defaultdict(int)
    for (product, account), fen in (await books.net_by_product(chart.bank, on)).items():
        rest[product or NO_PRODUCT, chart.core(account)] += fen
    for own in (await vouchers.core_bookings(chart.bank, on), await vouchers.carried(chart.bank, on)):
        for (product, account), fen in own.items():
            rest[product, account] -= fen
    deposits, clearing = chart.core_of_role("deposits"), chart.core_of_role("clearing")
    for product, account in list(rest):
        if account == deposits:
            rest[product, clearing] += rest.pop((product, account))
    return rest


async def _learn(books: Books, vouchers: Vouchers, chart: Chart, on: date) -> int:
    """Note what the core booked by itself in the day's events, and each split that is not ours. How many were not."""
    sums: dict[tuple[date, str, str], int] = defaultdict(int)
    decode = msgspec.msgpack.Decoder().decode
    others: list[tuple[str, dict[str, Any]]] = []
    async for row in books.deposit_events(chart.bank, on, chart.code("deposits")):
        event = decode(row.body)
        incident = _split_incident(decode(row.incident), event) if row.incident is not None else None
        booked = core_booked(chart, row.type, event, incident["core"] if incident else None)
        if booked is None:
            continue
        for account, fen in booked[1]:
            sums[max(booked[0], on), row.product or NO_PRODUCT, account] += fen
        if incident:
            others.append((f"{row.id} {event['effect_id']}", incident))
    lines = [(*key, fen) for key, fen in sorted(sums.items()) if fen]
    await vouchers.put_core_bookings(chart.bank, on, lines)
    for subject, incident in others:
        ours, core = incident["ours"], incident["core"]
        parts = zip(SPLIT, ours, core, strict=True)
        detail = ", ".join(f"{item} {mine}/{theirs}" for item, mine, theirs in parts if mine != theirs)
        text = f"{detail}; posted: {incident['posted']}"
        await vouchers.open(chart.bank, on, "split", subject, ours[-1], core[-1], ours[-1] - core[-1], text)
    return len(others)


def _split_incident(incident: dict[str, Any], event: dict[str, Any]) -> dict[str, Any] | None:
    """What the loan noted when the core's split of this debit was not its own (actors/loan/debit.py)."""
    if incident.get("code") != "split_differs" or incident.get("effect_id") != event.get("effect_id", ""):
        return None
    data: dict[str, Any] = incident["data"]
    return data
