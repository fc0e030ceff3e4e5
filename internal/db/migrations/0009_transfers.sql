-- +goose Up

-- People's own requests to move their registry entry to another school (F-22). An approval that is not needed stays null.
CREATE TABLE transfers (
    id               text PRIMARY KEY,
    account_id       text   NOT NULL REFERENCES accounts (id), -- who asks: the person, or a pupil's guardian
    entry_id         text   NOT NULL, -- no foreign key: the request outlives the entry
    kind             text   NOT NULL, -- teacher, student: whose approvals it takes
    name             text   NOT NULL, -- of the person, for the schools' records
    from_school_id   text   NOT NULL REFERENCES schools (id),
    to_school_id     text   NOT NULL REFERENCES schools (id),
    reason           text   NOT NULL,
    state            text   NOT NULL, -- pending, completed, rejected, cancelled, expired
    created_at       bigint NOT NULL,
    due_at           bigint NOT NULL, -- by when the schools should have answered
    expires_at       bigint NOT NULL,
    escalated_at     bigint,          -- when the county was called in
    from_approved_at bigint,
    from_approved_by text,
    to_approved_at   bigint,
    to_approved_by   text,
    closed_at        bigint,
    closed_by        text,            -- null where time closed it
    closing_reason   text   NOT NULL
);
CREATE INDEX transfers_from ON transfers (from_school_id, state, id);
CREATE INDEX transfers_to ON transfers (to_school_id, state, id);
CREATE INDEX transfers_account ON transfers (account_id, id);
CREATE INDEX transfers_pending ON transfers (state, due_at);

-- One open request per person.
CREATE TABLE open_transfers (
    entry_id    text PRIMARY KEY,
    transfer_id text NOT NULL REFERENCES transfers (id)
);
