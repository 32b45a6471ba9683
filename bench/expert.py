"""Yardstick "expert": stateless processes, no actors: lock the row, decide, write, commit.

The same front, engine, tables, indexes, postings and stored replies as the product; two PL/pgSQL calls in one
transaction: one reads the row under its lock and the operation's stored reply, one writes everything. What it does
without: the hash chain (it would need a lock per shard) and the fence.
"""

import time
from typing import Any

import asyncpg

from actors.codes import Code
from actors.turn import Context, EffectRequested, Refused
from cluster.parts import Parts
from runtime.kinds import Codecs
from runtime.messages import Answer, Ask, Operation, refusal
from runtime.turn import answer_of, encode, stored_reply
from storage.rows import KINDS

SQL = """
CREATE SEQUENCE IF NOT EXISTS bench_seq START 1000000000 CACHE 1000;
CREATE OR REPLACE FUNCTION bench_read(p_op bytea, p_id text, OUT digest bytea, OUT reply bytea, OUT bank text,
    OUT version bigint, OUT state bytea) LANGUAGE plpgsql AS $$
BEGIN
    SELECT l.bank, l.version, l.state INTO bank, version, state FROM loan l WHERE l.id = p_id FOR NO KEY UPDATE;
    SELECT o.digest, o.reply INTO digest, reply FROM operation o WHERE o.op_hash = p_op;
END $$;
CREATE OR REPLACE FUNCTION bench_write(p_op bytea, p_digest bytea, p_kind smallint, p_id text, p_bank text,
    p_reply bytea, p_shard integer, p_version bigint[], p_date date, p_type text[], p_body bytea[], p_at bigint,
    p_post_version bigint[], p_line integer[], p_account text[], p_debit bigint[], p_credit bigint[], p_memo boolean[],
    p_state bytea, p_last bigint, p_status text, p_outstanding bigint, p_next_due date, p_closed_to date
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO operation (op_hash, digest, kind, id, bank, reply)
    VALUES (p_op, p_digest, p_kind, p_id, p_bank, p_reply);
    INSERT INTO journal (shard, seq, kind, id, version, bank, business_date, op_hash, type, body, hash, at_ms)
    SELECT p_shard, nextval('bench_seq'), p_kind, p_id, unnest(p_version), p_bank, p_date, p_op, unnest(p_type),
           unnest(p_body), ''::bytea, p_at;
    INSERT INTO posting (bank, kind, id, version, line, business_date, account, debit_fen, credit_fen, memo)
    SELECT p_bank, p_kind, p_id, unnest(p_post_version), unnest(p_line), p_date, unnest(p_account), unnest(p_debit),
           unnest(p_credit), unnest(p_memo);
    UPDATE loan SET version = p_last, state = p_state, status = p_status, principal_fen_outstanding = p_outstanding,
        next_due = p_next_due, closed_to = p_closed_to WHERE id = p_id;
END $$;
"""


class ExpertRouter:
    """Answers like the router, by SQL alone; knows loans only."""

    def __init__(self, parts: Parts, connections: int) -> None:
        self._parts = parts
        self._connections = connections
        self._codecs = Codecs(parts.kinds()["loan"])
        self._pool: Any = None

    async def start(self) -> None:
        await self._parts.banks.refresh()
        self._pool = await asyncpg.create_pool(
            self._parts.spec.database_url, min_size=self._connections, max_size=self._connections
        )

    async def ask(self, kind: str, id: str, bank: str, body: bytes, operation: Operation | None, ttl_ms: int) -> Answer:
        op_hash, digest = self._parts.digester.of(Ask(0, kind, id, bank, operation, body, ttl_ms))
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow("SELECT * FROM bench_read($1, $2)", op_hash, id)
            if row["digest"] is not None:
                same = row["digest"] == digest
                return answer_of(0, row["reply"]) if same else refusal(0, Code.OPERATION_MISMATCH)
            if row["bank"] != bank:
                return refusal(0, Code.NOT_FOUND)
            arguments, reply = self._decide(row, id, bank, body, op_hash, digest)
            await connection.execute(
                f"SELECT bench_write({', '.join(f'${n}' for n in range(1, len(arguments) + 1))})", *arguments
            )
        return answer_of(0, reply)

    def _decide(
        self, row: Any, id: str, bank: str, body: bytes, op_hash: bytes, digest: bytes
    ) -> tuple[list[Any], bytes]:
        now_ms = time.time_ns() // 1_000_000
        known = self._parts.banks[bank]
        kind = self._codecs.kind
        state = self._codecs.state.decode(row["state"])
        ctx = Context(
            actor_id=id,
            version=row["version"],
            business_date=known.business_date,
            now_ms=now_ms,
            bank=known.terms,
            rules=known.rules,
            vault=known.vault,
        )
        decision = kind.decide(state, self._codecs.command.decode(body), ctx)
        version = int(row["version"])
        events: list[tuple[int, str, bytes]] = []
        lines: list[tuple[int, int, str, int, int, bool]] = []
        if isinstance(decision, Refused):
            reply = stored_reply(decision.code.word, encode(decision.detail))
        else:
            reply = stored_reply("", encode(decision.result or {}))
            for event in decision.events:
                assert not isinstance(event, EffectRequested), "the yardstick knows no effects"
                version += 1
                for n, p in enumerate(kind.postings(state, event, known.terms)):
                    lines.append((version, n, p.account, p.debit_fen, p.credit_fen, p.memo))
                state = kind.evolve(state, event)
                events.append((version, type(event).__name__, encode(event)))
        columns = kind.columns(state)
        split = list(zip(*lines, strict=True)) if lines else [()] * 6
        return [
            op_hash,
            digest,
            KINDS["loan"],
            id,
            bank,
            reply,
            int(id[1:5]),
            [e[0] for e in events],
            known.business_date,
            [e[1] for e in events],
            [e[2] for e in events],
            now_ms,
            *split,
            encode(state),
            version,
            columns[2],
            columns[3],
            columns[4],
            columns[5],
        ], reply
