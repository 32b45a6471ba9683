"""All outside systems in one event loop: their books, faults and listeners. `Sandbox` is what others start.

In-process: ``box = await Sandbox.start()``; ``box.ports.core``; ``await box.set_fault(Fault(...))``;
``box.core.deposit(...)``.
"""

import asyncio

import msgspec
from msgspec import Struct

from sandbox.bureau import Bureau
from sandbox.ca import Ca
from sandbox.core.audit import instruction_rows
from sandbox.core.book import CoreBook
from sandbox.core.service import CoreService
from sandbox.esb_server import EsbServer
from sandbox.faults import Fault, Faults
from sandbox.http_server import HttpServer
from sandbox.risk import Risk
from sandbox.sms import Sms

SYSTEMS = ("core", "bureau", "risk", "ca", "sms")


class Ports(Struct, kw_only=True, forbid_unknown_fields=True):
    """Where each system listens; 0 asks for a free port. ``control`` 0 until the control port was opened."""

    core: int = 0
    bureau: int = 0
    risk: int = 0
    ca: int = 0
    sms: int = 0
    control: int = 0


class Sandbox:
    """The running systems. `reset` empties every book and clears every fault; ports stay."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.faults = Faults()
        self.ports = Ports()
        self._down: set[str] = set()
        self._moving = asyncio.Lock()
        self._empty()
        self.servers: dict[str, EsbServer | HttpServer] = {
            "core": EsbServer(CoreService(self.core), self.faults),
            "bureau": EsbServer(self.bureau, self.faults),
            "risk": HttpServer(self.risk, self.faults),
            "ca": HttpServer(self.ca, self.faults),
            "sms": HttpServer(self.sms, self.faults),
        }

    def _empty(self) -> None:
        self.core, self.bureau, self.risk, self.ca, self.sms = CoreBook(), Bureau(), Risk(), Ca(), Sms()

    @classmethod
    async def start(cls, host: str = "127.0.0.1", ports: Ports | None = None) -> "Sandbox":
        """Open all five listeners (not the control port: sandbox/control.py)."""
        box = cls(host)
        box.ports = ports or Ports()
        for system, server in box.servers.items():
            setattr(box.ports, system, await server.open(host, getattr(box.ports, system)))
        return box

    async def stop(self) -> None:
        for system, server in self.servers.items():
            if system not in self._down:
                await server.close()

    async def set_fault(self, fault: Fault) -> None:
        """Put a rule in force. A whole system ``down`` for good stops listening; any other closes connections."""
        if fault.system not in SYSTEMS:
            raise ValueError(f"no system {fault.system}")
        self.faults.add(fault)
        if fault.kind == "down" and fault.operation == "*" and fault.times is None and fault.probability >= 1.0:
            async with self._moving:
                if fault.system not in self._down:
                    self._down.add(fault.system)
                    await self.servers[fault.system].close()

    async def clear_faults(self, system: str = "") -> None:
        """Lift the rules of one system or of all, and listen again on the same ports."""
        self.faults.clear(system)
        async with self._moving:
            for name in sorted(self._down):
                if system in ("", name):
                    self._down.discard(name)
                    await self.servers[name].open(self.host, getattr(self.ports, name))

    async def reset(self) -> None:
        """As on the first day: empty books, no presets, no faults."""
        self._empty()
        self.adopt()
        await self.clear_faults()

    def adopt(self) -> None:
        """Hand the present books to the listeners (after a reset or a load)."""
        services = (CoreService(self.core), self.bureau, self.risk, self.ca, self.sms)
        for server, service in zip(self.servers.values(), services, strict=True):
            server.service = service  # type: ignore[assignment]

    def received(self, system: str, bank: str = "") -> list[dict[str, object]]:
        """For reconciliation: one row per instruction of a system, with how often it came and was done."""
        if system == "core":
            return instruction_rows(self.core.books, bank)
        once = {"bureau": self.bureau.once, "risk": self.risk.once, "ca": self.ca.once, "sms": self.sms.once}[system]
        return once.rows(bank)

    def messages(self) -> dict[str, int]:
        """Messages that arrived at each listener since the start."""
        return {system: server.messages for system, server in self.servers.items()}


def ports_json(ports: Ports) -> bytes:
    return msgspec.json.encode(ports)
