"""Invariant 8: whatever refers to something refers to the same bank's, and every id lies on the shard written into it.

A dedicated actor has a slot (1024 and up) of its own instead of its shard.
"""

from cluster.verify.findings import Findings
from cluster.verify.source import KIND_NAMES, Source

SHARDS = 1024

_REFERENCES = (
    ("loan of another bank's customer", "loan", "customer", "customer_id"),
    ("process of another bank's customer", "process", "customer", "customer_id"),
    ("process of another bank's loan", "process", "loan", "loan_id"),
)


async def check_references(source: Source, findings: Findings) -> None:
    for check, table, target, column in _REFERENCES:
        sql = f"""
            SELECT t.id, t.bank, x.id, x.bank FROM {table} t LEFT JOIN {target} x ON x.id = t.{column}
            WHERE coalesce(t.{column}, '') <> '' AND ($1 = '' OR t.bank = $1) AND (x.id IS NULL OR x.bank <> t.bank)"""
        async for id, bank, other, other_bank in source.rows(sql, source.bank):
            findings.breach(8, check, id, f"bank {bank} refers to {other or 'nothing'} of {other_bank or 'no bank'}")
        findings.looked(
            8, int(await source.value(f"SELECT count(*) FROM {table} WHERE $1 = '' OR bank = $1", source.bank))
        )


_ACTORS = " UNION ALL ".join(
    f"SELECT {number}::smallint AS kind, id, bank FROM {kind}" for number, kind in KIND_NAMES.items()
)


async def check_bank_of_rows(source: Source, findings: Findings) -> None:
    """Postings and operations carry the bank of their actor's row (the journal: shards.py)."""
    for table in ("posting", "operation"):
        sql = f"""
            SELECT t.id, min(t.bank), r.bank, count(*) FROM {table} t
            JOIN ({_ACTORS}) r ON r.kind = t.kind AND r.id = t.id
            WHERE t.bank <> r.bank AND ($1 = '' OR $1 IN (t.bank, r.bank)) GROUP BY t.id, r.bank"""
        for id, bank, row_bank, count in await source.all(sql, source.bank):
            findings.breach(8, f"{table} of another bank", id, f"{count} rows of {bank}, the actor is of {row_bank}")
    for kind in KIND_NAMES.values():
        wrong = f"""
            SELECT id, shard FROM {kind} WHERE ($1 = '' OR bank = $1)
            AND shard < {SHARDS} AND shard <> substr(id, 2, 4)::int"""
        async for id, shard in source.rows(wrong, source.bank):
            findings.breach(8, "shard", id, f"stored on shard {shard}")


async def check_banks_known(source: Source, findings: Findings, seen: set[str]) -> None:
    """``seen``: the banks of all events."""
    known = {code for (code,) in await source.all("SELECT code FROM bank")}
    for bank in sorted(seen - known):
        findings.breach(8, "unknown bank", bank, "has events but is not loaded")
