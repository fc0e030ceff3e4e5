-- +goose Up

-- Conventions: ids are text made in Go; times are milliseconds since 1970 in UTC; personal numbers are sealed by the
-- vault and found by its keyed index. Uniqueness that spans the province lives in narrow tables whose primary key is
-- the unique value (logins, documents, bindings).

-- Regions, schools, classes

CREATE TABLE regions (
    code   text PRIMARY KEY, -- GB/T 2260
    level  text NOT NULL,    -- province, city, county
    name   text NOT NULL,
    parent text              -- null for the province
);
CREATE INDEX regions_parent ON regions (parent, code);

CREATE TABLE schools (
    id         text PRIMARY KEY,
    code       text   NOT NULL UNIQUE, -- 学校标识码, 10 digits
    name       text   NOT NULL,
    region     text   NOT NULL REFERENCES regions (code), -- the county
    created_at bigint NOT NULL
);
CREATE INDEX schools_region ON schools (region, id);

CREATE TABLE classes (
    id              text PRIMARY KEY,
    school_id       text    NOT NULL REFERENCES schools (id),
    stage           text    NOT NULL, -- kindergarten, primary, junior, senior, vocational, special
    entry_year      integer NOT NULL,
    number          integer NOT NULL,
    schooling_years integer NOT NULL,
    name            text    NOT NULL, -- '' when the grade and number are its name
    created_at      bigint  NOT NULL,
    UNIQUE (school_id, stage, entry_year, number)
);

-- The real-name registry

CREATE TABLE registry_entries (
    id                        text PRIMARY KEY,
    kind                      text   NOT NULL, -- teacher, student
    name                      text   NOT NULL, -- as the registry spells it
    name_key                  text   NOT NULL, -- the form in which names are compared
    id_type                   text   NOT NULL,
    id_number_sealed          bytea  NOT NULL,
    document_index            bytea  NOT NULL,
    student_number_sealed     bytea,
    certificate_number_sealed bytea,
    school_id                 text   NOT NULL, -- no foreign key: checking it took half of an import, and schools are never deleted
    class_id                  text,
    created_at                bigint NOT NULL,
    updated_at                bigint NOT NULL
);
-- Serves a school's list and a class's: whoever asks for a class knows its school. The kind lets a province be counted from
-- the index alone. A second index, or the id within this one, would slow imports down.
CREATE INDEX registry_entries_school ON registry_entries (school_id, class_id, kind);

-- One document, one entry.
CREATE TABLE documents (
    document_index bytea PRIMARY KEY,
    entry_id       text NOT NULL
);

CREATE TABLE class_teachers (
    class_id text NOT NULL REFERENCES classes (id),
    entry_id text NOT NULL REFERENCES registry_entries (id),
    PRIMARY KEY (class_id, entry_id)
);
CREATE INDEX class_teachers_entry ON class_teachers (entry_id, class_id);

CREATE TABLE roster_imports (
    id          text PRIMARY KEY,
    account_id  text    NOT NULL, -- who imports; '' for the command line
    kind        text    NOT NULL,
    school_id   text,             -- null when the file names the schools
    scopes      text    NOT NULL, -- division codes within which those must lie, divided by commas; '' when anywhere
    filename    text    NOT NULL,
    state       text    NOT NULL, -- queued, running, done, failed
    failure     text    NOT NULL, -- a code and what its message needs, '' unless failed
    headings    text    NOT NULL, -- of the file's columns, as a JSON list; '' until they are known
    size_bytes  bigint  NOT NULL, -- of the file
    read_bytes  bigint  NOT NULL, -- how far it has been read
    rows_done   bigint  NOT NULL, -- rows decided so far: where a restart resumes
    accepted    bigint  NOT NULL,
    rejected    bigint  NOT NULL,
    created_at  bigint  NOT NULL,
    started_at  bigint,           -- when its first row was decided: what it added itself is younger
    finished_at bigint
);
CREATE INDEX roster_imports_school ON roster_imports (school_id, id);

-- The rows that an import rejected, in pieces, each written in the transaction that decided its rows.
CREATE TABLE roster_rejects (
    import_id  text   NOT NULL REFERENCES roster_imports (id),
    first_line bigint NOT NULL,
    sealed     bytea  NOT NULL, -- lines, cells and reasons, as JSON
    PRIMARY KEY (import_id, first_line)
);

-- Accounts

CREATE TABLE accounts (
    id               text PRIMARY KEY,
    username         text    NOT NULL, -- as typed at registration
    password_hash    text    NOT NULL,
    role             text    NOT NULL, -- teacher, student, parent, public
    phone_sealed     bytea,
    replace_password boolean NOT NULL, -- the password is a one-time code
    password_expires bigint,           -- when that one-time code ends
    created_at       bigint  NOT NULL,
    updated_at       bigint  NOT NULL
);

-- One login name or phone, one account. Key 'u:' and the lower-case username, or 'p:' and the phone's index in hex.
CREATE TABLE logins (
    login_key  text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id)
);
CREATE INDEX logins_account ON logins (account_id);

