"""Group commit: one batch of a host in flight, the next collects meanwhile; and what is done when a batch fails.

A failed batch is treated by its kind: duplicates are answered from their stored replies and the rest goes again; bad
data is split by whole actors until the culprit stands alone; a fence drops everything; an unknown outcome makes the
host take a new incarnation before anything is read again (runtime/host.py does both).
"""

import asyncio
from typing import Protocol

from actors.codes import Code
from runtime.activation import Activation, Message
from runtime.chain import link
from runtime.messages import refusal
from runtime.turn import Turn, answer_of, encode
from storage.contract import (
    ActorRow,
    BadData,
    Batch,
    DuplicateOperations,
    JournalRow,
    OperationRow,
    PostingRow,
    Store,
    StoreError,
    UnknownOutcome,
    Wake,
)


class Owner(Protocol):
    """What the committer needs of its host."""

    id: str

    @property
    def incarnation(self) -> int: ...
    def now_ms(self) -> int: ...
    def committed(self, turn: Turn) -> None: ...
    def wake_at(self, act: Activation, state: object) -> int: ...
    async def redo(self, act: Activation, messages: list[Message], *, reload: bool, conflict: str = "") -> None: ...
    def weigh(self, act: Activation, size: int) -> None: ...
    def poison(self, act: Activation, reason: str) -> None: ...
    async def lost(self, error: StoreError, messages: list[Message], incarnation: int) -> None: ...


