"""Group commit: one batch of a host in flight, the next collects meanwhile; and what is done when a batch fails.

A failed batch is treated by its kind: duplicates are answered from their stored replies and the rest goes again; bad
data is split by whole actors until the culprit stands alone; a fence drops everything; an unknown outcome makes the
host take a new incarnation before anything is read again (runtime/host.py does both).
"""

import asyncio
from typing import NamedTuple, Protocol

import structlog

from actors.codes import Code
from runtime.activation import Activation, Message
from runtime.chain import link
from runtime.messages import refusal
from runtime.turn import Turn, answer_of, encode
from runtime.waking import Waking
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

log = structlog.get_logger(__name__)
SHARD_SEQ = "journal_shard_seq"
"""Violated when someone else wrote on the shard: our view of all of it is wrong."""
TRIES_MAX = 3


class Era(NamedTuple):
    """When a turn was decided: how often everything had been dropped, and the host's incarnation."""

    life: int
    incarnation: int


class Owner(Protocol):
    """What the committer needs of its host."""

    id: str

    @property
    def incarnation(self) -> int: ...
    @property
    def waking(self) -> Waking: ...
    def now_ms(self) -> int: ...
    def committed(self, turn: Turn) -> None: ...
    def enter(self, message: Message) -> None: ...
    def redo(self, act: Activation, messages: list[Message], *, reload: bool) -> None: ...
    def weigh(self, act: Activation, size: int) -> None: ...
    async def lost(self, error: StoreError, messages: list[Message], incarnation: int) -> None: ...


