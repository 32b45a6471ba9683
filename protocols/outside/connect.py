"""Puts the outside systems together: addresses and vaults in, `Outside` out. Called by cluster/ in each process."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from actors.external.bureau import Bureau
from actors.external.ca import Ca
from actors.external.core import Core
from actors.external.outside import Outside
from actors.external.parts import VaultOf
from actors.external.policy import Envelope, Policy
from actors.external.risk import Risk
from actors.external.sms import Sms
from protocols.outside.esb import EsbTcpWire
from protocols.outside.http import HttpJsonWire

SYSTEMS = ("core", "bureau", "risk", "ca", "sms")


class Where(Struct, frozen=True, kw_only=True):
    """Where a system listens; ``timeout_ms`` limits a whole call to it, waiting and tries included."""

    host: str = "127.0.0.1"
    port: int
    timeout_ms: int = 5_000


class _Closing(Protocol):
    async def close(self) -> None: ...


class ConnectedOutside(Outside):
    """`Outside` on real sockets; `close` when the host stops (calls in flight end as unknown)."""

    _wires: tuple[_Closing, ...] = ()

    async def close(self) -> None:
        for wire in self._wires:
            await wire.close()


def policy_for(system: str, timeout_ms: int) -> Policy:
    """The core gets the whole time in one try, since it is not sent again; the others two tries and more."""
    limit_s = timeout_ms / 1000
    return Policy(limit_s=limit_s, try_s=limit_s if system == "core" else limit_s * 0.45)


def connect_outside(
    where: Mapping[str, Where],
    vault_of: VaultOf,
    *,
    consumer: str = "MIAODAI",
    policies: Mapping[str, Policy] | None = None,
) -> ConnectedOutside:
    """All five systems; nothing is opened before the first call. ``where`` and ``policies`` by system name."""
    envelopes = {
        system: Envelope(system, (policies or {}).get(system) or policy_for(system, where[system].timeout_ms))
        for system in SYSTEMS
    }
    core = EsbTcpWire(where["core"].host, where["core"].port)
    bureau = EsbTcpWire(where["bureau"].host, where["bureau"].port)
    risk, ca, sms = (HttpJsonWire(where[system].host, where[system].port) for system in ("risk", "ca", "sms"))
    outside = ConnectedOutside(
        Core(core, envelopes["core"], vault_of, consumer),
        Bureau(bureau, envelopes["bureau"], vault_of, consumer),
        Risk(risk, envelopes["risk"], vault_of),
        Ca(ca, envelopes["ca"], vault_of),
        Sms(sms, envelopes["sms"], vault_of),
    )
    outside._wires = (core, bureau, risk, ca, sms)
    return outside
