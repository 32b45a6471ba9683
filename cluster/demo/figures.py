"""The demo's figures, computed from the database alone: by bank and product, reasons of refusal, latencies."""

from collections import Counter
from typing import Any

import msgspec
from msgspec import Struct

from cluster.verify.operations import operation_key
from cluster.verify.source import Source, opened

LOAN, PROCESS = 2, 3
MONEY = "('Disbursed', 'DisbursementReversed', 'Repaid', 'WrittenOff', 'Waived', 'LoanSettled')"
STEPS = "('ProcessStarted', 'ProcessEnded')"


class Sums(Struct):
    """One bank's product. Sums in fen; ``outstanding`` and ``overdue`` as of now."""

    applications: int = 0
    approved: int = 0
    refused: int = 0
    loans: int = 0
    disbursed_fen: int = 0
    reversed_fen: int = 0
    repaid_principal_fen: int = 0
    repaid_interest_fen: int = 0
    repaid_penalty_fen: int = 0
    written_off_fen: int = 0
    waived_fen: int = 0
    outstanding_fen: int = 0
    settled: int = 0
    overdue: int = 0

    def add(self, other: "Sums") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Figures(Struct):
    """``latencies_ms``: of each instant loan, from the application's start to the end of its drawdown."""

    by_product: dict[tuple[str, str], Sums]
    reasons: Counter[str]
    latencies_ms: list[int]
    via: dict[str, int]

    @property
    def total(self) -> Sums:
        total = Sums()
        for sums in self.by_product.values():
            total.add(sums)
        return total

    def of(self, bank: str, product: str) -> Sums:
        return self.by_product.setdefault((bank, product), Sums())

    def percentile_ms(self, percent: int) -> int:
        """Nearest rank; 0 without any."""
        ordered = sorted(self.latencies_ms)
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0


Words = tuple[str, str, str, str]
"""What names an operation: bank, channel, id, date."""


async def figures(url: str, instant: set[tuple[str, str]], keys: dict[str, list[Words]]) -> Figures:
    """``instant``: (bank, product) that count as 秒贷. ``keys``: front -> its applications, of which those found in the
    store are counted."""
    found = Figures(by_product={}, reasons=Counter(), latencies_ms=[], via={})
    async with opened(url) as source:
        applied, drawn = await _processes(source, found)
        await _loans(source, found, instant, applied, drawn)
        for front, words in keys.items():
            hashes = [operation_key(*each) for each in words]
            found.via[front] = await source.value(
                "SELECT count(*) FROM operation WHERE kind = $1 AND op_hash = ANY($2::bytea[])", PROCESS, hashes
            )
    return found


async def _processes(source: Source, found: Figures) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """Start of each approved application by (customer, product); end of each drawdown that paid out by loan."""
    applied: dict[tuple[str, str], int] = {}
    drawn: dict[str, int] = {}
    async for events in source.events_by_actor(PROCESS, STEPS):
        started = events[0].fields()
        ended: dict[str, Any] = events[-1].fields() if events[-1].type == "ProcessEnded" else {}
        status = ended.get("status", "running")
        if started["definition"] == "drawdown":
            if status == "paid_out":
                drawn[started["loan_id"]] = ended["at_ms"]
            continue
        sums = found.of(events[0].bank, started["product"])
        sums.applications += 1
        sums.approved += status == "approved"
        sums.refused += status == "refused"
        found.reasons.update(ended.get("reasons", ()) if status == "refused" else ())
        if status == "approved":
            applied[started["customer_id"], started["product"]] = started["at_ms"]
    return applied, drawn


async def _loans(
    source: Source,
    found: Figures,
    instant: set[tuple[str, str]],
    applied: dict[tuple[str, str], int],
    drawn: dict[str, int],
) -> None:
    rows = {
        row[0]: row[1:]
        for row in await source.all(
            "SELECT id, bank, product, customer_id, status, coalesce(principal_fen_outstanding, 0) FROM loan"
        )
    }
    for id, (bank, product, customer, status, outstanding) in rows.items():
        sums = found.of(bank, product)
        sums.outstanding_fen += outstanding
        sums.overdue += status == "overdue"
        begun = applied.get((customer, product))
        if id in drawn and begun is not None and (bank, product) in instant:
            found.latencies_ms.append(drawn[id] - begun)
    async for events in source.events_by_actor(LOAN, MONEY):
        _add_money(found.of(rows[events[0].id][0], rows[events[0].id][1]), events)


def _add_money(sums: Sums, events: list[Any]) -> None:
    for event in events:
        fields = event.fields()
        match event.type:
            case "Disbursed":
                sums.loans += 1
                sums.disbursed_fen += fields["amount_fen"]
            case "DisbursementReversed":
                sums.reversed_fen += fields["amount_fen"]
            case "Repaid":
                sums.repaid_principal_fen += fields["principal_fen"]
                sums.repaid_interest_fen += fields["interest_fen"]
                sums.repaid_penalty_fen += fields["penalty_fen"]
            case "WrittenOff":
                sums.written_off_fen += fields["principal_fen"]
            case "Waived":
                sums.waived_fen += fields["principal_fen"]
            case "LoanSettled":
                sums.settled += 1


def last_line(found: Figures, *, seconds: float, **proof: Any) -> str:
    """The demo's last line, all sums out of the journal; this release has no command that writes off or waives."""
    total = found.total
    return msgspec.json.encode(
        {
            "applications": total.applications,
            "approved": total.approved,
            "refused": total.refused,
            "disbursed_fen": total.disbursed_fen,
            "reversed_fen": total.reversed_fen,
            "repaid_principal_fen": total.repaid_principal_fen,
            "outstanding_fen": total.outstanding_fen,
            "written_off_fen": total.written_off_fen,
            "waived_fen": total.waived_fen,
            "settled": total.settled,
            "via_rest": found.via.get("rest", 0),
            "via_esb": found.via.get("esb", 0),
            **proof,
            "instant_loan_p50_ms": found.percentile_ms(50),
            "instant_loan_p99_ms": found.percentile_ms(99),
            "seconds": round(seconds, 1),
        }
    ).decode()
