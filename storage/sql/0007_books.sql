-- The books: totals of closed days, daily vouchers to the core, differences from the core's ledger.

-- Lines of one day lie together on few pages, so a summary of a page range (its first and last date) finds them; it
-- costs a commit nothing that can be measured (tests/books/README.md), unlike a B-tree on the same column.
CREATE INDEX posting_day ON posting USING brin (business_date) WITH (pages_per_range = 16, autosummarize = on);

-- One row for each account that has a balance or moved: balance_fen is debit less credit at the end of the day.
CREATE TABLE ledger_day (
    bank text COLLATE "C" NOT NULL,
    date date NOT NULL,
    account text COLLATE "C" NOT NULL,
    memo boolean NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    balance_fen bigint NOT NULL,
    lines bigint NOT NULL,
    PRIMARY KEY (bank, date, account, memo)
);

-- A closed day. final_at: the core's ledger agreed, or each difference had an owner.
CREATE TABLE books_day (
    bank text COLLATE "C" NOT NULL,
    date date NOT NULL,
    mode text COLLATE "C" NOT NULL,
    lines bigint NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT now(),
    compared_at timestamptz,
    final_at timestamptz,
    PRIMARY KEY (bank, date)
);

-- What the core booked by itself on our instructions, in its own accounts (debit less credit): learned with the books
-- of one day, in the core's ledger since another. A voucher carries our day less this.
CREATE TABLE core_booking (
    bank text COLLATE "C" NOT NULL,
    learned_on date NOT NULL,
    effective_on date NOT NULL,
    product text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    fen bigint NOT NULL,
    PRIMARY KEY (bank, learned_on, effective_on, product, account)
);
CREATE INDEX core_booking_effective ON core_booking (bank, effective_on);

-- A daily voucher. number: its id at the core for ever. status: draft (never sent), sent (outcome not known yet),
-- booked, refused. reason '' for a day's own, else of which difference it disposes.
CREATE TABLE voucher (
    number text COLLATE "C" PRIMARY KEY,
    bank text COLLATE "C" NOT NULL,
    date date NOT NULL,
    product text COLLATE "C" NOT NULL,
    seq integer NOT NULL,
    amount_fen bigint NOT NULL,
    status text COLLATE "C" NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'sent', 'booked', 'refused')),
    attempts integer NOT NULL DEFAULT 0,
    code text COLLATE "C" NOT NULL DEFAULT '',
    outside_code text COLLATE "C" NOT NULL DEFAULT '',
    core_date date,
    core_serial text COLLATE "C" NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    maker text COLLATE "C" NOT NULL DEFAULT '',
    checker text COLLATE "C" NOT NULL DEFAULT '',
    made_at timestamptz NOT NULL DEFAULT now(),
    booked_at timestamptz,
    UNIQUE (bank, date, product, seq)
);

CREATE TABLE voucher_line (
    number text COLLATE "C" NOT NULL REFERENCES voucher (number) ON DELETE CASCADE,
    line integer NOT NULL,
    account text COLLATE "C" NOT NULL, -- the core's code
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    PRIMARY KEY (number, line)
);

-- kind: ledger (an account of the core's against ours), split (a debit that the core split otherwise), trial (our own
-- trial balance), subledger (general ledger against the loans). fen: ours less theirs. It stands until the figures
-- agree again (agreed), another figure takes its place (replaced), or two persons settle it (settled).
CREATE TABLE difference (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank text COLLATE "C" NOT NULL,
    date date NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('ledger', 'split', 'trial', 'subledger')),
    subject text COLLATE "C" NOT NULL,
    ours_fen bigint NOT NULL,
    theirs_fen bigint NOT NULL,
    fen bigint NOT NULL,
    detail text NOT NULL DEFAULT '',
    status text COLLATE "C" NOT NULL DEFAULT 'open'
        CHECK (status IN ('open', 'assigned', 'settled', 'agreed', 'replaced')),
    owner text COLLATE "C" NOT NULL DEFAULT '',
    maker text COLLATE "C" NOT NULL DEFAULT '',
    checker text COLLATE "C" NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL DEFAULT now(),
    ended_on date,
    UNIQUE (bank, kind, subject, date, fen)
);
CREATE INDEX difference_standing ON difference (bank, date) WHERE status IN ('open', 'assigned');
