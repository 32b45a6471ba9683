"""Our field names as they stand on the wire."""

from functools import lru_cache

from msgspec import inspect as look


def is_fen(name: str) -> bool:
    """Whether an integer of this name is a sum of money."""
    return "fen" in name.split("_")


@lru_cache(maxsize=4096)
def wire_name(name: str) -> str:
    """``principal_fen_outstanding`` -> ``PRINCIPAL_AMT_OUTSTANDING``."""
    return "_".join("AMT" if part == "fen" else part.upper() for part in name.split("_"))


def wire_path(path: str) -> str:
    """A path of our names (``facts.housing``, ``items[0].no``) in the wire's names."""
    return ".".join(wire_name(part) for part in path.split("."))


def bare(info: look.Type) -> look.Type:
    return bare(info.type) if isinstance(info, look.Metadata) else info