class Committer:
    """Collects turns and wakes and commits them in batches."""

    def __init__(self, owner: Owner, store: Store, batch_max: int) -> None:
        self._owner = owner
        self._store = store
        self._batch_max = batch_max
        self.collecting: list[Turn] = []
        self.in_flight_ops: dict[bytes, Message] = {}
        self.followers: dict[bytes, list[Message]] = {}
        self._wakes: dict[tuple[str, str], int] = {}
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._something = asyncio.Event()
        self._round: asyncio.Future[None] | None = None
        self.batches = 0
        self.committed_turns = 0

    def add(self, turn: Turn) -> None:
        turn.act.pending += 1
        if turn.message.op_hash:
            self.in_flight_ops[turn.message.op_hash] = turn.message
        self.collecting.append(turn)
        self._something.set()

    def add_wake(self, kind: str, id: str, at_ms: int) -> None:
        self._wakes[(kind, id)] = at_ms
        self._something.set()

    def finish(self, message: Message, reply: bytes) -> None:
        """Answer a message and all its duplicates that came while it was in flight."""
        self._forget(message)
        message.sink(answer_of(message.ask.seq, reply))
        for follower in self.followers.pop(message.op_hash, ()):
            if follower.digest == message.digest:
                follower.sink(answer_of(follower.ask.seq, reply))
            else:
                follower.sink(refusal(follower.ask.seq, Code.OPERATION_MISMATCH))

    def fail(self, message: Message, code: Code) -> None:
        """Answer a message and its duplicates with an error that is not stored."""
        self._forget(message)
        for each in (message, *self.followers.pop(message.op_hash, ())):
            each.sink(refusal(each.ask.seq, code))

    def _forget(self, message: Message) -> None:
        if self.in_flight_ops.get(message.op_hash) is message:
            del self.in_flight_ops[message.op_hash]

    def forget_all(self) -> list[Message]:
        """Empty everything (a fence or an unknown outcome); the messages that were collecting."""
        messages = [turn.message for turn in self.collecting]
        self.collecting = []
        self.in_flight_ops = {}
        self._wakes = {}
        self._heads = {}
        return messages

    def forget_shard(self, slot: int) -> None:
        self._heads.pop(slot, None)

    async def round(self) -> None:
        """Returns when the next batch has ended, well or badly."""
        if self._round is None or self._round.done():
            self._round = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._round)

    async def run(self) -> None:
        """Commit for ever; the host cancels it."""
        while True:
            await self._something.wait()
            turns = self.collecting[: self._batch_max]
            self.collecting = self.collecting[self._batch_max :]
            wakes, self._wakes = self._wakes, {}
            if not self.collecting:
                self._something.clear()
            if turns or wakes:
                await self._commit(turns, [Wake(kind, id, at) for (kind, id), at in wakes.items()])
            if self._round is not None and not self._round.done():
                self._round.set_result(None)

    async def _commit(self, turns: list[Turn], wakes: list[Wake]) -> None:
        incarnation = self._owner.incarnation
        try:
            batch, heads = await self._sealed(turns, wakes)
            await self._store.commit(batch)
        except DuplicateOperations as error:
            await self._duplicates(turns, wakes, error.hashes)
            return
        except BadData as error:
            await self._split(turns, wakes, error)
            return
        except StoreError as error:
            await self._owner.lost(error, [turn.message for turn in turns], incarnation)
            return
        self._heads.update(heads)
        self.batches += 1
        self.committed_turns += len(turns)
        last = {turn.act.id: turn.act for turn in turns}
        for turn in turns:
            turn.act.pending -= 1
            turn.act.committed_state, turn.act.committed_version = turn.state, turn.version
        for row in batch.rows:
            act = last[row.id]
            act.wake_at_ms = row.wake_at_ms
            self._owner.weigh(act, len(row.state))
        for turn in turns:
            turn.act.remember(turn.message.op_hash, turn.message.digest, turn.reply)
            self.finish(turn.message, turn.reply)
            self._owner.committed(turn)

    async def _sealed(self, turns: list[Turn], wakes: list[Wake]) -> tuple[Batch, dict[int, tuple[int, bytes]]]:
        try:
            return await self._seal(turns, wakes)
        except StoreError:
            raise
        except Exception as error:  # a state that cannot be encoded is bad data of its actor, not of the batch
            raise BadData("", f"{type(error).__name__} while sealing") from error

    async def _seal(self, turns: list[Turn], wakes: list[Wake]) -> tuple[Batch, dict[int, tuple[int, bytes]]]:
        """The batch with sequence numbers and hashes assigned, and the chain heads after it."""
        slots = {turn.act.slot for turn in turns if turn.events}
        missing = [slot for slot in slots if slot not in self._heads]
        if missing:
            self._heads.update(await self._store.chain_heads(missing))
        heads = {slot: self._heads[slot] for slot in slots}
        now = self._owner.now_ms()
        operations: list[OperationRow] = []
        journal: list[JournalRow] = []
        postings: list[PostingRow] = []
        last: dict[str, Turn] = {}
        first: dict[str, int] = {}
        for turn in turns:
            act, message = turn.act, turn.message
            operations.append(
                OperationRow(message.op_hash, message.digest, act.kind, act.id, message.ask.bank, turn.reply)
            )
            if not turn.events:
                continue
            seq, head = heads[act.slot]
            date = turn.business_date
            for version, type, body in turn.events:
                seq += 1
                head = link(head, act.slot, seq, act.kind, act.id, version, act.bank, date, type, message.op_hash, body)
                journal.append(
                    JournalRow(
                        act.slot, seq, act.kind, act.id, version, act.bank, date, message.op_hash, type, body, head, now
                    )
                )
            heads[act.slot] = (seq, head)
            for version, lines in turn.postings:
                for n, p in enumerate(lines):
                    postings.append(
                        PostingRow(
                            act.bank, act.kind, act.id, version, n, date, p.account, p.debit_fen, p.credit_fen, p.memo
                        )
                    )
            first.setdefault(act.id, turn.events[0][0] - 1)
            last[act.id] = turn
        rows = [self._row(turn, first[id]) for id, turn in last.items()]
        written = set(last)
        wakes = [wake for wake in wakes if wake.id not in written]
        batch = Batch(self._owner.id, self._owner.incarnation, operations, journal, postings, rows, wakes)
        return batch, heads

    def _row(self, turn: Turn, expected: int) -> ActorRow:
        act = turn.act
        columns = act.codecs.kind.columns(turn.state)
        wake_at = self._owner.wake_at(act, turn.state)
        return ActorRow(
            act.kind, act.id, act.bank, act.slot, expected, turn.version, encode(turn.state), wake_at, columns
        )

    async def _duplicates(self, turns: list[Turn], wakes: list[Wake], hashes: list[bytes]) -> None:
        """Answer the operations that are stored; decide again what stood behind them on the same actors."""
        stored = await self._find(hashes)
        if stored is None:
            error = UnknownOutcome("the stored replies could not be read")
            await self._owner.lost(error, [turn.message for turn in turns], self._owner.incarnation)
            return
        touched = {turn.act.id for turn in turns if turn.message.op_hash in stored}
        self.collecting = [turn for turn in turns if turn.act.id not in touched] + self.collecting
        for wake in wakes:
            self._wakes.setdefault((wake.kind, wake.id), wake.wake_at_ms)
        again = self._take_back([turn for turn in turns if turn.act.id in touched])
        for act, messages in again:
            for message in messages:
                row = stored.get(message.op_hash)
                if row is None:
                    continue
                if row.digest == message.digest:
                    self.finish(message, row.reply)
                else:
                    self.fail(message, Code.OPERATION_MISMATCH)
            await self._owner.redo(act, [m for m in messages if m.op_hash not in stored], reload=False)
        self._something.set()

    async def _find(self, hashes: list[bytes]) -> dict[bytes, OperationRow] | None:
        for _ in range(5):
            try:
                return await self._store.find_operations(hashes)
            except StoreError:
                await asyncio.sleep(0.05)
        return None

    def _take_back(self, turns: list[Turn]) -> list[tuple[Activation, list[Message]]]:
        """Withdraw these turns and every later one of their actors; the messages by actor, in order."""
        acts = {turn.act.id: turn.act for turn in turns}
        mine = [*turns, *(turn for turn in self.collecting if turn.act.id in acts)]
        self.collecting = [turn for turn in self.collecting if turn.act.id not in acts]
        by_id: dict[str, list[Message]] = {id: [] for id in acts}
        for turn in mine:
            turn.act.pending -= 1
            by_id[turn.act.id].append(turn.message)
        for act in acts.values():
            act.rewind()
        return [(acts[id], messages) for id, messages in by_id.items()]

    async def _split(self, turns: list[Turn], wakes: list[Wake], error: BadData) -> None:
        """Commit by halves of actors; an actor that fails alone is decided again from a reload, then set aside."""
        ids = list(dict.fromkeys(turn.act.id for turn in turns))
        if len(ids) > 1:
            half = set(ids[: len(ids) // 2])
            await self._commit([turn for turn in turns if turn.act.id in half], wakes)
            await self._commit([turn for turn in turns if turn.act.id not in half], [])
            return
        for act, messages in self._take_back(turns):
            if any(message.conflict for message in messages) or messages[0].tries >= 2:
                self._owner.poison(act, f"the store refuses its rows: {error.constraint or 'bad data'}")
                for message in messages:
                    self.fail(message, Code.QUARANTINED)
                continue
            conflict = "" if error.constraint == "version" else error.constraint or "data"
            await self._owner.redo(act, messages, reload=True, conflict=conflict)
        self._something.set()
