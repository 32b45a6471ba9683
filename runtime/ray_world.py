"""All Ray calls of the data path and of placement, behind two classes; nothing else in the runtime imports Ray.

A Ray call carries a batch as ``bytes`` and returns what was ready at once; the rest is pushed back in batches to the
sender's ``receive``. Handles are looked up once and kept; Ray retries nothing for us.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import ray
import structlog
from ray.exceptions import RayActorError, RayError

from runtime.messages import Answer, Ask, NotOwner
from runtime.router import HostGone, Reply, Router, decode_replies, encode_asks, encode_replies

log = structlog.get_logger(__name__)
NAMESPACE = "miaodai"


def actor_name(release: str, name: str) -> str:
    """Named by release, so that a new release never gets hold of old code."""
    return f"{release}/{name}"


class Handles:
    """Actor handles by short name, looked up off the loop and kept until the actor is gone."""

    def __init__(self, release: str) -> None:
        self._release = release
        self._known: dict[str, Any] = {}

    async def get(self, name: str) -> Any:
        """The handle; raises `HostGone` when Ray knows no such actor."""
        handle = self._known.get(name)
        if handle is None:
            try:
                handle = await asyncio.to_thread(ray.get_actor, actor_name(self._release, name), NAMESPACE)
            except (ValueError, RayError) as error:
                raise HostGone(name) from error
            self._known[name] = handle
        return handle

    def forget(self, name: str) -> None:
        self._known.pop(name, None)


class RayTransport:
    """Sends batches to hosts: ``sender`` is the name under which answers are pushed back to this process."""

    def __init__(self, handles: Handles, sender: str) -> None:
        self._handles = handles
        self._sender = sender

    async def send(self, host: str, asks: list[Ask]) -> list[Reply]:
        handle = await self._handles.get(host)
        try:
            return decode_replies(await handle.deliver.remote(self._sender, encode_asks(asks)))
        except RayError as error:
            self._handles.forget(host)
            raise HostGone(host) from error


class Pusher:
    """Pushes answers back to one sender, one batch under way, the next collecting."""

    def __init__(self, handles: Handles, host: str, sender: str) -> None:
        self._handles = handles
        self._host = host
        self._sender = sender
        self._out: list[Reply] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, reply: Reply) -> None:
        self._out.append(reply)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._push())

    async def _push(self) -> None:
        while self._out:
            batch, self._out = self._out, []
            try:
                handle = await self._handles.get(self._sender)
                await handle.receive.remote(self._host, encode_replies(batch))
            except (HostGone, RayError):
                self._handles.forget(self._sender)  # it will ask again with the same operation, if it lives


class Desk:
    """What a process offers to others by Ray: taking batches for its host, and answers for its router."""

    def __init__(self, handles: Handles, name: str, router: Router, linger_ms: int) -> None:
        self._handles = handles
        self._name = name
        self._router = router
        self._linger_s = linger_ms / 1000
        self._pushers: dict[str, Pusher] = {}

    async def deliver(
        self, sender: str, asks: list[Ask], into: Callable[[list[Ask], Callable[[Answer | NotOwner], None]], None]
    ) -> bytes:
        """Hand a batch to the host; what is answered within the linger time is returned, the rest is pushed."""
        ready: list[Reply] = []
        complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        returned = False

        def sink(reply: Answer | NotOwner) -> None:
            if returned:
                self._pusher(sender).add(reply)
                return
            ready.append(reply)
            if len(ready) == len(asks) and not complete.done():
                complete.set_result(None)

        into(asks, sink)
        if len(ready) < len(asks):
            await asyncio.wait([complete], timeout=self._linger_s)
        returned = True
        return encode_replies(ready)

    def receive(self, host: str, raw: bytes) -> None:
        self._router.receive(host, decode_replies(raw))

    def _pusher(self, sender: str) -> Pusher:
        pusher = self._pushers.get(sender)
        if pusher is None:
            pusher = self._pushers[sender] = Pusher(self._handles, self._name, sender)
        return pusher


class RayHands:
    """Placement's hands: starts hosts, learns of deaths at once, asks for hand-overs."""

    def __init__(self, handles: Handles, start_host: Callable[[str, bool], Any]) -> None:
        self._handles = handles
        self._start_host = start_host
        self._watched: dict[str, asyncio.Task[None]] = {}
        self._dead: set[str] = set()

    def dead(self, hosts: list[str]) -> set[str]:
        for name in hosts:
            task = self._watched.get(name)
            if task is None or (task.done() and name not in self._dead):
                self._watched[name] = asyncio.get_running_loop().create_task(self._watch(name))
        return set(self._dead)

    async def _watch(self, name: str) -> None:
        """Waits in a call that ends only with the host's death."""
        try:
            handle = await self._handles.get(name)
            await handle.watch.remote()
        except HostGone:
            return
        except RayActorError:
            log.warning("Ray says the host is dead", host=name)
            self._handles.forget(name)
            self._dead.add(name)

    async def spawn(self, name: str, *, dedicated: bool) -> None:
        self._handles.forget(name)
        await asyncio.to_thread(self._start_host, name, dedicated)
        self._dead.discard(name)
        log.info("host started", host=name)

    async def end(self, name: str) -> None:
        """Frees the name at once; the process itself is killed by Ray, after a moment if it does not react."""
        try:
            ray.kill(await self._handles.get(name), no_restart=True)
        except HostGone:
            pass
        finally:
            self._handles.forget(name)

    async def hand_over(self, host: str, slots: list[int], target: str) -> None:
        try:
            handle = await self._handles.get(host)
            await handle.hand_over.remote(slots, target)
        except (HostGone, RayError):
            self._handles.forget(host)
