-- +goose Up

-- A session knows by which face it was begun, and whether its person said that the computer is theirs: that is how long it
-- lasts. Those from before last as long as they were promised.
ALTER TABLE sessions ADD COLUMN face text NOT NULL DEFAULT 'web'; -- web; api: a program, which keeps its token itself
ALTER TABLE sessions ADD COLUMN trusted boolean NOT NULL DEFAULT true;

-- What happened to an account's security, as its owner reads it.
CREATE TABLE security_events (
    id                  text PRIMARY KEY,
    account_id          text   NOT NULL REFERENCES accounts (id),
    kind                text   NOT NULL, -- the notice that tells of it
    done_by             text   NOT NULL, -- owner, administrator
    address             text   NOT NULL, -- of whoever did it; '' for an administrator
    user_agent          text   NOT NULL,
    masked_phone        text   NOT NULL, -- of the phone that it is about, '' otherwise
    phone_before_sealed bytea,           -- where a phone was replaced
    at                  bigint NOT NULL
);
CREATE INDEX security_events_account ON security_events (account_id, id);

-- The "this was not me" links of notices, one for each phone that was told.
CREATE TABLE notice_links (
    token_hash bytea PRIMARY KEY,
    event_id   text   NOT NULL REFERENCES security_events (id),
    expires_at bigint NOT NULL,
    used_at    bigint
);
CREATE INDEX notice_links_event ON notice_links (event_id);

-- Accounts that nobody gets into until their owner has come back.
CREATE TABLE freezes (
    account_id   text PRIMARY KEY REFERENCES accounts (id),
    event_id     text   NOT NULL REFERENCES security_events (id), -- what the owner said they had not done
    phone_index  bytea,                                           -- of the phone that may take the account back; null where none is safe
    phone_sealed bytea,
    frozen_at    bigint NOT NULL
);
CREATE INDEX freezes_phone ON freezes (phone_index);

-- A request of somebody without a school is the province's to answer: a ticket's school may be null.
DROP INDEX tickets_school;
ALTER TABLE tickets ADD COLUMN at_school text REFERENCES schools (id);
UPDATE tickets SET at_school = school_id;
ALTER TABLE tickets DROP COLUMN school_id;
ALTER TABLE tickets RENAME COLUMN at_school TO school_id;
CREATE INDEX tickets_school ON tickets (school_id, state, id);
