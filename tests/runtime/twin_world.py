"""The twin: hosts, routers and the store in memory on one loop, each host with its own view of the store."""

import asyncio
from contextlib import suppress
from datetime import date
from typing import Any

import msgspec

from actors.bank import BankTerms
from actors.turn import RuleFailed, Rules, Vault
from runtime.banks import BankBook
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from runtime.messages import Answer, Ask, Operation
from runtime.router import Reply, Router
from storage.contract import Batch, Directory, JournalRow, OperationRow, PostingRow, Store, StoreError, UnknownOutcome
from storage.faults import Fault as StoreFault
from storage.memory import MemoryStore
from tests.runtime.account_kind import KINDS, OTHER_TERMS, TERMS
from tests.runtime.outside_desk import OutsideDesk
from tests.runtime.world import CONFIG, Fault, World

BUSINESS_DATE = date(2026, 1, 5)


class NoRules:
    """Accounts decide without models."""

    def decide(self, model: str, inputs: dict[str, Any]) -> dict[str, Any]:
        raise RuleFailed(model)

    def expression(self, text: str, inputs: dict[str, Any]) -> Any:
        raise RuleFailed(text)


class NoVault:
    """Accounts have no personal data."""

    def seal(self, owner_id: str, text: str) -> bytes:
        raise NotImplementedError

    def unseal(self, owner_id: str, sealed: bytes) -> str:
        raise NotImplementedError

    def blind(self, text: str) -> bytes:
        raise NotImplementedError


class _Order:
    def __init__(self, fault: Fault, mark: bytes, times: int) -> None:
        self.fault = fault
        self.times = times
        self.lose = False
        self.mark = mark
        self.taken = asyncio.Event()
        self.go_on = asyncio.Event()
        self.end = ""


class HostView:
    """The store as one host sees it: nothing passes while the host is frozen, and ordered faults befall its commits."""

    def __init__(self, store: MemoryStore, world: "TwinWorld", host: str) -> None:
        self._store = store
        self._world = world
        self._host = host

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def gated(*arguments: Any, **named: Any) -> Any:
            await self._gate()
            try:
                return await method(*arguments, **named)
            finally:
                await self._gate()

        return gated

    async def _gate(self) -> None:
        gate = self._world.runtime.gates.get(self._host)
        if gate is not None:
            await gate.wait()

    async def commit(self, batch: Batch) -> None:
        await self._gate()
        try:
            await self._commit(batch)
        finally:
            await self._gate()

    async def _commit(self, batch: Batch) -> None:
        order = self._world.order_for(batch)
        if order is None:
            await self._store.commit(batch)
            return
        order.taken.set()
        match order.fault:
            case Fault.ANSWER_HELD:
                await self._store.commit(batch)
                await order.go_on.wait()
                if order.lose:
                    raise UnknownOutcome("the answer was lost")
            case Fault.STALLED:
                await order.go_on.wait()
                try:
                    await self._store.commit(batch)
                except StoreError as error:
                    order.end = type(error).__name__.lower()
                    raise
            case fault:
                self._store.faults.order(StoreFault(fault.value))
                await self._store.commit(batch)


class _Twin(LocalRuntime):
    world: "TwinWorld"

    def view_of(self, name: str) -> tuple[Store, Directory]:
        view: Any = HostView(self.world.store, self.world, name)
        return view, view


