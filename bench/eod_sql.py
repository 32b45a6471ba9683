"""The yardstick of the day's end: one set-based statement over the same loans, with the same arithmetic where it can.

It accrues, bills, marks overdue, bears penalty, writes an event and the postings, moves closed_to: in integers, rounded
half up as the loans do. It knows no grace, allocation, class, provision, repricing, no journal chain, no actor.
"""

import time
from datetime import date

import asyncpg
import msgspec

from actors.loan.state import LoanState

SCHEMA = """
DROP TABLE IF EXISTS expert_loan, expert_row, expert_event, expert_posting;
CREATE TABLE expert_loan (
    id text COLLATE "C" PRIMARY KEY, bank text COLLATE "C" NOT NULL, next_due date, closed_to date NOT NULL,
    version bigint NOT NULL, balance_fen bigint NOT NULL, overdue_fen bigint NOT NULL, accrued_fen bigint NOT NULL,
    penalty_fen bigint NOT NULL, annual_e10 bigint NOT NULL, penalty_e10 bigint NOT NULL, segment_from date NOT NULL,
    penalty_from date, state bytea STORAGE MAIN NOT NULL
) WITH (fillfactor = 50, toast_tuple_target = 8160);
CREATE INDEX ON expert_loan (bank, next_due) WHERE next_due IS NOT NULL;
CREATE TABLE expert_row (
    id text COLLATE "C" NOT NULL, due date NOT NULL, principal_fen bigint NOT NULL, interest_fen bigint NOT NULL,
    PRIMARY KEY (id, due)
);
CREATE TABLE expert_event (
    id text COLLATE "C" NOT NULL, version bigint NOT NULL, date date NOT NULL, body jsonb NOT NULL,
    PRIMARY KEY (id, version)
);
CREATE TABLE expert_posting (
    id text COLLATE "C" NOT NULL, version bigint NOT NULL, line smallint NOT NULL, bank text COLLATE "C" NOT NULL,
    date date NOT NULL, account text COLLATE "C" NOT NULL, debit_fen bigint NOT NULL, credit_fen bigint NOT NULL
);
"""
_LOAN = (
    *("id", "bank", "next_due", "closed_to", "version", "balance_fen", "overdue_fen", "accrued_fen", "penalty_fen"),
    *("annual_e10", "penalty_e10", "segment_from", "penalty_from", "state"),
)
CLOSE = """
WITH touched AS (
    SELECT l.*, r.principal_fen AS billed_fen, r.interest_fen AS billed_interest_fen,
           (l.balance_fen::numeric * l.annual_e10 * ($2::date + 1 - l.segment_from) / 3600000000000 + 0.5)::bigint
               AS now_fen,
           CASE WHEN l.penalty_from IS NULL THEN 0 ELSE
               (l.overdue_fen::numeric * l.penalty_e10 * ($2::date + 1 - l.penalty_from) / 3600000000000 + 0.5)::bigint
           END AS penalty_now_fen
    FROM expert_loan l LEFT JOIN expert_row r ON r.id = l.id AND r.due = $2::date + 1
    WHERE l.bank = $1 AND l.next_due <= $2::date + 1 AND l.closed_to < $2
), figures AS (
    SELECT t.*, t.penalty_now_fen - t.penalty_fen AS penalty_grown_fen,
           CASE WHEN t.billed_fen IS NULL THEN t.now_fen ELSE t.billed_interest_fen END - t.accrued_fen AS grown_fen
    FROM touched t
), moved AS (
    UPDATE expert_loan l
    SET closed_to = $2, version = l.version + 1, penalty_fen = f.penalty_now_fen, state = f.state,
        accrued_fen = CASE WHEN f.billed_fen IS NULL THEN f.now_fen ELSE 0 END,
        balance_fen = l.balance_fen - coalesce(f.billed_fen, 0),
        segment_from = CASE WHEN f.billed_fen IS NULL THEN l.segment_from ELSE $2::date + 1 END
    FROM figures f WHERE l.id = f.id RETURNING 1
), written AS (
    INSERT INTO expert_event (id, version, date, body)
    SELECT id, version + 1, $2, jsonb_build_object('from', closed_to + 1, 'to', $2, 'accrued', grown_fen,
           'billed', billed_fen, 'penalty', penalty_grown_fen)
    FROM figures RETURNING 1
), posted AS (
    INSERT INTO expert_posting (id, version, line, bank, date, account, debit_fen, credit_fen)
    SELECT f.id, f.version + 1, e.line, f.bank, $2, e.account, e.debit_fen, e.credit_fen
    FROM figures f CROSS JOIN LATERAL (VALUES
        (1, '1303.09', f.grown_fen, 0),
        (2, '6011', 0, f.grown_fen - f.grown_fen * 6 / 106),
        (3, '2221.02', 0, f.grown_fen * 6 / 106),
        (4, '1132.01', coalesce(f.billed_interest_fen, 0), 0),
        (5, '1303.09', 0, coalesce(f.billed_interest_fen, 0)),
        (6, '1132.02', f.penalty_grown_fen, 0),
        (7, '6011', 0, f.penalty_grown_fen)
    ) e (line, account, debit_fen, credit_fen)
    WHERE e.debit_fen <> 0 OR e.credit_fen <> 0 RETURNING 1
)
SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM written), (SELECT count(*) FROM posted)
"""


async def prepare(url: str, bank: str, day: date) -> int:
    """Fill the yardstick's tables with what the day's end will touch; how many loans. Before the day is closed."""
    connection = await asyncpg.connect(url)
    decode = msgspec.msgpack.Decoder(LoanState).decode
    try:
        await connection.execute(SCHEMA)
        rows = await connection.fetch(
            "SELECT id, bank, next_due, closed_to, version, state FROM loan WHERE bank = $1"
            " AND next_due <= $2::date + 1 AND closed_to < $2 AND status IN ('active', 'overdue')",
            bank,
            day,
        )
        loans, instalments = [], []
        for row in rows:
            state = decode(row["state"])
            late = [r for r in state.rows[state.first_unpaid : state.lapsed] if r.unpaid_fen]
            loans.append(
                (
                    *(row["id"], bank, row["next_due"], row["closed_to"], row["version"], state.balance_fen),
                    *(sum(r.principal_fen_unpaid for r in late), state.accrued_fen, sum(r.penalty_fen for r in late)),
                    *(state.terms.annual_e10, state.terms.penalty_e10, state.segment_from),
                    *(late[0].penalty_from if late else None, row["state"]),
                )
            )
            instalments += [(row["id"], r.due, r.principal_fen, r.interest_fen) for r in state.rows]
        await connection.copy_records_to_table("expert_loan", records=loans, columns=_LOAN)
        await connection.copy_records_to_table("expert_row", records=instalments)
        await connection.execute("VACUUM ANALYZE expert_loan, expert_row")
        await connection.execute("CHECKPOINT")
        return len(loans)
    finally:
        await connection.close()


async def close(url: str, bank: str, day: date) -> tuple[int, float]:
    """Run the statement, committed durably: (loans touched, seconds)."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    try:
        begun = time.perf_counter()
        touched, _, _ = await connection.fetchrow(CLOSE, bank, day)
        return int(touched), time.perf_counter() - begun
    finally:
        await connection.close()
