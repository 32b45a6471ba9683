-- Who owns which shard. Read storage/directory.py beside this.

-- A change of incarnation changes a key column, so it conflicts with the FOR KEY SHARE of a commit in flight and waits
-- for it; a heartbeat changes lease_until only and does not.
CREATE SEQUENCE host_incarnation AS bigint;

CREATE TABLE host (
    id text COLLATE "C" PRIMARY KEY,
    incarnation bigint NOT NULL,
    lease_until timestamptz NOT NULL,
    dedicated boolean NOT NULL,
    CONSTRAINT host_fence UNIQUE (id, incarnation)
) WITH (fillfactor = 50);

-- Slots from 1024 on belong to dedicated actors. host '' is nobody. epoch grows with each change of owner.
CREATE TABLE shard (
    shard integer PRIMARY KEY,
    host text COLLATE "C" NOT NULL DEFAULT '',
    epoch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO shard (shard) SELECT generate_series(0, 1023);

CREATE TABLE dedicated (
    kind smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    slot integer NOT NULL UNIQUE REFERENCES shard (shard),
    PRIMARY KEY (kind, id)
);

CREATE TABLE placement (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    holder text COLLATE "C" NOT NULL DEFAULT '',
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO placement DEFAULT VALUES;

CREATE FUNCTION lease_end(p_ms bigint) RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() + p_ms * interval '1 millisecond' $$;

-- Takes a new incarnation (waits out commits in flight); the shards stay, each under a new epoch, so that a stale
-- process of the same name cannot give them away.
CREATE FUNCTION host_register(p_host text, p_lease_ms bigint, p_dedicated boolean) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_incarnation bigint;
BEGIN
    INSERT INTO host AS h (id, incarnation, lease_until, dedicated)
    VALUES (p_host, nextval('host_incarnation'), lease_end(p_lease_ms), p_dedicated)
    ON CONFLICT (id) DO UPDATE
        SET incarnation = nextval('host_incarnation'), lease_until = lease_end(p_lease_ms), dedicated = p_dedicated
    RETURNING h.incarnation INTO v_incarnation;
    PERFORM 1 FROM shard WHERE host = p_host ORDER BY shard FOR UPDATE;
    UPDATE shard SET epoch = epoch + 1 WHERE host = p_host;
    RETURN v_incarnation;
END $$;

CREATE FUNCTION host_leave(p_host text, p_incarnation bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM host WHERE id = p_host AND incarnation = p_incarnation;
    IF FOUND THEN
        PERFORM 1 FROM shard WHERE host = p_host ORDER BY shard FOR UPDATE;
        UPDATE shard SET host = '', epoch = epoch + 1 WHERE host = p_host;
    END IF;
END $$;

CREATE FUNCTION host_fence(p_host text, p_incarnation bigint, p_expired_only boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE host SET incarnation = nextval('host_incarnation'), lease_until = '-infinity'
    WHERE id = p_host AND incarnation = p_incarnation
      AND NOT (p_expired_only AND lease_until > clock_timestamp());
    RETURN FOUND;
END $$;

CREATE FUNCTION shard_assign(p_shard integer[], p_from text[], p_epoch bigint[], p_to text[]) RETURNS SETOF integer
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM shard WHERE shard = ANY (p_shard) ORDER BY shard FOR UPDATE;
    RETURN QUERY
        UPDATE shard s SET host = m.target, epoch = s.epoch + 1
        FROM (SELECT unnest(p_shard) AS shard, unnest(p_from) AS host, unnest(p_epoch) AS epoch, unnest(p_to) AS target) m
        WHERE s.shard = m.shard AND s.host = m.host AND s.epoch = m.epoch
        RETURNING s.shard;
END $$;