class Committer:
    """Collects turns and wakes and commits them in batches."""

    def __init__(self, owner: Owner, store: Store, batch_max: int) -> None:
        self._owner = owner
        self._store = store
        self._batch_max = batch_max
        self.collecting: list[Turn] = []
        self._flying: list[Turn] = []
        self.in_flight_ops: dict[bytes, Message] = {}
        self.followers: dict[bytes, list[Message]] = {}
        self._wakes: dict[tuple[str, str], int] = {}
        self._heads: dict[int, tuple[int, bytes]] = {}
        self._something = asyncio.Event()
        self._round: asyncio.Future[None] | None = None
        self._life = 0
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
        self.finish_stored(message, message.digest, reply)

    def finish_stored(self, message: Message, digest: bytes, reply: bytes) -> None:
        """The same for a reply stored earlier, for the content with this ``digest``."""
        for each in (message, *self.parted(message)):
            seq = each.ask.seq
            each.sink(answer_of(seq, reply) if each.digest == digest else refusal(seq, Code.OPERATION_MISMATCH))

    def fail(self, message: Message, code: Code, detail: dict[str, str] | None = None) -> None:
        """Answer a message and its duplicates with an error that is not stored.

        A follower that says something else was not answered by that: it is now the first of its operation.
        """
        followers = self.parted(message)
        message.sink(refusal(message.ask.seq, code, detail))
        for each in followers:
            if each.digest == message.digest:
                each.sink(refusal(each.ask.seq, code, detail))
            else:
                self._owner.enter(each)

    def parted(self, message: Message) -> list[Message]:
        """Take the duplicates that wait for ``message``; none when it is a duplicate itself."""
        if self.in_flight_ops.get(message.op_hash) is not message:
            return []
        del self.in_flight_ops[message.op_hash]
        return self.followers.pop(message.op_hash, [])

    def forget_all(self) -> list[Message]:
        """Empty everything (a fence or an unknown outcome); the messages that were collecting, and all duplicates."""
        messages = [turn.message for turn in self.collecting]
        for followers in self.followers.values():
            messages += followers
        self._life += 1
        self.collecting = []
        self.in_flight_ops = {}
        self.followers = {}
        self._wakes = {}
        self._heads = {}
        return messages

    def forget_shard(self, slot: int) -> None:
        self._heads.pop(slot, None)

    async def past(self, bank: str, date_epoch: int) -> None:
        """Returns when no turn of this bank decided under an older date waits for its commit."""
        while any(
            turn.bank.date_epoch < date_epoch and turn.bank.terms.code == bank
            for turn in (*self._flying, *self.collecting)
        ):
            await self.round()

    async def round(self) -> None:
        """Returns when the next batch has ended, well or badly."""
        if self._round is None or self._round.done():
            self._round = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._round)

    async def run(self) -> None:
        """Commit for ever; the host cancels it."""
        while True:
            await self._something.wait()
            turns = self._flying = self.collecting[: self._batch_max]
            self.collecting = self.collecting[self._batch_max :]
            wakes, self._wakes = self._wakes, {}
            if not self.collecting:
                self._something.clear()
            try:
                if turns or wakes:
                    era = Era(self._life, self._owner.incarnation)
                    await self._commit(turns, [Wake(kind, id, at) for (kind, id), at in wakes.items()], era)
            finally:
                self._flying = []
                if self._round is not None and not self._round.done():
                    self._round.set_result(None)

    async def _commit(self, turns: list[Turn], wakes: list[Wake], era: Era) -> None:
        """Commit these turns, or do what their failure asks for."""
        error = await self._try(turns, wakes, era)
        if error is None:
            return
        if isinstance(error, DuplicateOperations):
            stored = await self._find(error.hashes)
            if stored and era.life == self._life:
                self._duplicates(turns, wakes, stored)
                return
            error = UnknownOutcome("the stored replies could not be read")
        elif isinstance(error, BadData) and error.constraint != SHARD_SEQ and era.life == self._life:
            await self._split(turns, wakes, error, era)
            return
        await self._owner.lost(error, [turn.message for turn in turns], era.incarnation)

    async def _try(self, turns: list[Turn], wakes: list[Wake], era: Era) -> StoreError | None:
        """None when they are committed and answered."""
        try:
            batch, heads = await self._sealed(turns, wakes, era)
            await self._store.commit(batch)
        except StoreError as error:
            return error
        if era.life == self._life:  # else the heads were read anew meanwhile
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
            if turn.message.op_hash:
                turn.act.remember(turn.message.op_hash, turn.message.digest, turn.reply)
            self.finish(turn.message, turn.reply)
            self._owner.committed(turn)
        return None

    async def _sealed(
        self, turns: list[Turn], wakes: list[Wake], era: Era
    ) -> tuple[Batch, dict[int, tuple[int, bytes]]]:
        try:
            return await self._seal(turns, wakes, era)
        except StoreError:
            raise
        except Exception as error:  # a state that cannot be encoded is bad data of its actor, not of the batch
            raise BadData("", f"{type(error).__name__} while sealing") from error

    async def _seal(self, turns: list[Turn], wakes: list[Wake], era: Era) -> tuple[Batch, dict[int, tuple[int, bytes]]]:
        """The batch with sequence numbers and hashes assigned, and the chain heads after it.

        It goes under the incarnation in which its turns were decided: a newer one must not commit them.
        """
        slots = {turn.act.slot for turn in turns if turn.events}
        heads = {slot: self._heads[slot] for slot in slots if slot in self._heads}
        if missing := slots - heads.keys():
            heads |= await self._store.chain_heads(list(missing))
        now = self._owner.now_ms()
        operations: list[OperationRow] = []
        journal: list[JournalRow] = []
        postings: list[PostingRow] = []
        last: dict[str, Turn] = {}
        first: dict[str, int] = {}
        for turn in turns:
            act, message = turn.act, turn.message
            if message.op_hash:
                operations.append(
                    OperationRow(message.op_hash, message.digest, act.kind, act.id, message.ask.bank, turn.reply)
                )
            if not turn.events:
                continue
            seq, head = heads[act.slot]
            for version, date, type, body in turn.events:
                seq += 1
                head = link(head, act.slot, seq, act.kind, act.id, version, act.bank, date, type, message.op_hash, body)
                journal.append(
                    JournalRow(
                        act.slot, seq, act.kind, act.id, version, act.bank, date, message.op_hash, type, body, head, now
                    )
                )
            heads[act.slot] = (seq, head)
            for version, date, lines in turn.postings:
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
        batch = Batch(self._owner.id, era.incarnation, operations, journal, postings, rows, wakes)
        return batch, heads

    def _row(self, turn: Turn, expected: int) -> ActorRow:
        act = turn.act
        columns = act.codecs.kind.columns(turn.state)
        wake_at = self._owner.waking.wake_at(act, turn.state)
        return ActorRow(
            act.kind, act.id, act.bank, act.slot, expected, turn.version, encode(turn.state), wake_at, columns
        )

    def _duplicates(self, turns: list[Turn], wakes: list[Wake], stored: dict[bytes, OperationRow]) -> None:
        """Answer the operations that are stored; decide again what stood behind them on the same actors."""
        touched = {turn.act.id for turn in turns if turn.message.op_hash in stored}
        self.collecting = [turn for turn in turns if turn.act.id not in touched] + self.collecting
        for wake in wakes:
            self._wakes.setdefault((wake.kind, wake.id), wake.wake_at_ms)
        for act, messages in self._take_back([turn for turn in turns if turn.act.id in touched]):
            for message in messages:
                if (row := stored.get(message.op_hash)) is not None:
                    self.finish_stored(message, row.digest, row.reply)
            self._owner.redo(act, [m for m in messages if m.op_hash not in stored], reload=False)
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

    async def _split(self, turns: list[Turn], wakes: list[Wake], error: BadData, era: Era) -> None:
        """Commit half the actors, or a lone actor's first turn; the rest goes with the next batch.

        So a turn that fails by itself stands alone in the end. Wakes are dropped: the next poll finds them again.
        """
        if wakes:
            if turns:
                await self._commit(turns, [], era)
            return
        ids = list(dict.fromkeys(turn.act.id for turn in turns))
        if len(ids) > 1:
            half = set(ids[: len(ids) // 2])
            part, rest = [t for t in turns if t.act.id in half], [t for t in turns if t.act.id not in half]
        else:
            part, rest = turns[:1], turns[1:]
        if not rest:
            self._culprit(turns[0], error)
            return
        self.collecting = rest + self.collecting
        self._something.set()
        await self._commit(part, [], era)

    def _culprit(self, turn: Turn, error: BadData) -> None:
        """Decide it again from a reload, told of the constraint; the second time it gets its error, not stored.

        The actor's later turns are decided again, after it or without it.
        """
        message = turn.message
        [(act, messages)] = self._take_back([turn])
        stale = error.constraint == "version" or error.constraint.endswith("_pkey")  # someone else wrote this actor
        if message.conflict or message.tries >= TRIES_MAX:
            self._owner.redo(act, messages[1:], reload=True)
            log.error("the store refuses a turn", kind=act.kind, id=act.id, constraint=error.constraint)
            self.fail(message, Code.INTERNAL, {"constraint": error.constraint or "data"})
        else:
            message.conflict = "" if stale else error.constraint or "data"
            self._owner.redo(act, messages, reload=True)
        self._something.set()
