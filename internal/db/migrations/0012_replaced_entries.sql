-- +goose Up
-- An entry that was made because its predecessor had a wrong document number, and went with it (F-29): whom the history of the
-- one continues in the other.
CREATE TABLE entry_predecessors (
    entry_id       text PRIMARY KEY,
    predecessor_id text   NOT NULL UNIQUE, -- no foreign key: it is gone
    created_at     bigint NOT NULL
);
