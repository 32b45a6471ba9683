"""Schema migrations: forward only, in the order of their names, safe when two processes start at once.

``miaodai migrate`` and every start run `migrate`. A file of storage/sql/ once applied never changes (its digest is
kept); a change of schema is a new file: first expand, and contract only when no running release needs the old form.
"""

import hashlib
from pathlib import Path
from typing import Any

import asyncpg

FOLDER = Path(__file__).parent / "sql"
_LOCK = 0x6D69616F_64616901
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name text PRIMARY KEY,
    digest text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(Exception):
    """The schema cannot be brought up to date; the text says which file and why. Nothing of that file was applied."""


async def migrate(url: str, dry_run: bool = False, *, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing and return the names applied (``dry_run``: that would be).

    Raises `MigrationError` when an applied file was changed since, when a missing one sorts before an applied one, or
    when a file fails. Files that only the database knows belong to a newer release and are borne.
    """
    files = read_files(folder)
    try:
        connection = await asyncpg.connect(url, timeout=30)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"cannot connect to the database: {type(error).__name__}: {error}") from error
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute("SET client_min_messages = warning")
        await connection.execute(_TABLE)
        applied = dict(await connection.fetch("SELECT name, digest FROM schema_migration"))
        missing = _missing(files, applied)
        if not dry_run:
            for name in missing:
                await _apply(connection, name, files[name])
        return missing
    finally:
        await connection.close()


def read_files(folder: Path = FOLDER) -> dict[str, str]:
    """The migrations by name, in order."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}


def digest(sql: str) -> str:
    """What is kept of an applied file."""
    return hashlib.sha256(sql.encode()).hexdigest()


def _missing(files: dict[str, str], applied: dict[str, str]) -> list[str]:
    for name, stored in applied.items():
        if name in files and digest(files[name]) != stored:
            raise MigrationError(f"{name} was changed after it had been applied; write a new migration instead")
    missing = [name for name in files if name not in applied]
    known = [name for name in applied if name in files]
    if missing and known and missing[0] < max(known):
        raise MigrationError(f"{missing[0]} is missing although the later {max(known)} is applied")
    return missing


async def _apply(connection: Any, name: str, sql: str) -> None:
    try:
        async with connection.transaction():
            await connection.execute(sql)
            await connection.execute("INSERT INTO schema_migration (name, digest) VALUES ($1, $2)", name, digest(sql))
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{name} failed: {error.sqlstate} {error}") from error
