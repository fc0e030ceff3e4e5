-- +goose Up

-- Taking over the old system's accounts writes twice as many logins as accounts, and nothing else took as long. A login is found
-- by its key alone: who closes an account knows its keys.
DROP INDEX logins_account;
