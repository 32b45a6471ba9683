"""A host: owns shards under a lease, brings actors to life, runs their turns, lets them go.

Before it: runtime/router.py (by Ray: runtime/ray_world.py). Inside: turn, committer, effects, waking, moving. The host
answers only for slots it owns; queries only from committed state and under a live lease; after a fence or an unknown
commit outcome it takes a new incarnation before it reads anything again.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import msgspec
import structlog

from actors.address import shard_of
from actors.codes import Code
from runtime.activation import Activation, Message, Sink
from runtime.banks import BankBook, UnknownBank
from runtime.committer import Committer
from runtime.config import RuntimeConfig
from runtime.effects import AskActor, EffectRunner, Outside
from runtime.history import Histories
from runtime.identity import Digester
from runtime.kinds import Codecs, Kind
from runtime.lease import Lease
from runtime.loader import Loader
from runtime.messages import Answer, Ask, NotOwner, Operation, refusal
from runtime.moving import Moving
from runtime.sweep import EVERYTHING, Sweeper
from runtime.turn import NeedsHistory, Quarantine, Turn, answer_of, context, encode, run
from runtime.waking import Waking
from storage.contract import Directory, Store, StoreError

log = structlog.get_logger(__name__)
LIVE_FACTOR = 4
ACTIVATION_BYTES = 1500


class Host:
    """One owner of shards. Single-threaded: every method runs on the loop that called `start`."""

    def __init__(
        self,
        id: str,
        store: Store,
        directory: Directory,
        banks: BankBook,
        kinds: dict[str, Kind],
        config: RuntimeConfig,
        outside: Outside,
        ask_elsewhere: AskActor,
        digester: Digester,
        *,
        dedicated: bool = False,
    ) -> None:
        self.id = id
        self.config = config
        self.banks = banks
        self.codecs = {name: Codecs(kind) for name, kind in kinds.items()}
        self.acts: OrderedDict[str, Activation] = OrderedDict()
        self.digester = digester
        self.committer = Committer(self, store, config.batch_max)
        self.lease = Lease(self, directory, id, config, dedicated=dedicated)
        self.loader = Loader(self, store)
        self.effects = EffectRunner(outside, self.ask_actor, config.effect_timeout_ms)
        self.waking = Waking(self, store)
        self.moving = Moving(self, directory)
        self.histories = Histories(self, store)
        self._ask_elsewhere = ask_elsewhere
        self._tasks: list[asyncio.Task[None]] = []
        self._parking: dict[str, Activation] = {}
        self.sweeper = Sweeper(self)
        self.live_bytes = 0
        self.overloaded = 0
        self.evicted = 0
        self.quarantined: dict[str, str] = {}

    # -- life of the host ------------------------------------------------------------------------------------------

    @property
    def incarnation(self) -> int:
        return self.lease.incarnation

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def start(self) -> None:
        """Register, learn what is owned, begin to serve."""
        await self.lease.begin()
        loops = (self.committer.run, self.lease.run, self.loader.run, self.waking.run, self._sweep_loop)
        self._tasks = [asyncio.get_running_loop().create_task(self._forever(loop)) for loop in loops]

    async def roll(self, bank: str) -> int:
        """Re-read the banks; this bank's date epoch, when every turn decided under an older one has ended.

        Raises `StoreError` when the database does not answer, `UnknownBank`.
        """
        await self.banks.refresh()
        epoch = self.banks[bank].date_epoch
        await self.committer.past(bank, epoch)
        return epoch

    async def _forever(self, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A loop that fails by a bug must not leave a host that only looks alive: it starts over from the store."""
        while True:
            try:
                await loop()
            except Exception as error:
                log.error("a loop of the host failed", host=self.id, loop=loop.__name__, error=repr(error))
                await asyncio.sleep(0.1)
                await self.lease.start_over()

    async def stop(self, *, drain: bool = True) -> None:
        """Finish turns, flush, give the shards back. Without ``drain`` it just ends, as a crash would."""
        if drain:
            self.moving.leaving |= set(self.lease.slots)
            await self.moving.flush(self.moving.leaving)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self.histories.stop(), return_exceptions=True)
        await self.effects.stop()
        if drain:
            await self.lease.end()

    # -- messages --------------------------------------------------------------------------------------------------

    def deliver(self, asks: Iterable[Ask], sink: Sink) -> None:
        """Take a batch; each answer goes to ``sink``, some at once, commands after their commit."""
        now = time.monotonic()
        for ask in asks:
            op_hash, digest = self.digester.of(ask)
            self.enter(Message(ask, sink, now + ask.ttl_ms / 1000, op_hash, digest))

    def enter(self, message: Message) -> None:
        """Route one message to its activation, or refuse it: not owner, overloaded, unknown kind."""
        ask = message.ask
        if ask.kind not in self.codecs:
            message.sink(refusal(ask.seq, Code.NOT_FOUND))
            return
        slot = self.slot_of(ask.kind, ask.id)
        if slot not in self.lease.slots or self.moving.on_the_way(slot, ask.id):
            self._not_mine(message, slot)
            return
        act = self.acts.get(ask.id)
        if act is None:
            if self.moving.to_dedicate(ask):
                self._not_mine(message, slot)
                return
            act = self.activate(ask.kind, ask.id, slot)
        else:
            self.acts.move_to_end(ask.id)
        if len(act.waiting) + act.pending >= self.config.mailbox_max:
            self.overloaded += 1
            message.sink(refusal(ask.seq, Code.OVERLOADED, {"mailbox": self.config.mailbox_max}))
            return
        if message.op_hash and not message.looked_up and (ask.attempt > 0 or self.loader.suspicious):
            self.loader.look_up(act, message)
        elif not act.loaded:
            act.waiting.append(message)
            self.loader.load(act)
        else:
            self.arrive(act, message)

    def activate(self, kind: str, id: str, slot: int) -> Activation:
        """A new activation, not loaded yet; one in quarantine stays there."""
        act = self.acts[id] = Activation(kind, id, slot, self.codecs[kind])
        act.quarantine = self.quarantined.get(id, "")
        return act

    def slot_of(self, kind: str, id: str) -> int:
        return self.lease.overrides.get((kind, id)) or shard_of(id)

    def _not_mine(self, message: Message, slot: int) -> None:
        """The router refreshes and asks again; meanwhile look whether the slot has just become ours."""
        self.away(message, slot)
        self.lease.look_soon()

    def away(self, message: Message, slot: int) -> None:
        for each in (message, *self.committer.parted(message)):
            each.sink(NotOwner(each.ask.seq, "", slot))

    def arrive(self, act: Activation, message: Message) -> None:
        """A message for a loaded activation: a query is answered or parked, a command is decided."""
        ask = message.ask
        if time.monotonic() >= message.deadline:
            again = ask.operation is not None and (ask.attempt > 0 or message.tries > 0)
            self._drop(message, Code.OUTCOME_UNKNOWN if again else Code.EXPIRED)
        elif act.quarantine:
            self._drop(message, Code.QUARANTINED)
        elif ask.operation is None:
            self._query(act, message)
        elif not self._duplicate(act, message):
            self._decide(act, message)

    def _drop(self, message: Message, code: Code) -> None:
        self.committer.fail(message, code)

    def _duplicate(self, act: Activation, message: Message) -> bool:
        """Whether this operation is in flight (then it waits for it) or was answered a moment ago."""
        flying = self.committer.in_flight_ops.get(message.op_hash)
        if flying is not None and flying is not message:
            self.committer.followers.setdefault(message.op_hash, []).append(message)
            return True
        known = act.recent.get(message.op_hash) if act.recent else None
        if known is None:
            return False
        digest, reply = known
        seq = message.ask.seq
        message.sink(answer_of(seq, reply) if digest == message.digest else refusal(seq, Code.OPERATION_MISMATCH))
        return True

    def _decide(self, act: Activation, message: Message) -> None:
        if act.held is not None:
            act.waiting.append(message)
            return
        try:
            bank = self.banks[message.ask.bank]
        except UnknownBank:
            self._drop(message, Code.NOT_FOUND)
            return
        try:
            outcome = run(act, message, bank)
        except NeedsHistory:
            self.histories.hold(act, message)
            return
        except Quarantine as error:
            self.poison(act, str(error))
            self._drop(message, Code.QUARANTINED)
            return
        if isinstance(outcome, Answer):
            self.committer.finish(message, encode((outcome.code, outcome.body)))
        else:
            self.committer.add(outcome)

    def _query(self, act: Activation, message: Message, *, last: bool = False) -> None:
        ask = message.ask
        if not self.lease.alive():
            message.sink(NotOwner(ask.seq, "", act.slot))
            return
        if act.committed_state is None or act.committed_state.bank != ask.bank:
            message.sink(refusal(ask.seq, Code.NOT_FOUND))
            return
        try:
            query = act.codecs.query.decode(ask.body)
            if last:
                query = type(query)()
            view = act.codecs.kind.respond(act.committed_state, query, context(act, self.banks[ask.bank]))
        except msgspec.MsgspecError as error:
            message.sink(refusal(ask.seq, Code.MALFORMED, {"error": str(error)}))
            return
        except Exception as error:
            log.error("query failed", kind=act.kind, id=act.id, error=type(error).__name__)
            message.sink(refusal(ask.seq, Code.INTERNAL))
            return
        if view is None and last:
            message.sink(refusal(ask.seq, Code.UNAVAILABLE))
            return
        if view is None and len(act.parked) >= self.config.mailbox_max:
            self.overloaded += 1
            message.sink(refusal(ask.seq, Code.OVERLOADED, {"waiting": self.config.mailbox_max}))
            return
        if view is None:
            act.parked.append(message)
            self._parking[act.id] = act
            return
        if hasattr(view, "version"):
            view = msgspec.structs.replace(view, version=act.committed_version)
        message.sink(Answer(ask.seq, "", encode(view)))

    # -- after the commit ------------------------------------------------------------------------------------------

    def committed(self, turn: Turn) -> None:
        """Start the turn's effects and answer the queries that waited for a change."""
        act = turn.act
        for effect in turn.effects:
            self.waking.issue(act, effect, 0)
        if act.parked and not act.pending:
            parked, act.parked = act.parked, []
            for message in parked:
                self._query(act, message)

    async def ask_actor(
        self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int
    ) -> Answer:
        """Ask an actor from inside: directly when this host owns it, else by the router."""
        if self.slot_of(kind, id) in self.lease.slots:
            future: asyncio.Future[Answer | NotOwner] = asyncio.get_running_loop().create_future()

            def sink(answer: Answer | NotOwner) -> None:
                if not future.done():
                    future.set_result(answer)

            self.deliver([Ask(0, kind, id, bank, operation, body, ttl_ms)], sink)
            try:
                async with asyncio.timeout(ttl_ms / 1000):
                    answer = await future
            except TimeoutError:
                return refusal(0, Code.OUTCOME_UNKNOWN)
            if isinstance(answer, Answer):
                return answer
        if operation is None:
            raise ValueError("inside actors send commands only")
        return await self._ask_elsewhere(kind, id, bank, body, operation, ttl_ms)

    # -- failures --------------------------------------------------------------------------------------------------

    def poison(self, act: Activation, reason: str) -> None:
        """Quarantine: this actor answers QUARANTINED until a person lifts it; others do not notice."""
        log.error("actor quarantined", kind=act.kind, id=act.id, reason=reason)
        act.quarantine = reason
        self.quarantined[act.id] = reason

    def lift(self, id: str) -> bool:
        """End a quarantine: the next message loads the actor anew."""
        if self.quarantined.pop(id, None) is None:
            return False
        act = self.acts.get(id)
        if act is not None:
            act.quarantine = ""
            if act.idle:
                self.forget(id)
        return True

    def redo(self, act: Activation, messages: list[Message], *, reload: bool) -> None:
        """Decide these messages again, from the committed state or from a reload."""
        if self.acts.get(act.id) is not act:
            self.again(messages)
            return
        for message in messages:
            message.tries += 1
            message.looked_up = True
        if reload:
            act.loaded = False
            act.waiting = messages + act.waiting
            self.loader.load(act)
            return
        self.loader.suspect()
        for message in messages:
            self.arrive(act, message)

    async def lost(self, error: StoreError, messages: list[Message], incarnation: int) -> None:
        """A batch is fenced or its outcome unknown: new incarnation first, then everything again with a look-up."""
        log.warning("commit lost", host=self.id, error=type(error).__name__)
        if incarnation == self.lease.incarnation:
            messages = messages + self.drop_all()
            await self.lease.recover()
        self.again(messages)

    def drop_all(self) -> list[Message]:
        """Forget every activation; the messages that had not been answered."""
        messages = self.committer.forget_all()
        messages += self.loader.forget_all()
        for act in self.acts.values():
            messages += act.waiting
            messages += act.parked
            act.waiting, act.parked = [], []
        self.acts.clear()
        self.live_bytes = 0
        self.sweeper.let_go(EVERYTHING)
        return messages

    def again(self, messages: list[Message]) -> None:
        for message in messages:
            message.looked_up = False
            message.ask.attempt += 1
            self.enter(message)

    # -- loops -----------------------------------------------------------------------------------------------------

    async def _sweep_loop(self) -> None:
        """Answer queries whose waiting time is over; let go of the longest idle actors when memory asks."""
        while True:
            await asyncio.sleep(0.1)
            now = time.monotonic()
            for act in list(self._parking.values()):
                if not act.parked:
                    del self._parking[act.id]
                late = [message for message in act.parked if message.deadline - 0.3 <= now]
                act.parked = [message for message in act.parked if message.deadline - 0.3 > now]
                for message in late:
                    self._query(act, message, last=True)
            self.passivate()

    def passivate(self) -> None:
        """LRU: while over the number or the memory allowed, let the longest idle go."""
        over = len(self.acts) - self.config.live_max
        budget = self.config.memory_mb * 1_000_000
        if over <= 0 and self.live_bytes <= budget:
            return
        for id, act in list(self.acts.items()):
            if over <= 0 and self.live_bytes <= budget:
                return
            if act.idle:
                self.forget(id)
                self.evicted += 1
                over -= 1

    def forget(self, id: str) -> None:
        """Take an activation off the list of the living."""
        act = self.acts.pop(id, None)
        if act is not None:
            self.live_bytes -= act.weight
            self.sweeper.let_go(id)

    def weigh(self, act: Activation, size: int) -> None:
        """Note the stored size of an actor's state; live it weighs about `LIVE_FACTOR` times as much."""
        weight = size * LIVE_FACTOR + ACTIVATION_BYTES
        if self.acts.get(act.id) is act:
            self.live_bytes += weight - act.weight
        act.weight = weight

    def status(self) -> dict[str, Any]:
        """What people and placement ask of a host."""
        return {
            "host": self.id,
            "incarnation": self.incarnation,
            "alive": self.lease.alive(),
            "slots": len(self.lease.slots),
            "live": len(self.acts),
            "evicted": self.evicted,
            "batches": self.committer.batches,
            "turns": self.committer.committed_turns,
            "overloaded": self.overloaded,
            "effects_done": self.effects.done,
            "effects_unknown": self.effects.unknown,
            "quarantined": dict(self.quarantined),
            "date_epoch": self.banks.epoch,
        }
