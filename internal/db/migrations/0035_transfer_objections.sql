-- +goose Up

-- What guardians say against a change of school of their child that is under way.
CREATE TABLE transfer_objections (
    transfer_id text   NOT NULL REFERENCES transfers (id),
    account_id  text   NOT NULL REFERENCES accounts (id),
    reason      text   NOT NULL,
    at          bigint NOT NULL,
    PRIMARY KEY (transfer_id, account_id)
);
CREATE INDEX transfer_objections_account ON transfer_objections (account_id);
