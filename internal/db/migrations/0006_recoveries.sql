-- +goose Up

-- Requests of people who lost their account (F-08). They have no account to be known by: a tracking number stands for it.
CREATE TABLE recoveries (
    id           text PRIMARY KEY,
    number_index bytea  NOT NULL UNIQUE, -- of the tracking number
    state        text   NOT NULL,        -- collecting, open, approved, completed, rejected, withdrawn, expired
    proof        text   NOT NULL,        -- school, copies
    person_index bytea  NOT NULL,        -- of the document that the person names
    phone_index  bytea  NOT NULL,        -- of the contact phone
    sealed       bytea  NOT NULL,        -- what was asked for, as JSON
    address      text   NOT NULL,        -- where it came from, for the bound per address
    entry_id     text,                   -- the registry's entry that fitted when it was filed: never shown to the person
    school_id    text,                   -- the school that the person named
    region       text   NOT NULL,        -- where it lies when no school is known
    account_id   text,                   -- the account that the decision gives back
    reason       text   NOT NULL,
    decided_by   text   NOT NULL,
    created_at   bigint NOT NULL,
    submitted_at bigint,                 -- when it was complete, and somebody's to decide
    decided_at   bigint,
    ended_at     bigint,                 -- completed, withdrawn or expired
    erased_at    bigint                  -- when the copies were removed
);
CREATE INDEX recoveries_state ON recoveries (state, id);
CREATE INDEX recoveries_person ON recoveries (person_index);
CREATE INDEX recoveries_address ON recoveries (address, created_at);

-- One unfinished request per phone: the primary key decides, whatever the interleaving.
CREATE TABLE open_recoveries (
    phone_index bytea PRIMARY KEY,
    recovery_id text NOT NULL UNIQUE REFERENCES recoveries (id)
);

CREATE TABLE recovery_copies (
    recovery_id text   NOT NULL REFERENCES recoveries (id),
    copy        text   NOT NULL, -- id_card, certificate
    blob_id     text   NOT NULL, -- the sealed file
    media_type  text   NOT NULL,
    created_at  bigint NOT NULL,
    PRIMARY KEY (recovery_id, copy)
);
