"""Everything that is told by events, shard by shard: chain, versions, effects, loans, lines, replay, in one reading.

An actor's events all lie on its shard's chain, but for those that moved to a slot of their own (`Split`): these are
read by id, apart from the chains. A range of shards is a unit of work for one process (crew.py).
"""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from cluster.verify.accounts import AccountCodes
from cluster.verify.chain import check_chain, check_versions
from cluster.verify.customers import CustomerCheck
from cluster.verify.effects import check_effects
from cluster.verify.findings import Findings
from cluster.verify.loans import LoanCheck, balances
from cluster.verify.operations import check_runs
from cluster.verify.replay_with_evolve import check_replay, typed_columns
from cluster.verify.source import KIND_NAMES, Recorded, Source

SHARDS = 1024
LETTERS = {"customer": "C", "loan": "L", "process": "P"}
LAST = "~"
"""Sorts after every id."""
Actors = dict[str, list[Recorded]]
Done = Callable[[], None]


class Split(Struct, frozen=True, kw_only=True):
    """What lies elsewhere than its id says: ``slots`` (1024 and up, or none of ours) and (kind, id) of actors there."""

    slots: tuple[int, ...] = ()
    actors: frozenset[tuple[str, str]] = frozenset()


class Sums(Struct, kw_only=True):
    """Of a range of shards: the loans' sums and the lines' promises by bank; the banks of all events."""

    loans: dict[str, dict[str, int]] = {}
    promised: dict[str, int] = {}
    banks: set[str] = set()

    def add(self, other: "Sums") -> None:
        for bank, sums in other.loans.items():
            mine = self.loans.setdefault(bank, {})
            for name, value in sums.items():
                mine[name] = mine.get(name, 0) + value
        self.banks |= other.banks
        for bank, fen in other.promised.items():
            self.promised[bank] = self.promised.get(bank, 0) + fen


async def find_split(source: Source) -> Split:
    """The journal's index by shard has what lies on no shard of 0..1023; the actors' tables say who was moved there."""
    slots = await source.all("SELECT DISTINCT shard FROM journal WHERE shard < 0 OR shard >= $1 ORDER BY 1", SHARDS)
    found = await source.all("SELECT DISTINCT kind, id FROM journal WHERE shard < 0 OR shard >= $1", SHARDS)
    actors = {(KIND_NAMES[kind], id) for kind, id in found}
    for kind in LETTERS:
        moved = await source.all(f"SELECT id FROM {kind} WHERE shard < 0 OR shard >= {SHARDS}")
        actors |= {(kind, id) for (id,) in moved}
    return Split(slots=tuple(slot for (slot,) in slots), actors=frozenset(actors))


def bounds(kind: str, shards: range) -> tuple[str, str]:
    """From which id to below which the actors of these shards lie; the first and last take whatever sorts there."""
    low = f"{LETTERS[kind]}{shards.start:04d}" if shards.start else ""
    high = f"{LETTERS[kind]}{shards.stop:04d}" if shards.stop < SHARDS else LAST
    return low, high


async def check_shards(source: Source, findings: Findings, shards: range, split: Split, done: Done) -> Sums:
    """Check a range of shards; ``done`` is called after each."""
    codes = await AccountCodes.read(source)
    loans = LoanCheck(findings, codes, balances(source, *bounds("loan", shards)))
    reader = _Reader(source, findings, CustomerCheck(source, findings), loans)
    banks: set[str] = set()
    for shard in shards:
        events = await source.chain(shard)
        check_chain(findings, events)
        banks |= {event.bank for event in events}
        rows = {kind: await _rows(source, kind, *bounds(kind, range(shard, shard + 1))) for kind in LETTERS}
        await reader.check(_by_actor(events, split), rows, split)
        done()
    for id in await loans.finish():
        if ("loan", id) not in split.actors:
            findings.breach(2, "postings without a loan", id, "no event of this loan")
    return reader.sums(banks)


