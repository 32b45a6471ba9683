"""Where a running `miaodai up` is: a file in the data directory, readable by its owner only, removed at the end.

Other commands (status, verify, bank) find the embedded servers through it when the settings name no database.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from cluster.settings import Settings

FILE = "running.json"


class Running(Struct, frozen=True, kw_only=True):
    """``ray_token`` is Ray's own credential; the URLs hold passwords: never print them."""

    pid: int
    release: str
    database_url: str
    rest_urls: tuple[str, ...]
    esb_addresses: tuple[tuple[str, int], ...]
    sandbox_control: str
    ray_address: str
    ray_token: str
    core_port: int = 0
    """The sandbox's core, on this machine; 0 without a sandbox."""


def announce(data_dir: Path, running: Running) -> Path:
    path = data_dir / FILE
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(running))
    draft.replace(path)
    return path


def find_running(settings: Settings) -> Running | None:
    """The one that uses this data directory now; None when there is none (or it was killed)."""
    try:
        running = msgspec.json.decode((Path(settings.data_dir) / FILE).read_bytes(), type=Running)
        os.kill(running.pid, 0)
    except (OSError, msgspec.MsgspecError):
        return None
    return running
