-- +goose Up

-- A class's teachers, and which of them is its class teacher (班主任).
ALTER TABLE class_teachers ADD COLUMN head boolean NOT NULL DEFAULT false;

-- Who asked to be a pupil's guardian, and what became of it (F-21). What is confirmed has its row in guardian_links, under the
-- same id: whoever reads there reads of guardians alone.
CREATE TABLE guardian_requests (
    id            text PRIMARY KEY,
    account_id    text    NOT NULL REFERENCES accounts (id),
    entry_id      text    NOT NULL REFERENCES registry_entries (id), -- goes with it
    guardian_name text    NOT NULL, -- what the guardian says they are called; '' where nobody asked
    relation      text    NOT NULL, -- father, mother, other; '' where nobody asked
    asked_name    text    NOT NULL, -- of the child, masked, as it was typed: all that is shown before the confirmation
    asked_number  text    NOT NULL, -- likewise
    state         text    NOT NULL, -- asked, confirmed, declined, withdrawn, expired, left, ended
    school_only   boolean NOT NULL, -- the school refused or ended it before: nobody else confirms it
    channel       text    NOT NULL, -- what confirmed or declined it: slip, class_teacher, school, child; before: from when nobody was asked; '' while it waits
    asked_at      bigint  NOT NULL,
    expires_at    bigint  NOT NULL,
    decided_at    bigint,           -- when it was confirmed, declined, withdrawn or expired
    decided_by    text    NOT NULL, -- an account; '' for none
    ended_at      bigint,           -- when a confirmed one was left or ended
    reason        text    NOT NULL  -- of the last refusal or ending
);
-- One request, or one link, of one account to one child.
CREATE UNIQUE INDEX guardian_requests_live ON guardian_requests (entry_id, account_id) WHERE state IN ('asked', 'confirmed');
CREATE INDEX guardian_requests_account ON guardian_requests (account_id, id);
CREATE INDEX guardian_requests_waiting ON guardian_requests (expires_at) WHERE state = 'asked';

INSERT INTO guardian_requests (id, account_id, entry_id, guardian_name, relation, asked_name, asked_number, state, school_only, channel, asked_at, expires_at, decided_at, decided_by, reason)
SELECT id, account_id, entry_id, '', '', '', '', 'confirmed', false, 'before', created_at, created_at, created_at, '', '' FROM guardian_links;
