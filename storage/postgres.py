"""The store on PostgreSQL, the truth: reads, directory, banks and queries on a small pool, commits apart.

Opened by a host, a gateway or the command line (cluster/). The start-up check refuses a server that does not keep
what it acknowledges.
"""

from dataclasses import dataclass

from storage.account_totals import PostgresAccountTotals
from storage.banks import PostgresBanks
from storage.contract import Batch
from storage.directory import PostgresDirectory
from storage.journal import CommitConnection
from storage.pool import Database
from storage.queries import PostgresQueries
from storage.rows import Rows


class UnsafeServer(Exception):
    """The database would lose acknowledged commits, or its schema is not there; the text says which setting."""


class PostgresStore(Rows, PostgresDirectory, PostgresBanks, PostgresQueries, PostgresAccountTotals):
    """`Store`, `Directory`, `Banks` and `Queries`. Use `open_store`."""

    def __init__(self, database: Database, commits: CommitConnection) -> None:
        self._database = database
        self._commits = commits

    @property
    def database(self) -> Database:
        return self._database

    async def commit(self, batch: Batch) -> None:
        await self._commits.commit(batch)

    async def cut_commits(self) -> None:
        """Drop the commit connection in the middle, as a network would; a commit on its way ends as unknown."""
        await self._commits.close()

    async def close(self) -> None:
        await self._commits.close()
        await self._database.close()


async def open_store(url: str, *, connections: int = 4, timeout_s: float = 5.0) -> PostgresStore:
    """A store with at most ``connections`` + 1 connections (the embedded server has 200 for all); opened when needed.

    ``timeout_s`` bounds each statement. Raises `Unreachable` when the server does not answer, `UnsafeServer` when it is
    unfit (see `check_server`).
    """
    database = await Database(url, connections=connections, timeout_s=timeout_s).open()
    try:
        await check_server(database)
    except BaseException:
        await database.close()
        raise
    return PostgresStore(database, CommitConnection(url, timeout_s=timeout_s))


@dataclass(frozen=True)
class ServerReport:
    """``warnings`` are for the operator's log at start-up."""

    version: str
    warnings: tuple[str, ...]


async def check_server(database: Database) -> ServerReport:
    """Refuse (`UnsafeServer`) fsync or full_page_writes off, synchronous_commit off, a missing schema.

    Warns without a synchronous standby, and where the server's log would receive statements' values (personal data).
    """
    rows = await database.rows("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", list(_SETTINGS))
    settings = {row[0]: row[1] for row in rows}
    warnings = judge(settings)
    if await database.value("SELECT to_regclass('schema_migration')") is None:
        raise UnsafeServer("the schema is missing: run the migrations first")
    return ServerReport(settings["server_version"], tuple(warnings))


_SETTINGS = (
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "synchronous_standby_names",
    "server_version",
    "log_statement",
    "log_min_duration_statement",
    "log_parameter_max_length",
    "log_parameter_max_length_on_error",
)


def judge(settings: dict[str, str]) -> list[str]:
    """The warnings; raises `UnsafeServer`."""
    for name in ("fsync", "full_page_writes"):
        if settings[name] != "on":
            raise UnsafeServer(f"{name} = {settings[name]}: acknowledged commits would be lost with the machine")
    if settings["synchronous_commit"] == "off":
        raise UnsafeServer("synchronous_commit = off: acknowledged commits would be lost with the server")
    found = []
    if not settings["synchronous_standby_names"]:
        found.append("no synchronous standby: commits are as durable as this one machine's disk")
    elif settings["synchronous_commit"] == "local":
        found.append("synchronous_commit = local: the synchronous standby is not waited for")
    values_logged = settings["log_statement"] != "none" or settings["log_min_duration_statement"] != "-1"
    if values_logged and settings["log_parameter_max_length"] != "0":
        found.append("log_parameter_max_length is not 0: parameters (personal data) reach the server's log")
    if settings["log_parameter_max_length_on_error"] != "0":
        found.append("log_parameter_max_length_on_error is not 0: parameters (personal data) reach the server's log")
    return found
