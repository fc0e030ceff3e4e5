-- +goose Up

-- A guardian's phone that stands behind a pupil's account without being its login. The slot bounds for how many accounts one
-- phone may stand, whatever the interleaving.
CREATE TABLE recovery_contacts (
    phone_index  bytea   NOT NULL,
    slot         integer NOT NULL, -- 1 to 5
    account_id   text    NOT NULL UNIQUE REFERENCES accounts (id),
    phone_sealed bytea   NOT NULL,
    confirmed_at bigint  NOT NULL,
    PRIMARY KEY (phone_index, slot)
);

-- An account that is being closed may be kept until then. What is left of a closed one is its row, without anything personal.
ALTER TABLE accounts ADD COLUMN closes_at bigint;
ALTER TABLE accounts ADD COLUMN closed_at bigint;
CREATE INDEX accounts_closing ON accounts (closes_at) WHERE closes_at IS NOT NULL;

-- A person reads the records that concern them.
CREATE INDEX audit_records_target ON audit_records (target_id, id);
