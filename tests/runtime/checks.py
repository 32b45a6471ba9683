"""What must hold in the store whatever happened: checked against the truth, past hosts and faults."""

from typing import Any

import msgspec

from actors.address import parse_id
from runtime.chain import link
from runtime.kinds import Codecs
from runtime.turn import replay
from tests.runtime.account_kind import KINDS, Account, Added
from tests.runtime.world import World

CODECS = {name: Codecs(kind) for name, kind in KINDS.items()}


async def check_actor(world: World, id: str) -> Account:
    """Versions run without a gap, replay gives the row, every event has its operation, postings match; the state."""
    kind = parse_id(id).kind
    codecs = CODECS[kind]
    events = await world.store.events(kind, id, 0, 100_000)
    assert [e.version for e in events] == list(range(1, len(events) + 1)), f"{id}: versions have gaps"
    row = (await world.store.load(kind, [id]))[id]
    assert row.version == len(events), f"{id}: the row is at {row.version}, the journal at {len(events)}"
    state: Any = codecs.state.decode(row.state)
    assert replay(codecs, [e.body for e in events]) == state, f"{id}: replay differs from the row"
    operations = {operation.op_hash for operation in await world.operations(id)}
    assert {e.op_hash for e in events} <= operations, f"{id}: an event without its operation"
    added = [codecs.event.decode(e.body) for e in events if e.type == "Added"]
    lines = await world.postings(id)
    assert len(lines) == 2 * len(added), f"{id}: {len(lines)} lines for {len(added)} money events"
    assert sum(p.debit_fen - p.credit_fen for p in lines) == 0
    assert sum(p.debit_fen for p in lines) == sum(event.n for event in added if isinstance(event, Added))
    since = max((e.version for e in events if e.type == "Cleared"), default=0)
    assert isinstance(state, Account)
    assert state.balance == sum(
        codecs.event.decode(e.body).n for e in events if e.type == "Added" and e.version > since
    )
    await check_chain(world, await world.slot_of(id))
    return state


async def check_chain(world: World, slot: int) -> int:
    """The slot's journal counts from 1 and every hash follows from the one before; its length."""
    head = b""
    journal = await world.shard_journal(slot)
    for n, e in enumerate(journal, 1):
        assert e.seq == n, f"slot {slot}: sequence {e.seq} stands at place {n}"
        head = link(head, e.shard, e.seq, e.kind, e.id, e.version, e.bank, e.business_date, e.type, e.op_hash, e.body)
        assert e.hash == head, f"slot {slot}: the chain is broken at {n}"
    return len(journal)


async def count_of(world: World, id: str, note: str) -> int:
    """How often an `Add` with this note stands in the journal since the account was cleared."""
    kind = parse_id(id).kind
    events = await world.store.events(kind, id, 0, 100_000)
    since = max((e.version for e in events if e.type == "Cleared"), default=0)
    events = [e for e in events if e.version > since]
    return sum(msgspec.msgpack.decode(e.body).get("note") == note for e in events)
