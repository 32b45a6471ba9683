-- The day's end: how far each bank's books are closed, the steps of a run, what was set aside, and what it selects by.

ALTER TABLE bank ADD COLUMN closed_to date; -- the last day whose books are closed; NULL: the day's end never ran

-- A shard's loans with something to do up to a date, and its living loans. closed_to stands in no index: closing a day
-- changes no index then (HOT).
DROP INDEX loan_due;
CREATE INDEX loan_due ON loan (bank, shard, next_due) WHERE next_due IS NOT NULL;

-- The first day after which a line of this customer ends and is not noted as ended yet.
ALTER TABLE customer ADD COLUMN line_ends date;
CREATE INDEX customer_line_ends ON customer (bank, shard, line_ends) WHERE line_ends IS NOT NULL;

CREATE TABLE eod_run (
    bank text COLLATE "C" NOT NULL,
    date date NOT NULL,
    month_end boolean NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    starts integer NOT NULL DEFAULT 1, -- 1 + how often it was taken up again
    planned json, -- what the day would have to do, counted when it began
    report json, -- when it has ended
    PRIMARY KEY (bank, date)
);

CREATE TABLE eod_step (
    bank text COLLATE "C" NOT NULL,
    date date NOT NULL,
    step text COLLATE "C" NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    seconds double precision NOT NULL DEFAULT 0,
    shards integer[] NOT NULL DEFAULT '{}', -- those done
    counts json NOT NULL DEFAULT '{}', -- answers by code, of the shards done; what else the step has to report
    PRIMARY KEY (bank, date, step)
);

CREATE TABLE eod_set_aside (
    bank text COLLATE "C" NOT NULL,
    date date NOT NULL,
    step text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    PRIMARY KEY (bank, date, step, id)
);
CREATE INDEX eod_set_aside_open ON eod_set_aside (bank) WHERE resolved_at IS NULL;

-- Adds one answer's counts to a step's.
CREATE FUNCTION counts_add(p_old json, p_new json) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(json_object_agg(key, total), '{}')
    FROM (SELECT key, sum(value::bigint) AS total
          FROM (SELECT * FROM json_each_text(p_old) UNION ALL SELECT * FROM json_each_text(p_new)) both_of
          GROUP BY key ORDER BY key) summed
$$;

