"""Settings as a person may see them: secrets masked, as TOML that `cluster.settings_load.load` reads again."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from cluster.settings import SECRET_KEYS, Settings


def masked_url(url: str) -> str:
    """The URL with its password replaced by ***."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    place = f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=place))


def masked(settings: Settings) -> dict[str, Any]:
    """All settings as plain data, secrets masked."""

    def mask(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: mask(inner, name) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [mask(inner, key) for inner in value]
        if key in SECRET_KEYS and value:
            return "***"
        return masked_url(value) if key == "url" else value

    shown = mask(msgspec.to_builtins(settings), "")
    assert isinstance(shown, dict)
    return shown


def to_toml(tree: dict[str, Any]) -> str:
    """Plain settings data as TOML that `load` reads again."""
    plain = {key: value for key, value in tree.items() if not isinstance(value, (dict, list, tuple))}
    lines = [f"{key} = {_toml_value(value)}" for key, value in plain.items()]
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += _toml_table(key, value)
        elif isinstance(value, (list, tuple)):
            for row in value:
                lines += ["", f"[[{key}]]", *(f"{k} = {_toml_value(v)}" for k, v in row.items())]
    return "\n".join(lines) + "\n"


def _toml_table(path: str, table: dict[str, Any]) -> list[str]:
    lines = ["", f"[{path}]"]
    inner: list[str] = []
    for key, value in table.items():
        if isinstance(value, dict):
            inner += _toml_table(f"{path}.{key}", value)
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            for row in value:
                inner += ["", f"[[{path}.{key}]]", *(f"{k} = {_toml_value(v)}" for k, v in row.items())]
        else:
            lines.append(f"{key} = {_toml_value(value)}")
    return lines + inner


def _toml_value(value: Any) -> str:
    """A JSON value is a TOML value for the types that settings have (no null)."""
    assert value is not None
    return msgspec.json.encode(value).decode()
