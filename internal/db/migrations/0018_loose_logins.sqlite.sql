-- +goose Up

-- Accounts are never deleted, and looking each one up again made taking over the old system's accounts slower.
CREATE TABLE loose_logins (
    login_key  text PRIMARY KEY,
    account_id text NOT NULL -- of accounts
) WITHOUT ROWID;
INSERT INTO loose_logins (login_key, account_id) SELECT login_key, account_id FROM logins ORDER BY login_key;
DROP TABLE logins;
ALTER TABLE loose_logins RENAME TO logins;
