"""Promise: what was started is stopped, all of it, in time; run last."""

import time

import psutil
import ray

from tests.e2e.live import Live


async def _pids(live: Live) -> set[int]:
    deployment = live.deployment
    actors = [*deployment.hosts.values(), *deployment.gateways.values()]
    assert deployment.embedded is not None
    assert deployment._sandbox is not None
    ours = [(await actor.status.remote())["pid"] for actor in actors]
    return {*ours, deployment.embedded.postgres_pid, deployment.embedded.redis_pid, deployment._sandbox.pid}


async def test_it_stops(live: Live) -> None:
    pids = await _pids(live)
    assert len(pids) == 1 + 2 + 3
    assert all(psutil.pid_exists(pid) for pid in pids)
    await live.close()
    begun = time.monotonic()
    live.stop()
    assert time.monotonic() - begun < 30
    assert not ray.is_initialized()
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not live.folder.exists()
