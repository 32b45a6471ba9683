-- Each bank's terms in every version ever loaded, and where its business date stands.

CREATE TABLE bank (
    code text COLLATE "C" PRIMARY KEY,
    version integer NOT NULL,
    business_date date NOT NULL,
    date_epoch bigint NOT NULL DEFAULT 1
);

CREATE TABLE bank_terms (
    bank text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    terms json NOT NULL, -- json, not jsonb: what was loaded, to the byte
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (bank, version)
);

-- The version of these terms: a new one only when they differ from the current ones. The date is for a new bank.
CREATE FUNCTION bank_put(p_code text, p_terms text, p_business_date date) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_version integer;
BEGIN
    INSERT INTO bank (code, version, business_date) VALUES (p_code, 0, p_business_date) ON CONFLICT DO NOTHING;
    SELECT version INTO v_version FROM bank WHERE code = p_code FOR UPDATE;
    IF EXISTS (SELECT 1 FROM bank_terms
               WHERE bank = p_code AND version = v_version AND terms::text = p_terms) THEN
        RETURN v_version;
    END IF;
    INSERT INTO bank_terms (bank, version, terms) VALUES (p_code, v_version + 1, p_terms::json);
    UPDATE bank SET version = v_version + 1 WHERE code = p_code;
    RETURN v_version + 1;
END $$;
