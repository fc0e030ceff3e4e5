-- +goose Up

-- A login is found by its key alone: who closes an account knows its keys. Without a rowid, a login is written once and not three
-- times, which taking over the old system's accounts does twice for each.
CREATE TABLE narrow_logins (
    login_key  text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id)
) WITHOUT ROWID;
INSERT INTO narrow_logins (login_key, account_id) SELECT login_key, account_id FROM logins ORDER BY login_key;
DROP TABLE logins;
ALTER TABLE narrow_logins RENAME TO logins;
