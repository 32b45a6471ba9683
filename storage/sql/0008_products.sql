-- Terms by date: every version is valid from a business date and is never edited; a change takes two persons; LPR by file.

ALTER TABLE bank_terms
    ADD COLUMN valid_from date NOT NULL DEFAULT '0001-01-01',
    ADD COLUMN cause text NOT NULL DEFAULT 'loaded', -- loaded, proposal, lpr
    ADD COLUMN proposal bigint;

CREATE FUNCTION bank_terms_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of terms is never edited: a new one supersedes it' USING ERRCODE = '23514';
END $$;
CREATE TRIGGER bank_terms_frozen BEFORE UPDATE OR DELETE ON bank_terms
    FOR EACH ROW EXECUTE FUNCTION bank_terms_frozen();

CREATE TABLE terms_proposal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank text COLLATE "C" NOT NULL REFERENCES bank (code),
    base_version integer NOT NULL, -- the bank's latest version when it was made
    valid_from date NOT NULL,
    supersedes boolean NOT NULL, -- may set aside versions of the same items that are approved for a later date
    base json NOT NULL, -- item -> its value before; null: there was none
    change json NOT NULL, -- item -> its value after
    note text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'withdrawn')),
    maker text NOT NULL CHECK (maker <> ''),
    made_at timestamptz NOT NULL DEFAULT now(),
    checker text NOT NULL DEFAULT '',
    decided_at timestamptz,
    reason text NOT NULL DEFAULT '',
    version integer, -- the first version of the terms that its approval made
    CONSTRAINT two_persons CHECK (status NOT IN ('approved', 'rejected') OR (checker <> '' AND checker <> maker))
);
CREATE UNIQUE INDEX terms_proposal_pending ON terms_proposal (bank, valid_from, supersedes, md5(change::text))
    WHERE status = 'pending';
CREATE INDEX terms_proposal_bank ON terms_proposal (bank, id);

CREATE TABLE lpr (
    tenor text NOT NULL,
    published date NOT NULL,
    rate numeric NOT NULL,
    loaded_by text NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenor, published)
);

-- First load of a bank. One that is there keeps its terms and date, whatever is given: changing them takes two persons.
CREATE OR REPLACE FUNCTION bank_put(p_code text, p_terms text, p_business_date date) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    v_version integer;
BEGIN
    INSERT INTO bank (code, version, business_date) VALUES (p_code, 1, p_business_date) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO bank_terms (bank, version, terms, valid_from) VALUES (p_code, 1, p_terms::json, p_business_date);
        RETURN 1;
    END IF;
    SELECT version INTO v_version FROM bank WHERE code = p_code;
    RETURN v_version;
END $$;

-- Add versions, in the order given, to banks whose latest version is still the one before. False: one was not, nothing done.
CREATE FUNCTION bank_terms_add(
    p_banks text[], p_versions integer[], p_dates date[], p_terms text[], p_cause text, p_proposal bigint
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM bank WHERE code = ANY (p_banks) ORDER BY code FOR UPDATE;
    IF EXISTS (SELECT 1 FROM unnest(p_banks, p_versions) AS n (code, version) LEFT JOIN bank b USING (code)
               GROUP BY n.code, b.version HAVING b.version IS NULL OR min(n.version) <> b.version + 1) THEN
        RETURN false;
    END IF;
    INSERT INTO bank_terms (bank, version, terms, valid_from, cause, proposal)
        SELECT n.code, n.version, n.terms::json, n.valid_from, p_cause, p_proposal
        FROM unnest(p_banks, p_versions, p_dates, p_terms) AS n (code, version, valid_from, terms);
    UPDATE bank SET version = n.version
        FROM (SELECT code, max(version) AS version
              FROM unnest(p_banks, p_versions) AS m (code, version) GROUP BY code) n
        WHERE bank.code = n.code;
    RETURN true;
END $$;

-- Approve: '' done, else why nothing was done: not_pending, date (has come), outdated (the bank's terms changed since).
CREATE FUNCTION terms_approve(
    p_id bigint, p_checker text, p_versions integer[], p_dates date[], p_terms text[]
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_bank text;
    v_from date;
    v_today date;
BEGIN
    SELECT bank, valid_from INTO v_bank, v_from FROM terms_proposal
        WHERE id = p_id AND status = 'pending' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'not_pending';
    END IF;
    SELECT business_date INTO v_today FROM bank WHERE code = v_bank FOR UPDATE;
    IF v_from <= v_today THEN
        RETURN 'date';
    END IF;
    IF NOT bank_terms_add(array_fill(v_bank, ARRAY[cardinality(p_versions)]), p_versions, p_dates, p_terms,
                          'proposal', p_id) THEN
        RETURN 'outdated';
    END IF;
    UPDATE terms_proposal SET status = 'approved', checker = p_checker, decided_at = now(), version = p_versions[1]
        WHERE id = p_id;
    RETURN '';
END $$;

-- Publish LPR rows together with the terms that carry them. False: a bank's terms changed meanwhile, nothing done.
CREATE FUNCTION lpr_load(
    p_tenors text[], p_days date[], p_rates numeric[], p_by text,
    p_banks text[], p_versions integer[], p_dates date[], p_terms text[]
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT bank_terms_add(p_banks, p_versions, p_dates, p_terms, 'lpr', NULL) THEN
        RETURN false;
    END IF;
    INSERT INTO lpr (tenor, published, rate, loaded_by)
        SELECT tenor, published, rate, p_by FROM unnest(p_tenors, p_days, p_rates) AS n (tenor, published, rate)
        ON CONFLICT DO NOTHING;
    RETURN true;
END $$;
