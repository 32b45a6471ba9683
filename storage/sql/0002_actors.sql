-- What actors are (one row each) and what happened to them (journal, operations, postings).
-- Kinds: 1 customer, 2 loan, 3 process (storage/rows.py).

-- Never expires: a retry after years must find its reply. `digest` covers address and content.
CREATE TABLE operation (
    op_hash bytea NOT NULL,
    digest bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    kind smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    bank text COLLATE "C" NOT NULL,
    reply bytea NOT NULL,
    CONSTRAINT operation_pkey PRIMARY KEY (op_hash)
);

-- Two indexes and no more: the actor's own history, and the chain of its shard (its head is read at a takeover).
CREATE TABLE journal (
    seq bigint NOT NULL,
    version bigint NOT NULL,
    at_ms bigint NOT NULL,
    shard integer NOT NULL,
    business_date date NOT NULL,
    kind smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    bank text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    op_hash bytea NOT NULL,
    hash bytea NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (kind, id, version),
    CONSTRAINT journal_shard_seq UNIQUE (shard, seq)
);

-- No index at all: lines are derived from the journal (which has one for a loan's transactions) and read only by
-- set-based runs over everything: trial balance, daily vouchers, miaodai verify. Uniqueness follows from the journal's.
CREATE TABLE posting (
    version bigint NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    business_date date NOT NULL,
    kind smallint NOT NULL,
    line smallint NOT NULL,
    memo boolean NOT NULL,
    id text COLLATE "C" NOT NULL,
    bank text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL
);

-- An actor's row. `state` stays in the row up to a page (STORAGE MAIN, toast_tuple_target); fillfactor leaves room for
-- the next version on the same page (HOT). wake_at: milliseconds since 1970, 0 never; indexed only when set.
CREATE TABLE customer (
    version bigint NOT NULL,
    wake_at bigint NOT NULL,
    shard integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    bank text COLLATE "C" NOT NULL,
    identity_index bytea,
    status text COLLATE "C",
    state bytea STORAGE MAIN NOT NULL,
    CONSTRAINT customer_pkey PRIMARY KEY (id),
    CONSTRAINT customer_identity UNIQUE (bank, identity_index)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
CREATE INDEX customer_wake ON customer (shard, wake_at) WHERE wake_at > 0;

CREATE TABLE loan (
    version bigint NOT NULL,
    wake_at bigint NOT NULL,
    principal_fen_outstanding bigint,
    shard integer NOT NULL,
    next_due date,
    closed_to date,
    id text COLLATE "C" NOT NULL,
    bank text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C",
    product text COLLATE "C",
    status text COLLATE "C",
    state bytea STORAGE MAIN NOT NULL,
    CONSTRAINT loan_pkey PRIMARY KEY (id)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
CREATE INDEX loan_wake ON loan (shard, wake_at) WHERE wake_at > 0;
CREATE INDEX loan_due ON loan (bank, next_due) WHERE next_due IS NOT NULL; -- the day's run
CREATE INDEX loan_customer ON loan (customer_id);

CREATE TABLE process (
    version bigint NOT NULL,
    wake_at bigint NOT NULL,
    shard integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    bank text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C",
    loan_id text COLLATE "C",
    definition text COLLATE "C",
    status text COLLATE "C",
    state bytea STORAGE MAIN NOT NULL,
    CONSTRAINT process_pkey PRIMARY KEY (id)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
CREATE INDEX process_wake ON process (shard, wake_at) WHERE wake_at > 0;
CREATE INDEX process_customer ON process (customer_id);

-- Done by the live owner of the actor's shard, after flushing it.
CREATE FUNCTION actor_dedicate(p_host text, p_incarnation bigint, p_kind smallint, p_id text, p_cap integer)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_slot integer;
BEGIN
    PERFORM 1 FROM host WHERE id = p_host AND incarnation = p_incarnation FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'fenced' USING ERRCODE = 'MD001';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('miaodai.dedicate'));
    SELECT slot INTO v_slot FROM dedicated WHERE kind = p_kind AND id = p_id;
    IF FOUND THEN
        RETURN v_slot;
    END IF;
    IF (SELECT count(*) FROM dedicated) >= p_cap THEN
        RETURN 0;
    END IF;
    SELECT max(shard) + 1 INTO v_slot FROM shard;
    INSERT INTO shard (shard) VALUES (v_slot);
    INSERT INTO dedicated (kind, id, slot) VALUES (p_kind, p_id, v_slot);
    CASE p_kind
        WHEN 1 THEN UPDATE customer SET shard = v_slot WHERE id = p_id;
        WHEN 2 THEN UPDATE loan SET shard = v_slot WHERE id = p_id;
        WHEN 3 THEN UPDATE process SET shard = v_slot WHERE id = p_id;
    END CASE;
    RETURN v_slot;
END $$;
