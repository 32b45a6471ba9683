"""`miaodai status`: hosts, shards, live actors, quarantine, dates of the miaodai that uses the data directory."""

import asyncio
import os
from typing import Any

import ray
from rich.console import Console
from rich.table import Table

from cluster.failures import Failure
from cluster.running import Running, find_running
from cluster.settings import Settings
from runtime.ray_world import NAMESPACE
from storage.banks import BankRow
from storage.contract import HostRow
from storage.postgres import open_store

Facts = tuple[list[HostRow], dict[int, tuple[str, int]], list[BankRow]]


def show_status(settings: Settings) -> None:
    running = find_running(settings)
    url = settings.database.url or (running.database_url if running else "")
    if not url:
        raise Failure(f"没有在运行 nothing runs on {settings.data_dir}/（make up）")
    console = Console()
    hosts, shards, banks = asyncio.run(_read(url))
    console.print(_hosts(hosts, shards, _asked(running) if running else {}))
    dates = ", ".join(f"{row.code} {row.business_date}" for row in banks)
    console.print(f"营业日期 business dates: {dates}", highlight=False)
    ownerless = sum(1 for slot, (owner, _) in shards.items() if slot < 1024 and not owner)
    if ownerless:
        console.print(f"[red]{ownerless} 个分片无主机 shards have no owner")


async def _read(url: str) -> Facts:
    store = await open_store(url)
    try:
        return await store.hosts(), await store.shards(), await store.all()
    finally:
        await store.close()


def _asked(running: Running) -> dict[str, dict[str, Any]]:
    """Each host's own status, by Ray."""
    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=running.ray_token)
    ray.init(address=running.ray_address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    try:
        names = [n["name"] for n in ray.util.list_named_actors(all_namespaces=True) if n["namespace"] == NAMESPACE]
        found: dict[str, dict[str, Any]] = {}
        for name in names:
            release, _, short = name.rpartition("/")
            if release == running.release and not short.startswith("gateway"):
                status: Any = ray.get(ray.get_actor(name, NAMESPACE).status.remote(), timeout=10)
                found[short] = status
        return found
    finally:
        ray.shutdown()


def _hosts(hosts: list[HostRow], shards: dict[int, tuple[str, int]], asked: dict[str, dict[str, Any]]) -> Table:
    table = Table(title="主机 hosts", title_justify="left")
    table.add_column("主机 host")
    for name in ("租约 lease ms", "分片 shards", "活跃对象 live", "回合 turns", "过载 overloaded"):
        table.add_column(name, justify="right")
    table.add_column("隔离 quarantined")
    for host in hosts:
        own = sum(1 for owner, _ in shards.values() if owner == host.id)
        more = asked.get(host.id, {})
        quarantined = ", ".join(f"{id}: {why}" for id, why in more.get("quarantined", {}).items())
        figures = (str(more.get(key, "")) for key in ("live", "turns", "overloaded"))
        table.add_row(host.id, str(host.lease_left_ms), str(own), *figures, quarantined)
    return table
