-- +goose Up

-- Whoever is moved at a guardian's request reads of it, too.
CREATE INDEX transfers_entry ON transfers (entry_id, id);
