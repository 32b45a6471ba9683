"""Read settings: the TOML file, then the environment over it; unknown keys are refused with the nearest valid one.

`load` is called once by each command of cluster/cli.py. Every error is a `SettingsError` whose text says which key of
which source is wrong; nothing is guessed.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from cluster.settings import EodSettings, Settings

DEFAULT_FILE = "miaodai.toml"
PREFIX = "MIAODAI_"
RESERVED = frozenset({"MIAODAI_CONFIG"})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ALIASES: dict[str, tuple[str, ...]] = {"RAY_ADDRESS": ("ray", "address")}


class SettingsError(Exception):
    """The settings cannot be used; the text is for the person who wrote them."""


def load(path: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force. ``path`` (or MIAODAI_CONFIG) must exist; miaodai.toml here is read when there is one."""
    environ = os.environ if environ is None else environ
    named = path or environ.get("MIAODAI_CONFIG", "")
    tree = _read(Path(named)) if named else (_read(Path(DEFAULT_FILE)) if Path(DEFAULT_FILE).exists() else {})
    where = named or DEFAULT_FILE
    _refuse_unknown(tree, Settings, where, ())
    for keys, text, name in _from_environment(environ):
        _set(tree, keys, _parse(keys, text, name))
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"设置取值错误 bad value: {error}") from None
    check(settings)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"设置文件读不到 cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"设置文件不是合法TOML {path} is not valid TOML: {error}") from None


def _struct_of(kind: Any) -> type[Struct] | None:
    return kind if isinstance(kind, type) and issubclass(kind, Struct) else None


def _item_struct(kind: Any) -> type[Struct] | None:
    """The Struct of a tuple[Struct, ...], else None."""
    return _struct_of(get_args(kind)[0]) if get_origin(kind) is tuple else None


def leaves(kind: type[Struct] = Settings, above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every key and its type, as paths; a list of tables counts as one key."""
    found: dict[tuple[str, ...], Any] = {}
    for name, hint in get_type_hints(kind).items():
        inner = _struct_of(hint)
        found.update(leaves(inner, (*above, name)) if inner else {(*above, name): hint})
    return found


def environment_name(keys: tuple[str, ...]) -> str:
    return PREFIX + "_".join(keys).upper()


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.0)
    return close[0] if close else ""


def _refuse_unknown(tree: Any, kind: type[Struct], where: str, above: tuple[str, ...]) -> None:
    """Walk the file's tables beside the types; the first unknown key raises."""
    if not isinstance(tree, dict):
        raise SettingsError(f"{where}: [{'.'.join(above)}] 应为表 must be a table")
    hints = get_type_hints(kind)
    for name, value in tree.items():
        path = (*above, name)
        if name not in hints:
            near = ".".join((*above, _nearest(name, list(hints))))
            raise SettingsError(f"{where}: 未知的键 unknown key {'.'.join(path)!r}；最接近的是 nearest is {near!r}")
        inner, item = _struct_of(hints[name]), _item_struct(hints[name])
        if inner:
            _refuse_unknown(value, inner, where, path)
        elif item and isinstance(value, list):
            for n, row in enumerate(value):
                _refuse_unknown(row, item, where, (*path, str(n)))


def _from_environment(environ: Mapping[str, str]) -> list[tuple[tuple[str, ...], str, str]]:
    """(key path, text, variable) of each setting in the environment; MIAODAI_RAY_ADDRESS wins over RAY_ADDRESS."""
    names = {environment_name(keys): keys for keys in leaves()}
    found: list[tuple[tuple[str, ...], str, str]] = [
        (keys, environ[alias], alias) for alias, keys in ALIASES.items() if environ.get(alias)
    ]
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in RESERVED:
            continue
        if name not in names:
            near = _nearest(name, list(names))
            raise SettingsError(f"未知的环境变量 unknown variable {name}；最接近的是 nearest is {near}")
        found.append((names[name], environ[name], name))
    return found


def _parse(keys: tuple[str, ...], text: str, name: str) -> Any:
    """Lists of words are comma separated, lists of tables are JSON, the rest is one value."""
    hint = leaves()[keys]
    if get_origin(hint) is not tuple:
        return text
    item = _item_struct(hint)
    if item is None:
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        rows = msgspec.json.decode(text, type=list[dict[str, Any]])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise SettingsError(f"{name}: 应为JSON数组 must be a JSON array of objects: {error}") from None
    for n, row in enumerate(rows):
        _refuse_unknown(row, item, name, (*keys, str(n)))
    return rows


def _set(tree: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = value


def check(settings: Settings) -> None:
    """Rules across keys."""
    runtime = settings.runtime
    if not 0 < runtime.renew_ms * 2 <= runtime.lease_ms:
        raise SettingsError("runtime.renew_ms 不得超过 lease_ms 的一半 must be at most half of runtime.lease_ms")
    for name, url, schemes in (
        ("database.url", settings.database.url, ("postgresql", "postgres")),
        ("redis.url", settings.redis.url, ("redis", "rediss", "unix")),
    ):
        if url and urlsplit(url).scheme not in schemes:
            raise SettingsError(f"{name} 应以之一开头 must begin with one of: {', '.join(s + '://' for s in schemes)}")
    key = settings.secrets.master_key
    if key and (len(key) != 64 or set(key.lower()) - set("0123456789abcdef")):
        raise SettingsError("secrets.master_key 应为64位十六进制 must be 64 hex digits")
    ids = [channel.id for channel in settings.channels]
    if len(set(ids)) != len(ids) or not all(ids):
        raise SettingsError("channels: id 不得为空或重复 must be present and unique")
    if any(channel.secret and len(channel.secret) < 16 for channel in settings.channels):
        raise SettingsError("channels: secret 至少16个字符 must have at least 16 characters")
    open_channels = [channel for channel in settings.channels if not channel.signed]
    if open_channels and (settings.esb.host not in LOOPBACK or any(c.kind != "esb" for c in open_channels)):
        raise SettingsError(
            "channels: signed = false 仅限回环地址上的esb渠道 only for esb channels on a loopback address"
        )
    _check_eod(settings.eod)
    for word in runtime.dedicated:
        if word.partition(":")[0] not in ("kind", "bank", "id") or not word.partition(":")[2]:
            raise SettingsError(f"runtime.dedicated: {word!r} 应为 must be kind:..., bank:... or id:...")


def _check_eod(eod: EodSettings) -> None:
    """Times of day are HH:MM."""
    words = [*eod.times, f"remind_from={eod.remind_from}", f"remind_to={eod.remind_to}"]
    for word in words:
        name, _, at = word.partition("=")
        try:
            time.fromisoformat(at)
        except ValueError:
            name = ""
        if not name or len(at) != 5:
            raise SettingsError(f"eod: {word!r} 应为 must be bank=HH:MM, HH:MM")
