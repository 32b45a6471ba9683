"""Invariant 2, first half: every entry balances, memo lines with their contra apart, and so does each bank in all.

The second half, general ledger = sum of the loans, is in cluster/verify/subledger.py: it needs the loans' own story.
"""

from typing import Any

from cluster.verify.findings import Findings
from cluster.verify.source import KIND_NAMES, Source

CHUNK = 1000


_SUSPECT = """
    SELECT e.kind, e.id, e.version FROM (
        SELECT kind, id, version, min(business_date) AS first, max(business_date) AS last, min(bank) AS bank,
               max(bank) AS other, count(*) AS lines, max(line) AS line, bit_or(1::bigint << (line & 63)) AS places,
               bool_or(debit_fen <> 0 AND credit_fen <> 0) AS both,
               sum(debit_fen - credit_fen) FILTER (WHERE memo) AS memo,
               sum(debit_fen - credit_fen) FILTER (WHERE NOT memo) AS money
        FROM posting WHERE $1 = '' OR bank = $1 GROUP BY kind, id, version) e
    LEFT JOIN journal j ON j.kind = e.kind AND j.id = e.id AND j.version = e.version
    WHERE e.both OR e.memo <> 0 OR e.money <> 0 OR e.line > 62 OR bit_count(e.places::bit(64)) <> e.lines
       OR e.first <> e.last OR e.bank <> e.other OR j.id IS NULL OR j.business_date <> e.first OR j.bank <> e.bank"""
"""Entries that may be broken, in one reading; of these the checks below say what is."""


async def check_entries(source: Source, findings: Findings) -> None:
    """An entry is all lines of one event; its event must be there, no line number twice, sides never both filled."""
    suspects = await source.all(_SUSPECT, source.bank)
    for start in range(0, len(suspects), CHUNK):
        await _check_suspects(source, findings, suspects[start : start + CHUNK])


async def _check_suspects(source: Source, findings: Findings, suspects: list[Any]) -> None:
    keys = ([row[0] for row in suspects], [row[1] for row in suspects], [row[2] for row in suspects])
    some = """
        (SELECT p.* FROM posting p JOIN unnest($2::smallint[], $3::text[], $4::bigint[]) s(kind, id, version)
         USING (kind, id, version) WHERE $1 = '' OR p.bank = $1) p"""
    unbalanced = f"""
        SELECT kind, id, version, memo, sum(debit_fen), sum(credit_fen) FROM {some}
        GROUP BY kind, id, version, memo HAVING sum(debit_fen) <> sum(credit_fen)"""
    async for _, id, version, memo, debit, credit in source.rows(unbalanced, source.bank, *keys):
        check = "memo entry" if memo else "entry"
        findings.breach(2, check, f"{id} v{version}", f"debit {debit} fen, credit {credit} fen")
    both = f"SELECT id, version, line, debit_fen, credit_fen FROM {some} WHERE debit_fen <> 0 AND credit_fen <> 0"
    async for id, version, line, debit, credit in source.rows(both, source.bank, *keys):
        findings.breach(2, "line", f"{id} v{version} line {line}", f"debit {debit} and credit {credit} fen")
    twice = f"""
        SELECT id, version, line, count(*) FROM {some}
        GROUP BY kind, id, version, line HAVING count(*) > 1"""
    async for id, version, line, count in source.rows(twice, source.bank, *keys):
        findings.breach(2, "line twice", f"{id} v{version} line {line}", f"{count} rows")
    orphan = f"""
        SELECT p.kind, p.id, p.version, p.business_date, j.business_date FROM {some}
        LEFT JOIN journal j ON j.kind = p.kind AND j.id = p.id AND j.version = p.version
        WHERE j.id IS NULL OR j.business_date <> p.business_date OR j.bank <> p.bank"""
    async for kind, id, version, day, event_day in source.rows(orphan, source.bank, *keys):
        detail = f"{KIND_NAMES[kind]} posting of {day}, event of {event_day or 'none'}"
        findings.breach(2, "posting without event", f"{id} v{version}", detail)


async def check_trial_balance(source: Source, findings: Findings) -> bool:
    """Debits equal credits for each bank on each business date, memo apart; whether all do."""
    balanced = True
    sql = """
        SELECT bank, business_date, memo, sum(debit_fen), sum(credit_fen), count(*) FROM posting
        WHERE $1 = '' OR bank = $1 GROUP BY bank, business_date, memo ORDER BY 1, 2, 3"""
    async for bank, day, memo, debit, credit, lines in source.rows(sql, source.bank):
        findings.looked(2, int(lines))
        if debit != credit:
            balanced = False
            findings.breach(2, "trial balance", f"{bank} {day}{' memo' if memo else ''}", f"{debit} / {credit} fen")
    return balanced
