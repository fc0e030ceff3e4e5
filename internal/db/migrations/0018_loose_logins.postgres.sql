-- +goose Up

-- Accounts are never deleted, and looking each one up again made taking over the old system's accounts slower.
ALTER TABLE logins DROP CONSTRAINT logins_account_id_fkey;
