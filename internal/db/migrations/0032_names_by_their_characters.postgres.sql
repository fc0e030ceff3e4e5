-- +goose Up

-- People are looked up by how their names begin, which an index answers only where it sorts by characters, as SQLite's do.
ALTER TABLE registry_entries ALTER COLUMN name_key TYPE text COLLATE "C";
