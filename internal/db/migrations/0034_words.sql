-- +goose Up

-- What customer service wrote to whoever asked while their request waits, the latest; every one is on record.
ALTER TABLE tickets ADD COLUMN word text NOT NULL DEFAULT '';
ALTER TABLE tickets ADD COLUMN word_at bigint;
