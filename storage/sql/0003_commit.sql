-- The group commit: one autocommitted call that writes everything of a batch or nothing. Read storage/journal.py beside
-- this. Arrays come sorted by key, so that two batches never wait for each other in a circle.
--
-- unnest() of several arrays stands in the select list: in FROM each array would go through a tuple store of its own
-- (measured: 5.4 against 3.3 ms for 600 rows of 10 columns). Duplicate operations are found by the unique key itself: with
-- ON CONFLICT DO NOTHING and a count each insert would be speculative (measured: 1.9 against 1.4 ms for 100).

-- Raises MD002 (a stored row has another version than the batch expects) with the first such id as detail.
CREATE FUNCTION raise_version(p_id text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version' USING ERRCODE = 'MD002', DETAIL = coalesce(p_id, '');
END $$;

CREATE FUNCTION write_customer(
    p_id text[], p_bank text[], p_shard integer[], p_expected bigint[], p_version bigint[], p_state bytea[],
    p_wake_at bigint[], p_identity_index bytea[], p_status text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_new integer := cardinality(array_positions(p_expected, 0));
    v_done integer;
BEGIN
    IF v_new > 0 THEN
        INSERT INTO customer (id, bank, shard, version, state, wake_at, identity_index, status)
        SELECT id, bank, shard, version, state, wake_at, identity_index, status
        FROM (SELECT unnest(p_id) AS id, unnest(p_bank) AS bank, unnest(p_shard) AS shard,
                     unnest(p_expected) AS expected, unnest(p_version) AS version, unnest(p_state) AS state,
                     unnest(p_wake_at) AS wake_at, unnest(p_identity_index) AS identity_index,
                     unnest(p_status) AS status) u
        WHERE expected = 0;
    END IF;
    IF v_new < cardinality(p_id) THEN
        UPDATE customer t
        SET shard = u.shard, version = u.version, state = u.state, wake_at = u.wake_at,
            identity_index = u.identity_index, status = u.status
        FROM (SELECT unnest(p_id) AS id, unnest(p_shard) AS shard, unnest(p_expected) AS expected,
                     unnest(p_version) AS version, unnest(p_state) AS state, unnest(p_wake_at) AS wake_at,
                     unnest(p_identity_index) AS identity_index, unnest(p_status) AS status) u
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

CREATE FUNCTION write_loan(
    p_id text[], p_bank text[], p_shard integer[], p_expected bigint[], p_version bigint[], p_state bytea[],
    p_wake_at bigint[], p_customer_id text[], p_product text[], p_status text[],
    p_principal_fen_outstanding bigint[], p_next_due date[], p_closed_to date[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_new integer := cardinality(array_positions(p_expected, 0));
    v_done integer;
BEGIN
    IF v_new > 0 THEN
        INSERT INTO loan (id, bank, shard, version, state, wake_at, customer_id, product, status,
                          principal_fen_outstanding, next_due, closed_to)
        SELECT id, bank, shard, version, state, wake_at, customer_id, product, status,
               principal_fen_outstanding, next_due, closed_to
        FROM (SELECT unnest(p_id) AS id, unnest(p_bank) AS bank, unnest(p_shard) AS shard,
                     unnest(p_expected) AS expected, unnest(p_version) AS version, unnest(p_state) AS state,
                     unnest(p_wake_at) AS wake_at, unnest(p_customer_id) AS customer_id,
                     unnest(p_product) AS product, unnest(p_status) AS status,
                     unnest(p_principal_fen_outstanding) AS principal_fen_outstanding,
                     unnest(p_next_due) AS next_due, unnest(p_closed_to) AS closed_to) u
        WHERE expected = 0;
    END IF;
    IF v_new < cardinality(p_id) THEN
        UPDATE loan t
        SET shard = u.shard, version = u.version, state = u.state, wake_at = u.wake_at, customer_id = u.customer_id,
            product = u.product, status = u.status, principal_fen_outstanding = u.principal_fen_outstanding,
            next_due = u.next_due, closed_to = u.closed_to
        FROM (SELECT unnest(p_id) AS id, unnest(p_shard) AS shard, unnest(p_expected) AS expected,
                     unnest(p_version) AS version, unnest(p_state) AS state, unnest(p_wake_at) AS wake_at,
                     unnest(p_customer_id) AS customer_id, unnest(p_product) AS product, unnest(p_status) AS status,
                     unnest(p_principal_fen_outstanding) AS principal_fen_outstanding,
                     unnest(p_next_due) AS next_due, unnest(p_closed_to) AS closed_to) u
        WHERE t.id = u.id AND t.version = u.expected AND u.expected <> 0;
        GET DIAGNOSTICS v_done = ROW_COUNT;
        IF v_done <> cardinality(p_id) - v_new THEN
            PERFORM raise_version((
                SELECT min(u.id) FROM (SELECT unnest(p_id) AS id, unnest(p_expected) AS expected) u
                LEFT JOIN loan t ON t.id = u.id AND t.xmin = pg_current_xact_id()::xid
                WHERE u.expected <> 0 AND t.id IS NULL));
        END IF;
    END IF;
END $$;

CREATE FUNCTION write_process(
    p_id text[], p_bank text[], p_shard integer[], p_expected bigint[], p_version bigint[], p_state bytea[],
    p_wake_at bigint[], p_customer_id text[], p_loan_id text[], p_definition text[], p_status text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_new integer := cardinality(array_positions(p_expected, 0));
    v_done integer;
BEGIN
    IF v_new > 0 THEN
        INSERT INTO process (id, bank, shard, version, state, wake_at, customer_id, loan_id, definition, status)
        SELECT id, bank, shard, version, state, wake_at, customer_id, loan_id, definition, status
        FROM (SELECT unnest(p_id) AS id, unnest(p_bank) AS bank, unnest(p_shard) AS shard,
                     unnest(p_expected) AS expected, unnest(p_version) AS version, unnest(p_state) AS state,
                     unnest(p_wake_at) AS wake_at, unnest(p_customer_id) AS customer_id,
                     unnest(p_loan_id) AS loan_id, unnest(p_definition) AS definition,
                     unnest(p_status) AS status) u
        WHERE expected = 0;
    END IF;
    IF v_new < cardinality(p_id) THEN
        UPDATE process t
        SET shard = u.shard, version = u.version, state = u.state, wake_at = u.wake_at, customer_id = u.customer_id,
            loan_id = u.loan_id, definition = u.definition, status = u.status
        FROM (SELECT unnest(p_id) AS id, unnest(p_shard) AS shard, unnest(p_expected) AS expected,
                     unnest(p_version) AS version, unnest(p_state) AS state, unnest(p_wake_at) AS wake_at,
                     unnest(p_customer_id) AS customer_id, unnest(p_loan_id) AS loan_id,
                     unnest(p_definition) AS definition, unnest(p_status) AS status) u
        WHERE t.id = u.id AND t.version = u.expected AND u.expected <> 0;
        GET DIAGNOSTICS v_done = ROW_COUNT;
        IF v_done <> cardinality(p_id) - v_new THEN
            PERFORM raise_version((
                SELECT min(u.id) FROM (SELECT unnest(p_id) AS id, unnest(p_expected) AS expected) u
                LEFT JOIN process t ON t.id = u.id AND t.xmin = pg_current_xact_id()::xid
                WHERE u.expected <> 0 AND t.id IS NULL));
        END IF;
    END IF;
END $$;

CREATE FUNCTION write_wakes(p_kind smallint[], p_id text[], p_wake_at bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_rows integer;
    v_done integer := 0;
BEGIN
    IF 1 = ANY (p_kind) THEN
        UPDATE customer t SET wake_at = u.wake_at
        FROM (SELECT unnest(p_kind) AS kind, unnest(p_id) AS id, unnest(p_wake_at) AS wake_at) u
        WHERE u.kind = 1 AND t.id = u.id;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_done := v_done + v_rows;
    END IF;
    IF 2 = ANY (p_kind) THEN
        UPDATE loan t SET wake_at = u.wake_at
        FROM (SELECT unnest(p_kind) AS kind, unnest(p_id) AS id, unnest(p_wake_at) AS wake_at) u
        WHERE u.kind = 2 AND t.id = u.id;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_done := v_done + v_rows;
    END IF;
    IF 3 = ANY (p_kind) THEN
        UPDATE process t SET wake_at = u.wake_at
        FROM (SELECT unnest(p_kind) AS kind, unnest(p_id) AS id, unnest(p_wake_at) AS wake_at) u
        WHERE u.kind = 3 AND t.id = u.id;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_done := v_done + v_rows;
    END IF;
    IF v_done <> cardinality(p_id) THEN
        PERFORM raise_version((
            SELECT min(u.id) FROM (SELECT unnest(p_id) AS id) u
            WHERE NOT EXISTS (SELECT 1 FROM customer t WHERE t.id = u.id)
              AND NOT EXISTS (SELECT 1 FROM loan t WHERE t.id = u.id)
              AND NOT EXISTS (SELECT 1 FROM process t WHERE t.id = u.id)));
    END IF;
END $$;

-- p_o_* operations, p_j_* journal, p_e_* postings (entries), p_c_*, p_l_*, p_p_* rows, p_w_* wakes.
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
                               p_c_identity_index, p_c_status);
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
