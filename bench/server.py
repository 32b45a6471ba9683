"""A yardstick's server process: the product's REST front over the expert's or the limit's router.

``python -m bench.server expert|limit SPEC PORT_FILE NAME``: SPEC is a file with the `WorldSpec`, the channels' tokens
are the bench's; serves until SIGTERM.
"""

import asyncio
import contextlib
import gc
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from bench.book import CHANNEL
from bench.expert import ExpertRouter
from bench.limit import LimitRouter
from cluster.logs import setup_logs
from cluster.parts import Parts
from cluster.spec import unpack_world
from protocols.credentials import Credentials
from protocols.front import Front
from protocols.rest.app import RestSettings, make_app

CONNECTIONS = 16


class NoRedis:
    """The bench's channel has neither nonces nor a rate limit."""

    async def seen(self, channel: str, nonce: str, ttl_s: int) -> bool:
        raise AssertionError("bearer tokens have no nonce")

    async def allow(self, channel: str, rate_per_s: int) -> bool:
        raise AssertionError("the bench's channel has no rate limit")


async def serve(which: str, spec: bytes, port_file: Path, name: str) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    parts = await Parts.open(unpack_world(spec))
    router: ExpertRouter | LimitRouter
    if which == "expert":
        router = ExpertRouter(parts, CONNECTIONS)
        await router.start()
    else:
        router = LimitRouter(parts, name)
        rows = await parts.store.database.rows("SELECT id FROM loan")
        parity = int(name.rsplit("-", 1)[1])
        await router.start([row[0] for row in rows if int(row[0][4]) % 2 == parity])
    front = Front(router, parts.store, parts.banks.by_code, parts.id_key, NoRedis())

    async def ready() -> str:
        return ""

    app = make_app(front, Credentials([CHANNEL], NoRedis()), RestSettings(ready=ready))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gc.freeze()
    port_file.with_suffix(".tmp").write_text(str(runner.addresses[0][1]))
    port_file.with_suffix(".tmp").replace(port_file)
    await stopping.wait()
    with contextlib.suppress(Exception):
        await runner.cleanup()


if __name__ == "__main__":
    setup_logs(quiet=True)
    uvloop.run(serve(sys.argv[1], Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]), sys.argv[4]))
