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
from storage.books import Books, CoreEvent
from storage.vouchers import VoucherLine, Vouchers

NO_PRODUCT = "-"
"""Product of a voucher with what belongs to no loan: lines of credit, memo."""
Sums = dict[tuple[str, str], int]
"""(product, core account) -> debit less credit."""
_SPLIT = ("principal", "interest", "penalty", "compound", "fee")


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
    splits: list[tuple[CoreEvent, dict[str, Any]]] = []
    async for row in books.deposit_events(chart.bank, on, chart.code("deposits")):
        event = decode(row.body)
        booked = core_booked(chart, row.type, event)
        if booked is None:
            continue
        for account, fen in booked[1]:
            sums[max(booked[0], on), row.product or NO_PRODUCT, account] += fen
        if chart.mode == "core_calculated" and row.type == "Repaid" and event.get("source") == "debit":
            splits.append((row, event))
    lines = [(*key, fen) for key, fen in sorted(sums.items()) if fen]
    await vouchers.put_core_bookings(chart.bank, on, lines)
    others = 0
    for row, event in splits:
        others += await _compare_split(books, vouchers, chart, on, row, event)
    return others


async def _compare_split(
    books: Books, vouchers: Vouchers, chart: Chart, on: date, row: CoreEvent, event: dict[str, Any]
) -> bool:
    """Whether the core's split of a debit differs from the one we asked for; then a difference stands until settled."""
    asked = await _asked(books, row.id, event.get("effect_id", ""))
    if asked is None:
        return False
    expected = expected_split(asked, event["amount_fen"])
    booked = {item: event.get(f"{item}_fen", 0) for item in _SPLIT}
    if expected == booked:
        return False
    detail = ", ".join(f"{item} {expected[item]}/{booked[item]}" for item in _SPLIT if expected[item] != booked[item])
    ours, theirs = expected["principal"], booked["principal"]
    subject = f"{row.id} {event['effect_id']}"
    await vouchers.open(chart.bank, on, "split", subject, ours, theirs, ours - theirs, detail)
    return True


async def _asked(books: Books, loan_id: str, effect_id: str) -> dict[str, Any] | None:
    """The payload of the debit of this effect, as the loan asked for it."""
    parts = effect_id.split("-")
    if len(parts) != 3 or not parts[1].isdigit():
        return None
    for body in await books.effect(loan_id, int(parts[1])):
        effect = msgspec.msgpack.decode(body)["effect"]
        if effect["id"] == effect_id:
            payload: dict[str, Any] = effect["payload"]
            return payload
    return None


def expected_split(asked: dict[str, Any], taken_fen: int) -> dict[str, int]:
    """Our split of ``taken_fen``, by the order in which the debit was to be booked."""
    split = dict.fromkeys(_SPLIT, 0)
    steps = asked.get("allocation") or [[item, asked.get(f"{item}_fen", 0)] for item in reversed(_SPLIT)]
    for item, wanted in steps:
        served = min(wanted, taken_fen)
        split[item] += served
        taken_fen -= served
    return split
