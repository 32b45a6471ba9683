"""The directory of owners in PostgreSQL: hosts under leases, shards with epochs, slots of dedicated actors.

Called by runtime/host.py (register, renew, leave, dedicate), runtime/placement.py (fence, assign) and the routers
(shards, dedicated). Leases are judged by PostgreSQL's clock alone. Each call is one statement (storage/sql/0001).
"""

from storage.contract import HostRow
from storage.pool import Database
from storage.rows import KIND_NAMES, KINDS


class PostgresDirectory:
    """`storage.contract.Directory` on PostgreSQL. Raises `Unreachable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, host: str, lease_ms: int, dedicated: bool = False) -> int:
        return int(await self._database.value("SELECT host_register($1, $2, $3)", host, lease_ms, dedicated))

    async def renew(self, host: str, incarnation: int, lease_ms: int) -> bool:
        done = await self._database.value(
            "UPDATE host SET lease_until = lease_end($3) WHERE id = $1 AND incarnation = $2 RETURNING true",
            host,
            incarnation,
            lease_ms,
        )
        return done is True

    async def leave(self, host: str, incarnation: int) -> None:
        await self._database.value("SELECT host_leave($1, $2)", host, incarnation)

    async def hosts(self) -> list[HostRow]:
        rows = await self._database.rows(
            "SELECT id, incarnation, "
            " greatest(extract(epoch FROM lease_until - clock_timestamp()) * 1000, -1e15)::bigint,"
            " dedicated FROM host ORDER BY id"
        )
        return [HostRow(*row) for row in rows]

    async def shards(self) -> dict[int, tuple[str, int]]:
        rows = await self._database.rows("SELECT shard, host, epoch FROM shard ORDER BY shard")
        return {row[0]: (row[1], row[2]) for row in rows}

    async def owned(self, host: str) -> dict[int, int]:
        rows = await self._database.rows("SELECT shard, epoch FROM shard WHERE host = $1 ORDER BY shard", host)
        return {row[0]: row[1] for row in rows}

    async def hold_placement(self, holder: str, lease_ms: int) -> bool:
        done = await self._database.value(
            "UPDATE placement SET holder = $1, lease_until = lease_end($2)"
            " WHERE holder = $1 OR lease_until < clock_timestamp() RETURNING true",
            holder,
            lease_ms,
        )
        return done is True

    async def fence(self, host: str, incarnation: int, *, expired_only: bool = False) -> bool:
        return bool(await self._database.value("SELECT host_fence($1, $2, $3)", host, incarnation, expired_only))

    async def assign(self, moves: list[tuple[int, str, int, str]]) -> list[int]:
        if not moves:
            return []
        rows = await self._database.rows("SELECT * FROM shard_assign($1, $2, $3, $4)", *zip(*moves, strict=True))
        return sorted(row[0] for row in rows)

    async def dedicate(self, host: str, incarnation: int, kind: str, id: str, cap: int) -> int:
        slot = await self._database.value(
            "SELECT actor_dedicate($1, $2, $3, $4, $5)", host, incarnation, KINDS[kind], id, cap
        )
        return int(slot)

    async def dedicated(self) -> dict[tuple[str, str], int]:
        rows = await self._database.rows("SELECT kind, id, slot FROM dedicated ORDER BY slot")
        return {(KIND_NAMES[row[0]], row[1]): row[2] for row in rows}
