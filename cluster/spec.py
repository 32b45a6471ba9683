"""What a Ray actor of ours is told when it is made: plain data, so that any process of the cluster can make one."""

import msgspec
from msgspec import Struct

from cluster.settings import EsbSettings, OutsideSettings, RestSettings
from protocols.credentials import Channel
from runtime.config import RuntimeConfig


class WorldSpec(Struct, frozen=True, kw_only=True):
    """Common to all actors of one deployment. ``hosts`` names the shared hosts that placement keeps alive.

    ``outside_factory`` makes the stateless actors of the outside systems: ``module:function(WorldSpec, vault_of)``.
    """

    release: str
    database_url: str
    redis_url: str = ""
    master_key: bytes
    runtime: RuntimeConfig
    hosts: tuple[str, ...]
    outside: OutsideSettings = OutsideSettings()
    outside_factory: str = "cluster.parts:real_outside"
    host_cpus: float = 0.0
    host_memory_mb: int = 0
    debug: bool = False

    def pack(self) -> bytes:
        return msgspec.msgpack.encode(self)


class GatewaySpec(Struct, frozen=True, kw_only=True):
    """One gateway's fronts. ``rest.port`` and the listeners' ports are final (0: any)."""

    world: WorldSpec
    name: str
    rest: RestSettings
    esb: EsbSettings
    channels: tuple[Channel, ...] = ()
    fronts: bool = True
    gateways: int = 1

    def pack(self) -> bytes:
        return msgspec.msgpack.encode(self)


def unpack_world(raw: bytes) -> WorldSpec:
    return msgspec.msgpack.decode(raw, type=WorldSpec)


def unpack_gateway(raw: bytes) -> GatewaySpec:
    return msgspec.msgpack.decode(raw, type=GatewaySpec)