CREATE TABLE grants (
    account_id text   NOT NULL REFERENCES accounts (id),
    level      text   NOT NULL, -- province, city, county, school
    scope_id   text   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (account_id, level, scope_id)
);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    id         text   NOT NULL UNIQUE,
    account_id text   NOT NULL REFERENCES accounts (id),
    address    text   NOT NULL,
    user_agent text   NOT NULL,
    created_at bigint NOT NULL,
    used_at    bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);

-- Where an account has signed in from: there its owner is not slowed down by the failures of others.
CREATE TABLE known_addresses (
    account_id text   NOT NULL REFERENCES accounts (id),
    address    text   NOT NULL,
    seen_at    bigint NOT NULL,
    PRIMARY KEY (account_id, address)
);

-- Failed attempts that slow the next one down, per account, address or both.
CREATE TABLE attempts (
    attempt_key   text PRIMARY KEY,
    failures      integer NOT NULL,
    last_at       bigint  NOT NULL,
    blocked_until bigint  NOT NULL
);

-- Verification codes

CREATE TABLE sms_messages (
    id            text PRIMARY KEY,
    phone_index   bytea   NOT NULL,
    phone_sealed  bytea   NOT NULL,
    purpose       text    NOT NULL,
    code_hash     bytea,            -- null for a notice
    content_sealed bytea,           -- text and code, until it is sent
    state         text    NOT NULL, -- queued, sent, delivered, failed
    reason        text    NOT NULL, -- why it failed, '' otherwise
    wrong_guesses integer NOT NULL,
    created_at    bigint  NOT NULL,
    expires_at    bigint  NOT NULL,
    ended_at      bigint            -- used, replaced by a newer one, or guessed wrong too often
);
CREATE INDEX sms_messages_phone ON sms_messages (phone_index, purpose, created_at);

-- How many codes a phone was sent on its latest day, and when the last.
CREATE TABLE sms_quotas (
    phone_index  bytea PRIMARY KEY,
    day          text    NOT NULL, -- 2026-09-01, in Asia/Shanghai
    sent         integer NOT NULL,
    last_sent_at bigint  NOT NULL
);

-- Bindings

-- One entry, one account: the primary key and the unique account decide whatever the interleaving.
CREATE TABLE bindings (
    entry_id   text PRIMARY KEY REFERENCES registry_entries (id),
    account_id text   NOT NULL UNIQUE REFERENCES accounts (id),
    id         text   NOT NULL UNIQUE,
    school_id  text   NOT NULL, -- the entry's, so that a province can be counted: whoever moves the entry moves this too
    kind       text   NOT NULL, -- teacher, student; parent: a teacher's entry whose account was verified as a parent's
    bound_at   bigint NOT NULL
);
CREATE INDEX bindings_school ON bindings (school_id, kind);

-- A parent's account and a student's entry; several of either may be linked.
CREATE TABLE guardian_links (
    id         text PRIMARY KEY,
    account_id text   NOT NULL REFERENCES accounts (id),
    entry_id   text   NOT NULL REFERENCES registry_entries (id),
    created_at bigint NOT NULL,
    UNIQUE (account_id, entry_id)
);
CREATE INDEX guardian_links_entry ON guardian_links (entry_id);

-- Requests that a person must answer

CREATE TABLE tickets (
    id          text PRIMARY KEY,
    kind        text   NOT NULL, -- missing_entry, missing_class, not_me
    state       text   NOT NULL, -- open, done, declined
    account_id  text   NOT NULL REFERENCES accounts (id),
    school_id   text   NOT NULL REFERENCES schools (id),
    sealed      bytea  NOT NULL, -- what was asked for, as JSON
    answer      text   NOT NULL,
    answered_by text,
    created_at  bigint NOT NULL,
    answered_at bigint
);
CREATE INDEX tickets_school ON tickets (school_id, state, id);
CREATE INDEX tickets_account ON tickets (account_id, id);

-- Kernel: audit, jobs, idempotency

CREATE TABLE audit_records (
    id         text PRIMARY KEY,
    at         bigint NOT NULL,
    actor_id   text   NOT NULL, -- '' for the system
    action     text   NOT NULL,
    target     text   NOT NULL,
    target_id  text   NOT NULL,
    region     text   NOT NULL,
    school_id  text   NOT NULL,
    reason     text   NOT NULL,
    details    text   NOT NULL, -- JSON, without personal numbers
    address    text   NOT NULL,
    request_id text   NOT NULL
);
CREATE INDEX audit_records_school ON audit_records (school_id, id);
CREATE INDEX audit_records_region ON audit_records (region, id);

CREATE TABLE jobs (
    id          text PRIMARY KEY,
    kind        text    NOT NULL,
    payload     bytea   NOT NULL,
    attempts    integer NOT NULL,
    run_at      bigint  NOT NULL, -- not before; while a worker holds it, when its lease ends
    holder      text    NOT NULL, -- '' while nobody works on it
    created_at  bigint  NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at);

CREATE TABLE idempotency_keys (
    request_key  bytea PRIMARY KEY, -- who, where and the Idempotency-Key
    body_hash    bytea   NOT NULL,
    status       integer NOT NULL,  -- 0 while the first request runs
    answer       bytea,             -- sealed
    created_at   bigint  NOT NULL
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE meta (
    name  text PRIMARY KEY,
    value text NOT NULL
);