-- One commit: these shards of the step are done, what was counted, what was left.
CREATE FUNCTION eod_mark(
    p_bank text, p_date date, p_step text, p_shards integer[], p_counts json, p_seconds double precision,
    p_left_id text[], p_left_code text[], p_left_reason text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE eod_step
    SET shards = shards || (SELECT coalesce(array_agg(s), '{}') FROM unnest(p_shards) s WHERE s <> ALL (shards)),
        counts = counts_add(counts, p_counts), seconds = seconds + p_seconds
    WHERE bank = p_bank AND date = p_date AND step = p_step;
    INSERT INTO eod_set_aside (bank, date, step, id, code, reason)
    SELECT p_bank, p_date, p_step, id, code, reason
    FROM (SELECT unnest(p_left_id) AS id, unnest(p_left_code) AS code, unnest(p_left_reason) AS reason) l
    ON CONFLICT (bank, date, step, id) DO UPDATE
        SET code = excluded.code, reason = excluded.reason, resolved_at = NULL;
END $$;

-- The commit as in 0003, with the customer's new column. The forms without it stay until no running release calls them.
CREATE FUNCTION write_customer(
    p_id text[], p_bank text[], p_shard integer[], p_expected bigint[], p_version bigint[], p_state bytea[],
    p_wake_at bigint[], p_identity_index bytea[], p_status text[], p_line_ends date[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_new integer := cardinality(array_positions(p_expected, 0));
    v_done integer;
BEGIN
    IF v_new > 0 THEN
        INSERT INTO customer (id, bank, shard, version, state, wake_at, identity_index, status, line_ends)
        SELECT id, bank, shard, version, state, wake_at, identity_index, status, line_ends
        FROM (SELECT unnest(p_id) AS id, unnest(p_bank) AS bank, unnest(p_shard) AS shard,
                     unnest(p_expected) AS expected, unnest(p_version) AS version, unnest(p_state) AS state,
                     unnest(p_wake_at) AS wake_at, unnest(p_identity_index) AS identity_index,
                     unnest(p_status) AS status, unnest(p_line_ends) AS line_ends) u
        WHERE expected = 0;
    END IF;
    IF v_new < cardinality(p_id) THEN
        UPDATE customer t
        SET shard = u.shard, version = u.version, state = u.state, wake_at = u.wake_at,
            identity_index = u.identity_index, status = u.status, line_ends = u.line_ends
        FROM (SELECT unnest(p_id) AS id, unnest(p_shard) AS shard, unnest(p_expected) AS expected,
                     unnest(p_version) AS version, unnest(p_state) AS state, unnest(p_wake_at) AS wake_at,
                     unnest(p_identity_index) AS identity_index, unnest(p_status) AS status,
                     unnest(p_line_ends) AS line_ends) u
        WHERE t.id = u.id AND t.version = u.expected AND u.expected <> 0;
        GET DIAGNOSTICS v_done = ROW_COUNT;
        IF v_done <> cardinality(p_id) - v_new THEN
            PERFORM raise_version((
                SELECT min(u.id) FROM (SELECT unnest(p_id) AS id, unnest(p_expected) AS expected) u
                LEFT JOIN customer t ON t.id = u.id AND t.xmin = pg_current_xact_id()::xid
                WHERE u.expected <> 0 AND t.id IS NULL));
        END IF;
    END IF;
END $$;

CREATE FUNCTION commit_batch(
    p_host text, p_incarnation bigint,
    p_o_op_hash bytea[], p_o_digest bytea[], p_o_kind smallint[], p_o_id text[], p_o_bank text[], p_o_reply bytea[],
    p_j_shard integer[], p_j_seq bigint[], p_j_kind smallint[], p_j_id text[], p_j_version bigint[], p_j_bank text[],
    p_j_business_date date[], p_j_op_hash bytea[], p_j_type text[], p_j_body bytea[], p_j_hash bytea[],
    p_j_at_ms bigint[],
    p_e_bank text[], p_e_kind smallint[], p_e_id text[], p_e_version bigint[], p_e_line smallint[],
    p_e_business_date date[], p_e_account text[], p_e_debit_fen bigint[], p_e_credit_fen bigint[], p_e_memo boolean[],
    p_c_id text[], p_c_bank text[], p_c_shard integer[], p_c_expected bigint[], p_c_version bigint[],
    p_c_state bytea[], p_c_wake_at bigint[], p_c_identity_index bytea[], p_c_status text[],
    p_c_line_ends date[],
    p_l_id text[], p_l_bank text[], p_l_shard integer[], p_l_expected bigint[], p_l_version bigint[],
    p_l_state bytea[], p_l_wake_at bigint[], p_l_customer_id text[], p_l_product text[], p_l_status text[],
    p_l_principal_fen_outstanding bigint[], p_l_next_due date[], p_l_closed_to date[],
    p_p_id text[], p_p_bank text[], p_p_shard integer[], p_p_expected bigint[], p_p_version bigint[],
    p_p_state bytea[], p_p_wake_at bigint[], p_p_customer_id text[], p_p_loan_id text[], p_p_definition text[],
    p_p_status text[],
    p_w_kind smallint[], p_w_id text[], p_w_wake_at bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM host WHERE id = p_host AND incarnation = p_incarnation FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fenced' USING ERRCODE = 'MD001';
    END IF;
    IF cardinality(p_o_op_hash) > 0 THEN
        INSERT INTO operation (op_hash, digest, kind, id, bank, reply)
        SELECT unnest(p_o_op_hash), unnest(p_o_digest), unnest(p_o_kind), unnest(p_o_id), unnest(p_o_bank),
               unnest(p_o_reply);
    END IF;
    IF cardinality(p_j_seq) > 0 THEN
        INSERT INTO journal (shard, seq, kind, id, version, bank, business_date, op_hash, type, body, hash, at_ms)
        SELECT unnest(p_j_shard), unnest(p_j_seq), unnest(p_j_kind), unnest(p_j_id), unnest(p_j_version),
               unnest(p_j_bank), unnest(p_j_business_date), unnest(p_j_op_hash), unnest(p_j_type), unnest(p_j_body),
               unnest(p_j_hash), unnest(p_j_at_ms);
    END IF;
    IF cardinality(p_e_line) > 0 THEN
        INSERT INTO posting (bank, kind, id, version, line, business_date, account, debit_fen, credit_fen, memo)
        SELECT unnest(p_e_bank), unnest(p_e_kind), unnest(p_e_id), unnest(p_e_version), unnest(p_e_line),
               unnest(p_e_business_date), unnest(p_e_account), unnest(p_e_debit_fen), unnest(p_e_credit_fen),
               unnest(p_e_memo);
    END IF;
    IF cardinality(p_c_id) > 0 THEN
        PERFORM write_customer(p_c_id, p_c_bank, p_c_shard, p_c_expected, p_c_version, p_c_state, p_c_wake_at,
                               p_c_identity_index, p_c_status, p_c_line_ends);
    END IF;
    IF cardinality(p_l_id) > 0 THEN
        PERFORM write_loan(p_l_id, p_l_bank, p_l_shard, p_l_expected, p_l_version, p_l_state, p_l_wake_at,
                           p_l_customer_id, p_l_product, p_l_status, p_l_principal_fen_outstanding, p_l_next_due,
                           p_l_closed_to);
    END IF;
    IF cardinality(p_p_id) > 0 THEN
        PERFORM write_process(p_p_id, p_p_bank, p_p_shard, p_p_expected, p_p_version, p_p_state, p_p_wake_at,
                              p_p_customer_id, p_p_loan_id, p_p_definition, p_p_status);
    END IF;
    IF cardinality(p_w_id) > 0 THEN
        PERFORM write_wakes(p_w_kind, p_w_id, p_w_wake_at);
    END IF;
END $$;
