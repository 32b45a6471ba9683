"""The master key and what is derived from it: made once in the data directory, readable by its owner only.

The vault of each bank (storage/vault.py) and the default channels' secrets come from it; it is never logged or shown.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cluster.settings import ChannelSettings, Settings
from cluster.settings_load import SettingsError
from protocols.credentials import Channel

FILE = "master.key"


def master_key(settings: Settings) -> bytes:
    """32 bytes: from the settings, else from the data directory, where the first caller makes it (safe when two do)."""
    if settings.secrets.master_key:
        return bytes.fromhex(settings.secrets.master_key)
    path = Path(settings.data_dir) / FILE
    if not path.exists():
        _make(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise SettingsError(f"主密钥文件损坏 the master key file {path} cannot be used") from None
    if len(key) != 32:
        raise SettingsError(f"主密钥文件损坏 the master key file {path} must hold 64 hex digits")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails when another process was first: its key stays
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)


def channel_secret(key: bytes, channel: ChannelSettings) -> str:
    """The channel's own secret, or one derived from the master key when none is set."""
    return channel.secret or hmac.digest(key, f"channel:{channel.id}".encode(), "sha256").hex()


def channels(settings: Settings, key: bytes) -> tuple[Channel, ...]:
    """The channels as the fronts take them; of a bearer token only its digest goes on."""
    return tuple(_channel(channel, channel_secret(key, channel)) for channel in settings.channels)


def _channel(channel: ChannelSettings, secret: str) -> Channel:
    is_token = channel.kind == "bearer"
    return Channel(
        id=channel.id,
        kind=channel.kind,
        secret=b"" if is_token or not channel.signed else secret.encode(),
        token_sha256=hashlib.sha256(secret.encode()).hexdigest() if is_token else "",
        banks=channel.banks,
        operations=channel.operations,
        rate_per_s=channel.rate,
    )
