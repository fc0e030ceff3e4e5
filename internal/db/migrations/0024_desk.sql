-- +goose Up

-- Who has to answer a request by when, and to whom it has been handed up because nobody did.
ALTER TABLE tickets ADD COLUMN level text NOT NULL DEFAULT 'school'; -- whose it is to answer: school, county, city, province
ALTER TABLE tickets ADD COLUMN due_at bigint NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN escalated_at bigint;    -- when it was handed up last
ALTER TABLE tickets ADD COLUMN taken_by text REFERENCES accounts (id); -- which of several administrators sees to it
ALTER TABLE tickets ADD COLUMN taken_at bigint;
ALTER TABLE tickets ADD COLUMN canned text NOT NULL DEFAULT ''; -- the ready answer, by its name: its words come in the reader's language
UPDATE tickets SET level = 'province' WHERE school_id IS NULL;
UPDATE tickets SET level = 'county' WHERE appeals IS NOT NULL;
-- Five working days; the holidays are the program's to know, and what is open still is late in any case or has a week.
UPDATE tickets SET due_at = created_at + 604800000;
CREATE INDEX tickets_open ON tickets (due_at) WHERE state = 'open';

-- The same for lost accounts.
ALTER TABLE recoveries ADD COLUMN due_at bigint; -- null while the copies are still to come
ALTER TABLE recoveries ADD COLUMN escalated_at bigint;
UPDATE recoveries SET due_at = submitted_at + 604800000 WHERE submitted_at IS NOT NULL;

-- How many requests have been handed up to a scope whose administrators are still to be told.
CREATE TABLE handed_up (
    level    text   NOT NULL, -- county, city, province, service
    scope_id text   NOT NULL,
    requests bigint NOT NULL,
    PRIMARY KEY (level, scope_id)
);