async def check_split(source: Source, findings: Findings, split: Split) -> Sums:
    """The chains of the slots, and the actors that have events on them, each by its whole history."""
    for slot in split.slots:
        check_chain(findings, await source.chain(slot))
    codes, total = await AccountCodes.read(source), Sums()
    for kind, id in sorted(split.actors):
        events = await source.history(kind, id)
        loans = LoanCheck(findings, codes, balances(source, id, id + " "))
        reader = _Reader(source, findings, CustomerCheck(source, findings), loans)
        rows: dict[str, dict[str, Any]] = {name: {} for name in LETTERS}
        rows[kind] = await _rows(source, kind, id, id + " ")
        actors: dict[str, Actors] = {name: {} for name in LETTERS}
        actors[kind] = {id: events} if events else {}
        await reader.check(actors, rows, Split())
        total.add(reader.sums({event.bank for event in events}))
    return total


def _by_actor(events: list[Recorded], split: Split) -> dict[str, Actors]:
    """Each kind's actors with their events in the order of their versions, as in the chain of an honest journal."""
    found: dict[str, Actors] = {kind: {} for kind in LETTERS}
    for event in events:
        actors = found[event.kind]
        known = actors.get(event.id)
        if known is None:
            actors[event.id] = [event]
        else:
            known.append(event)
    for kind, id in split.actors:
        found[kind].pop(id, None)
    for actors in found.values():
        for told in actors.values():
            if any(told[n].version >= told[n + 1].version for n in range(len(told) - 1)):
                told.sort(key=lambda event: event.version)
    return found


async def _rows(source: Source, kind: str, low: str, high: str) -> dict[str, Any]:
    columns = ", ".join(typed_columns(kind))
    sql = f"SELECT id, bank, version, state, {columns} FROM {kind} WHERE id >= $1 AND id < $2"
    return {row[0]: row for row in await source.all(sql, low, high)}


class _Reader:
    """Holds an actor's events against its row, kind by kind."""

    def __init__(self, source: Source, findings: Findings, customers: CustomerCheck, loans: LoanCheck) -> None:
        self._findings, self._customers, self._loans = findings, customers, loans
        self._bank = source.bank
        names = typed_columns("loan")
        self._status, self._owed = 4 + names.index("status"), 4 + names.index("principal_fen_outstanding")

    def sums(self, banks: set[str]) -> Sums:
        loans = {bank: dict(sums) for bank, sums in self._loans.totals.items()}
        return Sums(loans=loans, promised=self._customers.promised, banks=banks)

    async def check(self, actors: dict[str, Actors], rows: dict[str, dict[str, Any]], split: Split) -> None:
        brief = {id: (id, row[self._owed] or 0, row[self._status], row[3]) for id, row in rows["loan"].items()}
        for kind in LETTERS:
            for id in sorted(actors[kind].keys() | rows[kind].keys()):
                if (kind, id) in split.actors:
                    continue
                events, row = actors[kind].get(id, []), rows[kind].get(id)
                if self._bank and self._bank not in ((events[0].bank if events else ""), (row[1] if row else "")):
                    continue
                self._common(kind, id, events, row)
                if not events:
                    continue
                if kind == "customer":
                    await self._customers.check(events, row[3] if row else None, brief)
                elif kind == "loan":
                    await self._loans.check(events, (id, row[self._status], row[self._owed], row[3]) if row else None)

    def _common(self, kind: str, id: str, events: list[Recorded], row: Any) -> None:
        """What holds for every kind: versions, effects, replay, one bank."""
        findings = self._findings
        check_versions(findings, id, events, row[2] if row else None)
        if not events:
            return
        check_runs(findings, events)
        check_effects(findings, events)
        if row is None:
            findings.breach(7, "no row", id, f"{len(events)} events, no {kind} row")
            return
        check_replay(findings, kind, events, row[2], row[3], tuple(row[4:]))
        if strange := [event.bank for event in events if event.bank != row[1]]:
            detail = f"{len(strange)} rows of {strange[0]}, the actor is of {row[1]}"
            findings.breach(8, "journal of another bank", id, detail)


def ranges(parts: int) -> Iterator[range]:
    """The shards in so many ranges of about the same length."""
    for n in range(parts):
        yield range(SHARDS * n // parts, SHARDS * (n + 1) // parts)
