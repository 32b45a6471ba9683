"""How the day's run reaches the hosts: by Ray, or in the same process (tests, tools)."""

from collections.abc import Callable
from typing import Protocol

from ray.exceptions import RayError, RayTaskError

from cluster.eod.order import Done, Order, pack, sweep_host, unpack_done
from runtime.host import Host
from runtime.ray_world import Handles
from runtime.router import HostGone
from storage.contract import StoreError, Unreachable
from storage.eod import PostgresEod


class Hands(Protocol):
    """Both raise `HostGone` for a host that is dead or cannot be reached, `StoreError` when its database is away."""

    async def sweep(self, host: str, order: Order) -> Done: ...

    async def roll(self, host: str, bank: str) -> int:
        """The bank's date epoch that the host has, when all its turns under older ones are committed."""


class RayHands:
    """By the hosts' Ray actors of one release."""

    def __init__(self, release: str) -> None:
        self._handles = Handles(release)

    async def sweep(self, host: str, order: Order) -> Done:
        return unpack_done(await self._call(host, "sweep", pack(order)))

    async def roll(self, host: str, bank: str) -> int:
        return int(await self._call(host, "roll", bank))

    async def _call(self, host: str, method: str, argument: bytes | str) -> bytes:
        handle = await self._handles.get(host)
        try:
            answer: bytes = await getattr(handle, method).remote(argument)
        except RayTaskError as error:
            if isinstance(error.cause, StoreError):
                raise Unreachable(f"{host}: {error.cause}") from None
            raise
        except RayError as error:
            self._handles.forget(host)
            raise HostGone(host) from error
        return answer


class LocalHands:
    """Hosts of this process."""

    def __init__(self, hosts: Callable[[], dict[str, Host]], eod: PostgresEod) -> None:
        self._hosts = hosts
        self._eod = eod

    async def sweep(self, host: str, order: Order) -> Done:
        return await sweep_host(self._find(host), self._eod, order)

    async def roll(self, host: str, bank: str) -> int:
        return await self._find(host).roll(bank)

    def _find(self, name: str) -> Host:
        host = self._hosts().get(name)
        if host is None:
            raise HostGone(name)
        return host
