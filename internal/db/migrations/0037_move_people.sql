-- +goose Up

-- Who moved stays with the move, and which class each left, so that they can be named and moved back.
ALTER TABLE move_entries ADD COLUMN state text NOT NULL DEFAULT 'waiting'; -- waiting, moved, stayed
ALTER TABLE move_entries ADD COLUMN class_id text NOT NULL DEFAULT ''; -- where this one goes; '' for where the move goes
ALTER TABLE move_entries ADD COLUMN class_before text NOT NULL DEFAULT '';

-- Whoever gets another entry in place of a wrong one stays among them.
CREATE INDEX move_entries_entry ON move_entries (entry_id);
