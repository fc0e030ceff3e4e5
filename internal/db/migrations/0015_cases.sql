-- +goose Up

-- A request for an entry that another account holds is a case between two accounts (F-15).
ALTER TABLE tickets ADD COLUMN holder_id text REFERENCES accounts (id); -- who holds the entry that is asked for; who lost it, once it was handed over
ALTER TABLE tickets ADD COLUMN kept_at bigint; -- when the holder said "this is me"
ALTER TABLE tickets ADD COLUMN kept_sealed bytea; -- what the holder said besides
ALTER TABLE tickets ADD COLUMN appeals text REFERENCES tickets (id); -- the school's decision that this one takes to the county
CREATE INDEX tickets_holder ON tickets (holder_id, id) WHERE holder_id IS NOT NULL;
-- One appeal a case.
CREATE UNIQUE INDEX tickets_appeals ON tickets (appeals) WHERE appeals IS NOT NULL;
