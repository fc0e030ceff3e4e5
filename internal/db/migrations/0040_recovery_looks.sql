-- +goose Up

-- Which copies of a request for a lost account somebody has opened: to approve it takes all of them (F-08).
CREATE TABLE recovery_looks (
    recovery_id text NOT NULL REFERENCES recoveries (id),
    copy        text NOT NULL,
    account_id  text NOT NULL, -- whose look it was
    PRIMARY KEY (recovery_id, account_id, copy)
);

-- A person's space asks whether somebody wants their account.
CREATE INDEX recoveries_entry ON recoveries (entry_id) WHERE state IN ('collecting', 'open', 'approved');
