"""Invariant 2, first half: every entry balances, memo lines with their contra apart, and so does each bank in all.

The second half, general ledger = sum of the loans, is in cluster/verify/subledger.py: it needs the loans' own story.
"""

from cluster.verify.findings import Findings
from cluster.verify.source import KIND_NAMES, Source


async def check_entries(source: Source, findings: Findings) -> None:
    """An entry is all lines of one event; its event must be there, line numbers contiguous, sides never both filled."""
    unbalanced = """
        SELECT kind, id, version, memo, sum(debit_fen), sum(credit_fen) FROM posting WHERE $1 = '' OR bank = $1
        GROUP BY kind, id, version, memo HAVING sum(debit_fen) <> sum(credit_fen)"""
    async for _, id, version, memo, debit, credit in source.rows(unbalanced, source.bank):
        check = "memo entry" if memo else "entry"
        findings.breach(2, check, f"{id} v{version}", f"debit {debit} fen, credit {credit} fen")
    both = """
        SELECT id, version, line, debit_fen, credit_fen FROM posting
        WHERE ($1 = '' OR bank = $1) AND debit_fen <> 0 AND credit_fen <> 0"""
    async for id, version, line, debit, credit in source.rows(both, source.bank):
        findings.breach(2, "line", f"{id} v{version} line {line}", f"debit {debit} and credit {credit} fen")
    twice = """
        SELECT id, version, line, count(*) FROM posting WHERE $1 = '' OR bank = $1
        GROUP BY kind, id, version, line HAVING count(*) > 1"""
    async for id, version, line, count in source.rows(twice, source.bank):
        findings.breach(2, "line twice", f"{id} v{version} line {line}", f"{count} rows")
    orphan = """
        SELECT p.kind, p.id, p.version, p.business_date, j.business_date FROM posting p
        LEFT JOIN journal j ON j.kind = p.kind AND j.id = p.id AND j.version = p.version
        WHERE ($1 = '' OR p.bank = $1) AND (j.id IS NULL OR j.business_date <> p.business_date OR j.bank <> p.bank)"""
    async for kind, id, version, day, event_day in source.rows(orphan, source.bank):
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