class TwinWorld(World):
    """`start` it on the running loop; cheap enough for one a test."""

    name = "twin"
    soon_s = 1.2

    def __init__(self, config: RuntimeConfig = CONFIG, hosts: int = 2) -> None:
        super().__init__()
        self.config = config
        self.store = MemoryStore()
        self.outside = OutsideDesk()
        self._order: _Order | None = None
        self.runtime = _Twin(
            self.store, self.store, self._banks, KINDS, self.outside, config=config, hosts=hosts, key=b"test"
        )
        self.runtime.world = self
        self._routers: list[Router] = []

    def _banks(self) -> BankBook:
        def rules(terms: BankTerms) -> Rules:
            return NoRules()

        def vault(bank: str) -> Vault:
            return NoVault()

        return BankBook(self.store, rules, vault)

    async def start(self) -> "TwinWorld":
        for terms in (TERMS, OTHER_TERMS):
            await self.store.put(terms.code, msgspec.json.encode(terms), BUSINESS_DATE)
        await self.runtime.start()
        second = self.runtime.new_router()
        await second.start()
        self._routers = [self.runtime.router, second]
        return self

    async def send(
        self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int, via: int
    ) -> Answer:
        return await self._routers[via].ask(kind, id, bank, body, operation, ttl_ms)

    async def kill(self, host: str) -> None:
        await self.runtime.kill(host)
        self.runtime.gates.pop(host, None)
        if not host.startswith("local-d"):
            self._restart = asyncio.create_task(self._start_again(host))

    async def _start_again(self, host: str) -> None:
        """As placement does: another host of the name, once Ray has said that the old one is dead."""
        await asyncio.sleep(self.config.placement_ms / 1000)
        await self.runtime.add_host(host)

    async def freeze(self, host: str) -> None:
        self.runtime.gates[host] = asyncio.Event()

    async def thaw(self, host: str) -> None:
        gate = self.runtime.gates.pop(host, None)
        if gate is not None:
            gate.set()

    async def status(self, host: str) -> dict[str, Any]:
        return self.runtime.hosts[host].status()

    async def lift(self, host: str, id: str) -> bool:
        return self.runtime.hosts[host].lift(id)

    async def hand_over(self, host: str, slots: list[int], target: str) -> list[int]:
        return await self.runtime.hosts[host].moving.hand_over(slots, target)

    async def deliver_to(self, host: str, asks: list[Ask]) -> list[Reply]:
        gate = self.runtime.gates.get(host)
        if gate is not None:
            await gate.wait()
        replies: list[Reply] = []
        self.runtime.hosts[host].deliver(asks, replies.append)
        await asyncio.sleep(0.02)
        return replies

    async def order(self, fault: Fault, id: str, mark: str, *, times: int = 1) -> None:
        self._order = _Order(fault, mark.encode(), times)

    def order_for(self, batch: Batch) -> _Order | None:
        """The order whose mark this batch carries."""
        order = self._order
        if order is None or not order.times or not any(order.mark in event.body for event in batch.journal):
            return None
        order.times -= 1
        return order

    async def reached(self) -> None:
        assert self._order is not None
        await asyncio.wait_for(self._order.taken.wait(), 10)
        await asyncio.sleep(0.01)

    async def land(self, *, lose: bool = False) -> str:
        assert self._order is not None
        self._order.lose = lose
        before = len(self.store.faults.landed)
        self._order.go_on.set()
        if self._order.fault is Fault.LATE:
            await self.store.faults.land()
        else:
            await self.store.faults.release()
        landed = self.store.faults.landed[before:]
        if self._order.fault is Fault.STALLED:
            await asyncio.sleep(0.05)
        return landed[0].lower() if landed else self._order.end

    async def restart_database(self) -> None:
        self.store.faults.unreachable = True
        await asyncio.sleep(0.3)
        self.store.faults.unreachable = False

    async def shard_journal(self, slot: int) -> list[JournalRow]:
        return list(self.store._chains.get(slot, []))

    async def operations(self, id: str) -> list[OperationRow]:
        return [row for row in self.store._operations.values() if row.id == id]

    async def postings(self, id: str) -> list[PostingRow]:
        return [row for row in self.store.postings if row.id == id]

    async def settle(self) -> None:
        """A new twin a test: nothing can be left over."""

    async def stop(self) -> None:
        for host in list(self.runtime.gates):
            await self.thaw(host)
        self.store.faults.unreachable = False
        with suppress(AssertionError):
            await self.land()
        await self.outside.stop()
        for router in self._routers[1:]:
            await router.stop()
        await self.runtime.stop()
