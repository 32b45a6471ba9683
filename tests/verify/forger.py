"""Tampering as a skilled insider would: change an event, then make hashes, state, columns and postings agree with it.

What is left wrong is only what the event says, so that a test sees one invariant broken and no other.
"""

from collections.abc import Callable
from typing import Any

import asyncpg
import msgspec

from actors.bank import BankTerms
from runtime.chain import link
from runtime.kinds import Codecs
from runtime.registry import KINDS
from storage.contract import COLUMNS

NUMBERS = {"customer": 1, "loan": 2, "process": 3}
Change = Callable[[dict[str, Any]], None]


class Forger:
    """Works on one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def find(self, type: str, where: str = "true") -> tuple[str, str, int]:
        """(kind, id, version) of the first event of a type."""
        sql = f"SELECT kind, id, version FROM journal j WHERE type = $1 AND {where} ORDER BY id, version LIMIT 1"
        row = await self._connection.fetchrow(sql, type)
        assert row is not None, f"the played demo has no {type}"
        return {n: k for k, n in NUMBERS.items()}[row[0]], row[1], row[2]

    async def bodies(self, id: str, type: str) -> list[tuple[int, dict[str, Any]]]:
        rows = await self._connection.fetch(
            "SELECT version, body FROM journal WHERE id = $1 AND type = $2 ORDER BY version", id, type
        )
        return [(version, msgspec.msgpack.decode(body)) for version, body in rows]

    async def change(self, id: str, version: int, change: Change) -> None:
        """Change an event's fields and rebuild the chain after it."""
        key = "id = $1 AND version = $2"
        body = await self._connection.fetchval(f"SELECT body FROM journal WHERE {key}", id, version)
        fields = msgspec.msgpack.decode(body)
        change(fields)
        forged = msgspec.msgpack.encode(fields)
        assert forged != body
        await self._connection.execute(f"UPDATE journal SET body = $3 WHERE {key}", id, version, forged)
        await self.rechain(id)

    async def rechain(self, id: str) -> None:
        """Recompute the hashes of the actor's whole chain."""
        names = {n: k for k, n in NUMBERS.items()}
        rows = await self._connection.fetch(
            "SELECT shard, seq, kind, id, version, bank, business_date, type, op_hash, body FROM journal"
            " WHERE shard IN (SELECT shard FROM journal WHERE id = $1) ORDER BY shard, seq",
            id,
        )
        shard, previous = -1, b""
        for row in rows:
            if row[0] != shard:
                shard, previous = row[0], b""
            previous = link(previous, row[0], row[1], names[row[2]], *row[3:])
            await self._connection.execute(
                "UPDATE journal SET hash = $3 WHERE shard = $1 AND seq = $2", row[0], row[1], previous
            )

    async def reenact(self, kind: str, id: str) -> None:
        """Rebuild row and postings from the (forged) journal with the engine's own rules."""
        codecs, terms = Codecs(KINDS[kind]), await self._terms(id)
        rows = await self._connection.fetch(
            "SELECT version, body, bank, business_date FROM journal WHERE id = $1 ORDER BY version", id
        )
        state: Any = None
        lines: list[tuple[Any, ...]] = []
        for version, body, bank, day in rows:
            event = codecs.event.decode(body)
            for number, line in enumerate(codecs.kind.postings(state, event, terms)):
                where = (bank, NUMBERS[kind], id, version, number, day)
                lines.append((*where, line.account, line.debit_fen, line.credit_fen, line.memo))
            state = codecs.kind.evolve(state, event)
        columns = [name for name, _ in COLUMNS[kind]]
        sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, 3))
        await self._connection.execute(
            f"UPDATE {kind} SET state = $2, {sets} WHERE id = $1",
            id,
            msgspec.msgpack.encode(state),
            *codecs.kind.columns(state),
        )
        await self._connection.execute("DELETE FROM posting WHERE id = $1", id)
        await self._connection.executemany(
            "INSERT INTO posting (bank, kind, id, version, line, business_date, account, debit_fen, credit_fen, memo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            lines,
        )

    async def _terms(self, id: str) -> BankTerms:
        text = await self._connection.fetchval(
            "SELECT t.terms::text FROM bank_terms t JOIN journal j ON j.bank = t.bank WHERE j.id = $1 LIMIT 1", id
        )
        return msgspec.json.decode(text, type=BankTerms)

    async def sql(self, text: str, *arguments: Any) -> None:
        """One statement that must change something."""
        done: str = await self._connection.execute(text, *arguments)
        assert not done.endswith(" 0"), text


async def forger(url: str) -> tuple[Forger, "asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    return Forger(connection), connection
