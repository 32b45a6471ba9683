"""One whole deployment for all tests here: embedded servers, sandbox, Ray, a host, two gateways, driven by the fronts.

Outside systems get 1.5 s to answer and effects are issued again soon, so that an outage is over in a moment. Gateways
take small messages only and wait half a second for a slow sender.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from cluster.deploy import Deployment
from cluster.secrets import channel_secret
from cluster.settings import (
    ChannelSettings,
    Endpoint,
    EsbSettings,
    Listener,
    OutsideSettings,
    RaySettings,
    RestSettings,
    Settings,
)
from runtime.config import RuntimeConfig
from sandbox.remote import RemoteControl
from tests.e2e.fronts import Esb, Front, Rest

TODAY = date(2026, 3, 2)
BANK, OTHER_BANK = "qingshan", "baihe"
BODY_BYTES_MAX = 64 * 1024
READ_TIMEOUT_MS = 500
OUTSIDE_MS = 1_500
NARROW = ("get_customer", "register_customer")
CHANNELS = (
    ChannelSettings(id="mobile", kind="hmac", banks=("*",), operations=("*",)),
    ChannelSettings(id="counter", kind="esb", banks=("*",), operations=("*",)),
    ChannelSettings(id="teller", kind="bearer", banks=("*",), operations=("*",)),
    ChannelSettings(id="narrow-rest", kind="hmac", banks=(BANK,), operations=NARROW),
    ChannelSettings(id="narrow-esb", kind="esb", banks=(BANK,), operations=NARROW),
    ChannelSettings(id="slow-rest", kind="hmac", banks=("*",), operations=("*",), rate=2),
    ChannelSettings(id="slow-esb", kind="esb", banks=("*",), operations=("*",), rate=2),
    ChannelSettings(id="open-esb", kind="esb", banks=("*",), operations=("*",), signed=False),
)
_END = Endpoint(timeout_ms=OUTSIDE_MS)


class Trace(NamedTuple):
    """What the database holds of business: it changes when anything does. Stored replies are not in it."""

    events: int
    postings: int
    actors: str

    @classmethod
    async def of(cls, pool: asyncpg.Pool) -> "Trace":
        row = await pool.fetchrow(
            "SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM posting),"
            " (SELECT coalesce(md5(string_agg(id || ':' || version, ',' ORDER BY id)), '') FROM"
            "  (SELECT id, version FROM customer UNION ALL SELECT id, version FROM loan"
            "   UNION ALL SELECT id, version FROM process) AS all_actors)"
        )
        return cls(*row)


class Live:
    """Start the ``deployment``, `open`; then fronts by `front` and the sandbox by ``control``; `close` and `stop`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="miaodai-e2e-"))
        self.folder.chmod(0o711)
        self.settings = Settings(
            data_dir=str(self.folder),
            rest=RestSettings(port=0),
            esb=EsbSettings(
                listeners=(Listener(port=0),), body_bytes_max=BODY_BYTES_MAX, read_timeout_ms=READ_TIMEOUT_MS
            ),
            ray=RaySettings(num_hosts=1, num_gateways=2, release="e2e"),
            runtime=RuntimeConfig(
                effect_retry_ms=200, effect_retry_max_ms=800, wake_poll_ms=100, effect_timeout_ms=5_000
            ),
            outside=OutsideSettings(core=_END, bureau=_END, risk=_END, ca=_END, sms=_END),
            channels=CHANNELS,
        )
        self.deployment = Deployment(self.settings, data_dir=self.folder, business_date=TODAY)
        self._fronts: list[Front] = []

    async def open(self) -> "Live":
        """After `Deployment.start`, which is blocking: the ways in for tests."""
        self.pool = await asyncpg.create_pool(self.deployment.database_url, min_size=1, max_size=2)
        self.control = RemoteControl(self.deployment.sandbox_ports["control"])
        await self.control.call("POST", "/core/date", {"bank": "*", "date": TODAY.isoformat()})
        await self.control.call("POST", "/bureau/preset", {"identity": "*", "report": {}})
        await self.control.call("POST", "/risk/preset", {"identity": "*", "assessment": {}})
        return self

    async def close(self) -> None:
        """Hang up; twice is harmless."""
        fronts, self._fronts = self._fronts, []
        for front in fronts:
            await front.close()
        await self.pool.close()
        await self.control.close()

    def stop(self) -> None:
        """Take everything down and remove what it wrote; twice is harmless."""
        self.deployment.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the fronts ------------------------------------------------------------------------------------------------

    def secret(self, channel: str) -> bytes:
        settings = next(each for each in CHANNELS if each.id == channel)
        return channel_secret(self.deployment.master_key, settings).encode() if settings.signed else b""

    def rest(self, channel: str = "mobile", bank: str = BANK, *, gateway: int = 0) -> Rest:
        url, secret = self.deployment.rest_urls[gateway], self.secret(channel)
        if channel == "teller":
            return self._kept(Rest(url, channel, bank, token=secret.decode()))
        return self._kept(Rest(url, channel, bank, secret=secret))

    def esb(self, channel: str = "counter", bank: str = BANK, *, gateway: int = 0) -> Esb:
        return self._kept(Esb(self.deployment.esb_addresses[gateway], channel, bank, secret=self.secret(channel)))

    def front(self, name: str, channel: str = "", bank: str = BANK, *, gateway: int = 0) -> Rest | Esb:
        """By "rest" or "esb"; ``channel`` without its ending, "" for the one that may everything."""
        if name == "rest":
            return self.rest(f"{channel}-rest" if channel else "mobile", bank, gateway=gateway)
        return self.esb(f"{channel}-esb" if channel else "counter", bank, gateway=gateway)

    def _kept(self, front: Any) -> Any:
        self._fronts.append(front)
        return front

    # -- the database ----------------------------------------------------------------------------------------------

    async def trace(self) -> Trace:
        return await Trace.of(self.pool)

    async def quiet(self, timeout_s: float = 20) -> Trace:
        """Once no effect is pending and nothing moves any more."""
        pending = (
            "SELECT count(*) FILTER (WHERE type = 'EffectRequested') - count(*) FILTER (WHERE type = 'EffectSettled')"
            " FROM journal"
        )

        async def settled() -> bool:
            return not await self.pool.fetchval(pending)

        await until(settled, timeout_s)
        return await self.trace()

    async def events(self, id: str) -> list[str]:
        """The types of an actor's events in their order."""
        return [row[0] for row in await self.pool.fetch("SELECT type FROM journal WHERE id = $1 ORDER BY version", id)]

    # -- the sandbox -----------------------------------------------------------------------------------------------

    async def fault(self, system: str, kind: str, **more: Any) -> None:
        await self.control.call("POST", "/faults", {"system": system, "kind": kind, **more})

    async def calm(self) -> None:
        """All outside systems well again."""
        await self.control.call("DELETE", "/faults")

    async def core_book(self, loan_id: str, operation: str) -> list[dict[str, Any]]:
        """The core's rows for this loan."""
        rows = await self.control.call("GET", "/received", system="core")
        return [row for row in rows if row["loan_id"] == loan_id and row["operation"] == operation]


async def until(condition: Callable[[], Awaitable[bool]], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not await condition():
        assert time.monotonic() < deadline, f"{condition.__qualname__} did not come true in {timeout_s} s"
        await asyncio.sleep(0.05)
