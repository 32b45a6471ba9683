-- Nonces of signed requests while Redis is away. Unlogged: after a crash it is empty, and the time window of a signature
-- is what then limits a replay.
CREATE UNLOGGED TABLE nonce (
    nonce bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
