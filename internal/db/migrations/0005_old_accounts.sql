-- +goose Up

-- When an account came over from the old system; null for one that was made here.
ALTER TABLE accounts ADD COLUMN imported_at bigint;

-- Captchas that have been solved, so that none serves twice. A request may show its own as often as it is asked.
CREATE TABLE captchas (
    id         text PRIMARY KEY,
    request_id text   NOT NULL,
    expires_at bigint NOT NULL
);
