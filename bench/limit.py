"""Yardstick "limit": everything in one process's memory with group commit; no Ray, no actors, no leases, no retries.

The same front, engine, tables, postings, stored replies and commit function; it stands for what a program could do that
never has to move, share or survive anything but its own crash. Each process holds the loans of its parity.
"""

import asyncio
import time
from typing import Any

from actors.codes import Code
from actors.turn import Context, Refused
from cluster.parts import Parts
from runtime.chain import link
from runtime.kinds import Codecs
from runtime.messages import Answer, Ask, Operation, refusal
from runtime.turn import answer_of, encode, stored_reply
from storage.contract import ActorRow, Batch, JournalRow, OperationRow, PostingRow


class LimitRouter:
    """States in a dict, one batch in flight, the next collecting."""

    def __init__(self, parts: Parts, name: str, batch_max: int = 400) -> None:
        self._parts = parts
        self._name = name
        self._batch_max = batch_max
        self._codecs = Codecs(parts.kinds()["loan"])
        self._states: dict[str, tuple[int, Any]] = {}
        self._known: dict[bytes, tuple[bytes, bytes]] = {}
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._collecting: list[tuple[Any, ...]] = []
        self._something = asyncio.Event()
        self._incarnation = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self, ids: list[str]) -> None:
        await self._parts.banks.refresh()
        store = self._parts.store
        self._incarnation = await store.register(self._name, 3_600_000)
        for at in range(0, len(ids), 1000):
            for id, row in (await store.load("loan", ids[at : at + 1000])).items():
                self._states[id] = (row.version, self._codecs.state.decode(row.state))
        self._heads = await store.chain_heads(list(range(1024)))
        self._task = asyncio.get_running_loop().create_task(self._commit_loop())

    async def ask(self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int) -> Answer:
        op_hash, digest = self._parts.digester.of(Ask(0, kind, id, bank, operation, body, ttl_ms))
        known = self._known.get(op_hash)
        if known is not None:
            return answer_of(0, known[1]) if known[0] == digest else refusal(0, Code.OPERATION_MISMATCH)
        if id not in self._states:
            return refusal(0, Code.NOT_FOUND)
        version, state = self._states[id]
        if state.bank != bank:
            return refusal(0, Code.NOT_FOUND)
        reply, done = self._decide(id, bank, version, state, body, op_hash, digest)
        self._known[op_hash] = (digest, reply)
        self._something.set()
        await done
        return answer_of(0, reply)

    def _decide(
        self, id: str, bank: str, version: int, state: Any, body: bytes, op_hash: bytes, digest: bytes
    ) -> "tuple[bytes, asyncio.Future[None]]":
        terms = self._parts.banks[bank]
        kind = self._codecs.kind
        ctx = Context(
            actor_id=id,
            version=version,
            business_date=terms.business_date,
            now_ms=time.time_ns() // 1_000_000,
            bank=terms.terms,
            rules=terms.rules,
            vault=terms.vault,
        )
        decision = kind.decide(state, self._codecs.command.decode(body), ctx)
        events: list[tuple[int, str, bytes]] = []
        lines: list[tuple[int, int, Any]] = []
        before = version
        if isinstance(decision, Refused):
            reply = stored_reply(decision.code.word, encode(decision.detail))
        else:
            reply = stored_reply("", encode(decision.result or {}))
            for event in decision.events:
                version += 1
                lines += [(version, n, p) for n, p in enumerate(kind.postings(state, event, terms.terms))]
                state = kind.evolve(state, event)
                events.append((version, type(event).__name__, encode(event)))
        self._states[id] = (version, state)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        date = terms.business_date
        self._collecting.append((id, bank, before, version, state, events, lines, op_hash, digest, reply, date, done))
        return reply, done

    async def _commit_loop(self) -> None:
        while True:
            await self._something.wait()
            part, self._collecting = self._collecting[: self._batch_max], self._collecting[self._batch_max :]
            if not self._collecting:
                self._something.clear()
            if part:
                await self._parts.store.commit(self._batch(part))
                for turn in part:
                    turn[-1].set_result(None)

    def _batch(self, part: list[tuple[Any, ...]]) -> Batch:
        now = time.time_ns() // 1_000_000
        operations, journal, postings = [], [], []
        first: dict[str, int] = {}
        last: dict[str, tuple[str, int, Any]] = {}
        for id, bank, before, version, state, events, lines, op_hash, digest, reply, date, _ in part:
            operations.append(OperationRow(op_hash, digest, "loan", id, bank, reply))
            shard = int(id[1:5])
            seq, head = self._heads[shard]
            for v, type_, body in events:
                seq += 1
                head = link(head, shard, seq, "loan", id, v, bank, date, type_, op_hash, body)
                journal.append(JournalRow(shard, seq, "loan", id, v, bank, date, op_hash, type_, body, head, now))
            self._heads[shard] = (seq, head)
            postings += [
                PostingRow(bank, "loan", id, v, n, date, p.account, p.debit_fen, p.credit_fen, p.memo)
                for v, n, p in lines
            ]
            if events:
                first.setdefault(id, before)
                last[id] = (bank, version, state)
        columns = self._codecs.kind.columns
        rows = [
            ActorRow("loan", id, bank, int(id[1:5]), first[id], version, encode(state), 0, columns(state))
            for id, (bank, version, state) in last.items()
        ]
        return Batch(self._name, self._incarnation, operations, journal, postings, rows, [])
